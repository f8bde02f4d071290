"""CIFAR-FS: the 100 classes of CIFAR-100 divided for few-shot learning, 600 images of 32x32 each.

Bertinetto, Henriques, Torr and Vedaldi (2019), "Meta-learning with differentiable closed-form
solvers", arXiv:1805.08136: 64 classes for training, 16 for validation, 20 for testing, each with
the images of CIFAR-100's training and test files together. The files are pickles of Python 2 and
are read without being run (``metabench.datasets.pickles``). Images are left as they are.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metabench.datasets.archives import Archive, Source, form_of, open_files
from metabench.datasets.options import FLAG, Rule, check_options
from metabench.datasets.photographs import (
    IMAGENET,
    Pixels,
    check_whole,
    from_rows,
    published_classes,
    write_parts,
)
from metabench.datasets.pickles import load_plain
from metabench.datasets.store import Sizes, sizes_of
from metabench.errors import MetabenchError

SIZE = 32
PER_CLASS = 600  # 500 of the training file and 100 of the test file
META = {
    "licence": "none is stated; Krizhevsky (2009) asks to be cited",
    "source": "Krizhevsky (2009), CIFAR-100, https://www.cs.toronto.edu/~kriz/cifar.html",
}
CIFAR = Archive(
    name="cifar-100-python.tar.gz",
    urls=("https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz",),
    size=169_001_437,
    checksum="md5:eb9058c3a382ffc7106e4002c42a8d85",
    content_sha256="",
    licence="none is stated; please cite Krizhevsky (2009), Learning multiple layers of features",
    folder="cifar-100-python",
    suffixes=("/train", "/test", "/meta"),
)

DEFAULTS: dict[str, Any] = {"normalise": False}
RULES: dict[str, Rule] = {"normalise": FLAG}


def check(options: dict[str, Any], where: str) -> None:
    """Refuse options that are unknown or out of range."""
    check_options(options, RULES, where)


def archives(options: dict[str, Any]) -> list[Archive]:
    """What the data set is made from."""
    return [CIFAR]


def sizes(options: dict[str, Any]) -> dict[str, Sizes]:
    """What each split holds."""
    return {
        s: sizes_of(names, PER_CLASS, 3 * SIZE**2)
        for s, names in published_classes("cifar_fs").items()
    }


def prepare(options: dict[str, Any], sources: dict[str, Source], out: Path) -> None:
    """Write the three splits to ``out``."""
    meta = {**META, **({"normalise": IMAGENET} if {**DEFAULTS, **options}["normalise"] else {})}
    source = sources[CIFAR.name]
    path = Path(source.path)
    with open_files(form_of(CIFAR, source), path) as files:
        loaded = {
            name.rpartition("/")[2]: load_plain(path / name, io.BytesIO(content))
            for name, content in files.each(files.names)
        }
    try:
        names = [name.decode() for name in loaded["meta"][b"fine_label_names"]]
        images = np.concatenate([as_images(loaded[part][b"data"]) for part in ("train", "test")])
        labels = np.array(
            [label for part in ("train", "test") for label in loaded[part][b"fine_labels"]]
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise MetabenchError(f"{path}: not laid out as CIFAR-100 is") from None
    if len(labels) != len(images):
        raise MetabenchError(f"{path}: {len(images)} images and {len(labels)} labels")
    for split, classes in published_classes("cifar_fs").items():
        rows = {one: np.flatnonzero(labels == names.index(one)) for one in classes if one in names}
        part = from_rows(images, rows, str(path))
        check_whole([part], classes, PER_CLASS, subset=False)
        write_parts(out / split, [part], (SIZE, SIZE, 3), meta)


def as_images(data: NDArray[np.uint8]) -> Pixels:
    """Rows of 3,072 bytes, red before green before blue: uint8 [n, 32, 32, 3]."""
    return data.astype(np.uint8, copy=False).reshape(-1, 3, SIZE, SIZE).transpose(0, 2, 3, 1)
