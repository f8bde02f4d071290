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
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from metabench.files.whole import read_array, write_array

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


def main(arguments: list[str] | None = None) -> None:
    """Read images, support and query; write predictions."""
    parser = argparse.ArgumentParser(description="Modified Hausdorff distance on fixed episodes")
    for name, about in {
        "images": "uint8 [n, H, W] or [n, H, W, 1], ink high on 0",
        "support": "int32 [episodes, way, shot]",
        "query": "int32 [episodes, queries]",
        "out": "predictions to write, int32 [episodes, queries]",
    }.items():
        parser.add_argument(f"--{name}", type=Path, required=True, help=about)
    given = parser.parse_args(arguments)
    arrays = (read_array(path) for path in (given.images, given.support, given.query))
    write_array(given.out, predict(*arrays))


if __name__ == "__main__":
    main()
