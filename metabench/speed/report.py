"""From the files of measurements to tables and a figure. No torch from here on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from metabench.files.described import read_described
from metabench.files.forms import TEXT
from metabench.files.whole import write_text
from metabench.report import formats
from metabench.report.figures import look
from metabench.speed import figure, tables
from metabench.speed.names import FIGURE

Measured = dict[str, Any]


def write_report(files: list[Path], out: Path) -> None:
    """Write ``out/<table>.{csv,md}`` and ``out/iterations.{svg,png}``."""
    measured = joined([read_described(file, needed={"part": TEXT}) for file in files])
    made: dict[str, tuple[pd.DataFrame, pd.DataFrame]] = tables.make(measured)
    for name, (numbers, text) in made.items():
        write_text(out / f"{name}.csv", numbers.to_csv(index=False, float_format="%.6g"))
        write_text(out / f"{name}.md", formats.markdown(text))
    with look.style():
        drawing, caption = figure.draw(measured)
        look.save(drawing, out / FIGURE, caption)


def joined(parts: list[dict[str, Any]]) -> Measured:
    """All rows of a kind together; ``machine`` has the setting whose neighbour it was."""
    together: Measured = {"parts": {part["part"]: part for part in parts}}
    for kind in ("iterations", "memory", "shares", "meta_testing", "workflow"):
        together[kind] = [row for part in parts for row in part.get(kind, [])]
    together["jobs"] = next((part["jobs"] for part in parts if "jobs" in part), {})
    together["machine"] = [
        {"setting": part["part"], **row} for part in parts for row in part.get("machine", [])
    ]
    return together
