"""miniImageNet: 100 classes of ImageNet, 600 photographs of each, at 84x84.

The classes are those of Ravi and Larochelle (2017), "Optimization as a model for few-shot
learning": 64 for training, 16 for validation, 20 for testing. (Vinyals et al. 2016, who made the
data set, had others; numbers on the two cannot be compared.) No host may hand out the images of
ImageNet as such, so they are read from whatever form of them is at hand:

* the cache pickles ``mini-imagenet-cache-{train,validation,test}.pkl``, read without being run
  (``metabench.datasets.pickles``): {"image_data": uint8 [n, 84, 84, 3], "class_dict": {class:
  [positions]}};
* a folder or an archive of JPEGs whose names begin with their class, as in the lists of Ravi and
  Larochelle (``n0153282900000005.jpg``). The name decides the class, and the class the split;
* your own training images of ILSVRC2012, ``ILSVRC2012_img_train``: class folders, tars of classes,
  or the tar of those tars. ``splits/miniimagenet-ilsvrc2012.txt`` says which 600 of a class.

Photographs that are not 84x84 yet are squeezed to it with LANCZOS, without a crop, as in MAML's
released code.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.resources import files as resources
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from PIL import Image

from metabench.datasets.archives import Archive, Source, form_of, open_files
from metabench.datasets.options import FLAG, Rule, check_options
from metabench.datasets.packed import Files
from metabench.datasets.photographs import (
    IMAGENET,
    Part,
    Pixels,
    by_class,
    check_whole,
    from_files,
    from_rows,
    published_classes,
    squeezed,
    write_parts,
)
from metabench.datasets.pickles import load_plain
from metabench.datasets.store import SPLITS, Sizes, sizes_of
from metabench.errors import MetabenchError

RAVI = "miniimagenet-ravi"  # the list of classes
SIZE = 84  # pixels of a side
PER_CLASS = 600
TERMS = "ImageNet's: for non-commercial research and education only, https://image-net.org/download"
META = {
    "licence": "ImageNet's terms: non-commercial research and education only",
    "source": "miniImageNet; classes of Ravi and Larochelle (2017)",
}
JPEG = (".jpg", ".jpeg", ".JPG", ".JPEG")
CLASS = re.compile(r"n\d{8}")

IMAGES = Archive(
    name="mini-imagenet.zip",
    urls=(),
    size=0,
    checksum="",
    content_sha256="",
    licence=TERMS,
    folder="mini-imagenet",
    suffixes=JPEG,
    aliases=(
        *("miniimagenet.zip", "miniImageNet.zip", "mini_imagenet.zip", "images.zip"),
        *("miniimagenet", "miniImageNet", "mini_imagenet", "images"),
    ),
    holds=r"(^|/)n\d{8}[^/]*$",
)
# Some images of each class, for trying things out: a name of its own, so that a study of it and one
# of the whole do not take each other's.
SUBSET = replace(IMAGES, name="mini-imagenet-subset.zip")
ILSVRC = Archive(
    name="ILSVRC2012_img_train.tar",
    urls=(),
    size=0,
    checksum="",
    content_sha256="",
    licence=TERMS,
    folder="ILSVRC2012_img_train",
    suffixes=JPEG,
)

DEFAULTS: dict[str, Any] = {"normalise": False, "subset": False}
RULES: dict[str, Rule] = {"normalise": FLAG, "subset": FLAG}


def cache_archive(split: str) -> Archive:
    """The pickle of one split, or any other form of the whole data set."""
    name = {"val": "validation"}.get(split, split)
    file = f"mini-imagenet-cache-{name}.pkl"
    return Archive(
        name=file,
        urls=(f"https://zenodo.org/record/7978538/files/{file}",),
        size=0,
        checksum="",
        content_sha256="",
        licence=TERMS,
        folder="mini-imagenet-cache",
        suffixes=(".pkl",),
        aliases=(f"mini-imagenet-cache-{split}.pkl", "mini-imagenet.tar.gz"),
        holds=rf"mini-imagenet-cache-({name}|{split})\.pkl$",
        others=(IMAGES, ILSVRC),
    )


def check(options: dict[str, Any], where: str) -> None:
    """Refuse options that are unknown or out of range."""
    check_options(options, RULES, where)


def archives(options: dict[str, Any]) -> list[Archive]:
    """What the data set is made from: the pickle of each split, or another form of it."""
    if options.get("subset"):
        return [SUBSET]
    return [cache_archive(split) for split in SPLITS]


def sizes(options: dict[str, Any]) -> dict[str, Sizes]:
    """What each split holds; of a subset nothing is known before it is read."""
    if options.get("subset"):
        return {}
    return {
        s: sizes_of(names, PER_CLASS, 3 * SIZE**2) for s, names in published_classes(RAVI).items()
    }


def prepare(options: dict[str, Any], sources: dict[str, Source], out: Path) -> None:
    """Write the three splits to ``out``."""
    chosen = {**DEFAULTS, **options}
    meta = {**META, **({"normalise": IMAGENET} if chosen["normalise"] else {})}
    for split, classes in published_classes(RAVI).items():
        with open_part(split, sources) as part:
            missing = check_whole([part], classes, PER_CLASS, subset=chosen["subset"])
            write_parts(out / split, [part], (SIZE, SIZE, 3), {**meta, **missing})


@contextmanager
def open_part(split: str, sources: dict[str, Source]) -> Iterator[Part]:
    """The images of a split, in whichever form they are there."""
    archive = SUBSET if SUBSET.name in sources else cache_archive(split)
    source = sources[archive.name]
    form, path = form_of(archive, source), Path(source.path)
    classes = published_classes(RAVI)[split]
    with open_files(form, path) as files:
        if form.suffixes == (".pkl",):
            yield read_cache(path, cached(files, form, path), classes)
            return
        found = by_class(files.names, class_of, classes)
        if form.name == ILSVRC.name:
            chosen = chosen_images()
            found = {
                one: [n for n in names if number_of(n) in chosen[one]]
                for one, names in found.items()
            }
        yield from_files(files, found, resized, str(path))


def resized(content: bytes) -> Pixels:
    """A photograph at 84x84."""
    return squeezed(content, SIZE, 0, Image.Resampling.LANCZOS)


def class_of(name: str) -> str:
    """The class with which a file's name begins; nothing where it begins with none."""
    found = CLASS.match(PurePosixPath(name).name)
    return found[0] if found else ""


