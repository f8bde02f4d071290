"""Meta-training: the validation score against iterations and against time."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from metabench.report import formats
from metabench.report.data import Report, at, in_order
from metabench.report.figures import look
from metabench.report.figures.found import Found

AXES = {"iteration": "meta-iterations", "seconds": "seconds of training"}


def draw(found: Found, dataset: str) -> look.Drawing:
    """A row a setting that models are trained in; a thin line a seed, a bold one for their mean."""
    report = found.report
    settings = [(way, shot) for name, way, shot, _ in report.cells() if name == dataset]
    read = [(*setting, validations(report, dataset, *setting)) for setting in settings]
    trained = [each for each in read if not each[-1].empty]
    task = report.datasets[dataset]
    lines = len({name for *_, curves in trained for name in curves["algorithm"]}) / 3  # of a legend
    figure, axes = look.panels(len(trained) or 1, 2, 2.6 + 0.2 * lines / max(1, len(trained)))
    if not trained:
        for axis in axes:
            look.nothing(axis, "no meta-training on this data")
    handles: dict[str, Any] = {}
    for i, (way, shot, curves) in enumerate(trained):
        pair = axes[2 * i : 2 * i + 2]
        if task == "classification":
            curves["val_score"] *= 100
        for axis, column in zip(pair, AXES, strict=True):
            _panel(axis, curves, column, report, handles)
            axis.set_title(formats.setting(way, shot, task))
            if task == "regression":
                look.errors(axis)
        word = "mean squared error" if task == "regression" else "accuracy, %"
        pair[0].set_ylabel(f"validation\n{word}")
    look.legend(figure, list(handles.values()), list(handles))
    return figure, {"dataset": dataset}


def validations(report: Report, dataset: str, way: int, shot: int) -> pd.DataFrame:
    """The validations of every run of a setting, diverged ones too: one row a validation."""
    here = {"dataset": dataset, "way": way, "shot": shot}
    rows = in_order(at(report.curves, **here).dropna(subset="val_score"), report)
    runs = at(report.runs, **here)[["algorithm", "seed", "status"]]
    return rows.merge(runs, on=["algorithm", "seed"])


def _panel(
    axis: Axes, curves: pd.DataFrame, column: str, report: Report, handles: dict[str, Any]
) -> None:
    for algorithm, rows in curves.groupby("algorithm", sort=False):
        name = str(algorithm)
        colour = look.colour(name, list(report.titles))
        for _, run in rows.groupby("seed"):
            thin: dict[str, Any] = {"color": colour, "linewidth": 0.7, "alpha": 0.45}
            line = axis.plot(run[column], run["val_score"], **thin)[0]
            if run["status"].iloc[0] == "diverged":
                last = run.iloc[-1]
                axis.plot(last[column], last["val_score"], color=colour, marker="x")
        whole = at(rows, status="finished")
        if len(whole):
            values = whole[["iteration", column, "val_score"]].to_numpy(dtype=float)
            mean = pd.DataFrame(values, columns=["at", "x", "y"]).groupby("at").mean()
            line = axis.plot(mean["x"], mean["y"], color=colour)[0]
        handles.setdefault(report.titles[name], line)
    ends = curves.groupby("algorithm")[column].max()
    if ends.max() > 10 * ends.min() > 0:
        first = curves.loc[curves[column] > 0, column].min()
        look.from_zero(axis, first, float(curves[column].max()))  # 0: the untrained parameters
    axis.set_xlabel(AXES[column])
    look.grid(axis)
