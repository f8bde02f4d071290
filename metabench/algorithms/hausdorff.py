"""Modified Hausdorff distance: one-shot classification that learns nothing.

Dubuisson and Jain (1994), "A modified Hausdorff distance for object matching", their distance 22:
of two sets of points, the mean distance of a point to the nearest of the other set, the larger of
the two directions. Points are the pixels with ink, relative to their mean, so that a drawing's
place on the page does not matter: the baseline that comes with Omniglot's one-shot challenge,
where it errs in 38.75 % of the 400 items (Lake et al. 2015 print 38.8).

It shows how any program becomes an algorithm of the benchmark: it reads images, support and query,
and writes predictions. It never sees a query's label.
"""

from __future__ import annotations

import argparse
import platform
import resource
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from metabench import __version__
from metabench.files import file_digest, read_array, read_json, write_array, write_json

Points = NDArray[np.float64]  # [points, 2]


def ink_points(image: NDArray[np.uint8]) -> Points:
    """The coordinates of the pixels with ink of an image [H, W], relative to their mean.

    Ink is what has more than half of the image's largest value: of grey edges, the darker half.
    """
    points = np.argwhere(image > image.max() / 2).astype(np.float64)
    centred: Points = points - points.mean(axis=0)
    return centred


def modified_hausdorff(a: KDTree, b: KDTree) -> float:
    """The modified Hausdorff distance of two sets of points, each in a tree."""
    return max(_directed(a, b), _directed(b, a))


def _directed(a: KDTree, b: KDTree) -> float:
    """The mean distance of a point of ``a`` to the nearest point of ``b``."""
    return float(np.mean(b.query(a.data)[0]))


def predict(
    images: NDArray[np.uint8], support: NDArray[np.int32], query: NDArray[np.int32]
) -> NDArray[np.int32]:
    """The nearest class of every query.

    Args:
        images: uint8 [n, H, W] or [n, H, W, 1], ink high on 0.
        support: int32 [episodes, way, shot], positions in ``images``.
        query: int32 [episodes, queries], positions in ``images``.

    Returns:
        int32 [episodes, queries]: the row of ``support`` that holds the nearest drawing.
    """
    used = np.unique(np.concatenate([support.ravel(), query.ravel()]))
    trees = {int(index): KDTree(ink_points(images[index].squeeze())) for index in used}
    way, shot = support.shape[1:]
    predictions = np.empty(query.shape, dtype=np.int32)
    for episode, queries in enumerate(query):
        learnt = support[episode].ravel()
        for position, q in enumerate(queries):
            distances = [modified_hausdorff(trees[int(q)], trees[int(s)]) for s in learnt]
            nearest = np.array(distances).reshape(way, shot).min(axis=1)
            predictions[episode, position] = nearest.argmin()
    return predictions


def describe(study: str, episodes: dict[str, Any], seconds: float) -> dict[str, Any]:
    """The run.json of this baseline: what the tables need to know of a run.

    Args:
        study: the study's name.
        episodes: the contents of the episodes' ``episodes.json``.
        seconds: what prediction took.
    """
    return {
        "study": study,
        "dataset": episodes["dataset"],
        "task": "classification",
        "way": episodes["way"],
        "shot": episodes["shot"],
        "algorithm": "hausdorff",
        "title": "Modified Hausdorff distance",
        "seed": 0,
        "backbone": "none",
        "hyperparameters": {},
        "published_iterations": 0,
        "iterations": 0,
        "checkpoint": {"protocol": "last", "iteration": 0, "val_score": None},
        "status": "finished",
        "modes": ["none"],
        "episodes_sha256": episodes["sha256"],
        "data_sha256": episodes["data_sha256"],
        "code": file_digest(Path(__file__)),
        "git_commit": "",
        "versions": {
            "python": platform.python_version(),
            "torch": "",
            "numpy": np.__version__,
            "metabench": __version__,
        },
        "device": "cpu",
        "threads": 1,
        "cost": {
            "train_seconds": 0.0,
            "evaluate_seconds": seconds,
            "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "gradients": 0,
            "hessian_vector_products": 0,
        },
    }


def main(arguments: list[str] | None = None) -> None:
    """Read images, support and query; write predictions, and ``run.json`` beside them if asked."""
    parser = argparse.ArgumentParser(description="Modified Hausdorff distance on fixed episodes")
    for name, about in {
        "images": "uint8 [n, H, W] or [n, H, W, 1], ink high on 0",
        "support": "int32 [episodes, way, shot]",
        "query": "int32 [episodes, queries]",
        "out": "predictions to write, int32 [episodes, queries]",
    }.items():
        parser.add_argument(f"--{name}", type=Path, required=True, help=about)
    parser.add_argument("--episodes", type=Path, help="episodes.json, to write run.json as well")
    parser.add_argument("--study", default="", help="the name of the study, for run.json")
    given = parser.parse_args(arguments)
    start = time.perf_counter()
    predictions = predict(
        *(read_array(path) for path in (given.images, given.support, given.query))
    )
    seconds = time.perf_counter() - start
    write_array(given.out, predictions)
    if given.episodes is not None:
        run = describe(given.study, read_json(given.episodes), seconds)
        write_json(given.out.with_name("run.json"), run)


if __name__ == "__main__":
    main()
