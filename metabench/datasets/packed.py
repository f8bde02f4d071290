"""The files of a folder, a zip or a tar, read in place: nothing is unpacked to disk."""

from __future__ import annotations

import math
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from metabench.errors import MetabenchError

TARS = (".tar", ".tar.gz", ".tgz")
EXPANSION = 100  # how many times its size an archive may unpack to: a bomb does a thousand times
SMALL = 10_000_000  # bytes; what unpacks to no more is harmless


@dataclass(frozen=True)
class Files:
    """The files of an archive that count, by path; every path begins with the archive's folder."""

    names: list[str]  # sorted
    read: Callable[[str], bytes]
    sizes: dict[str, int] = field(default_factory=dict)  # bytes, in the order in which they lie

    def each(self, wanted: Collection[str]) -> Iterator[tuple[str, bytes]]:
        """The name and content of the files in ``wanted``, in the order in which they lie.

        A compressed tar is read from its beginning to its end, once, and not sought in.
        """
        for name in self.sizes or self.names:
            if name in wanted:
                yield name, self.read(name)


@dataclass
class _Found:
    """Files in the order in which they lie: how large each is, and how to read it."""

    path: Path
    most: float = math.inf  # bytes that all of them may have together
    sizes: dict[str, int] = field(default_factory=dict)
    reads: dict[str, Callable[[], bytes]] = field(default_factory=dict)

    def add(self, name: str, size: int, read: Callable[[], bytes]) -> None:
        self.sizes[name] = size
        self.reads[name] = read
        self.most -= size
        if self.most < 0:
            raise MetabenchError(
                f"{self.path}: unpacks to more than {EXPANSION} times its size, as no archive of "
                "images does; nothing of it is used"
            )

    def read(self, name: str) -> bytes:
        return self.reads[name]()


@contextmanager
def open_packed(path: Path) -> Iterator[Files]:
    """All files at ``path``: a folder, a zip, a tar, or else the one file that it is.

    A tar inside a folder or a tar counts as a folder of its own name (``n01532829.tar`` as
    ``n01532829/``), as ILSVRC's training images come.

    Raises:
        MetabenchError: if it is damaged, or one of its paths leads out of it.
    """
    most = math.inf if path.is_dir() else SMALL + EXPANSION * path.stat().st_size
    found = _Found(path, most)
    try:
        with ExitStack() as stack:
            if path.is_dir():
                _add_folder(found, path, stack)
            elif path.name.endswith(".zip"):
                _add_zip(found, path, stack)
            elif path.name.endswith(TARS):
                packed = stack.enter_context(_open_tar(path))
                _add_tar(found, path, packed, "", stack)
            else:
                found.add(path.name, path.stat().st_size, path.read_bytes)
            yield Files(sorted(found.sizes), found.read, found.sizes)
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError) as error:
        kind = "tar" if path.name.endswith(TARS) else "zip"
        raise MetabenchError(f"{path}: a damaged {kind} file ({error})") from error


def _add_folder(found: _Found, path: Path, stack: ExitStack) -> None:
    for file in sorted(path.rglob("*")):
        name = file.relative_to(path).as_posix()
        if name.endswith(".tar"):
            packed = stack.enter_context(_open_tar(file))
            _add_tar(found, file, packed, f"{name.removesuffix('.tar')}/", stack)
        elif file.is_file():
            found.add(name, file.stat().st_size, file.read_bytes)


def _add_zip(found: _Found, path: Path, stack: ExitStack) -> None:
    packed = stack.enter_context(zipfile.ZipFile(path))

    def read(member: zipfile.ZipInfo) -> bytes:
        try:
            return packed.read(member)
        except RuntimeError as error:  # encrypted, or compressed as Python does not know
            raise MetabenchError(
                f"{path}: {member.filename} cannot be unpacked ({error}); pack it again plainly"
            ) from error

    for member in packed.infolist():
        _refuse_escape(path, member.filename)
        if not member.is_dir():
            found.add(member.filename, member.file_size, _reader(read, member))


def _open_tar(path: Path, stream: IO[bytes] | None = None) -> tarfile.TarFile:
    """The tar at ``path``, or the one in ``stream``, compressed or not."""
    return tarfile.open(path, fileobj=stream)


def _add_tar(
    found: _Found, path: Path, packed: tarfile.TarFile, prefix: str, stack: ExitStack
) -> None:
    def content(member: tarfile.TarInfo) -> IO[bytes]:
        stream = packed.extractfile(member)
        assert stream is not None  # only links and devices have no content
        return stream

    def read(member: tarfile.TarInfo) -> bytes:
        with content(member) as stream:
            return stream.read()

    for member in packed:
        _refuse_escape(path, member.name)
        if not member.isfile():
            continue
        name = prefix + member.name.removeprefix("./")
        if name.endswith(".tar"):
            inner = stack.enter_context(_open_tar(path, content(member)))
            _add_tar(found, path, inner, f"{name.removesuffix('.tar')}/", stack)
        else:
            found.add(name, member.size, _reader(read, member))


def _reader(read: Callable[[Any], bytes], member: object) -> Callable[[], bytes]:
    return lambda: read(member)


def _refuse_escape(path: Path, member: str) -> None:
    parts = member.replace("\\", "/").split("/")
    if member.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]:
        raise MetabenchError(
            f"{path}: holds a path that leads out of it, {member!r}; nothing of it is used"
        )
