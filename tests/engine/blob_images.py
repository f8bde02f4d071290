"""Images of bright squares on disk, of which each class has its place."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from metabench.datasets.store import write_split
from metabench.spec import DataSpec

DATA = DataSpec("blobs", "nowhere", "classification")


def make_split(folder: Path, classes: int, per_class: int, seed: int, groups: int = 2) -> None:
    """Images of 16x16 with a bright square whose place is the class's, and noise."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 60, (classes, per_class, 16, 16, 1))
    for c, (row, column) in enumerate(rng.integers(0, 12, (classes, 2))):
        images[c, :, row : row + 4, column : column + 4] += 180
    names = [f"group{c % groups}/class{c:02d}" for c in range(classes)]
    labels = np.repeat(np.arange(classes, dtype=np.int32), per_class)
    flat = images.reshape(-1, 16, 16, 1).astype(np.uint8)
    write_split(folder, flat, labels, names, {"licence": "none", "source": "made by the test"})
