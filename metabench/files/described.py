"""A JSON file that describes the files beside it: what they are, their digests, and its own.

Disks, copies and people alter files. Whoever reads a file that a description quotes checks it first
and names it where it is not the one that was written. A description without digests, as an external
program may write, is taken at its word.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from metabench.errors import MetabenchError
from metabench.files.forms import NONE, TEXTS, Forms, keyed
from metabench.files.whole import canonical, content_digest, file_digest, read_json, write_json

DIGESTS = "sha256_of"  # a file's name -> the sha256 of its bytes; for itself, of all the rest


def write_described(path: Path, value: dict[str, Any], names: Iterable[str]) -> None:
    """Write ``value`` atomically, with the digests of the files ``names`` beside ``path``."""
    digests = {name: file_digest(path.parent / name) for name in names}
    whole = {**value, DIGESTS: digests}
    write_json(path, {**value, DIGESTS: {**digests, path.name: _own_digest(whole)}})


def read_described(
    path: Path, *names: str, needed: Forms = NONE, allowed: Forms = NONE
) -> dict[str, Any]:
    """What was written to ``path``, less its digests; it and the files ``names`` are checked.

    ``needed`` and ``allowed`` are the forms of its keys: see ``keyed``.

    Raises:
        MetabenchError: naming the file that is missing or altered, with both digests, or the key
            that is missing or of another form.
    """
    value = keyed(read_json(path), path, allowed={DIGESTS: TEXTS})
    digests = value.pop(DIGESTS, {})
    if path.name in digests:
        expected = digests.pop(path.name)
        _compare(path, expected, _own_digest({**value, DIGESTS: digests}))
    for name in names:
        if name in digests:
            file = path.parent / name
            if not file.is_file():
                raise MetabenchError(f"{file}: there is no such file, yet {path.name} quotes it")
            _compare(file, digests[name], file_digest(file))
    return keyed(value, path, needed, allowed)


def _own_digest(value: dict[str, Any]) -> str:
    """Of the value as it will be read again: JSON has texts for keys, and lists alone."""
    return content_digest(canonical(json.loads(json.dumps(value))))


def _compare(file: Path, expected: str, found: str) -> None:
    if found != expected:
        raise MetabenchError(
            f"{file}: altered since it was written: expected sha256 {expected}, found {found}; "
            "remove it and make it again"
        )
