"""One split of an image data set on disk, with a digest of what it holds.

The digest is of pixels, labels and class names, not of the archive that they came from: it is the
same wherever the data came from, and every result quotes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metabench.errors import MetabenchError
from metabench.files.described import read_described, write_described
from metabench.files.forms import TEXT
from metabench.files.whole import (
    content_digest,
    new_array,
    read_array,
    write_array,
    write_text,
)

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class Sizes:
    """What a split holds, known without its data: enough to refuse an impossible setting."""

    classes: int
    per_class: int  # images of every class
    largest_group: int  # classes of the largest group (alphabet)
    pixels: int = 0  # numbers of an image: height by width by channels
    fewest: str = ""  # a class that has no more images, where others have


@dataclass(frozen=True)
class Split:
    """The images of one split, sorted by class."""

    images: NDArray[np.uint8]  # [n, H, W, C], ink 255 on 0 for drawings
    labels: NDArray[np.int32]  # [n], the class of each image, ascending
    classes: tuple[str, ...]  # the name of each class, `group/name`
    meta: dict[str, Any]  # the contents of meta.json

    def groups(self) -> dict[str, list[int]]:
        """The classes of each group: what comes before the first `/` in a class's name."""
        return group(self.classes)


def group(classes: Sequence[str]) -> dict[str, list[int]]:
    """The positions of the classes of each group, in the order of ``classes``."""
    groups: dict[str, list[int]] = {}
    for position, name in enumerate(classes):
        groups.setdefault(name.split("/", 1)[0], []).append(position)
    return groups


def sizes_of(classes: Sequence[str], per_class: int, pixels: int) -> Sizes:
    """The sizes of a split with these classes."""
    largest = max(len(members) for members in group(classes).values())
    return Sizes(len(classes), per_class, largest, pixels)


def write_split(
    folder: Path,
    images: NDArray[np.uint8],
    labels: NDArray[np.int32],
    classes: Sequence[str],
    meta: dict[str, Any],
) -> None:
    """Write one split to ``folder``, which is named ``<dataset>/<split>``.

    ``meta.json`` is removed first and written last, and nothing reads a split without it: a
    write that is killed leaves no split that looks whole.

    Args:
        folder: where to.
        images: uint8 [n, H, W, C], sorted by class.
        labels: int32 [n], the class of each image, ascending from 0 without a gap.
        classes: the name of each class.
        meta: at least ``licence`` and ``source``.

    Raises:
        ValueError: if the three do not fit together; a mistake of the caller's, not the user's.
    """
    if images.dtype != np.uint8 or images.ndim != 4 or labels.shape != images.shape[:1]:
        raise ValueError(f"images {images.dtype} {images.shape} and labels {labels.shape}")
    if (
        not np.array_equal(np.unique(labels), np.arange(len(classes)))
        or (np.diff(labels) < 0).any()
    ):
        raise ValueError(f"labels are not the sorted numbers of {len(classes)} classes")
    labels = labels.astype(np.int32, copy=False)
    (folder / "meta.json").unlink(missing_ok=True)
    write_array(folder / "images.npy", images)
    _describe(folder, images, labels, classes, meta)


@contextmanager
def fill_split(
    folder: Path, counts: dict[str, int], shape: tuple[int, int, int], meta: dict[str, Any]
) -> Iterator[NDArray[np.uint8]]:
    """Yield the images of a new split, uint8 [n, H, W, C] on disk, to be filled in any order.

    What a split of photographs weighs (0.8 GB for the training split of miniImageNet) is never
    held in memory. The split is whole when the block ends without an error.

    Args:
        folder: where to, named ``<dataset>/<split>``.
        counts: the classes in order, and the images of each.
        shape: of an image, (H, W, C).
        meta: at least ``licence`` and ``source``.
    """
    (folder / "meta.json").unlink(missing_ok=True)
    with new_array(folder / "images.npy", (sum(counts.values()), *shape)) as images:
        yield images
    labels = np.repeat(np.arange(len(counts), dtype=np.int32), list(counts.values()))
    _describe(folder, read_array(folder / "images.npy", mapped=True), labels, list(counts), meta)


def _describe(
    folder: Path,
    images: NDArray[np.uint8],
    labels: NDArray[np.int32],
    classes: Sequence[str],
    meta: dict[str, Any],
) -> None:
    """Write what a split has beside its images, ``meta.json`` last.

    It quotes the digest of every file in the folder, those that only this data set has included.
    """
    write_array(folder / "labels.npy", labels)
    write_text(folder / "classes.txt", "".join(f"{name}\n" for name in classes))
    description = {
        "dataset": folder.parent.name,
        "split": folder.name,
        "sha256": _digest(images, labels, classes),
        "shape": list(images.shape[1:]),
        "classes": len(classes),
        "images": len(images),
    }
    # Not what a killed write left behind.
    beside = (f for f in sorted(folder.rglob("*")) if f.is_file() and f.name[0] != ".")
    names = [file.relative_to(folder).as_posix() for file in beside]
    write_described(folder / "meta.json", {**description, **meta}, names)


def load_split(folder: Path, *, mapped: bool = True) -> Split:
    """The split in ``folder``; its images memory-mapped and read-only where ``mapped``.

    Raises:
        MetabenchError: if it is not there, not whole, or altered.
    """
    meta = read_meta(folder, "images.npy", "labels.npy", "classes.txt")
    classes = tuple((folder / "classes.txt").read_text(encoding="utf-8").splitlines())
    images = read_array(folder / "images.npy", mapped=mapped)
    return Split(images, read_array(folder / "labels.npy"), classes, meta)


def read_images(folder: Path) -> NDArray[np.uint8]:
    """The images of the split in ``folder`` and nothing else, memory-mapped and read-only."""
    read_meta(folder, "images.npy")
    return read_array(folder / "images.npy", mapped=True)


def read_meta(folder: Path, *names: str) -> dict[str, Any]:
    """What ``meta.json`` says of a split; it and the files ``names`` are checked.

    Raises:
        MetabenchError: if the split is not there, not whole, or altered.
    """
    if not (folder / "meta.json").is_file():
        raise MetabenchError(f"{folder}: no whole split here (no meta.json); prepare it first")
    return read_described(folder / "meta.json", *names, needed={"sha256": TEXT})


def verify(folder: Path) -> str:
    """Recompute the digest of the split in ``folder`` and return it.

    Raises:
        MetabenchError: naming the folder, the digest in meta.json and the one found.
    """
    split = load_split(folder)
    found = _digest(split.images, split.labels, split.classes)
    if found != split.meta["sha256"]:
        raise MetabenchError(
            f"{folder}: expected content sha256 {split.meta['sha256']}, found {found}; "
            "remove the folder and prepare it again"
        )
    return found


def _digest(images: NDArray[np.uint8], labels: NDArray[np.int32], classes: Sequence[str]) -> str:
    return content_digest(images, labels, "\n".join(classes))
