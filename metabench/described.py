"""A JSON file that describes the files beside it: what they are, their digests, and its own.

Disks, copies and people alter files. Whoever reads a file that a description quotes checks it first
and names it where it is not the one that was written. A description without digests, as an external
program may write, is taken at its word.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from metabench.errors import MetabenchError
from metabench.files import canonical, content_digest, file_digest, read_json, write_json

DIGESTS = "sha256_of"  # a file's name -> the sha256 of its bytes; for itself, of all the rest
KINDS = {str: "a text", int: "a whole number", float: "a number"}


def write_described(path: Path, value: dict[str, Any], names: Iterable[str]) -> None:
    """Write ``value`` atomically, with the digests of the files ``names`` beside ``path``."""
    digests = {name: file_digest(path.parent / name) for name in names}
    whole = {**value, DIGESTS: digests}
    write_json(path, {**value, DIGESTS: {**digests, path.name: _own_digest(whole)}})


def read_described(
    path: Path, *names: str, keys: Mapping[str, type] | None = None
) -> dict[str, Any]:
    """What was written to ``path``, less its digests; it and the files ``names`` are checked.

    Args:
        path: of the description.
        names: files beside it.
        keys: what the reader needs of it, each a ``str``, an ``int`` or a ``float``; a key within
            another is ``cost.train_seconds``.

    Raises:
        MetabenchError: naming the file that is missing or altered, with both digests, or the key.
    """
    value: dict[str, Any] = read_json(path)
    digests = value.pop(DIGESTS, {}) if isinstance(value, dict) else None
    if not isinstance(digests, dict):
        raise MetabenchError(f"{path}: holds no keys and values as metabench writes; make it again")
    if path.name in digests:
        expected = digests.pop(path.name)
        _compare(path, expected, _own_digest({**value, DIGESTS: digests}))
    for name in names:
        if name in digests:
            file = path.parent / name
            if not file.is_file():
                raise MetabenchError(f"{file}: there is no such file, yet {path.name} quotes it")
            _compare(file, digests[name], file_digest(file))
    for key, kind in (keys or {}).items():
        _require(value, key, kind, path)
    return value


def _require(value: Any, key: str, kind: type, path: Path) -> None:
    for name in key.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    if value is None:
        raise MetabenchError(f"{path}: no '{key}'; if another version wrote it, make it again")
    if not isinstance(value, (int, float) if kind is float else kind):
        raise MetabenchError(f"{path}: {key} is {value!r}; {KINDS[kind]} is right")


def _own_digest(value: dict[str, Any]) -> str:
    """Of the value as it will be read again: JSON has texts for keys, and lists alone."""
    return content_digest(canonical(json.loads(json.dumps(value))))


def _compare(file: Path, expected: str, found: str) -> None:
    if found != expected:
        raise MetabenchError(
            f"{file}: altered since it was written: expected sha256 {expected}, found {found}; "
            "remove it and make it again"
        )