def number_of(name: str) -> int:
    """The number of an image of ILSVRC in its class: 47 of ``n01532829_47.JPEG``."""
    return int(PurePosixPath(name).stem.rpartition("_")[2])


def chosen_images() -> dict[str, set[int]]:
    """The 600 images of each class among those of ILSVRC2012."""
    path = resources("metabench.datasets").joinpath("splits/miniimagenet-ilsvrc2012.txt")
    lines = [line.split() for line in path.read_text("utf-8").splitlines() if line[0] != "#"]
    return {one: set(map(int, numbers)) for one, *numbers in lines}


def cached(files: Files, form: Archive, path: Path) -> Any:
    """The plain data of the pickle at ``path``, or in what is packed there."""
    if path.suffix == ".pkl":
        return load_plain(path)
    name = next(name for name in files.names if re.search(form.holds, name))
    return load_plain(path, io.BytesIO(files.read(name)))


def read_cache(path: Path, cache: Any, classes: list[str]) -> Part:
    """The images of a cache pickle.

    Raises:
        MetabenchError: where it is not laid out as these pickles are.
    """
    try:
        images, positions = cache["image_data"], cache["class_dict"].items()
        rows = {text(one): np.array(chosen, dtype=np.int64) for one, chosen in positions}
    except (TypeError, KeyError, AttributeError, ValueError):
        raise MetabenchError(f"{path}: no `image_data` and `class_dict` as a cache has") from None
    right = isinstance(images, np.ndarray) and images.dtype == np.uint8
    if not right or images.shape[1:] != (SIZE, SIZE, 3):
        raise MetabenchError(f"{path}: image_data is not uint8 [n, {SIZE}, {SIZE}, 3]")
    strange = [one for one in rows if one not in classes]
    if strange or not rows:
        raise MetabenchError(f"{path}: {strange[:1]} is no class of this split")
    return from_rows(images, dict(sorted(rows.items())), str(path))


def text(value: Any) -> str:
    """A text, whether Python 2 or 3 wrote it."""
    return value.decode() if isinstance(value, bytes) else str(value)
