"""Raw archives: found on this machine or downloaded, verified, and read without unpacking.

A compute node has no internet and a data set is often there already, perhaps unpacked or packed
again by someone else. So an archive is known by either of two digests: that of the published
file, or that of its content, the sha256 of the lines ``<sha256 of a file>  <path>`` sorted by
path. What matches neither is not used at all.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from metabench.datasets.download import download, file_checksum
from metabench.errors import MetabenchError
from metabench.files import file_digest, read_json, write_json

VARIABLE = "METABENCH_DATA"


@dataclass(frozen=True)
class Archive:
    """A published archive and how to know it again."""

    name: str  # file name
    urls: tuple[str, ...]  # mirrors, tried in order
    size: int  # bytes
    checksum: str  # of the published file: "sha256:<hex>" or "md5:<hex>"
    content_sha256: str  # of its content; every path begins with `folder`
    licence: str  # the terms, stated before a download
    folder: str  # the name of the folder that it unpacks to
    suffixes: tuple[str, ...] = (".png",)  # the files that count


@dataclass(frozen=True)
class Source:
    """Where a verified archive lies."""

    name: str
    path: str  # a zip file or an unpacked folder
    origin: Literal["local", "downloaded"]
    sha256: str  # the digest that was verified
    verified: Literal["archive", "content"]  # what it is the digest of


@dataclass(frozen=True)
class Files:
    """The files of an archive that count, by path; every path begins with the archive's folder."""

    names: list[str]  # sorted
    read: Callable[[str], bytes]


def fetch(archive: Archive, folders: list[Path], out: Path) -> Source:
    """Find ``archive`` or download it, verify it, and write where it lies to ``out``.

    Args:
        archive: what is wanted.
        folders: where to look before the folder that ``METABENCH_DATA`` names.
        out: a JSON file; what has to be downloaded is put beside it.

    Raises:
        MetabenchError: if a folder is missing, a found archive is not the published one (it is
            named with its digests, and nothing is downloaded in its stead), or a download fails.
    """
    local = _find(archive, _places(folders))
    if local is not None:
        source = verify_archive(archive, local)
    else:
        target = out.parent / archive.name
        download(archive.urls, target, archive.checksum, archive.size, archive.licence)
        source = Source(archive.name, str(target), "downloaded", file_digest(target), "archive")
    write_json(out, asdict(source))
    return source


def read_source(path: Path) -> Source:
    """The source that ``fetch`` wrote to ``path``."""
    return Source(**read_json(path))


def verify_archive(archive: Archive, path: Path) -> Source:
    """The zip file or folder at ``path`` as a source, if it is ``archive``.

    Raises:
        MetabenchError: naming the path, the digests expected and found.
    """
    if path.is_file() and file_checksum(path, archive.checksum) == archive.checksum:
        return Source(archive.name, str(path), "local", file_digest(path), "archive")
    try:
        found = content_sha256(archive, path)
    except MetabenchError as error:
        raise MetabenchError(
            f"{error}; expected {archive.checksum}, found {file_checksum(path, archive.checksum)}"
        ) from error
    if found == archive.content_sha256:
        return Source(archive.name, str(path), "local", found, "content")
    raise MetabenchError(
        f"{path}: not the published {archive.name}: expected content sha256 "
        f"{archive.content_sha256}, found {found}; replace it, or remove it to have it downloaded"
    )


def content_sha256(archive: Archive, path: Path) -> str:
    """The digest of the files that count at ``path``, whichever way they are packed."""
    digest = hashlib.sha256()
    with open_files(archive, path) as files:
        for name in files.names:
            line = f"{hashlib.sha256(files.read(name)).hexdigest()}  {name}\n"
            digest.update(line.encode())
    return digest.hexdigest()


@contextmanager
def open_files(archive: Archive, path: Path) -> Iterator[Files]:
    """Open the zip file or unpacked folder at ``path`` for reading; nothing is unpacked to disk.

    Raises:
        MetabenchError: if it is not a readable zip, or one of its paths leads out of it.
    """
    if path.is_dir():
        names = {
            _rooted(archive, found.relative_to(path).as_posix()): found
            for found in path.rglob("*")
            if found.is_file()
        }
        yield Files(_counting(archive, names), lambda name: names[name].read_bytes())
        return
    try:
        with zipfile.ZipFile(path) as packed:
            members = {}
            for member in packed.infolist():
                _refuse_escape(path, member.filename)
                if not member.is_dir():
                    members[_rooted(archive, member.filename)] = member
            yield Files(_counting(archive, members), lambda name: packed.read(members[name]))
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise MetabenchError(f"{path}: a damaged zip file ({error})") from error


def _places(folders: list[Path]) -> list[Path]:
    """The folders to look in: those given, then the one that the environment names."""
    for folder in folders:
        if not folder.is_dir():
            raise MetabenchError(f"{folder}: no such folder of archives")
    named = os.environ.get(VARIABLE)
    if not named:
        return folders
    if not Path(named).is_dir():
        raise MetabenchError(f"{VARIABLE}: no such folder: {named}")
    return [*folders, Path(named)]


def _find(archive: Archive, folders: list[Path]) -> Path | None:
    """The first file of the archive's name, or folder that it unpacks to, anywhere in ``folders``.

    The file is preferred to the folder within one place. Names are visited in sorted order, so
    that the same copy is found on every file system.
    """
    for folder in folders:
        if folder.name == archive.folder:
            return folder
        unpacked: list[Path] = []
        for place, inner, files in os.walk(folder):
            if archive.name in files:
                return Path(place, archive.name)
            if archive.folder in inner:
                unpacked.append(Path(place, archive.folder))
            inner[:] = sorted(name for name in inner if name != archive.folder)
        if unpacked:
            return unpacked[0]
    return None


def _rooted(archive: Archive, name: str) -> str:
    """A path inside the archive's folder, whether or not it was packed with that folder."""
    inside = name.split("/", 1)[0] == archive.folder
    return name if inside else f"{archive.folder}/{name}"


def _counting(archive: Archive, names: Iterable[str]) -> list[str]:
    """The names of the files that count, sorted; not what a Mac adds to a zip (``._name``)."""
    return sorted(
        name
        for name in names
        if name.endswith(archive.suffixes) and not PurePosixPath(name).name.startswith("._")
    )


def _refuse_escape(path: Path, member: str) -> None:
    parts = member.replace("\\", "/").split("/")
    if member.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]:
        raise MetabenchError(
            f"{path}: holds a path that leads out of it, {member!r}; nothing of it is used"
        )
