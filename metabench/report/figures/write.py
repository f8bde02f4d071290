"""Every figure of a report, as svg and png, and the facts for their captions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from metabench.files.config_tables import PROJECT_FOLDER
from metabench.files.whole import write_json
from metabench.report.data import read_report
from metabench.report.figures import cost, curves, episodes, look, ranks, scores, steps, training
from metabench.report.figures.found import Found, find
from metabench.report.names import FACTS, FIGURE_FORMATS, figure_names
from metabench.study.file import StudyFile

Facts = dict[str, dict[str, Any]]
Draw = Callable[[Found, str], look.Drawing]

#: What is drawn of a report alone.
OF_REPORT: dict[str, Draw] = {
    "accuracy": scores.draw,
    "error": scores.draw,
    "ranks": ranks.draw,
    "cost": cost.draw,
    "steps": steps.draw,
    "training": training.draw,
}
#: What is drawn of predictions, episodes and images too.
OF_RESULTS: dict[str, Draw] = {"curves": curves.draw, "episodes": episodes.draw}


def write_figures(
    report: Path, study: StudyFile, results: Path, config: Path = PROJECT_FOLDER
) -> None:
    """Write ``report/figures/<name>.{svg,png}`` for every name of ``figure_names``, and the facts.

    A caption's words are the page's; what they must know of a figure, such as which episode it
    shows, is in ``facts.json``.

    Args:
        report: ``reports/<study>``, with what ``metabench collect`` wrote.
        study: what is asked for.
        results: ``results``, for predictions, episodes and images.
        config: with ``published.csv``.
    """
    found = find(read_report(report, study), results, config)
    folder = report / "figures"
    write_json(folder / FACTS, draw_figures(found, folder, {**OF_REPORT, **OF_RESULTS}))


def draw_figures(
    found: Found, folder: Path, kinds: dict[str, Draw], endings: Sequence[str] = FIGURE_FORMATS
) -> Facts:
    """Draw those of a report's figures that are of these kinds; return their facts."""
    facts: Facts = {}
    with look.style():
        for name in figure_names(found.report.study, found.report.datasets):
            kind, _, dataset = name.partition("-")
            if kind in kinds:
                figure, facts[name] = kinds[kind](found, dataset)
                look.save(figure, folder / name, endings=endings)
    return facts
