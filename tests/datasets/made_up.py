"""Made-up drawings and archives."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image


def png(seed: int) -> bytes:
    """A drawing as Omniglot has them: 105x105, one bit, ink black."""
    pixels = np.random.default_rng(seed).random((105, 105)) > 0.2
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format="PNG")
    return stream.getvalue()


def write_zip(path: Path, files: dict[str, bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in files.items():
            packed.writestr(name, content)


def jpeg(seed: int, size: tuple[int, int]) -> bytes:
    """A photograph of that width and height: smooth colours, so that JPEG keeps it."""
    width, height = size
    corners = np.random.default_rng(seed).integers(0, 256, (3, 3, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(corners).resize((width, height)).save(stream, format="JPEG")
    return stream.getvalue()


def write_tar(path: Path, files: dict[str, bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = tarred(files)
    path.write_bytes(content if path.suffix == ".tar" else gzip.compress(content))


def tarred(files: dict[str, bytes]) -> bytes:
    """A tar of files."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as packed:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            packed.addfile(member, io.BytesIO(content))
    return stream.getvalue()
