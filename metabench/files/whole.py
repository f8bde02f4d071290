"""Files that are either whole or absent, and their digests."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metabench.errors import MetabenchError

UNWRITABLE = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG),  # no room
    *(errno.EROFS, errno.EACCES, errno.EPERM),  # no permission
    *(errno.EEXIST, errno.ENOTDIR, errno.ENAMETOOLONG),  # no such folder can be
}


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` that takes its place when the block succeeds.

    A reader, or a run that is killed half-way, sees the old file or the new one and nothing
    between. The temporary file is removed when the block raises.

    Raises:
        MetabenchError: where there is no room, or no permission.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(
            dir=path.parent, prefix=f".{path.name}.", suffix=path.suffix
        )
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            # mkstemp makes private files; results are shared with whoever may read the folder.
            umask = os.umask(0)
            os.umask(umask)
            temporary.chmod(0o666 & ~umask)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        if error.errno not in UNWRITABLE:
            raise
        raise MetabenchError(
            f"{path}: cannot be written ({error.strerror}); what was there before still is"
        ) from error


def write_text(path: Path, text: str) -> None:
    """Write ``text`` atomically, in UTF-8."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` atomically as indented JSON."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """The value of a JSON file.

    Raises:
        MetabenchError: where it is not there, or damaged.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise MetabenchError(f"{path}: there is no such file") from None
    except (OSError, ValueError, RecursionError) as error:
        raise MetabenchError(f"{path}: cannot be read as JSON: {error}") from None


def write_array(path: Path, array: NDArray[Any]) -> None:
    """Write ``array`` atomically as ``.npy``."""
    array = np.asarray(array, order="C")
    header = np.lib.format.header_data_from_array_1_0(array)
    with atomic(path) as temporary, temporary.open("wb") as stream:
        # np.save does not say why it could not write.
        np.lib.format.write_array_header_1_0(stream, header)
        stream.write(array.data)


@contextmanager
def new_array(path: Path, shape: tuple[int, ...]) -> Iterator[NDArray[np.uint8]]:
    """Yield an array uint8 on disk, all 0, to be filled; it becomes ``path`` atomically."""
    with atomic(path) as temporary:
        array = np.lib.format.open_memmap(temporary, mode="w+", dtype=np.uint8, shape=shape)
        if hasattr(os, "posix_fallocate"):
            # A disk that fills up under a mapped array kills the process without a word.
            with temporary.open("r+b") as stream:
                os.posix_fallocate(stream.fileno(), 0, temporary.stat().st_size)
        yield array
        array.flush()


def read_array(path: Path, *, mapped: bool = False) -> NDArray[Any]:
    """The array of a ``.npy`` file; memory-mapped and read-only where ``mapped``.

    Raises:
        MetabenchError: where it is not there, or damaged.
    """
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r" if mapped else None, allow_pickle=False)
    except FileNotFoundError:
        raise MetabenchError(f"{path}: there is no such file") from None
    except Exception as error:  # numpy gives a header to Python's parser, which fails in any way
        told = " ".join(str(error).split())
        raise MetabenchError(f"{path}: not an array of numbers in .npy format: {told}") from None
    if not isinstance(array, np.ndarray):  # numpy opens an .npz by its first bytes, too
        raise MetabenchError(f"{path}: an archive; one array of numbers in .npy format is right")
    return array


def canonical(value: Any) -> str:
    """``value`` as JSON that is equal exactly where the values are: sorted keys, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def file_digest(path: Path) -> str:
    """The sha256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def content_digest(*parts: NDArray[Any] | str) -> str:
    """The sha256 of arrays (type, shape and elements) and texts in order, in hexadecimal.

    Little-endian and C-contiguous whatever the machine, so equal contents have equal digests.
    """
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, str):
            digest.update(f"text {len(part.encode())}\n".encode() + part.encode())
            continue
        array = np.ascontiguousarray(part)
        array = array.astype(array.dtype.newbyteorder("<"), copy=False)
        digest.update(f"array {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.data)
    return digest.hexdigest()
