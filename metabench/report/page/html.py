"""Frames of texts as tables of the page: with a caption, headings both ways, and sort keys."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import pandas as pd
from markupsafe import Markup, escape

UNITS = {"s": 1.0, "min": 60.0, "h": 3600.0}
ROW_HEADING = ("Algorithm", "Name")


def html_table(frame: pd.DataFrame, caption: str) -> Markup:
    """A frame of texts as a table; ``**bold**`` is the best of its column.

    The caption is for those who hear the page: a heading with the same words stands above it.
    Cells that begin with a number carry it as ``data-n``, by which their column is sorted.
    """
    heading = next((name for name in ROW_HEADING if name in frame.columns), None)
    head = Markup("").join(
        Markup('<th scope="col">{}</th>').format(breakable(name)) for name in frame.columns
    )
    rows = Markup("\n").join(_row(row, frame.columns, heading) for row in frame.to_numpy())
    form = (
        '<div class="scroll" role="region" tabindex="0" aria-label="{}"><table class="sortable">'
        "<caption>{}</caption><thead><tr>{}</tr></thead><tbody>\n{}\n</tbody></table></div>"
    )
    return Markup(form).format(caption, caption, head, rows)


def breakable(name: Any) -> Markup:
    """A name that may be broken after an underscore."""
    return escape(name).replace("_", Markup("_<wbr>"))


def sort_key(text: str) -> float | None:
    """The number that a text begins with, in seconds where it is a duration; None without one.

    ``better by 1.2`` is 1.2 and ``worse by 1.2`` is -1.2; where neither is seen it is 0.
    """
    clean = text.replace("\u2009", "").replace("−", "-").removeprefix("error ").removeprefix("<")
    clean = re.sub(r"^better by ", "", re.sub(r"^worse by ", "-", clean))
    if clean.startswith(("not told apart", "too few")):
        return 0.0
    if clean.lstrip("+-").startswith("∞"):
        return float("-inf" if clean.startswith("-") else "inf")
    found = re.match(r"[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?", clean)
    if not found:
        return None
    unit = re.fullmatch(r" (s|min|h)", clean[found.end() :])
    return float(found[0]) * (UNITS[unit[1]] if unit else 1.0)


def _row(row: Iterable[Any], names: Iterable[str], heading: str | None) -> Markup:
    cells = [_cell(value, name == heading) for name, value in zip(names, row, strict=True)]
    return Markup("<tr>{}</tr>").format(Markup("").join(cells))


def _cell(value: Any, heading: bool) -> Markup:
    text = str(value)
    bold = re.fullmatch(r"\*\*(.+)\*\*", text)
    plain = bold[1] if bold else text
    key = None if heading else sort_key(plain)
    shown = Markup(";<br>").join(plain.split("; "))
    shown = Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(shown)))
    shown = Markup("<strong>{}</strong>").format(shown) if bold else shown
    if heading:
        return Markup('<th scope="row">{}</th>').format(shown)
    wide = Markup(' class="wide"') if len(text) > 40 else Markup("")
    if key is None:
        return Markup("<td{}>{}</td>").format(wide, shown)
    number = f"{key:.12g}".replace("inf", "Infinity")  # as JavaScript writes it
    return Markup('<td data-n="{}"{}>{}</td>').format(number, wide, shown)
