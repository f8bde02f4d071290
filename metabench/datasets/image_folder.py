"""Your own images: a folder, or an archive of it, in which each class is a folder of images.

A file in ``datasets/`` is all that it takes; docs/data.md, "Your own images", shows one. Options:

``images``    the folder, or its .zip, .tar, .tar.gz or .tgz: a path below the folder of archives
``divide``    {val: 0.2, test: 0.2, seed: 0}: shares of the classes at random, the rest trains;
              of the groups, each with all its classes, where episodes are drawn within a group
``classes``   {train: [...], val: [...], test: [...]}, and left_out for those that are not used
``size``      pixels of a side: 84
``channels``  3 for colours, 1 for grey
``fit``       ``crop``: the square in the middle is kept; ``squeeze``: all of it, whatever its shape
``normalise`` by the mean and deviation of ImageNet: false

Without ``divide`` and ``classes``, the folder has three of its own: ``train``, ``val``, ``test``.

When a study is read, ``complete`` looks into the folder and adds ``found`` to the options: the
digest of the content, the sizes of the splits, and whether groups are kept whole. So a changed
image is another data set, of which everything is made again, and what the images cannot serve is
refused before any job starts; so are images that are there twice.
"""

from __future__ import annotations

import io
import re
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from metabench.datasets.archives import VARIABLE, Archive, Source, open_files
from metabench.datasets.class_folders import check_division, divided
from metabench.datasets.contents import contents_of, refuse_copies
from metabench.datasets.options import FLAG, Kind, OneOf, Rule, Whole, check_options
from metabench.datasets.packed import TARS
from metabench.datasets.photographs import IMAGENET, Pixels, from_files, naming, write_parts
from metabench.datasets.store import SPLITS, Sizes, group
from metabench.errors import MetabenchError
from metabench.hyperparameters import suggest

KINDS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")
PACKED = (".zip", *TARS)
PATH = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)*")  # it becomes a file's name, and words of a shell
META = {"licence": "none is stated: images of one's own", "source": "images of one's own"}

DEFAULTS: dict[str, Any] = {"size": 84, "channels": 3, "fit": "crop", "normalise": False}
RULES: dict[str, Rule] = {
    "images": Kind(
        str, "a path below the folder of archives, such as birds or birds.zip, is right"
    ),
    "divide": Kind(
        dict, "shares of the classes, such as {val: 0.2, test: 0.2, seed: 0}, are right"
    ),
    "classes": Kind(dict, "lists, such as {train: [...], val: [...], test: [...]}, are right"),
    "size": Whole(8, 1024),
    "channels": OneOf((1, 3)),
    "fit": OneOf(("crop", "squeeze")),
    "normalise": FLAG,
}


def check(options: dict[str, Any], where: str) -> None:
    """Refuse options that are unknown, out of range, or at odds with each other."""
    check_options({k: v for k, v in options.items() if k != "found"}, RULES, where)
    if "images" not in options:
        raise MetabenchError(f"{where}: the option 'images' is missing; add `images: ...`")
    if not PATH.fullmatch(options["images"]):
        raise MetabenchError(
            f"{where}: 'images' is {options['images']!r}; {RULES['images']}, of letters, digits, "
            "'-', '_' and '.' (the folder above it is named under `archives:` in the study's file)"
        )
    if options.get("normalise") and options.get("channels") == 1:
        raise MetabenchError(f"{where}: 'normalise' is for three channels; leave it out")
    check_division(options, where)


