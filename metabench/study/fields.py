"""Checks of single values from a configuration file.

Each takes a value and where it stands (``config/x.yaml: grid[1].seeds``), returns the value as
the type that it must have, or raises a MetabenchError of one line that says what would be right.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection
from typing import Any, TypeVar
from unicodedata import category

from metabench.errors import MetabenchError
from metabench.files.forms import shown
from metabench.hyperparameters import suggest

T = TypeVar("T")

NO_LETTERS = {"Cc", "Cs", "Zl", "Zp"}  # controls, halves of letters, ends of lines and paragraphs

# Names become folders and words of a shell.
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{,99}")


def wrong(value: Any, where: str, right: str) -> MetabenchError:
    """The error for ``value``; ``right`` says what belongs there."""
    return MetabenchError(f"{where}: {shown(value)} is not right here; {right}")


def mapping(value: Any, where: str) -> dict[str, Any]:
    """Keys and values, whatever they are."""
    if not isinstance(value, dict):
        raise wrong(value, where, "keys and values are, such as {key: value}")
    return value


def keys(
    value: Any, where: str, known: Collection[str], required: Collection[str] = ()
) -> dict[str, Any]:
    """A mapping with known keys only, and all of the required ones."""
    checked = mapping(value, where)
    for key in checked:
        if key not in known:
            raise MetabenchError(f"{where}: unknown key '{key}'; {suggest(key, known)}")
    for key in required:
        if key not in checked:
            raise MetabenchError(f"{where}: the key '{key}' is missing; add `{key}: ...`")
    return checked


def text(value: Any, where: str) -> str:
    """Any text of one line, without letters that are none: they could not be written later."""
    if (
        not isinstance(value, str)
        or not value.strip()
        or NO_LETTERS.intersection(map(category, value))
    ):
        raise wrong(value, where, "one line of text is")
    return value


def name(value: Any, where: str) -> str:
    """A name that can be a folder and a word of a shell."""
    if not isinstance(value, str) or not NAME.fullmatch(value):
        raise wrong(
            value,
            where,
            "a name of at most 100 lower-case letters, digits, '-' and '_' is, such as my-study",
        )
    return value


def flag(value: Any, where: str) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise wrong(value, where, "true or false is")
    return value


def whole(value: Any, where: str, least: int = 0) -> int:
    """A whole number, at least ``least``."""
    if type(value) is not int or value < least:
        raise wrong(value, where, f"a whole number of at least {least} is")
    return value


def share(value: Any, where: str) -> float:
    """A number above 0 and at most 1."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or not 0 < value <= 1:
        raise wrong(value, where, "a number above 0 and at most 1 is")
    return float(value)


def items(value: Any, where: str, item: Callable[[Any, str], T], example: str) -> list[T]:
    """A list of at least one item, none of them twice; ``item`` checks each."""
    if not isinstance(value, list) or not value:
        raise wrong(value, where, f"a list is, such as {example}")
    checked: list[T] = []
    for i, entry in enumerate(value):
        one = item(entry, f"{where}[{i}]")
        if one in checked:
            raise MetabenchError(f"{where}[{i}]: {entry!r} is there twice; keep one")
        checked.append(one)
    return checked


def known(value: Any, where: str, what: str, choices: Collection[str]) -> str:
    """One of ``choices``, each of them a ``what``."""
    if not isinstance(value, str) or value not in choices:
        raise MetabenchError(f"{where}: no {what} {value!r}; {suggest(str(value), choices)}")
    return value
