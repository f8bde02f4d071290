"""The score against what it cost: time, memory, gradients."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import EngFormatter, MaxNLocator

from metabench.report import formats
from metabench.report.data import Report, at
from metabench.report.figures import look
from metabench.report.figures.found import Found
from metabench.report.figures.labels import direct_labels
from metabench.report.numbers import COSTS, judged_by
from metabench.report.pareto import MEASURES, costs, front

NAMES = {
    "seconds": "training + testing, s",
    "memory_mb": "peak memory, MB",
    "gradients": "gradients (examples)",
}
ALIKE = 3  # times as much: less is shown on an axis that is not logarithmic
LINE = 0.145  # inches from one label to the next


def draw(found: Found, dataset: str) -> look.Drawing:
    """A row a setting: the same scores against each measure of cost."""
    report, table = found.report, at(found.table, dataset=dataset, status="finished")
    cells = [(way, shot) for name, way, shot, _ in report.cells() if name == dataset]
    read = [(*cell, points(report, table, dataset, *cell)) for cell in cells]
    rows = [each for each in read if not each[-1].empty]  # a partial report lacks some
    height = max(2.4, LINE * max((len(here) for *_, here in rows), default=0) + 0.7)
    figure, axes = look.panels(len(rows) or 1, len(MEASURES), height)
    if not rows:
        for axis in axes:
            look.nothing(axis, "no run has finished")
    for i, (way, shot, here) in enumerate(rows):
        line = axes[len(MEASURES) * i : len(MEASURES) * (i + 1)]
        for axis, measure in zip(line, MEASURES, strict=True):
            _panel(axis, here, measure, report)
        line[0].set_title(formats.setting(way, shot, report.tasks[dataset]))
        if not here[list(MEASURES)].notna().any(axis=None):
            continue  # programs of somebody else's need not say what they cost
        _scores(line, here)
        direct_labels(line[-1], here, LINE / (height - 0.7), report)
    return figure, {"dataset": dataset, "task": report.tasks[dataset]}


def points(report: Report, table: pd.DataFrame, dataset: str, way: int, shot: int) -> pd.DataFrame:
    """The algorithms and modes of a setting: ``score`` with ``half``, and what each cost."""
    here = at(table, way=way, shot=shot)
    runs = at(report.runs, dataset=dataset, way=way, shot=shot, status="finished")
    score, half = judged_by(here)
    here = here.assign(score=here[score], half=here[half])
    here = here[here["score"].abs() < np.inf]  # what is infinite has no place
    return here.drop(columns=COSTS).merge(costs(runs), on="algorithm", how="left")


def _panel(axis: Axes, here: pd.DataFrame, measure: str, report: Report) -> None:
    """Marks with bars, and the front of those that do not let queries see each other."""
    known = here[here[measure].notna()]
    if known.empty:
        look.nothing(axis, "not measured")
        return
    alone = known[known["mode"] != "transductive"]
    fair = alone if len(alone) else known
    sign = -1 if (here["task"] == "regression").any() else 1
    best = fair[front(fair[measure], sign * fair["score"])].sort_values(measure)
    axis.step(best[measure], best["score"], where="post", color=look.PALE, linewidth=1, zorder=1)
    for index, row in known.iterrows():
        colour = look.colour(row["algorithm"], list(report.titles))
        x, low, high = (row[measure + end] for end in ("", "_low", "_high"))
        axis.errorbar(
            x,
            row["score"],
            xerr=[[max(0, x - low)], [max(0, high - x)]],
            yerr=row["half"] if np.isfinite(row["half"]) else None,
            color=colour,
            marker=look.marker(row["algorithm"]),
            markersize=7.5 if index in best.index else 5,
            markerfacecolor="white" if row["mode"] == "transductive" else colour,
            markeredgecolor=look.INK if index in best.index else colour,
            markeredgewidth=1.3 if index in best.index else 1.0,
            elinewidth=1.1,
            zorder=4 if index in best.index else 3,
        )
    _cost_axis(axis, known, measure)
    axis.set_xlabel(NAMES[measure], fontsize=8.5)
    look.grid(axis)


def _cost_axis(axis: Axes, known: pd.DataFrame, measure: str) -> None:
    """Logarithmic where costs differ much; where something cost nothing, with a place for 0."""
    costly = known.loc[known[measure] > 0, measure]
    if known[measure].max() <= ALIKE * known[measure].min():
        axis.xaxis.set_major_locator(MaxNLocator(3, steps=[1, 2, 5, 10]))
    elif len(costly) == len(known):
        look.errors(axis, "x", fewest=2)
    elif len(costly):
        low = 10.0 ** np.floor(np.log10(costly.min()))
        look.from_zero(axis, low, float(costly.max()), linear=0.5)
    if measure == "gradients":
        axis.xaxis.set_major_formatter(EngFormatter(sep=""))


def _scores(line: list[Axes], here: pd.DataFrame) -> None:
    """One axis of scores for all panels of a setting, its ticks on the left."""
    if (here["task"] == "regression").any():
        word = "trimmed mean squared error" if here["trimmed"].any() else "mean squared error"
        for axis in line:
            look.errors(axis)
    else:
        word = "accuracy, %"
    low = min(axis.get_ylim()[0] for axis in line if axis.axison)
    high = max(axis.get_ylim()[1] for axis in line if axis.axison)
    for axis in line:
        axis.set_ylim(low, high)
    for axis in line[1:]:
        axis.set_yticklabels([])
    line[0].set_ylabel(word)
