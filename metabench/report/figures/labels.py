"""The names of algorithms beside their marks, instead of a legend."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from metabench.report.data import Report
from metabench.report.figures import look


def direct_labels(axis: Axes, here: pd.DataFrame, gap: float, report: Report) -> None:
    """Write the names to the right of a panel, each at its score, apart where they would meet.

    Args:
        axis: its limits are final.
        here: ``algorithm``, ``title``, ``mode`` and ``score``; an algorithm is named once, at the
            mode that does not let queries see each other where it has one.
        gap: between two names, as a share of the panel's height.
        report: whose algorithms have colours.
    """
    named = here.sort_values("mode", key=lambda mode: mode == "transductive", kind="stable")
    named = named.drop_duplicates("algorithm")
    place = (axis.transScale + axis.transLimits).transform
    at_score = [float(place((axis.get_xlim()[1], score))[1]) for score in named["score"]]
    spots = apart(at_score, gap)
    for (_, row), start, spot in zip(named.iterrows(), at_score, spots, strict=True):
        axis.annotate(
            row["title"],
            (1.0, start),
            (1.12, spot),
            xycoords="axes fraction",
            textcoords="axes fraction",
            annotation_clip=False,
            va="center",
            fontsize=7.5,
            color=look.colour(row["algorithm"], list(report.titles)),
            arrowprops={
                **{"arrowstyle": "-", "color": look.PALE, "linewidth": 0.5},
                **{"relpos": (0, 0.5), "shrinkA": 1, "shrinkB": 1},
            },
        )


def apart(places: list[float], gap: float) -> list[float]:
    """The places in [0, 1] moved to lie ``gap`` apart, half of it up and half down, in order."""
    order = np.argsort(places, kind="stable")
    low = np.asarray(places, dtype=np.float64)[order]
    steps = gap * np.arange(len(low))
    up = np.maximum.accumulate(low - steps) + steps
    down = np.minimum.accumulate((low - steps)[::-1])[::-1] + steps
    moved = np.empty_like(low)
    moved[order] = np.minimum((up + down) / 2, 1 - steps[::-1])
    return [float(place) for place in moved]
