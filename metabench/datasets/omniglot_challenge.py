"""Omniglot's one-shot challenge: 20 fixed runs after a small background set.

Lake, Salakhutdinov and Tenenbaum (2015) let people and programs classify in 20 runs, each of 20
characters of one alphabet: one drawing of each to learn from and one of each to classify. People
err in 4.5 %. Programs may see a background set of five alphabets before, ``small1`` or ``small2``.

Training: the background set, and its copies turned by 90, 180 and 270 degrees as new alphabets
(`Latin-rot090`), so that an episode lies within one alphabet, as a run does.

Validation: nothing is published for it and the runs must not be looked at, so one background
alphabet is held out whole, with its turned copies: turned copies of a character in training would
otherwise leak into validation, and so would characters of a style that training knows. It is the
smallest that still serves 20-way episodes, to leave the most for training: Early Aramaic (22 of
the 136 characters of ``small1``), Greek (24 of the 156 of ``small2``). Tagalog in ``small2`` has
17 characters: no 20-way episode comes from it.

Test: the 800 drawings of the runs, class `run01/class01` holding the training drawing first and
the one to classify second; ``test/original.npy``, uint8 [800, 105, 105], the same drawings as
published, 1 where there is ink; and the runs as fixed episodes in ``test/episodes``. The items of
a run keep the published order, which is shuffled already.

The 20 runs are of ten alphabets, two in turn of each: every one of the 800 drawings is, pixel by
pixel, one of Omniglot's evaluation set, which has the names of alphabets. So two runs share what
makes an alphabet easy or hard, and ``test/episodes/cluster.npy`` says which.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from metabench.datasets.archives import Archive, Source, open_files
from metabench.datasets.drawings import (
    META,
    QUARTER_TURNS,
    Drawn,
    characters,
    ink,
    omniglot_archive,
    resized,
    turned_alphabets,
    write_classes,
)
from metabench.datasets.options import OneOf, Rule, Whole, check_options
from metabench.datasets.packed import Files
from metabench.datasets.store import Sizes, sizes_of, write_split
from metabench.files.whole import write_array

RUNS = 20
WAY = 20
RUNS_OF_AN_ALPHABET = 2  # one after the other

ALL_RUNS = omniglot_archive(
    "one-shot-classification/all_runs.zip",
    352_787,
    "sha256:437c1eeab0af8484112e1b4cc0f3d541ec727f7c47b9b202da738af9dfd6c325",
    "2bd30745129fa826bdeca27e88af9e6bf829ad53d8d7a5c358975bd4a0d26a83",
    suffixes=(".png", "class_labels.txt"),
)
BACKGROUND = {
    "small1": omniglot_archive(
        "images_background_small1.zip",
        1_319_022,
        "sha256:f38eb80f801274ac2b4dff5b24289016bfaba4a7d5bb50deebf27104ad6cb8a4",
        "60f597e6afbd744503202bad7a103e2d1834938ad4b7f6bd72969326c4446488",
    ),
    "small2": omniglot_archive(
        "images_background_small2.zip",
        1_580_917,
        "sha256:3ccaa407515a8778e5d0861875af38b17e418f301ad5bb3b5a6b65d901a41c7f",
        "88099aaf6ee18da07127530ed1c2831fd42f0513581e26dd38aa78d92df57fe0",
    ),
}
ALPHABETS = {  # characters of each
    "small1": {"Balinese": 24, "Early_Aramaic": 22, "Greek": 24, "Korean": 40, "Latin": 26},
    "small2": {
        "Greek": 24,
        "Japanese_(katakana)": 47,
        "Latin": 26,
        "Sanskrit": 42,
        "Tagalog": 17,
    },
}
HELD_OUT = {"small1": "Early_Aramaic", "small2": "Greek"}
PEOPLE = 20  # drawings of each background character

DEFAULTS: dict[str, Any] = {"background": "small1", "size": 28}
RULES: dict[str, Rule] = {"background": OneOf(("small1", "small2")), "size": Whole(8, 105)}


def check(options: dict[str, Any], where: str) -> None:
    """Refuse options that are unknown or out of range."""
    check_options(options, RULES, where)


def archives(options: dict[str, Any]) -> list[Archive]:
    """What the data set is made from."""
    return [BACKGROUND[{**DEFAULTS, **options}["background"]], ALL_RUNS]


def sizes(options: dict[str, Any]) -> dict[str, Sizes]:
    """What each split holds: a class of the test split has a drawing to learn and one to test."""
    side = {**DEFAULTS, **options}["size"]
    known = {
        split: sizes_of([drawn.name for drawn in classes], PEOPLE, side**2)
        for split, classes in plan(options).items()
    }
    return {**known, "test": sizes_of(test_classes(), 2, side**2)}


def settings(options: dict[str, Any]) -> list[tuple[int, int]]:
    """Way and shot of the published runs, which are the only ones there are."""
    return [(WAY, 1)]


def prepare(options: dict[str, Any], sources: dict[str, Source], out: Path) -> None:
    """Write the three splits to ``out``."""
    size = {**DEFAULTS, **options}["size"]
    background, runs = archives(options)
    with open_files(background, Path(sources[background.name].path)) as files:
        drawings = characters(files, size)
    for split, classes in plan(options).items():
        write_classes(out / split, classes, drawings)
    with open_files(runs, Path(sources[runs.name].path)) as files:
        write_runs(files, size, out / "test")


def plan(options: dict[str, Any]) -> dict[str, list[Drawn]]:
    """The classes of the training and validation splits."""
    background = {**DEFAULTS, **options}["background"]
    names: dict[str, list[str]] = {"train": [], "val": []}
    for alphabet, count in ALPHABETS[background].items():
        split = "val" if alphabet == HELD_OUT[background] else "train"
        names[split] += [f"{alphabet}/character{number + 1:02d}" for number in range(count)]
    return {split: turned_alphabets(part, QUARTER_TURNS) for split, part in names.items()}


def test_classes() -> list[str]:
    """The classes of the test split, run by run."""
    return [f"run{run + 1:02d}/class{row + 1:02d}" for run in range(RUNS) for row in range(WAY)]


def write_runs(files: Files, size: int, folder: Path) -> None:
    """Write the drawings of the runs, and the runs as episodes."""
    learnt, tested = [], []  # paths of the drawings, class by class
    # Image 2c is the drawing of class c to learn from, image 2c + 1 the one to classify.
    support = 2 * np.arange(RUNS * WAY, dtype=np.int32).reshape(RUNS, WAY, 1)
    query_labels = np.zeros((RUNS, WAY), dtype=np.int32)
    for run in range(RUNS):
        base = f"{ALL_RUNS.folder}/run{run + 1:02d}"
        truth = _truth(files.read(f"{base}/class_labels.txt").decode())
        query_labels[run] = truth
        learnt += [f"{base}/training/class{row + 1:02d}.png" for row in range(WAY)]
        tested += [f"{base}/test/item{truth.index(row) + 1:02d}.png" for row in range(WAY)]
    query = np.take_along_axis(support[:, :, 0], query_labels, axis=1) + 1
    paths = [path for pair in zip(learnt, tested, strict=True) for path in pair]
    images = np.stack([resized(files.read(path), size) for path in paths])[..., None]
    labels = np.repeat(np.arange(RUNS * WAY, dtype=np.int32), 2)
    write_array(folder / "original.npy", np.stack([ink(files.read(path)) for path in paths]))
    write_array(folder / "episodes" / "support.npy", support)
    write_array(folder / "episodes" / "query.npy", query)
    write_array(folder / "episodes" / "query_labels.npy", query_labels)
    alphabets = np.arange(RUNS, dtype=np.int32) // RUNS_OF_AN_ALPHABET
    write_array(folder / "episodes" / "cluster.npy", alphabets)
    write_split(folder, images, labels, test_classes(), META)


def _truth(text: str) -> list[int]:
    """The class, from 0, of each test item of a run.

    A line of ``class_labels.txt`` names a test item and then the training drawing of its class:
    ``run01/test/item01.png run01/training/class08.png``.
    """
    rows = {}
    for line in text.splitlines():
        if line.strip():
            item, drawing = (int(path.rsplit("/", 1)[-1][-6:-4]) for path in line.split())
            rows[item] = drawing - 1
    return [rows[item + 1] for item in range(WAY)]
