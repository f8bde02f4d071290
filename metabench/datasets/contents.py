"""What is in a folder of images, or in an archive of one: its files, their digest, and copies.

To read every image takes a while, and a study is read often: by each command, and by each job on a
cluster. So the digest is remembered, for as long as no file has another size or another time of
change. The system sets that time (ctime) whatever was done to a file, even where its time of
modification was put back.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, NoReturn

from metabench.datasets.archives import Archive, file_digests, joint_sha256, rooted
from metabench.datasets.class_folders import is_hidden
from metabench.datasets.packed import TARS, open_packed
from metabench.errors import MetabenchError
from metabench.files.cache import cache_folder
from metabench.files.whole import content_digest, read_json, write_json

SHOWN = 3  # pairs of equal files that an error names


class Contents(NamedTuple):
    """The images at a path."""

    names: list[str]  # sorted; each begins with the folder of them all
    sha256: str
    equal: list[list[str]]  # the names of each file that is there more than once, sorted


def contents_of(archive: Archive, path: Path, look: Callable[[str, bytes], None]) -> Contents:
    """The images at ``path``, each read and shown to ``look`` unless that was done before.

    Args:
        archive: which files count.
        path: a folder, a zip or a tar.
        look: raises what is wrong with an image of that name and content.

    Raises:
        MetabenchError: naming what cannot be read, or is no image.
    """
    try:
        state = _state(path)
        key = content_digest(str(path.resolve()), repr(archive))
        file = cache_folder() / "images" / f"{key}.json"
        with suppress(MetabenchError, KeyError, TypeError):  # not there, or damaged
            known = read_json(file)
            if known["state"] == state:
                return Contents(known["names"], known["sha256"], known["equal"])
        _refuse_others(archive, path)
        digests = file_digests(archive, path, look)
        found = Contents(sorted(digests), joint_sha256(digests), _equal(digests))
    except OSError as error:
        raise MetabenchError(f"{path}: cannot be read ({error})") from None
    with suppress(MetabenchError):  # without a cache it takes longer, and nothing else
        write_json(file, {"state": state, **found._asdict()})
    return found


def refuse_copies(contents: Contents, used: Collection[str], where: str) -> None:
    """Refuse equal files among the ``used`` images.

    In one class a query may be its own support image; in two, nothing tells them apart; and in two
    splits, what is tested was trained on.

    Raises:
        MetabenchError: with the number of pairs, and both names of the first few.
    """
    pairs = []
    for names in contents.equal:
        alike = [name for name in names if name in used]
        pairs += [f"{alike[0]} and {other}" for other in alike[1:]]
    if not pairs:
        return
    left = len(pairs) - SHOWN
    raise MetabenchError(
        f"{where}: {len(pairs)} pair{'s' * (len(pairs) > 1)} of equal images: "
        f"{'; '.join(pairs[:SHOWN])}{f'; and {left} more' * (left > 0)}; delete one of each pair, "
        "for an image must not be both learnt from and tested on"
    )


def _equal(digests: dict[str, str]) -> list[list[str]]:
    """The names that share a digest."""
    names: dict[str, list[str]] = {}
    for name in sorted(digests):
        names.setdefault(digests[name], []).append(name)
    return [alike for alike in names.values() if len(alike) > 1]


def _state(path: Path) -> str:
    """The digest of names, sizes and times of change: no file is read."""
    if path.is_file():
        return content_digest(_stamp(path))
    lines = []
    for place, folders, files in os.walk(path, onerror=_raise):
        here = Path(place)
        folders.sort()
        for name in folders:
            if (here / name).is_symlink():
                raise MetabenchError(
                    f"{here / name}: a link to a folder, which is not followed; put the folder "
                    "itself there"
                )
        if not folders and not files and here.name[0] != ".":
            raise MetabenchError(f"{here}: an empty folder; put images there, or remove it")
        # A name that is not in UTF-8 is refused where the files are read.
        lines += [f"{str(here / name)!a} {_stamp(here / name)}" for name in sorted(files)]
    return content_digest("\n".join(lines))


def _stamp(file: Path) -> str:
    seen = file.stat()
    return f"{seen.st_size} {seen.st_mtime_ns} {seen.st_ctime_ns}"


def _raise(error: OSError) -> NoReturn:
    raise error


def _refuse_others(archive: Archive, path: Path) -> None:
    """Refuse what is no image and yet lies where images do: it would be missing unseen.

    Beside the folders of classes there may be notes, lists and licences.
    """
    with open_packed(path) as packed:
        for inside, name in rooted(archive, packed.names).items():
            beside = inside.count("/") == 1 and not name.endswith((".zip", *TARS))
            if not beside and not is_hidden(inside) and not inside.endswith(archive.suffixes):
                kinds = ", ".join(suffix for suffix in archive.suffixes if suffix.islower())
                raise MetabenchError(
                    f"{path}: {name} is no image of a kind that is read here ({kinds}); save it as "
                    "one of them, or take it away"
                )
