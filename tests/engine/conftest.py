"""A small image data set on disk, with its episodes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from metabench.datasets.store import write_split
from metabench.episodes.fixed import write_episodes
from metabench.spec import DataSpec, RunSpec

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


@pytest.fixture(scope="session")
def blobs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders ``data/<split>`` and ``episodes/<split>`` of a data set of bright squares."""
    root = tmp_path_factory.mktemp("blobs")
    for seed, (split, classes) in enumerate({"train": 12, "val": 6, "test": 8}.items()):
        make_split(root / "data" / "blobs" / split, classes, 10, seed)
        if split != "train":
            images = root / "data" / "blobs" / split
            write_episodes(DATA, split, 3, 2, 20, 4, 0, images, root / "episodes" / split)
    return root


@pytest.fixture(scope="session")
def spec():
    """``spec(algorithm_class, **hyperparameters)``: a 3-way 2-shot run on the bright squares."""

    def make(algorithm_class: str, seed: int = 0, **hp: object) -> RunSpec:
        name = algorithm_class.split(":")[0].rsplit(".", 1)[-1]
        return RunSpec(
            "test", DATA, 3, 2, name, algorithm_class, seed, "conv4-4", hp, hp.get("iterations", 0)
        )

    return make
