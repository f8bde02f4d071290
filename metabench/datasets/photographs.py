"""Photographs as arrays: which of them make up a split, and from what they are read.

A split is put together from parts, each of them some classes out of one archive. What is missing
is an error, or, where a data set's options say ``subset: true``, is written into the split's
``meta.json``; nothing is ever left out without a word.

Pixels of a JPEG depend on its decoder: copies of one data set that were decoded by different
versions of libjpeg may differ by a grey level here and there, and then have different digests.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files as resources
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from metabench.datasets.packed import Files
from metabench.datasets.store import SPLITS, fill_split
from metabench.errors import MetabenchError

Pixels = NDArray[np.uint8]

# Of the training images of ILSVRC2012, as every model trained on them takes it; RGB, of [0, 1].
IMAGENET = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}


class Part(NamedTuple):
    """Some classes of a split: how many images of each, and what yields them."""

    counts: dict[str, int]
    images: Callable[[], Iterator[tuple[str, int, Pixels]]]  # class, first number, [k, H, W, C]
    where: str  # for people


def published_classes(name: str) -> dict[str, list[str]]:
    """The classes of each split, sorted: ``splits/<name>.txt``, a split and a class a line."""
    text = resources("metabench.datasets").joinpath(f"splits/{name}.txt").read_text("utf-8")
    classes: dict[str, list[str]] = {split: [] for split in SPLITS}
    for line in text.splitlines():
        if not line.startswith("#"):
            split, one = line.split()
            classes[split].append(one)
    return {split: sorted(names) for split, names in classes.items()}


def squeezed(content: bytes, size: int, margin: int, filter: Image.Resampling) -> Pixels:
    """A photograph as uint8 [size, size, 3].

    It is squeezed to a square of size + 2 margin, whatever its shape, and the margin cut off. One
    that has this size already is left as it is.
    """
    with Image.open(io.BytesIO(content)) as image:
        colour = image.convert("RGB")
    side = size + 2 * margin
    if colour.size != (side, side):
        colour = colour.resize((side, side), filter)
    if margin:
        colour = colour.crop((margin, margin, margin + size, margin + size))
    return np.asarray(colour, dtype=np.uint8)


@contextmanager
def naming(name: str, where: str) -> Iterator[None]:
    """Whatever fails in this block is the fault of the image ``name``, and is told as such."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:  # decoders fail in many ways
        unknown = isinstance(error, UnidentifiedImageError)
        told = "of no kind that Pillow knows" if unknown else error
        raise MetabenchError(f"{where}: {name} is no readable image ({told})") from None


def by_class(
    names: Iterable[str], class_of: Callable[[str], str], wanted: Collection[str]
) -> dict[str, list[str]]:
    """The files of each of the ``wanted`` classes that are there, both in sorted order."""
    found: dict[str, list[str]] = {}
    for name in sorted(names):
        found.setdefault(class_of(name), []).append(name)
    return {one: found[one] for one in sorted(wanted) if one in found}


def from_files(
    files: Files, classes: dict[str, list[str]], read: Callable[[bytes], Pixels], where: str
) -> Part:
    """A part whose images are files, of each class in the order given."""
    places = {
        name: (one, number) for one, names in classes.items() for number, name in enumerate(names)
    }

    def images() -> Iterator[tuple[str, int, Pixels]]:
        for name, content in files.each(places):
            with naming(name, where):
                pixels = read(content)
            yield *places[name], pixels[None]

    return Part({one: len(names) for one, names in classes.items()}, images, where)


def from_rows(pixels: Pixels, rows: dict[str, NDArray[np.int64]], where: str) -> Part:
    """A part whose images are rows of one array [n, H, W, C]; a class at a time is copied."""
    every = np.concatenate(list(rows.values()))
    if len(np.unique(every)) < len(every) or (every < 0).any() or (every >= len(pixels)).any():
        raise MetabenchError(f"{where}: an image is in two classes, or there is none of its number")

    def images() -> Iterator[tuple[str, int, Pixels]]:
        for one, chosen in rows.items():
            yield one, 0, pixels[chosen]

    return Part({one: len(chosen) for one, chosen in rows.items()}, images, where)


def write_parts(
    folder: Path, parts: Sequence[Part], shape: tuple[int, int, int], meta: dict[str, Any]
) -> None:
    """Write the split that the parts make up, its classes sorted by name."""
    counts = dict(sorted((one, n) for part in parts for one, n in part.counts.items()))
    first, total = {}, 0
    for one, count in counts.items():
        first[one] = total
        total += count
    with fill_split(folder, counts, shape, meta) as pixels:
        for part in parts:
            for one, number, images in part.images():
                at = first[one] + number
                pixels[at : at + len(images)] = images


def check_whole(
    parts: Sequence[Part], wanted: Sequence[str], per_class: int, *, subset: bool
) -> dict[str, Any]:
    """Whether the parts have all ``wanted`` classes, ``per_class`` images of each.

    Returns:
        What ``meta.json`` says of it: nothing where the split is whole, and what the published
        one has where a subset was asked for.

    Raises:
        MetabenchError: naming what is missing.
    """
    counts = {one: n for part in parts for one, n in part.counts.items()}
    where = " and ".join(dict.fromkeys(part.where for part in parts))
    strange = [one for one in counts if one not in wanted]
    if strange or not counts:
        raise MetabenchError(f"{where}: {strange[0] if strange else 'nothing'} of this split")
    wrong = [one for one in wanted if counts.get(one, 0) != per_class]
    if not wrong:
        return {}
    published = {"classes": len(wanted), "images": per_class * len(wanted)}
    if subset and all(counts.get(one, 0) <= per_class for one in wanted):
        return {"subset_of": published}
    raise MetabenchError(
        f"{where}: not whole: {len(counts)} of {len(wanted)} classes and {sum(counts.values()):,} "
        f"of {published['images']:,} images ({wrong[0]} has {counts.get(wrong[0], 0)} of "
        f"{per_class}); put all of it there, or use a data set with the option `subset: true`"
    )