def complete(
    options: dict[str, Any], within_group: bool, folder: Path | None, where: str
) -> dict[str, Any]:
    """The options with ``found``: the digest of the images, and what each split holds.

    Args:
        options: checked ones.
        within_group: whether all classes of an episode are from one group.
        folder: the folder of archives; None where none is named.
        where: the file and key, for errors.

    Raises:
        MetabenchError: naming what is missing, cannot be read, fits no class or is there twice, and
            where.
    """
    if "found" in options:
        raise MetabenchError(f"{where}: no option 'found'; {suggest('found', RULES)}")
    name = options["images"]
    right = (
        f"name the folder that it lies in under `archives:` in the study's file, or in {VARIABLE}"
    )
    if folder is None:
        raise MetabenchError(f"{where}: 'images' is {name!r}, and no folder is named; {right}")
    path = folder / name
    if not path.exists():
        raise MetabenchError(f"{where}: 'images' is {name!r}, and there is no {path}; {right}")
    if path.is_file() and not name.endswith(PACKED):
        raise MetabenchError(f"{path}: a folder, or a file {', '.join(PACKED)}, is right")
    contents = contents_of(_archive(options), path, partial(_look, str(path)))
    splits = divided(contents.names, options, within_group, str(path))
    used = {name for classes in splits.values() for names in classes.values() for name in names}
    refuse_copies(contents, used, str(path))
    found: dict[str, Any] = {"sha256": contents.sha256, "within_group": within_group}
    for split, classes in splits.items():
        counts = {one: len(names) for one, names in classes.items()}
        fewest = min(counts, key=counts.__getitem__)
        largest = max(len(members) for members in group(list(counts)).values())
        found[split] = [len(counts), counts[fewest], largest, fewest]
    return {**options, "found": found}


def archives(options: dict[str, Any]) -> list[Archive]:
    """The folder, or the archive of it."""
    return [_archive(options)]


def sizes(options: dict[str, Any]) -> dict[str, Sizes]:
    """What each split holds; nothing is known before ``complete`` has looked."""
    if "found" not in options:
        return {}
    chosen = {**DEFAULTS, **options}
    pixels = chosen["channels"] * chosen["size"] ** 2
    known = {split: chosen["found"][split] for split in SPLITS}
    return {
        split: Sizes(classes, images, largest, pixels, fewest)
        for split, (classes, images, largest, fewest) in known.items()
    }


def prepare(options: dict[str, Any], sources: dict[str, Source], out: Path) -> None:
    """Write the three splits to ``out``."""
    chosen = {**DEFAULTS, **options}
    size, channels = chosen["size"], chosen["channels"]
    archive, within_group = _archive(options), options["found"]["within_group"]
    path = Path(sources[archive.name].path)
    read = partial(pixels_of, size=size, channels=channels, fit=chosen["fit"])
    meta = {**META, **({"normalise": IMAGENET} if chosen["normalise"] else {})}
    with open_files(archive, path) as files:
        for split, classes in divided(files.names, options, within_group, str(path)).items():
            part = from_files(files, classes, read, str(path))
            write_parts(out / split, [part], (size, size, channels), meta)


def pixels_of(content: bytes, size: int, channels: int, fit: str) -> Pixels:
    """An image as uint8 [size, size, channels].

    It is turned as its camera says, and what is transparent is white. One that is a square of
    ``size`` already keeps its pixels; others are resized with LANCZOS. Of one that moves, the first
    picture is taken.
    """
    with Image.open(io.BytesIO(content)) as opened:
        _refuse_deep(opened)
        image: Image.Image = ImageOps.exif_transpose(opened)
        if image.has_transparency_data:
            image = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
        image = image.convert("RGB" if channels == 3 else "L")
    square = (size, size)
    if fit == "crop":
        image = ImageOps.fit(image, square, Image.Resampling.LANCZOS)
    elif image.size != square:
        image = image.resize(square, Image.Resampling.LANCZOS)
    return np.asarray(image, dtype=np.uint8).reshape(size, size, channels)


def _archive(options: dict[str, Any]) -> Archive:
    """What ``images`` names, with the digest that was found."""
    name = options["images"]
    file = PurePosixPath(name).name
    packed = [suffix for suffix in PACKED if file.endswith(suffix)]
    return Archive(
        name=name,
        urls=(),
        size=0,
        checksum="",
        content_sha256=options.get("found", {}).get("sha256", ""),
        licence="those of the images",
        folder=file.removesuffix(packed[0]) if packed else file,
        suffixes=(*KINDS, *map(str.upper, KINDS)),
    )


def _look(where: str, name: str, content: bytes) -> None:
    """Refuse what is no image as far as its head tells: to decode them all would take minutes."""
    with naming(name, where), Image.open(io.BytesIO(content)) as image:
        _refuse_deep(image)


def _refuse_deep(image: Image.Image) -> None:
    """Pillow would cut off all that is brighter than 255."""
    if image.mode in ("I", "F") or image.mode.startswith("I;"):
        raise ValueError("more than 8 bits a channel; save it with 8")
