"""Omniglot's drawings as arrays: the choices that its users make differently, made once.

The files are 105x105 PNG of one bit. Pillow resizes such images by the nearest pixel whatever
filter it is asked for, so they are turned to 8-bit grey first and then resized with LANCZOS, the
filter that MAML's released code names. Grey values are inverted, ink 255 on 0, as there.
Rotations follow resizing; by quarter turns the order makes no difference worth a name.
Everything is sorted: nothing depends on the order in which a file system lists files.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from metabench.datasets.archives import Archive
from metabench.datasets.packed import Files
from metabench.datasets.store import write_split

QUARTER_TURNS = (0, 90, 180, 270)  # degrees, counterclockwise
TERMS = "MIT licence, Brenden Lake, https://github.com/brendenlake/omniglot"
META = {
    "licence": "MIT",
    "source": "Lake, Salakhutdinov, Tenenbaum (2015), https://github.com/brendenlake/omniglot",
}


def omniglot_archive(
    path: str,
    size: int,
    checksum: str,
    content_sha256: str,
    suffixes: tuple[str, ...] = (".png",),
) -> Archive:
    """One of Omniglot's archives; ``path`` is its place in the repository's folder `python`."""
    name = path.rsplit("/", 1)[-1]
    urls = (
        f"https://github.com/brendenlake/omniglot/raw/master/python/{path}",
        f"https://raw.githubusercontent.com/brendenlake/omniglot/master/python/{path}",
    )
    folder = name.removesuffix(".zip")
    return Archive(name, urls, size, checksum, content_sha256, TERMS, folder, suffixes)


def ink(png: bytes) -> NDArray[np.uint8]:
    """The drawing as published: uint8 [105, 105], 1 where there is ink."""
    with Image.open(io.BytesIO(png)) as image:
        mask: NDArray[np.uint8] = (np.asarray(image.convert("L")) == 0).astype(np.uint8)
    return mask


def resized(png: bytes, size: int) -> NDArray[np.uint8]:
    """The drawing as uint8 [size, size], ink 255 on 0."""
    with Image.open(io.BytesIO(png)) as image:
        grey = image.convert("L").resize((size, size), Image.Resampling.LANCZOS)
        inverted: NDArray[np.uint8] = 255 - np.asarray(grey, dtype=np.uint8)
    return inverted


def characters(files: Files, size: int) -> dict[str, NDArray[np.uint8]]:
    """The drawings of each character, `alphabet/character` -> uint8 [drawings, size, size, 1]."""
    paths: dict[str, list[str]] = {}
    for name in files.names:
        _, alphabet, character, _ = name.split("/")
        paths.setdefault(f"{alphabet}/{character}", []).append(name)
    return {
        name: np.stack([resized(files.read(path), size) for path in drawings])[..., None]
        for name, drawings in paths.items()
    }


class Drawn(NamedTuple):
    """One class of a split: which character's drawings, turned by how much."""

    name: str  # `group/...`
    character: str  # `alphabet/character`
    degrees: int  # counterclockwise


def turned_classes(names: Sequence[str], turns: Sequence[int]) -> list[Drawn]:
    """Turned characters as further classes of the same alphabet: `Latin/character01/rot090`."""
    return [Drawn(f"{name}/rot{turn:03d}", name, turn) for name in sorted(names) for turn in turns]


def turned_alphabets(names: Sequence[str], turns: Sequence[int]) -> list[Drawn]:
    """Turned characters as further alphabets: `Latin-rot090/character01`."""
    classes = []
    for name in names:
        alphabet, character = name.split("/")
        for turn in turns:
            group = f"{alphabet}-rot{turn:03d}" if turn else alphabet
            classes.append(Drawn(f"{group}/{character}", name, turn))
    # Upright before turned: `Latin` before `Latin-rot090`, though `-` sorts before `/`.
    return sorted(classes, key=lambda drawn: drawn.name.split("/"))


def write_classes(
    folder: Path, classes: Sequence[Drawn], drawings: dict[str, NDArray[np.uint8]]
) -> None:
    """Write the split that consists of ``classes``.

    Args:
        folder: where to.
        classes: its classes, in order.
        drawings: of each character, uint8 [n, H, W, 1].
    """
    images = [np.rot90(drawings[c.character], c.degrees // 90, axes=(1, 2)) for c in classes]
    labels = np.repeat(np.arange(len(classes), dtype=np.int32), [len(part) for part in images])
    write_split(folder, np.concatenate(images), labels, [c.name for c in classes], META)
