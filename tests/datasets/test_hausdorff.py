from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial import KDTree

from metabench.algorithms import hausdorff
from metabench.datasets import omniglot_challenge
from metabench.datasets.archives import open_files
from metabench.datasets.omniglot_challenge import ALL_RUNS, write_runs
from metabench.episodes.blind import write_blind
from metabench.episodes.fixed import write_episodes
from metabench.spec import DataSpec

CHALLENGE = DataSpec("challenge", omniglot_challenge.__name__, "classification")


def test_the_distance_is_the_larger_mean_of_nearest_distances() -> None:
    a, b = KDTree([[0.0, 0.0], [0.0, 1.0]]), KDTree([[0.0, 0.0], [0.0, 3.0]])
    # From a: 0 and 1. From b: 0 and 2.
    assert hausdorff.modified_hausdorff(a, b) == hausdorff.modified_hausdorff(b, a) == 1.0


def test_a_drawing_is_known_wherever_it_is_on_the_page() -> None:
    shape = np.random.default_rng(0).random((3, 8, 8)) > 0.5
    images = np.zeros((6, 30, 30), np.uint8)
    for row in range(3):
        images[row, 1:9, 1:9] = shape[row]
        images[3 + row, 20:28, 5:13] = shape[row]
    support = np.array([[[0], [1], [2]]], dtype=np.int32)
    query = np.array([[5, 3, 4]], dtype=np.int32)
    assert hausdorff.predict(images, support, query).tolist() == [[2, 0, 1]]
    grey = np.where(images, 255, 60)[..., None].astype(np.uint8)
    assert hausdorff.predict(grey, support, query).tolist() == [[2, 0, 1]]


@pytest.mark.data
def test_the_error_on_the_20_runs_is_the_published_one(raw_data: Path, tmp_path: Path) -> None:
    """Lake et al. (2015) print 38.8 %: 155 of 400."""
    test = tmp_path / "challenge" / "test"
    with open_files(ALL_RUNS, next(raw_data.rglob("all_runs.zip"))) as files:
        write_runs(files, 28, test)
    episodes, blind = tmp_path / "episodes", tmp_path / "blind"
    write_episodes(CHALLENGE, "test", 20, 1, 20, 1, 0, test, episodes)
    labels = np.load(episodes / "query_labels.npy")
    for folder in (test, episodes):
        next(folder.rglob("query_labels.npy")).unlink()  # it must not be needed
    write_blind(test, episodes, blind)
    out = tmp_path / "predictions.npy"
    arguments = {
        "images": blind / "original.npy",
        "support": blind / "support.npy",
        "query": blind / "query.npy",
        "out": out,
    }
    hausdorff.main([text for key, value in arguments.items() for text in (f"--{key}", str(value))])
    assert int((np.load(out) != labels).sum()) == 155
    # Of the drawings in their own order it says the same.
    positions = (np.load(episodes / f"{name}.npy")[:2] for name in ("support", "query"))
    same = hausdorff.predict(np.load(test / "original.npy"), *positions)
    assert np.array_equal(same, np.load(out)[:2])
