"""Glyphs: handwriting of alphabets that never were, made by the program from a seed.

An alphabet is a style: a grid on which its pens turn, how round they turn, how many strokes a
character takes, and a few motifs that its characters share, so that characters of one alphabet
are alike. A character is a programme of strokes, each a list of control points. A drawing is the
programme in a hand of its own: control points and strokes are displaced, the whole is slanted,
turned, stretched and moved, and the pen is thin or thick. Alphabets are never shared between
splits.

The images are a function of the options alone, to the byte on any machine: all randomness is raw
output of PCG64 seeded with (purpose, seed, split, alphabet, character, drawing), both of which
NumPy promises never to change, and drawing takes only operations that IEEE 754 rounds exactly
(+, -, *, / and the square root; no sine, no matrix product whose order of summation varies).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metabench.datasets.alphabets import Character, make_style, new_character
from metabench.datasets.archives import Archive, Source
from metabench.datasets.handwriting import HAND_DRAWS, SIZE, draw_character
from metabench.datasets.options import Between, Rule, Whole, check_options
from metabench.datasets.store import SPLITS, Sizes, sizes_of, write_split

META = {"licence": "MIT", "source": "made by metabench.datasets.glyphs"}

DEFAULTS: dict[str, Any] = {
    "seed": 0,
    "train_alphabets": 40,
    "val_alphabets": 10,
    "test_alphabets": 15,
    "characters": 20,  # of each alphabet
    "drawings": 20,  # of each character
    "wobble": 1.0,  # how far hands differ: 0 is print, 2 is hard to read
}
RULES: dict[str, Rule] = {
    "seed": Whole(0, 2**32 - 1),
    "train_alphabets": Whole(1, 1000),
    "val_alphabets": Whole(1, 1000),
    "test_alphabets": Whole(1, 1000),
    "characters": Whole(2, 60),
    "drawings": Whole(2, 1000),
    "wobble": Between(0, 2),
}

STYLE, PROGRAMME, HAND = range(3)  # the purposes of random numbers


def check(options: dict[str, Any], where: str) -> None:
    """Refuse options that are unknown or out of range."""
    check_options(options, RULES, where)


def archives(options: dict[str, Any]) -> list[Archive]:
    """Nothing: the data set is made from its seed."""
    return []


def sizes(options: dict[str, Any]) -> dict[str, Sizes]:
    """What each split holds."""
    drawings = {**DEFAULTS, **options}["drawings"]
    return {split: sizes_of(_classes(options, split), drawings, SIZE**2) for split in SPLITS}


def prepare(options: dict[str, Any], sources: dict[str, Source], out: Path) -> None:
    """Write the three splits to ``out``."""
    chosen = {**DEFAULTS, **options}
    for number, split in enumerate(SPLITS):
        images = np.concatenate(
            [
                draw_alphabet(
                    (chosen["seed"], number, alphabet),
                    chosen["characters"],
                    chosen["drawings"],
                    chosen["wobble"],
                )
                for alphabet in range(chosen[f"{split}_alphabets"])
            ]
        )
        classes = _classes(options, split)
        labels = np.repeat(np.arange(len(classes), dtype=np.int32), chosen["drawings"])
        write_split(out / split, images[..., None], labels, classes, META)


def _classes(options: dict[str, Any], split: str) -> list[str]:
    chosen = {**DEFAULTS, **options}
    return [
        f"{split}{alphabet + 1:03d}/character{character + 1:02d}"
        for alphabet in range(chosen[f"{split}_alphabets"])
        for character in range(chosen["characters"])
    ]


def draw_alphabet(
    key: tuple[int, int, int], characters: int, drawings: int, wobble: float
) -> NDArray[np.uint8]:
    """Every drawing of an alphabet.

    Args:
        key: (seed, number of the split, number of the alphabet).
        characters: how many it has.
        drawings: how many of each character.
        wobble: how far hands differ.

    Returns:
        uint8 [characters * drawings, 28, 28], ink 255 on 0, sorted by character.
    """
    style = make_style(_numbers(STYLE, *key, 0, 0))
    known: list[Character] = []
    images = []
    for number in range(characters):
        character = new_character(style, known, _numbers(PROGRAMME, *key, number, 0))
        known.append(character)
        hands = [
            _generator(HAND, *key, number, drawing).random_raw(HAND_DRAWS)
            for drawing in range(drawings)
        ]
        images.append(draw_character(character, style.roundness, np.stack(hands), wobble))
    return np.concatenate(images)


def _generator(*key: int) -> np.random.PCG64:
    return np.random.PCG64(np.random.SeedSequence(key))


def _numbers(*key: int) -> Iterator[float]:
    """Endless uniform numbers in [0, 1)."""
    generator = _generator(*key)
    while True:
        yield (generator.random_raw() >> 11) * 2.0**-53
