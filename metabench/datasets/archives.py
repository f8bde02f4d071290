"""Raw archives: found on this machine or downloaded, verified, and read without unpacking.

A compute node has no internet and a data set is often there already, perhaps unpacked or packed
again by someone else, perhaps in another form altogether. So an archive is known by either of two
digests: that of the published file, or that of its content, the sha256 of the lines
``<sha256 of a file>  <path>`` sorted by path. What matches neither is not used at all.

Some archives have no published digest, or exist in too many versions for one. What is in them is
then checked when they are read (classes, numbers and shapes of images), and here only their
listing, the names and sizes of the files, is put down, so that a later change is noticed.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import MISSING, asdict, dataclass, fields, replace
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from metabench.datasets.download import download, file_checksum
from metabench.datasets.packed import Files, open_packed
from metabench.errors import MetabenchError
from metabench.files.forms import TEXT, keyed
from metabench.files.whole import file_digest, read_json, write_json

VARIABLE = "METABENCH_DATA"


@dataclass(frozen=True)
class Archive:
    """A published archive and how to know it again."""

    name: str  # file name
    urls: tuple[str, ...]  # mirrors, tried in order; none where no host may hand it out
    size: int  # bytes; 0 where it is not published
    checksum: str  # of the published file: "sha256:<hex>" or "md5:<hex>"; empty for none
    content_sha256: str  # of its content; every path begins with `folder`; empty for none
    licence: str  # the terms, stated before a download
    folder: str  # the name of the folder that it unpacks to
    suffixes: tuple[str, ...] = (".png",)  # the files that count
    aliases: tuple[str, ...] = ()  # other names that files and folders of it go by
    holds: str = ""  # a pattern: what has no such path in it is another's file of the same name
    others: tuple[Archive, ...] = ()  # other forms of the same, looked for before a download


@dataclass(frozen=True)
class Source:
    """Where a verified archive lies."""

    name: str
    path: str  # a file or an unpacked folder
    origin: Literal["local", "downloaded"]
    sha256: str  # the digest that was verified, or noted
    verified: Literal["archive", "content", "listing"]  # what it is the digest of
    form: str = ""  # the name of the archive that it is: `name`, or one of its other forms


OF_SOURCE = {field.name: TEXT for field in fields(Source) if field.default is MISSING}


def described(values: dict[str, Any]) -> Archive:
    """The archive of which ``values`` are the fields, as JSON gives them."""
    others = tuple(described(other) for other in values.get("others", ()))
    lists = {key: tuple(value) for key, value in values.items() if isinstance(value, list)}
    return Archive(**{**values, **lists, "others": others})


def form_of(archive: Archive, source: Source) -> Archive:
    """The form of ``archive`` that ``source`` is."""
    return next(a for a in (archive, *archive.others) if a.name == (source.form or archive.name))


def fetch(archive: Archive, folder: Path | None, out: Path) -> Source:
    """Find ``archive`` or download it, verify it, and write where it lies to ``out``.

    Args:
        archive: what is wanted.
        folder: where to look for it; None for nowhere.
        out: a JSON file; what has to be downloaded is put beside it.

    Raises:
        MetabenchError: if a found archive is not the published one (it is named with its digests,
            and nothing is downloaded in its stead), or a download fails.
    """
    source = find(archive, folder)
    if source is None:
        source = _downloaded(archive, out.parent / archive.name)
    write_json(out, asdict(source))
    return source


def find(archive: Archive, folder: Path | None) -> Source | None:
    """The archive, or another form of it, as it is found anywhere in ``folder``; verified.

    Arguments and errors are those of ``fetch``.
    """
    if folder is None:
        return None
    for form in (archive, *archive.others):
        for path in _candidates(form, folder):
            if _holds(form, path):
                found = verify_archive(form, path)
                return replace(found, name=archive.name, form=form.name)
    return None


def named_folder() -> Path | None:
    """The folder of raw archives that the environment names; None where it names none.

    Raises:
        MetabenchError: if there is no such folder.
    """
    named = os.environ.get(VARIABLE)
    if not named:
        return None
    folder = Path(os.path.expanduser(named))
    if not folder.is_dir():
        raise MetabenchError(
            f"{VARIABLE}: no such folder: {named}; name a folder that is there, or unset it"
        )
    return folder


def read_source(path: Path) -> Source:
    """The source that ``fetch`` wrote to ``path``."""
    values = keyed(read_json(path), path, OF_SOURCE)
    known = {field.name for field in fields(Source)}
    return Source(**{key: value for key, value in values.items() if key in known})


def verify_source(archive: Archive, source: Source) -> None:
    """Check that ``source`` is still what ``fetch`` found.

    Raises:
        MetabenchError: naming the path, the digests expected and found.
    """
    path, again = Path(source.path), f"remove results/archives/{archive.name}.json"
    if not path.exists():
        raise MetabenchError(f"{path}: no longer there; put it back, or {again} to look elsewhere")
    found = verify_archive(form_of(archive, source), path)
    if found.sha256 != source.sha256 and found.verified == source.verified:
        raise MetabenchError(
            f"{path}: changed since it was looked at: expected {source.verified} sha256 "
            f"{source.sha256}, found {found.sha256}; {again}"
        )


def verify_archive(archive: Archive, path: Path) -> Source:
    """The file or folder at ``path`` as a source, if it is ``archive``.

    Raises:
        MetabenchError: naming the path, the digests expected and found.
    """
    checksum = archive.checksum and path.is_file() and file_checksum(path, archive.checksum)
    if checksum and checksum == archive.checksum:
        return Source(archive.name, str(path), "local", file_digest(path), "archive")
    try:
        if archive.content_sha256:
            found = content_sha256(archive, path)
        elif checksum and path.name == archive.name:
            raise MetabenchError(f"{path}: not the published {archive.name}")
        else:
            found = listing_sha256(archive, path)
            return Source(archive.name, str(path), "local", found, "listing")
    except MetabenchError as error:
        if not checksum:
            raise
        raise MetabenchError(f"{error}; expected {archive.checksum}, found {checksum}") from error
    if found == archive.content_sha256:
        return Source(archive.name, str(path), "local", found, "content")
    if not archive.urls:
        raise MetabenchError(
            f"{path}: changed since the study was read: expected content sha256 "
            f"{archive.content_sha256}, found {found}; start again"
        )
    raise MetabenchError(
        f"{path}: not the published {archive.name}: expected content sha256 "
        f"{archive.content_sha256}, found {found}; replace it, or remove it to have it downloaded"
    )


def content_sha256(archive: Archive, path: Path) -> str:
    """The digest of the files that count at ``path``, whichever way they are packed."""
    return joint_sha256(file_digests(archive, path))


def file_digests(
    archive: Archive, path: Path, look: Callable[[str, bytes], None] | None = None
) -> dict[str, str]:
    """The sha256 of each of the files that count at ``path``, by name.

    Each is read once, in the order in which they lie, and shown to ``look``.
    """
    found: dict[str, str] = {}
    with open_files(archive, path) as files:
        for name, content in files.each(files.sizes):
            found[name] = hashlib.sha256(content).hexdigest()
            if look is not None:
                look(name, content)
    return found


def joint_sha256(digests: dict[str, str]) -> str:
    """The digest of files of these digests, by name."""
    lines = "".join(f"{digests[name]}  {name}\n" for name in sorted(digests))
    return hashlib.sha256(lines.encode()).hexdigest()


def listing_sha256(archive: Archive, path: Path) -> str:
    """The digest of the names and sizes of the files that count at ``path``: no file is read."""
    digest = hashlib.sha256()
    with open_files(archive, path) as files:
        for name in files.names:
            digest.update(f"{files.sizes[name]}  {name}\n".encode())
    return digest.hexdigest()


@contextmanager
def open_files(archive: Archive, path: Path) -> Iterator[Files]:
    """The files at ``path`` that count; nothing is unpacked to disk.

    Raises:
        MetabenchError: if it is damaged, or one of its paths leads out of it.
    """
    with open_packed(path) as packed:
        names = rooted(archive, packed.sizes)
        sizes = {name: packed.sizes[names[name]] for name in names if _counts(archive, name)}
        yield Files(sorted(sizes), lambda name: packed.read(names[name]), sizes)


def _downloaded(archive: Archive, target: Path) -> Source:
    """The archive from the first of its mirrors that has it."""
    if not archive.urls:
        known = ", ".join(name for a in (archive, *archive.others) for name in (a.name, *a.aliases))
        raise MetabenchError(
            f"{archive.name} is not on this machine, and no host hands it out. Terms: "
            f"{archive.licence}. Put it, under one of the names {known}, into a folder, and name "
            f"that folder in {VARIABLE} or under `archives:` in the study's file"
        )
    download(archive.urls, target, archive.checksum, archive.size, archive.licence)
    found = verify_archive(archive, target)
    return replace(found, origin="downloaded", form=archive.name)


def _candidates(archive: Archive, folder: Path) -> Iterator[Path]:
    """Files of the archive's names, or folders that it unpacks to, anywhere in ``folder``.

    What lies right in ``folder`` is preferred to what lies deeper, files to folders, and the first
    name to the others. Names are visited in sorted order, so that the same copy is found on every
    file system.
    """
    if (folder / archive.name).exists():  # without a walk
        yield folder / archive.name
    file_names = (archive.name, *archive.aliases)
    folder_names = {archive.folder, *archive.aliases}
    unpacked = [folder] if folder.name == archive.folder else []
    unseen: list[OSError] = []
    for place, inner, files in os.walk(folder, onerror=unseen.append):
        there = set(files)
        yield from (Path(place, name) for name in file_names if name in there)
        if Path(place).name == archive.folder:
            inner.clear()  # what it was unpacked to, or where somebody keeps it packed
        inner.sort()
        unpacked += [Path(place, name) for name in inner if name in folder_names]
    yield from unpacked
    _refuse_unseen(unseen)  # whoever has found the archive asks for no more


def _refuse_unseen(errors: list[OSError]) -> None:
    """What may lie in a folder that cannot be looked into would be taken for absent.

    A disk has folders of its own that nobody keeps archives in.
    """
    for error in errors:
        name = Path(error.filename).name
        if name != "lost+found" and not name.startswith("."):
            raise MetabenchError(
                f"{error.filename}: cannot be looked into for archives ({error.strerror}); make it "
                "readable, or name a folder beside it"
            )


def _holds(archive: Archive, path: Path) -> bool:
    """Whether something in it is as it must be; a name such as images.zip is anybody's."""
    if not archive.holds or (archive.checksum and path.name == archive.name):
        return True
    pattern = re.compile(archive.holds)
    with open_files(archive, path) as files:
        return any(pattern.search(name) for name in files.names)


def rooted(archive: Archive, names: Iterable[str]) -> dict[str, str]:
    """Paths that begin with the archive's folder -> those that it was packed with.

    It may have been packed without that folder; and with a folder of the same name inside it.
    """
    root = f"{archive.folder}/"
    counted = [name for name in names if _counts(archive, f"/{name}")]
    if all(name.startswith(root) for name in counted):
        return {name if name.startswith(root) else root + name: name for name in names}
    return {root + name: name for name in names}


def _counts(archive: Archive, name: str) -> bool:
    """Whether a file counts; what a Mac adds to a zip (``._name``) does not."""
    return name.endswith(archive.suffixes) and not PurePosixPath(name).name.startswith("._")
