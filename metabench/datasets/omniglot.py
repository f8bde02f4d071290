"""Omniglot: 1,623 handwritten characters of 50 alphabets, each drawn by 20 people.

Three splits of it are in use, and numbers on one cannot be compared with numbers on another.

``vinyals``: 1,028 characters for training, 172 for validation, 423 for testing (Vinyals et al.
2016, as published by Snell et al. 2017). A character turned by 90, 180 or 270 degrees counts as a
class of its own, in all three splits: 4,112 / 688 / 1,692 classes. All images of a class, support
and query, are turned alike, and the turned copies of a character never leave its split. Alphabets
are not kept apart: Gurmukhi has characters in training and in testing.

``lake``: alphabets are kept apart as by Lake et al. (2015): the 30 background alphabets train and
validate, the 20 evaluation alphabets test. There is no published validation set, so the last five
background alphabets in sorted order are held out for it (Ojibwe to Tifinagh, 151 characters).
Turned characters form new alphabets (`Latin-rot090`) in training only: validation and test are
upright, as in Lake's experiments. Meant for episodes within one alphabet.

``random``: 1,100 characters for training, 100 for validation, 423 for testing, whatever their
alphabets, turned as in ``vinyals``. So MAML, Reptile and iMAML were run, in orders that no paper
gives; here it is the order of the SHA-256 of the characters' names.

Of the drawings' size, filter and inversion see ``metabench.datasets.drawings``.
"""

from __future__ import annotations

from hashlib import sha256
from importlib.resources import files as resources
from itertools import chain, islice
from pathlib import Path
from typing import Any

from metabench.datasets.archives import Archive, Source, open_files
from metabench.datasets.drawings import (
    QUARTER_TURNS,
    Drawn,
    characters,
    omniglot_archive,
    turned_alphabets,
    turned_classes,
    write_classes,
)
from metabench.datasets.options import FLAG, OneOf, Rule, Whole, check_options
from metabench.datasets.store import SPLITS, Sizes, sizes_of

BACKGROUND = omniglot_archive(
    "images_background.zip",
    9_464_212,
    "sha256:ad41ab679c8b5d90b271ef46be6987cc81211774a695c29dcc5367b2b26ee640",
    "deaa02f758afda524b3a045c7af40311f2d9ded3e2a39f715ece8470d474bc6a",
)
EVALUATION = omniglot_archive(
    "images_evaluation.zip",
    6_462_886,
    "sha256:1f61a8f3366785b057fc117d9228e78a16e3d976c8953b2a10fcc74cf0609cee",
    "3d5e035f27423c362bf9a181af649b43cda64c1008f842177ddc5203269c901e",
)
PEOPLE = 20  # drawings of each character
RANDOM = {"train": 1100, "val": 100, "test": 423}  # characters

DEFAULTS: dict[str, Any] = {"split": "vinyals", "size": 28, "rotations": True}
RULES: dict[str, Rule] = {
    "split": OneOf(("vinyals", "lake", "random")),
    "size": Whole(8, 105),
    "rotations": FLAG,
}


def check(options: dict[str, Any], where: str) -> None:
    """Refuse options that are unknown or out of range."""
    check_options(options, RULES, where)


def archives(options: dict[str, Any]) -> list[Archive]:
    """What the data set is made from."""
    return [BACKGROUND, EVALUATION]


def sizes(options: dict[str, Any]) -> dict[str, Sizes]:
    """What each split holds."""
    side = {**DEFAULTS, **options}["size"]
    return {
        split: sizes_of([drawn.name for drawn in classes], PEOPLE, side**2)
        for split, classes in plan(options).items()
    }


def prepare(options: dict[str, Any], sources: dict[str, Source], out: Path) -> None:
    """Write the three splits to ``out``."""
    drawings = {}
    for archive in archives(options):
        with open_files(archive, Path(sources[archive.name].path)) as files:
            drawings.update(characters(files, {**DEFAULTS, **options}["size"]))
    for split, classes in plan(options).items():
        write_classes(out / split, classes, drawings)


def plan(options: dict[str, Any]) -> dict[str, list[Drawn]]:
    """The classes of each split."""
    chosen = {**DEFAULTS, **options}
    turns = QUARTER_TURNS if chosen["rotations"] else QUARTER_TURNS[:1]
    names = characters_of(chosen["split"])
    if chosen["split"] != "lake":
        return {split: turned_classes(names[split], turns) for split in SPLITS}
    return {
        split: turned_alphabets(names[split], turns if split == "train" else QUARTER_TURNS[:1])
        for split in SPLITS
    }


def characters_of(name: str) -> dict[str, list[str]]:
    """The characters of each split, `alphabet/character`, in order."""
    if name != "random":
        return published_split(name)
    everything = sorted(chain(*published_split("vinyals").values()), key=_digest)
    left = iter(everything)
    return {split: sorted(islice(left, number)) for split, number in RANDOM.items()}


def _digest(character: str) -> str:
    return sha256(character.encode()).hexdigest()


def published_split(name: str) -> dict[str, list[str]]:
    """Those of a split that was published: ``splits/omniglot-<name>.txt``."""
    path = resources("metabench.datasets").joinpath(f"splits/omniglot-{name}.txt")
    names: dict[str, list[str]] = {split: [] for split in SPLITS}
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("#"):
            continue
        split, alphabet, ranges = line.split()
        for part in ranges.split(","):
            first, _, last = part.partition("-")
            numbers = range(int(first), int(last or first) + 1)
            names[split] += [f"{alphabet}/character{number:02d}" for number in numbers]
    return names
