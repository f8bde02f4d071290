"""All algorithms in all settings of a data set: the score with its interval, and each seed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from metabench.report import formats, statistics
from metabench.report.data import Report, at
from metabench.report.figures import look
from metabench.report.figures.found import Found
from metabench.report.numbers import judged_by
from metabench.report.tables.results import diverged_seeds_text

Setting = tuple[int, int]  # way and shot


def draw(found: Found, dataset: str) -> look.Drawing:
    """A panel a setting: accuracy, or mean squared error in regression."""
    report, table = found.report, at(found.table, dataset=dataset)
    task = report.datasets[dataset]
    tested = table[table["status"].isin(["finished", "diverged"])]  # a partial report lacks some
    cells = list(dict.fromkeys(tested[["way", "shot"]].itertuples(index=False, name=None)))
    if not cells:
        figure, axes = look.panels(1, 1, 2.0)
        look.nothing(axes[0], "no run has finished")
        return figure, {"dataset": dataset}
    titles = [list(dict.fromkeys(_rows(table, cell)["title"])) for cell in cells]
    alike = len(cells) > 1 and all(names == titles[0] for names in titles)
    columns = 2 if alike else 1  # side by side only where the names on the left serve both
    rows = -(-len(cells) // columns)
    figure, axes = look.panels(rows, columns, 1.1 + 0.36 * max(map(len, titles)))
    for axis, cell in zip(axes, cells, strict=False):
        _panel(axis, _rows(table, cell), cell, report, task)
    if alike:
        for axis in axes[1::2]:
            axis.set_yticklabels([])
    for axis in axes[len(cells) :]:
        axis.set_axis_off()
    shown = table[table["status"] == "finished"]
    look.legend(figure, *_key(shown, task))
    return figure, {"dataset": dataset}


def _rows(table: pd.DataFrame, setting: Setting) -> pd.DataFrame:
    way, shot = setting
    return at(table, way=way, shot=shot)


def _panel(axis: Axes, rows: pd.DataFrame, setting: Setting, report: Report, task: str) -> None:
    ours = rows[rows["status"] != "published"]
    trimmed = judged_by(rows)[0] == "robust"
    names = list(dict.fromkeys(ours["algorithm"]))
    for y, name in enumerate(names):
        modes = ours[ours["algorithm"] == name]
        for i, (_, row) in enumerate(modes.iterrows()):
            offset = 0.0 if len(modes) == 1 else 0.34 * (i / (len(modes) - 1) - 0.5)
            _score(axis, row, y + offset, report, trimmed)
    labels = [_label(report.titles.get(name, name), at(ours, algorithm=name)) for name in names]
    for _, row in rows[rows["status"] == "published"].iterrows():
        _tick(axis, row, len(labels))
        labels.append(f"{row['title']} (published)")
    axis.set_yticks(range(len(labels)), labels)
    axis.set_ylim(len(labels) - 0.4, -0.6)
    axis.tick_params(axis="y", length=0)
    axis.spines["left"].set_visible(False)
    axis.set_title(formats.setting(*setting, task))
    if task == "regression":
        look.errors(axis, "x")
        axis.set_xlabel("mean squared error" + (", trimmed mean" if trimmed else ""))
    else:
        axis.set_xlabel("accuracy, %")
    look.grid(axis, "x")


def _label(title: str, rows: pd.DataFrame) -> str:
    """What a row is called: it says how many seeds are not in its score."""
    row = rows.iloc[0]
    lost = row["status"] == "finished" and row["diverged_seeds"] > 0
    return f"{title}\n({diverged_seeds_text(row)})" if lost else title


def _score(axis: Axes, row: Any, y: float, report: Report, trimmed: bool) -> None:
    name = str(row["algorithm"])
    colour = look.colour(name, list(report.titles))
    mean, half = (row[column] for column in judged_by(row))
    if not np.isfinite(mean):
        why = "diverged" if row["status"] == "diverged" else "no run"
        text = "∞" if np.isinf(mean) else why
        place = axis.get_yaxis_transform()
        axis.text(0.01, y, text, transform=place, va="center", fontsize=8, color=look.PALE)
        return
    face = "white" if row["mode"] == "transductive" else colour
    axis.errorbar(
        mean,
        y,
        xerr=half if np.isfinite(half) else None,
        color=colour,
        marker="o",
        markersize=6.5,
        markerfacecolor=face,
        markeredgewidth=1.4,
        capsize=3,
        zorder=3,
    )
    seeds = _seeds(report, row, trimmed)
    axis.plot(seeds, [y + 0.16] * len(seeds), ".", color=colour, alpha=0.7, markersize=4, zorder=2)
    if pd.notna(row["published"]):
        _tick(axis, row, y)


def _tick(axis: Axes, row: Any, y: float) -> None:
    """The published number of a row."""
    value = 100 - row["published"] if row["published_metric"] == "error" else row["published"]
    axis.plot(value, y, marker="|", color=look.INK, markersize=13, markeredgewidth=1.6, zorder=4)


def _seeds(report: Report, row: Any, trimmed: bool) -> list[float]:
    """The mean of each seed, trimmed as the cell's is."""
    cell = {name: row[name] for name in ("dataset", "way", "shot", "algorithm", "mode")}
    scale = 100 if row["task"] == "classification" else 1
    seeds = statistics.by_seed(at(report.scores, **cell))
    mean = statistics.trimmed_interval if trimmed else statistics.mean_interval
    return [scale * mean(scores)[0] for scores in seeds]


def _key(shown: pd.DataFrame, task: str) -> tuple[list[Any], list[str]]:
    def dot(**look_of: Any) -> Line2D:
        return Line2D([], [], color=look.INK, linestyle="none", **look_of)

    entries: dict[str, Any] = {}
    if task == "classification":
        if (shown["mode"] != "transductive").any():
            entries["each query alone"] = dot(marker="o", markersize=6.5)
        if (shown["mode"] == "transductive").any():
            entries["transductive"] = dot(marker="o", markersize=6.5, markerfacecolor="white")
    entries["95 % interval over episodes"] = Line2D([], [], color=look.INK)
    entries["one training seed"] = dot(marker=".", markersize=4)
    if shown["published"].notna().any():
        entries["published"] = dot(marker="|", markersize=13, markeredgewidth=1.6)
    return list(entries.values()), list(entries)
