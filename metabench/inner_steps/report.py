"""From the measurements to a table and a figure. No torch from here on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from metabench.files.described import read_described
from metabench.files.forms import NUMBER, TEXT, WHOLE
from metabench.files.whole import write_text
from metabench.inner_steps.names import TITLES
from metabench.report import formats
from metabench.report.figures import look

#: Of a measurement.
KEYS = {
    **{"way": TEXT, "steps": WHOLE, "setting": TEXT, "tasks": WHOLE},
    **dict.fromkeys(["seconds", "seconds_low", "seconds_high", "megabytes"], NUMBER),
}
LINES = {"maml": ("maml", "-"), "maml_recompute": ("maml", "--"), "imaml": ("imaml", "-")}


def write_report(files: list[Path], out: Path) -> None:
    """Write ``out/inner_steps.{csv,md,svg,png}``."""
    rows = numbers([read_described(file, needed=KEYS) for file in files])
    write_text(out / "inner_steps.csv", rows.to_csv(index=False, float_format="%.6g"))
    write_text(out / "inner_steps.md", formats.markdown(text(rows)))
    with look.style():
        figure, caption = draw(rows)
        look.save(figure, out / "inner_steps", caption)


def numbers(measured: list[dict[str, Any]]) -> pd.DataFrame:
    """A row a measurement, by way and number of steps."""
    rows = pd.DataFrame([{key: one[key] for key in KEYS} for one in measured], columns=list(KEYS))
    place = {way: i for i, way in enumerate(TITLES)}
    return rows.sort_values(
        ["way", "steps"], key=lambda column: column.map(place) if column.name == "way" else column
    ).reset_index(drop=True)


def text(rows: pd.DataFrame) -> pd.DataFrame:
    """A row a way, with memory and time after each number of steps."""
    return pd.DataFrame(
        [
            {
                "": f"{TITLES[str(way)]}, {what}",
                **{
                    f"{step} step{'s' * (step > 1)}": form.format(value)
                    for step, value in zip(here["steps"], here[column], strict=True)
                },
            }
            for column, what, form in (
                ("megabytes", "memory", "{:.0f} MB"),
                ("seconds", "time", "{:.3g} s"),
            )
            for way, here in rows.groupby("way", sort=False)
        ]
    ).fillna(formats.NONE)


def draw(rows: pd.DataFrame) -> tuple[Figure, str]:
    """Memory on the left, time on the right, with one legend for both."""
    figure, (left, right) = look.panels(1, 2, 2.9)
    for way, here in rows.groupby("way", sort=False):
        _line(left, here, "megabytes", str(way))
        _line(right, here, "seconds", str(way))
        right.fill_between(
            here["steps"],
            here["seconds_low"],
            here["seconds_high"],
            color=look.LOOKS[LINES[str(way)][0]][0],
            alpha=0.15,
            linewidth=0,
        )
    left.set_ylabel("memory, MB")
    right.set_ylabel("seconds")
    for axis in (left, right):
        axis.set_xticks(sorted(set(rows["steps"])))
        axis.set_xlabel("inner steps")
        axis.set_ylim(bottom=0)
        look.grid(axis)
    handles, names = left.get_legend_handles_labels()
    look.legend(figure, list(handles), names)
    first = rows.iloc[0]
    return figure, (
        f"One meta-iteration of {first['tasks']} tasks ({first['setting']}, images of noise) "
        "against the number of inner steps, each measured in a process of its own on one thread. "
        "MAML keeps the activations of every inner step until it differentiates through them; "
        "recomputed, it keeps the parameters; iMAML keeps nothing of the path, and pays for "
        "conjugate gradient once. Times are medians, the bands their quartiles."
    )


def _line(axis: Axes, here: pd.DataFrame, column: str, way: str) -> None:
    algorithm, dashes = LINES[way]
    axis.plot(
        here["steps"],
        here[column],
        color=look.LOOKS[algorithm][0],
        marker=look.LOOKS[algorithm][1],
        markersize=5,
        markerfacecolor="white" if dashes == "--" else look.LOOKS[algorithm][0],
        linestyle=dashes,
        label=TITLES[way],
    )
