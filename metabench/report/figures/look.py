"""One look for all figures: colours, lines, sizes, and how a file is written."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import matplotlib as mpl
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from metabench.files.whole import atomic
from metabench.label import own_name
from metabench.report.figures.seen import seen
from metabench.report.names import FIGURE_FORMATS

Drawing = tuple[Figure, dict[str, Any]]  # and the facts that its caption needs
WIDTH = 7.2  # inches; a text column of the page
INK = "#222222"
PALE = "#8a8f98"
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

#: The algorithms of most studies have Okabe and Ito's colours, which colour-blind readers tell
#: apart; the others' are as far from these as so many can be, a family's near each other, and have
#: markers besides. Pre-training and training from scratch are grey, so that what is coloured is
#: meta-learning. One algorithm looks the same in every study.
LOOKS = {
    "maml": ("#0072B2", "o"),
    "fomaml": ("#56B4E9", "v"),
    "reptile": ("#009E73", "^"),
    "imaml": ("#D55E00", "D"),
    "imaml_released": ("#E69F00", "d"),
    "anil": ("#004488", ">"),
    "boil": ("#44AA99", "p"),
    "meta_sgd": ("#117733", "H"),
    "maml_plus_plus": ("#332288", "8"),
    "maml_plus_plus_released": ("#7A6FD0", "h"),
    "meta_lstm": ("#AA4499", "p"),
    "learned_optimizer": ("#EE3377", "H"),
    "protonet": ("#CC79A7", "P"),
    "matching": ("#882255", ">"),
    "matching_fce": ("#CC6677", "<"),
    "relation": ("#A50026", "p"),
    "r2d2": ("#999933", "H"),
    "metaoptnet": ("#6B8E00", "8"),
    "mann": ("#661100", ">"),
    "snail": ("#B8860B", "p"),
    "cnp": ("#D4B73C", "H"),
    "pretrain_head": ("#3a3a3a", "s"),
    "pretrain_finetune": ("#777777", "X"),
    "pretrain_cosine": ("#5a5a5a", "p"),
    "pretrain_centroid": ("#929292", "H"),
    "scratch": ("#aaaaaa", "<"),
    "hausdorff": ("#8c6d31", "*"),
}
#: Of one's own algorithms, and of those under a label: greys where the algorithm's own is one.
OTHERS = ["#00A3A3", "#B2182B", "#5E3C99", "#4D9221", "#C51B7D", "#2166AC"]
GREYS = ["#1c1c1c", "#5c6e82", "#94806c"]


@contextmanager
def style() -> Iterator[None]:
    """Seaborn's ticks with quiet axes, for the time of a block."""
    settings: dict[str, Any] = {
        **sns.axes_style("ticks"),
        **sns.plotting_context("paper"),
        "axes.edgecolor": PALE,
        "axes.labelcolor": INK,
        "axes.linewidth": 0.8,
        "axes.titlelocation": "left",
        "axes.titlesize": 10,
        "axes.titleweight": "bold",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.labelsize": 9.5,
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans"],
        "grid.color": "#e6e8eb",
        "grid.linewidth": 0.7,
        "legend.fontsize": 9,
        "legend.frameon": False,
        "lines.linewidth": 1.7,
        "savefig.dpi": 200,
        "svg.fonttype": "path",
        "svg.hashsalt": "metabench",  # equal figures are equal files
        "text.color": INK,
        "text.parse_math": False,  # titles of algorithms and names of classes may have a $
        "xtick.color": PALE,
        "xtick.labelcolor": INK,
        "xtick.labelsize": 9,
        "ytick.color": PALE,
        "ytick.labelcolor": INK,
        "ytick.labelsize": 9,
    }
    with mpl.rc_context(cast(Any, settings)):
        yield


def colour(algorithm: str, known: list[str]) -> str:
    """The colour of an algorithm; one without its own takes the next free one of the study."""
    if algorithm in LOOKS:
        return LOOKS[algorithm][0]
    free = _free(algorithm)
    strangers = [name for name in known if name not in LOOKS and _free(name) is free]
    return free[strangers.index(algorithm) % len(free)]


