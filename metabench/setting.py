"""A setting, N-way K-shot: written ``5w1s``, or ``5s`` in regression, whose tasks have one way."""

from __future__ import annotations

import re
from typing import NamedTuple

from metabench.errors import MetabenchError

_COUNT = "([1-9][0-9]{0,5})"  # below a million
_WRITTEN = re.compile(f"(?:{_COUNT}w)?{_COUNT}s")


class Setting(NamedTuple):
    """Classes of an episode (1 in regression) and support examples of each."""

    way: int
    shot: int

    def __str__(self) -> str:
        return f"{self.way}w{self.shot}s"

    @property
    def written(self) -> str:
        """As a study has it: of one way, ``5s``."""
        return str(self) if self.way > 1 else f"{self.shot}s"


def is_setting(value: object) -> bool:
    """Whether it is a setting as ``read_setting`` reads it."""
    return isinstance(value, str) and bool(_WRITTEN.fullmatch(value))


def read_setting(text: object) -> Setting:
    """``5w1s`` as 5 ways and 1 shot; ``5s`` as 1 way and 5 shots.

    Raises:
        MetabenchError: where it is written otherwise.
    """
    found = _WRITTEN.fullmatch(str(text))
    if not found:
        raise MetabenchError(f"setting '{text}': not understood; write 5w1s, or 5s for regression")
    return Setting(int(found[1] or 1), int(found[2]))
