"""The score after each inner step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from metabench.report import formats
from metabench.report.data import Report, at
from metabench.report.figures import look
from metabench.report.figures.found import Found
from metabench.report.tables.steps import shown_steps


def draw(found: Found, dataset: str) -> look.Drawing:
    """A panel a setting; for regression plain and trimmed means side by side."""
    report, table = found.report, at(found.steps, dataset=dataset)
    known = set(table[["way", "shot"]].itertuples(index=False, name=None))
    cells = [(way, shot) for name, way, shot, _ in report.cells() if name == dataset]
    settings = [cell for cell in cells if cell in known]  # a partial report lacks some
    task = report.datasets[dataset]
    if table.empty:
        figure, axes = look.panels(1, 1, 2.0)
        look.nothing(axes[0], "no run recorded its predictions after inner steps")
        return figure, {"dataset": dataset, "task": task, "seeds": ""}
    regression = task == "regression"
    columns = 2 if regression or len(settings) > 1 else 1
    rows = len(settings) if regression else -(-len(settings) // columns)
    figure, axes = look.panels(rows, columns, 3.4)
    handles: dict[str, Any] = {}
    for i, (way, shot) in enumerate(settings):
        here = at(table, way=way, shot=shot)
        title = formats.setting(way, shot, task)
        if regression:
            high = _limits(here)[1]
            _panel(axes[2 * i], here, "mean", report, handles, high)
            _panel(axes[2 * i + 1], here, "robust", report, handles, high)
            _error_axes(axes[2 * i : 2 * i + 2], here, title)
        else:
            _panel(axes[i], here, "mean", report, handles)
            axes[i].set_title(title)
            axes[i].set_ylabel("accuracy, %")
    for axis in axes[len(settings) * (2 if regression else 1) :]:
        axis.set_axis_off()
    names = sorted(handles, key=lambda name: name == "published")
    look.legend(figure, [handles[name] for name in names], names)
    low, high = int(table["seeds"].min()), int(table["seeds"].max())
    return figure, {"dataset": dataset, "task": task, "seeds": formats.seeds(low, high)}


def _panel(
    axis: Axes,
    here: pd.DataFrame,
    column: str,
    report: Report,
    handles: dict[str, Any],
    limit: float = 100.0,
) -> None:
    """One line an algorithm, with a marker and its bar at the steps that tables show.

    A line is broken where its mean is above ``limit``.
    """
    shown = shown_steps(here)
    for algorithm, rows in here.groupby("algorithm", sort=False):
        name = str(algorithm)
        style: dict[str, Any] = {
            "color": look.colour(name, list(report.titles)),
            "marker": look.marker(name),
        }
        rows = rows.assign(**{column: rows[column].where(rows[column] <= limit)})
        axis.plot(_place(rows["step"]), rows[column], color=style["color"])
        marked = rows[rows["step"].isin(shown)]
        half = marked["ci95"].fillna(0) if column == "mean" else None
        sizes: dict[str, Any] = {"markersize": 5, "linestyle": "none", "capsize": 2.5}
        axis.errorbar(_place(marked["step"]), marked[column], yerr=half, **style, **sizes)
        handles.setdefault(report.titles[name], Line2D([], [], markersize=5, **style))
        paper = rows.dropna(subset="published")
        if column == "mean" and len(paper):
            x, y = _place(paper["step"]), paper["published"]
            axis.plot(x, y, "o", color=style["color"], markerfacecolor="none", markersize=10)
            handles["published"] = Line2D(
                [], [], color=look.INK, marker="o", markersize=10, linestyle="none", mfc="none"
            )
    axis.set_xticks(_place(pd.Series(shown)), [str(step) for step in shown])
    axis.set_xlabel("inner steps")
    look.grid(axis)


def _place(steps: Any) -> Any:
    """Where a step stands on the axis: 0, 1 and 50 all matter, so the distances shrink."""
    return np.log1p(steps)


def _limits(here: pd.DataFrame) -> tuple[float, float]:
    """Limits for both means, from the trimmed ones: no outlier sets them."""
    seen = here[["robust", "published"]].to_numpy(dtype=float)
    calm = here.loc[here["diverged_episodes"] == 0, "mean"].to_numpy(dtype=float)
    known = np.concatenate([seen.ravel(), calm])
    known = known[np.isfinite(known) & (known > 0)]
    return (float(known.min()) / 1.6, float(known.max()) * 1.9) if len(known) else (0.1, 10.0)


def _error_axes(axes: list[Axes], here: pd.DataFrame, title: str) -> None:
    """The same logarithmic axis for both means, and how many episodes diverged."""
    for axis, name in zip(axes, ("plain mean", "trimmed mean"), strict=True):
        axis.set_ylim(*_limits(here))
        look.errors(axis)
        axis.set_title(f"{title}, {name}")
    axes[0].set_ylabel("mean squared error")
    ends = here.groupby("title", sort=False).last()
    lost = ends[ends["diverged_episodes"] > 0]
    lines = [f"{name}: {row['diverged_episodes']} diverged" for name, row in lost.iterrows()]
    text = "\n".join(lines)
    axes[1].text(0.03, 0.03, text, transform=axes[1].transAxes, va="bottom", fontsize=8)
