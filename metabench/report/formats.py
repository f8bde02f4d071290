"""Numbers and tables as text: what every ± and dash of a report looks like."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import pandas as pd

NONE = "-"


def number(value: float, task: str) -> str:
    """A score: two decimals for a percentage, three digits that count for an error."""
    if math.isnan(value):
        return NONE
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if task == "classification":
        return f"{value:.2f}"
    return f"{value:.2e}" if abs(value) >= 1000 else f"{value:.{_decimals(value)}f}"


def plus_minus(mean: float, half: float, task: str) -> str:
    """``98.70 ± 0.40``; without the interval where there is none."""
    text = number(mean, task)
    if not (math.isfinite(mean) and math.isfinite(half)):
        return text
    if task == "classification" or abs(mean) >= 1000 or abs(half) >= 1000:
        return f"{text} ± {number(half, task)}"
    decimals = _decimals(max(abs(mean), abs(half)))
    return f"{mean:.{decimals}f} ± {half:.{decimals}f}"


def signed(value: float, half: float, task: str) -> str:
    """A difference with its sign: ``+1.20 ± 0.30``, with a true minus."""
    text = plus_minus(value, half, task)
    if text.startswith("-") and text != NONE:
        return "−" + text[1:]
    if text.startswith("−"):
        return text
    return text if text == NONE else "+" + text


def p_value(value: float) -> str:
    """A p-value with two digits that count, or a bound."""
    if math.isnan(value):
        return NONE
    if value < 0.001:
        return "<0.001"
    text = f"{value:.2g}"
    return "<0.05" if value < 0.05 <= float(text) else text  # on the side of 5 % where it is


def setting(way: int, shot: int, task: str) -> str:
    """``5-way 1-shot``, or ``5-shot`` for regression."""
    return f"{shot}-shot" if task == "regression" else f"{way}-way {shot}-shot"


def seconds(value: float) -> str:
    """A duration in the unit that suits it."""
    if math.isnan(value):
        return NONE
    for limit, unit, size in ((120, "s", 1), (7200, "min", 60)):
        if value < limit:
            return f"{value / size:.3g} {unit}"
    return f"{value / 3600:.3g} h"


def share(value: float, digits: int = 3) -> str:
    """A share as a percentage that never rounds up to the whole: ``99.9 %``."""
    highest = 100 - 10.0 ** (2 - digits)  # the last number of so many digits
    return f"{100 * value if value >= 1 else min(100 * value, highest):.{digits}g} %"


def seeds(low: int, high: int) -> str:
    """``1 training seed``, ``3 training seeds``, ``2 to 3 training seeds``."""
    among = f"{low}" if low == high else f"{low} to {high}"
    return f"{among} training seed{'s' * (high > 1)}"


def count(value: float) -> str:
    """A whole number with thin groups of three: ``32 000``."""
    if math.isnan(value):
        return NONE
    return "∞" if math.isinf(value) else f"{value:,.0f}".replace(",", "\u2009")


def markdown(frame: pd.DataFrame, notes: Sequence[str] = ()) -> str:
    """A frame of texts as a GitHub table, with sentences below it."""
    lines = ["| " + " | ".join(frame.columns) + " |", "|" + " --- |" * len(frame.columns)]
    for row in frame.itertuples(index=False):
        cells = [str(cell).replace("|", "\\|") for cell in row]
        lines += ["| " + " | ".join(cells) + " |"]
    return "\n".join([*lines, *(["", *notes] if notes else [])]) + "\n"


def latex(frame: pd.DataFrame, notes: Sequence[str] = ()) -> str:
    """A frame of texts as a ``tabular`` with the rules of booktabs, to be ``\\input``.

    Columns of numbers are set flush right. Sentences stand below it.
    """
    rows = [[latex_escape(str(cell)) for cell in row] for row in frame.itertuples(index=False)]
    head = " & ".join(latex_escape(name) for name in frame.columns) + r" \\"
    body = [" & ".join(row) + r" \\" for row in rows]
    columns = "".join("r" if _is_numeric(frame[name]) else "l" for name in frame.columns)
    lines = [rf"\begin{{tabular}}{{{columns}}}", r"\toprule", head, r"\midrule", *body]
    lines += [r"\bottomrule", r"\end{tabular}", *(rf"\par {latex_escape(note)}" for note in notes)]
    return "\n".join(lines) + "\n"


def _is_numeric(column: pd.Series[str]) -> bool:
    texts = [str(text).strip("*") for text in column]
    number = r"[+−-]?[\d∞](?!\d*-(way|shot))"
    return all(text == NONE or re.match(number, text) for text in texts)


_LATEX = {
    "\\": r"\textbackslash{}",
    **{sign: "\\" + sign for sign in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "±": r"$\pm$",
    "−": r"$-$",
    "×": r"$\times$",
    "∞": r"$\infty$",
    "→": r"$\rightarrow$",
    "…": r"\ldots{}",
    "\u2009": r"\,",
}


def latex_escape(text: str) -> str:
    """``text`` so that LaTeX prints it; ``**bold**`` becomes ``\\textbf``."""
    bold = len(text) > 4 and text.startswith("**") and text.endswith("**")
    escaped = "".join(_LATEX.get(sign, sign) for sign in (text[2:-2] if bold else text))
    return rf"\textbf{{{escaped}}}" if bold else escaped


def _decimals(value: float) -> int:
    """Decimals for three significant digits, at least two and at most five."""
    if value == 0 or not math.isfinite(value):
        return 2
    return min(max(2 - math.floor(math.log10(abs(value))), 2), 5)
