"""A data set of noise, as large as Omniglot's training split, that is there in no time.

``metabench.speed.jobs`` trains on it what a job takes to start.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from metabench.datasets.archives import Archive, Source
from metabench.datasets.options import check_options
from metabench.datasets.store import Sizes, sizes_of, write_split

CLASSES = {"train": 4112, "val": 688, "test": 1692}  # of Omniglot
PER_CLASS, SIDE = 20, 28
META = {"licence": "MIT", "source": "made by metabench.speed.noise"}


def check(options: dict[str, Any], where: str) -> None:
    """There are no options."""
    check_options(options, {}, where)


def archives(options: dict[str, Any]) -> list[Archive]:
    """It is made from nothing."""
    return []


def sizes(options: dict[str, Any]) -> dict[str, Sizes]:
    """What each split holds."""
    return {split: sizes_of(names(split), PER_CLASS, SIDE * SIDE) for split in CLASSES}


def prepare(options: dict[str, Any], sources: dict[str, Source], out: Path) -> None:
    """Write the three splits to ``out``."""
    for seed, split in enumerate(CLASSES):
        labels = np.repeat(np.arange(CLASSES[split], dtype=np.int32), PER_CLASS)
        shape = (len(labels), SIDE, SIDE, 1)
        images = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
        write_split(out / split, images, labels, names(split), META)


def names(split: str) -> list[str]:
    """The classes of a split."""
    return [f"{split}/{number:04d}" for number in range(CLASSES[split])]