def _free(algorithm: str) -> list[str]:
    """The colours for an algorithm that has none of its own, or none under its label."""
    own = LOOKS.get(own_name(algorithm), OTHERS)[0]
    return GREYS if own[1:3] == own[3:5] == own[5:7] else OTHERS


def marker(algorithm: str) -> str:
    """The marker of an algorithm."""
    return LOOKS[algorithm][1] if algorithm in LOOKS else "h"


def panels(rows: int, columns: int, height: float) -> tuple[Figure, list[Axes]]:
    """A figure of ``rows`` x ``columns`` panels, each ``height`` inches high, in reading order."""
    width = WIDTH if columns > 1 else 0.75 * WIDTH
    figure = Figure(figsize=(width, height * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False)
    return figure, list(axes.flat)


def grid(axis: Axes, which: str = "y") -> None:
    """Pale lines behind the data."""
    axis.set_axisbelow(True)
    axis.grid(visible=True, axis="x" if which == "x" else "y")


def errors(axis: Axes, which: str = "y", fewest: int = 4) -> None:
    """A logarithmic axis with a few round ticks, at least ``fewest`` if possible, written out."""
    scale = axis.xaxis if which == "x" else axis.yaxis
    (axis.set_xscale if which == "x" else axis.set_yscale)("log")
    low, high = axis.get_xlim() if which == "x" else axis.get_ylim()
    for digits in ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 7)):
        inside = round_numbers(low, high, digits)
        if len(inside) >= fewest:
            break
    scale.set_major_locator(FixedLocator(inside))
    scale.set_minor_locator(NullLocator())
    scale.set_major_formatter(lambda value, _: f"{value:g}")


def round_numbers(low: float, high: float, digits: Sequence[float] = (1,)) -> list[float]:
    """The numbers from ``low`` to ``high`` that are one of the digits with zeros."""
    numbers = [digit * 10.0**n for n in range(-6, 13) for digit in digits]
    return [number for number in numbers if low <= number <= high]


def from_zero(axis: Axes, low: float, high: float, linear: float = 1.0) -> None:
    """A horizontal axis that is logarithmic from ``low`` on, and has a place for 0.

    Args:
        axis: of the figure.
        low: where it begins to be logarithmic.
        high: the largest value.
        linear: the width from 0 to ``low``, in decades.
    """
    axis.set_xscale("symlog", linthresh=low, linscale=linear)
    axis.xaxis.set_major_locator(FixedLocator([0, *round_numbers(low, high)]))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_major_formatter(lambda value, _: power_of_ten(value))


def power_of_ten(value: float) -> str:
    """``10²`` for 100; 0 is written as it is."""
    return "10" + str(round(math.log10(value))).translate(RAISED) if value else "0"


def legend(
    figure: Figure, handles: list[Any], labels: list[str], columns: int | None = None
) -> None:
    """One legend below all panels."""
    if handles:
        columns = columns or (3 if figure.get_figwidth() >= WIDTH else 2)
        ncols = min(columns, len(handles))
        figure.legend(handles, labels, loc="outside lower center", ncols=ncols)


def nothing(axis: Axes, why: str) -> None:
    """A panel that says why it is empty."""
    axis.set_axis_off()
    axis.text(0.5, 0.5, why, ha="center", va="center", color=PALE, transform=axis.transAxes)


def save(
    figure: Figure, path: Path, caption: str = "", endings: Sequence[str] = FIGURE_FORMATS
) -> None:
    """Write ``path``.svg and ``path``.png; both say what one would see, and carry a caption."""
    texts = {"Title": seen(figure), **({"Description": caption} if caption else {})}
    metadata = {"svg": {"Date": None, **texts}, "png": {"Software": None, **texts}}
    for ending in endings:
        with atomic(path.with_name(f"{path.name}.{ending}")) as temporary:
            figure.savefig(temporary, format=ending, metadata=metadata[ending])
