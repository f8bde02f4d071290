"""The files of a folder, a zip or a tar, read in place: nothing is unpacked to disk."""

from __future__ import annotations

import gzip
import lzma
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
DAMAGED = (
    *(zipfile.BadZipFile, tarfile.TarError),
    *(zlib.error, gzip.BadGzipFile, lzma.LZMAError, EOFError),  # of what they are compressed by
)
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
        try:
            name.encode()
        except UnicodeEncodeError:
            raise MetabenchError(f"{self.path}: {name!r} is no name in UTF-8; rename it") from None
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
    with ExitStack() as stack:
        if path.is_dir():
            _add_folder(found, path, stack)
        elif path.name.endswith(".zip"):
            _add_zip(found, path, stack)
        elif path.name.endswith(TARS):
            _add_tar(found, str(path), path.open("rb"), "", stack)
        else:
            found.add(path.name, path.stat().st_size, path.read_bytes)
        yield Files(sorted(found.sizes), found.read, found.sizes)


@contextmanager
def _named(packed: str, kind: str) -> Iterator[None]:
    """Damage that is seen in this block is an error that names the archive."""
    try:
        yield
    except DAMAGED as error:
        told = " ".join(str(error).split())
        raise MetabenchError(f"{packed}: a damaged {kind} file ({told})") from error


def _add_folder(found: _Found, path: Path, stack: ExitStack) -> None:
    for file in sorted(path.rglob("*")):
        name = file.relative_to(path).as_posix()
        if not file.is_file():
            continue
        if name.endswith(".tar"):
            _add_tar(found, str(file), file.open("rb"), f"{name.removesuffix('.tar')}/", stack)
        else:
            found.add(name, file.stat().st_size, file.read_bytes)


def _add_zip(found: _Found, path: Path, stack: ExitStack) -> None:
    with _named(str(path), "zip"):
        packed = stack.enter_context(zipfile.ZipFile(path))

    def read(member: zipfile.ZipInfo) -> bytes:
        try:
            with _named(str(path), "zip"):
                return packed.read(member)
        except RuntimeError as error:  # encrypted, or compressed as Python does not know
            raise MetabenchError(
                f"{path}: {member.filename} cannot be unpacked ({error}); pack it again plainly"
            ) from error

    for member in packed.infolist():
        _refuse_escape(str(path), member.filename)
        if not member.is_dir():
            found.add(member.filename, member.file_size, _reader(read, member))


def _open_tar(stream: IO[bytes]) -> tarfile.TarFile:
    return tarfile.open(fileobj=stream)


def _add_tar(found: _Found, where: str, stream: IO[bytes], prefix: str, stack: ExitStack) -> None:
    """The files of the tar in ``stream``, compressed or not; ``where`` it lies is for errors."""

    def content(member: tarfile.TarInfo) -> IO[bytes]:
        stream = packed.extractfile(member)
        assert stream is not None  # only links and devices have no content
        return stream

    def read(member: tarfile.TarInfo) -> bytes:
        with _named(where, "tar"), content(member) as stream:
            return stream.read()

    with _named(where, "tar"):
        packed = stack.enter_context(_open_tar(stack.enter_context(stream)))
        for member in packed:
            _refuse_escape(where, member.name)
            if not member.isfile():
                continue
            name = prefix + member.name.removeprefix("./")
            if name.endswith(".tar"):
                inner = f"{name.removesuffix('.tar')}/"
                _add_tar(found, f"{where}: {member.name}", content(member), inner, stack)
            else:
                found.add(name, member.size, _reader(read, member))
        _refuse_more(packed)


def _refuse_more(packed: tarfile.TarFile) -> None:
    """A header that cannot be read ends a tar for Python without a word; zeros are its end."""
    assert packed.fileobj is not None
    packed.fileobj.seek(packed.offset)
    if packed.fileobj.read(tarfile.BLOCKSIZE).strip(b"\0"):
        raise tarfile.ReadError(f"no header of a file at byte {packed.offset:,}")


def _reader(read: Callable[[Any], bytes], member: object) -> Callable[[], bytes]:
    return lambda: read(member)


def _refuse_escape(where: str, member: str) -> None:
    parts = member.replace("\\", "/").split("/")
    if member.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]:
        raise MetabenchError(
            f"{where}: holds a path that leads out of it, {member!r}; nothing of it is used"
        )
