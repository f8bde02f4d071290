"""Test episodes whose positions say nothing, for programs that are given files.

A split's images are sorted by class, so that an image's position in them gives its class away. What
is built in sees pixels alone. A program sees positions: so it is given the images that the episodes
show in a random order, and positions in that order.

An image of two episodes has one position in both, as it has the same pixels in both. Who puts the
support sets of several shots of many episodes together learns the classes of most images from them:
that programs take each episode by itself is their word, which no order of images could enforce.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from metabench import random
from metabench.datasets.store import read_meta
from metabench.errors import MetabenchError
from metabench.files.described import read_described
from metabench.files.forms import TEXT
from metabench.files.whole import new_array, read_array, write_array

POSITIONS = ("support.npy", "query.npy")
# The second is the same images as they were published, which some data sets have beside the first.
IMAGES = ("images.npy", "original.npy")

Positions = NDArray[np.int32]


def shuffle(
    support: Positions, query: Positions, key: torch.Tensor
) -> tuple[NDArray[np.int64], Positions, Positions]:
    """A random order of the images that episodes show, and the episodes in that order.

    Args:
        support: int32 [episodes, way, shot], positions in some images.
        query: int32 [episodes, queries], positions in the same.
        key: of the order; shape [].

    Returns:
        order, int64 [shown], the positions of the images that are shown, each once, so that
        ``images[order]`` are the shuffled images; and ``support`` and ``query`` as positions in
        those, of the shapes and types that they had.
    """
    shown = np.unique(np.concatenate([support.ravel(), query.ravel()])).astype(np.int64)
    order = shown[random.permutation(key, len(shown)).numpy()]
    place = np.argsort(order)  # where in `order` each of `shown` lies: that is sorted

    def moved(positions: Positions) -> Positions:
        return place[np.searchsorted(shown, positions)].astype(positions.dtype)

    return order, moved(support), moved(query)


def write_blind(images: Path, episodes: Path, out: Path) -> None:
    """Write a split's images and its episodes to ``out``, shuffled.

    The order is a function of the episodes' digest alone: written again, all files are the same.

    Args:
        images: the folder of the split.
        episodes: the folder of its fixed episodes.
        out: the folder to write.

    Raises:
        MetabenchError: where a file is missing or altered, or the episodes are of other images.
    """
    split = read_meta(images, *IMAGES)
    digests = {"sha256": TEXT, "data_sha256": TEXT}
    about = read_described(episodes / "episodes.json", *POSITIONS, needed=digests)
    if about["data_sha256"] != split["sha256"]:
        raise MetabenchError(
            f"{episodes}: episodes of images {about['data_sha256'][:12]}, but {images} holds "
            f"{split['sha256'][:12]}; draw them again"
        )
    support, query = (read_array(episodes / name) for name in POSITIONS)
    key = random.key(0, f"blind/{about['sha256']}")
    order, *positions = shuffle(support, query, key)
    for name in IMAGES:
        (out / name).unlink(missing_ok=True)
        if (images / name).is_file():
            _write_in_order(images / name, order, out / name)
    for name, array in zip(POSITIONS, positions, strict=True):
        write_array(out / name, array)


def _write_in_order(source: Path, order: NDArray[np.int64], out: Path) -> None:
    """Write the rows ``order`` of an array uint8; neither is ever held in memory."""
    rows = read_array(source, mapped=True)
    with new_array(out, (len(order), *rows.shape[1:])) as written:
        # Any other mode than "clip" would gather them in memory first; all rows are there.
        np.take(rows, order, axis=0, out=written, mode="clip")
