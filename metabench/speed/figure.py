"""Meta-iterations a second of every algorithm, ours and others', on all threads and on one."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from metabench.report.figures import look
from metabench.speed.tables import ALGORITHMS, RIVALS

STYLES = {  # of each contestant: colour and marker
    "metabench": (look.LOOKS["maml"][0], "o"),
    "loop": (look.LOOKS["scratch"][0], "s"),
    "higher": (look.LOOKS["imaml_released"][0], "^"),
    "torchopt": (look.LOOKS["reptile"][0], "D"),
}
TITLES = {"metabench": "metabench", **RIVALS}


def draw(measured: dict[str, Any]) -> tuple[Figure, str]:
    """A panel a setting, a row an algorithm."""
    rows = measured["iterations"]
    settings = list(dict.fromkeys(row["setting"] for row in rows))
    figure, axes = look.panels(max(1, -(-len(settings) // 2)), 2, 2.3)
    handles: dict[str, Any] = {}
    for axis, setting in zip(axes, settings, strict=False):
        panel(axis, [row for row in rows if row["setting"] == setting], handles)
        axis.set_title(setting)
    for axis in axes[len(settings) :]:
        look.nothing(axis, "" if settings else "nothing was measured")
    look.legend(figure, list(handles.values()), list(handles), columns=4)
    most = max((row["threads"] for row in rows), default=1)
    caption = (
        f"Meta-iterations a second, further right is faster: full marks on {most} threads, hollow "
        "ones on 1. Medians of turns taken one after another in one process, with the same weights "
        "and the same tasks."
    )
    return figure, caption


def panel(axis: Axes, rows: list[dict[str, Any]], handles: dict[str, Any]) -> None:
    """The algorithms of one setting."""
    names = [name for name in ALGORITHMS if any(row["algorithm"] == name for row in rows)]
    most = max(row["threads"] for row in rows)
    for row in rows:
        colour, marker = STYLES[row["contestant"]]
        full = row["threads"] == most
        mark = axis.plot(
            1 / row["seconds"],
            names.index(row["algorithm"]) + (0.0 if full else 0.25),
            marker=marker,
            color=colour,
            markerfacecolor=colour if full else "none",
            linestyle="none",
            markersize=6 if full else 4.5,
        )[0]
        if full:
            handles.setdefault(TITLES[row["contestant"]], mark)
    axis.set_yticks(range(len(names)), [ALGORITHMS[name] for name in names])
    axis.set_ylim(len(names) - 0.4, -0.6)
    axis.set_xlabel("meta-iterations a second")
    look.errors(axis, "x", fewest=3)
    look.grid(axis, "x")
