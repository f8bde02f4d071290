"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at, in plain words."""

    what: str
    state: Literal["ok", "note", "bad"]  # a note is good to know; what is bad stops some use
    found: str
    advice: str = ""  # what to do

    def __str__(self) -> str:
        text = f"{self.state:5}{self.what}: {self.found}"
        return f"{text}\n       -> {self.advice}" if self.advice else text
