"""A small image data set on disk, with its episodes."""

from __future__ import annotations

from pathlib import Path

import pytest
from blob_images import DATA, make_split

from metabench.episodes.fixed import write_episodes
from metabench.spec import RunSpec


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
