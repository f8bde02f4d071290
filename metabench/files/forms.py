"""What the keys of a JSON file may hold: checked where it is read, not where a key is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from metabench.errors import MetabenchError
from metabench.setting import is_setting


class Form(NamedTuple):
    """Values of one kind."""

    fits: Callable[[Any], bool]
    right: str  # what is right, for people


def mapping_of(form: Form, right: str) -> Form:
    """Texts, each with a value of ``form``."""
    return Form(
        lambda value: isinstance(value, dict) and all(map(form.fits, value.values())), right
    )


def each_once(form: Form, right: str) -> Form:
    """A list of at least one value of ``form``, none of them twice."""

    def fits(value: Any) -> bool:
        listed = isinstance(value, list) and value and all(map(form.fits, value))
        return bool(listed) and len(set(value)) == len(value)

    return Form(fits, right)


ANYTHING = Form(lambda _: True, "anything")
TEXT = Form(lambda value: isinstance(value, str), "a text")
WHOLE = Form(lambda value: type(value) is int and value >= 0, "a whole number of at least 0")
SETTING = Form(is_setting, "a setting, such as 5w1s,")
NUMBER = Form(lambda value: type(value) in (int, float), "a number")
NUMBERS = mapping_of(NUMBER, 'a mapping of numbers, such as {"train_seconds": 1.5},')
TEXTS = mapping_of(TEXT, 'a mapping of texts, such as {"name": "text"},')

Forms = Mapping[str, Form]
NONE: Forms = {}


def keyed(value: Any, path: Path, needed: Forms = NONE, allowed: Forms = NONE) -> dict[str, Any]:
    """``value`` as keys and values, checked.

    Args:
        value: what a JSON file holds.
        path: that file, for errors.
        needed: the forms of keys that must be there; a key within another is ``cost.seconds``.
        allowed: those of keys that may be there. What is in neither may be anything.

    Raises:
        MetabenchError: naming the file, the key and what would be right.
    """
    if not isinstance(value, dict):
        raise MetabenchError(f"{path}: holds no keys and values; make it again")
    for key in needed:
        if _at(value, key) is _NOTHING:
            raise MetabenchError(f"{path}: no '{key}'; needed: {', '.join(needed)}")
    for key, form in {**needed, **allowed}.items():
        found = _at(value, key)
        if found is not _NOTHING and not form.fits(found):
            raise MetabenchError(f"{path}: '{key}' is {shown(found)}; {form.right} is right")
    return value


_NOTHING = object()  # where there is no such key: its value may be null


def _at(value: Any, key: str) -> Any:
    for name in key.split("."):
        value = value.get(name, _NOTHING) if isinstance(value, dict) else _NOTHING
    return value


def shown(value: Any) -> str:
    """A value in an error, which stays a line that can be read."""
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:100]}... ({len(text):,} letters)"
