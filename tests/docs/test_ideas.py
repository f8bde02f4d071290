"""The equations of docs/ideas.md are whole."""

from __future__ import annotations

import re

import pytest
from documents import PROJECT, prose
from matplotlib.mathtext import MathTextParser

TEXT = prose((PROJECT / "docs" / "ideas.md").read_text(encoding="utf-8"))
SHOWN = re.findall(r"^\$\$(.+)\$\$$", TEXT, re.M)
WITHIN = re.findall(r"\$([^$\n]+)\$", re.sub(r"\$\$.+\$\$", "", TEXT))


@pytest.mark.parametrize("equation", dict.fromkeys(SHOWN + WITHIN))
def test_an_equation_can_be_read(equation: str) -> None:
    MathTextParser("path").parse(f"${equation}$")
    # GitHub's Markdown takes the backslash away from these before it looks for mathematics.
    assert not re.search(r"\\[,;!{}|\\]", equation)


def test_there_are_equations_and_no_dollar_is_left_over() -> None:
    assert len(SHOWN) > 10
    assert TEXT.count("$") == 4 * len(SHOWN) + 2 * len(WITHIN)
