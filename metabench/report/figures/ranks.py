"""Average ranks over all settings: a critical-difference diagram (Demsar (2006), JMLR 7)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from metabench.report.data import Report
from metabench.report.figures import look
from metabench.report.figures.found import Found
from metabench.report.statistics import Ranks
from metabench.report.tables.ranks import left_out, study_ranks, what_ranks_say

ROW, HEAD = 0.27, 0.75  # inches: of a name, and of the scale with the critical difference


def draw(found: Found, dataset: str) -> look.Drawing:
    """The scale of ranks, a name at each algorithm's average, a bar over those that are alike."""
    report, table = found.report, found.table
    ranks = study_ranks(table)
    if ranks is None:
        figure, axes = look.panels(1, 1, 2.0)
        look.nothing(axes[0], "no average ranks")
        facts = {"tests": what_ranks_say(table), "missing": [], "ranked": False, "shared": False}
        return figure, facts
    names = list(ranks.average.index)
    groups = ranks.groups()
    half = -(-len(names) // 2)
    top = 1.0 + 0.45 * len(groups)  # rows that the bars take, below the scale
    height = HEAD + ROW * (top + half)
    figure = Figure(figsize=(look.WIDTH, height), layout="constrained")
    axis = figure.subplots()
    _scale(axis, ranks, top + half)
    for i, group in enumerate(groups):
        ends = [ranks.average[group[0]] - 0.04, ranks.average[group[-1]] + 0.04]
        axis.plot(ends, [0.45 + 0.45 * i] * 2, color=look.INK, linewidth=3.5, alpha=0.75)
    _names(axis, ranks, report, names[:half], top)
    right = axis.twinx()
    right.set_ylim(axis.get_ylim())
    axis.set_zorder(right.get_zorder() + 1)  # the words lie over the lines
    axis.patch.set_visible(False)
    _names(right, ranks, report, names[half:][::-1], top)
    facts = {"tests": what_ranks_say(table), "missing": left_out(table), "ranked": True}
    return figure, {**facts, "shared": bool(report.trained_elsewhere().any())}


def _scale(axis: Axes, ranks: Ranks, bottom: float) -> None:
    """Ranks along the top, the best on the left, and the length of the critical difference."""
    last = len(ranks.average)
    axis.set_xlim(0.8, last + 0.2)
    axis.set_ylim(bottom - 0.4, -1.0)
    axis.xaxis.tick_top()
    axis.xaxis.set_label_position("top")
    axis.set_xticks(range(1, last + 1, -(-last // 14)))
    axis.set_xlabel("average rank (1 is the best)")
    axis.spines["bottom"].set_visible(False)
    axis.spines["top"].set_visible(True)
    if ranks.critical <= last - 1:
        ends = [1.0, 1.0 + ranks.critical]
        axis.plot(ends, [-0.45, -0.45], color=look.PALE, marker="|", markersize=7, linewidth=1.2)
        words: dict[str, Any] = {"va": "center", "fontsize": 8, "color": look.PALE, "zorder": 6}
        words["bbox"] = {"facecolor": "white", "edgecolor": "none", "pad": 1}
        axis.annotate(
            f"CD {ranks.critical:.2f}",
            (ends[1], -0.45),
            xytext=(6, 0),
            textcoords="offset points",
            **words,
        )


def _names(axis: Axes, ranks: Ranks, report: Report, names: Sequence[str], top: float) -> None:
    """A line from each average down and out to the algorithm's name at the axis' own side."""
    own = axis.yaxis.get_ticks_position() == "left"
    edge = axis.get_xlim()[0 if own else 1]
    places = [top + i for i in range(len(names))]
    for name, place in zip(names, places, strict=True):
        colour, average = look.colour(name, list(report.titles)), ranks.average[name]
        axis.plot([average, average, edge], [-1.0, place, place], color=colour, linewidth=1.3)
        axis.plot(average, -1.0, color=colour, marker=look.marker(name), clip_on=False, zorder=5)
    labels = [f"{report.titles[name]}  {ranks.average[name]:.2f}" for name in names]
    axis.set_yticks(places, labels)
    axis.tick_params(axis="y", length=0)
    for side in ("left", "right", "bottom"):
        axis.spines[side].set_visible(False)
