"""A small drawing of a meta-training, in the page's own colours."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup

from metabench.report import formats

WIDTH, HEIGHT = 340, 110
LEFT, RIGHT, TOP, BOTTOM = 44, 8, 8, 18  # room for the labels


@dataclass(frozen=True)
class Scale:
    """From values to places along an axis; by their logarithm where they span a decade."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        low, high = self.low, self.high
        if low > 0 and high > 10 * low:
            low, high, value = math.log(low), math.log(high), math.log(value)
        share = (value - low) / (high - low) if high > low else 0.5
        return self.start + share * (self.end - self.start)


def curve(rows: pd.DataFrame, task: str, where: str) -> Markup:
    """The validation score against the iteration, a line for each seed.

    Args:
        rows: ``iteration``, ``seed``, ``val_score`` of one algorithm in one setting, in percent
            for classification.
        task: classification or regression.
        where: the setting, for readers.
    """
    rows = rows[[math.isfinite(value) for value in rows["val_score"]]]
    if rows.empty:
        return Markup("")
    low, high = float(rows["val_score"].min()), float(rows["val_score"].max())
    x = Scale(0, float(rows["iteration"].max()), LEFT, WIDTH - RIGHT)
    y = Scale(low, high, HEIGHT - BOTTOM, TOP)
    lines = Markup("").join(
        Markup('<polyline points="{}"/>').format(
            " ".join(
                f"{x(i):.1f},{y(v):.1f}"
                for i, v in zip(run["iteration"], run["val_score"], strict=True)
            )
        )
        for _, run in rows.groupby("seed")
    )
    labels = Markup("").join(
        Markup('<text x="{}" y="{}" text-anchor="{}">{}</text>').format(*label)
        for label in (
            (LEFT - 6, TOP + 4, "end", formats.number(high, task)),
            (LEFT - 6, HEIGHT - BOTTOM, "end", formats.number(low, task)),
            (LEFT, HEIGHT - 4, "start", "0"),
            (WIDTH - RIGHT, HEIGHT - 4, "end", formats.count(x.high)),
        )
    )
    axes = f"M{LEFT},{TOP}V{HEIGHT - BOTTOM}H{WIDTH - RIGHT}"
    form = (
        '<figure class="curve"><svg viewBox="0 0 {} {}" role="img" aria-label="{}">'
        '<path d="{}"/>{}{}</svg><figcaption>{}</figcaption></figure>'
    )
    return Markup(form).format(
        WIDTH, HEIGHT, _told(rows, task, where), axes, lines, labels, _caption(task, where)
    )


def _caption(task: str, where: str) -> str:
    what = "mean squared error" if task == "regression" else "accuracy, %,"
    return f"{where}: validation {what} against meta-iterations; a line is a training seed."


def _told(rows: pd.DataFrame, task: str, where: str) -> str:
    ends = rows.sort_values("iteration").groupby("seed")["val_score"].agg(["first", "last"]).mean()
    first, last = (formats.number(float(ends[name]), task) for name in ("first", "last"))
    seeds = rows["seed"].nunique()
    return (
        f"Line chart of meta-training, {where}: the validation score goes from {first} at "
        f"iteration {rows['iteration'].min():.0f} to {last} at the end, mean of {seeds} "
        f"training seed{'s' * (seeds > 1)}."
    )
