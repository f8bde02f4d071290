"""Every figure of a report, as svg and png, and the facts for their captions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from metabench.files import write_json
from metabench.report.data import Report, read_report
from metabench.report.figures import cost, curves, episodes, look, ranks, scores, steps, training
from metabench.report.figures.found import Found, find
from metabench.report.names import FACTS, figure_names

DRAW: dict[str, Callable[[Found, str], look.Drawing]] = {
    "curves": curves.draw,
    "accuracy": scores.draw,
    "error": scores.draw,
    "ranks": ranks.draw,
    "cost": cost.draw,
    "steps": steps.draw,
    "training": training.draw,
    "episodes": episodes.draw,
}


def write_figures(report: Path, study: dict[str, Any], results: Path) -> None:
    """Write ``report/figures/<name>.{svg,png}`` for every name of ``figure_names``, and the facts.

    A caption's words are the page's; what they must know of a figure, such as which episode it
    shows, is in ``facts.json``.

    Args:
        report: ``reports/<study>``, with what ``metabench collect`` wrote.
        study: content of the study's file.
        results: ``results``, for meta-training curves, episodes and images.
    """
    found = find(read_report(report, study), results)
    known = {**study, "grid": _known(found.report)}
    facts: dict[str, dict[str, Any]] = {}
    with look.style():
        for name in figure_names(known, found.report.datasets):
            kind, _, dataset = name.partition("-")
            figure, facts[name] = DRAW[kind](found, dataset)
            look.save(figure, report / "figures" / name)
    write_json(report / "figures" / FACTS, facts)


def _known(report: Report) -> list[dict[str, Any]]:
    return [entry for entry in report.study["grid"] if entry["dataset"] in report.datasets]
