"""The picture that everyone knows: a function, its support points, and the adapted network.

The target is a line through its values at support points and queries, which is all that the files
of the episodes say of a function: so any family of functions has its picture.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from metabench.files.described import read_described
from metabench.files.whole import read_array
from metabench.label import own_name
from metabench.report import formats
from metabench.report.data import at, run_folder
from metabench.report.figures import look
from metabench.report.figures.found import Found
from metabench.report.scoring import Array, squared_error

STEPS = (0, 1, 10)
LINES = {0: (":", 0.55), 1: ("--", 0.8), 2: ("-", 1.0)}  # dashes and opacity, by place in STEPS
PAIR = ["maml", "pretrain_finetune"]
READ = ("support_x.npy", "support_y.npy", "query_x.npy", "query_labels.npy")


def draw(found: Found, dataset: str) -> look.Drawing:
    """Two algorithms on one test task: MAML and pre-training where the study has them.

    The task is not chosen by eye: its error after the last recorded step is the median of the
    first algorithm's.
    """
    report, results = found.report, found.results
    way, shot = next((w, s) for name, w, s, _ in report.cells() if name == dataset)
    here = {"dataset": dataset, "way": way, "shot": shot}
    recorded = list(dict.fromkeys(at(report.steps, **here)["algorithm"]))
    pair = [next((n for n in recorded if own_name(n) == name), "") for name in PAIR]
    shown = [name for name in pair if name] or recorded[:2]
    if not shown:
        figure, axes = look.panels(1, 1, 2.0)
        look.nothing(axes[0], "no run recorded its predictions after inner steps")
        return figure, {"dataset": dataset, "shot": shot, "episode": -1, "chosen_by": ""}
    folder = results / "episodes" / dataset / f"test-{way}w{shot}s"
    read_described(folder / "episodes.json", *READ)
    support_x, support_y, query_x, labels = (read_array(folder / name) for name in READ)
    x = np.concatenate([support_x, query_x], axis=1)[..., 0]  # [episodes, shot + queries]
    y = np.concatenate([support_y, labels], axis=1)[..., 0]
    figure, axes = look.panels(1, len(shown), 3.5)
    episode, chosen_by, ends = -1, "", []  # ends: predictions after the last step
    for axis, algorithm in zip(axes, shown, strict=True):
        rows = at(report.steps, **here, algorithm=algorithm)
        seed = int(rows["seed"].min())
        steps = at(rows, seed=seed)["step"].tolist()
        run = run_folder(results, report.study.name, dataset, way, shot, algorithm, seed)
        read_described(run / "run.json", "steps.npy")
        predictions = read_array(run / "steps.npy")
        errors = squared_error(predictions, labels)
        if episode < 0:
            episode = int(np.argsort(errors[-1], kind="stable")[errors.shape[1] // 2])
            chosen_by = f"{report.titles[algorithm]} (seed {seed}) after {_steps(steps[-1])}"
        known = [step for step in STEPS if step in steps]
        drawn = known or list(dict.fromkeys([steps[0], steps[-1]]))
        places = [steps.index(step) for step in drawn]
        colour = look.colour(algorithm, list(report.titles))
        _target(axis, x[episode], y[episode])
        _predictions(axis, x[episode, shot:], predictions[places, episode, :, 0], drawn, colour)
        _support(axis, x[episode, :shot], y[episode, :shot])
        ends.append(predictions[places[-1], episode, :, 0])
        final = formats.number(float(errors[places[-1], episode]), "regression")
        text = f"mean squared error {final} after {_steps(drawn[-1])}"
        axis.text(0, 1.0, text, transform=axis.transAxes, va="bottom", fontsize=8.5)
        axis.set_title(report.titles[algorithm], pad=16)
        axis.set_xlabel("x")
    _same_limits(axes, x, y, episode, ends)
    axes[0].set_ylabel("y")
    handles, names = axes[0].get_legend_handles_labels()
    look.legend(figure, list(handles), names, columns=5)
    facts = {"dataset": dataset, "shot": shot, "episode": episode, "chosen_by": chosen_by}
    return figure, facts


def _target(axis: Axes, x: Array, y: Array) -> None:
    order = np.argsort(x)
    x, y = x[order], y[order]
    axis.plot(x, y, color="#c9ced6", linewidth=5, solid_capstyle="round", label="target")


def _predictions(axis: Axes, x: Array, values: Array, steps: list[int], colour: str) -> None:
    order = np.argsort(x)
    for place, (step, curve) in enumerate(zip(steps, values, strict=True)):
        dashes, alpha = LINES[place + 3 - len(steps)]
        axis.plot(
            x[order],
            curve[order],
            color=colour,
            linestyle=dashes,
            alpha=alpha,
            linewidth=2.0 if dashes == "-" else 1.5,
            label="before adaptation" if step == 0 else f"after {_steps(step)}",
        )


def _support(axis: Axes, x: Array, y: Array) -> None:
    axis.plot(
        x,
        y,
        linestyle="none",
        marker="o",
        markersize=7,
        color=look.INK,
        markeredgecolor="white",
        label="support points",
        zorder=5,
    )


def _same_limits(axes: list[Axes], x: Array, y: Array, episode: int, ends: list[Array]) -> None:
    """The x of all tasks, the y of this one, and room for predictions that leave them.

    A part of the room is by the range of all tasks: on a flat one, small errors look small. What is
    predicted in the end is seen as far as the targets of any task go.
    """
    mine, low, high = y[episode], y.min(), y.max()
    aside, above, edge = 0.02 * np.ptp(x), 0.3 * np.ptp(mine) + 0.05 * np.ptp(y), 0.02 * np.ptp(y)
    predicted = np.nan_to_num(np.clip(ends, low, high), nan=mine.mean())
    for axis in axes:
        axis.set_xlim(x.min() - aside, x.max() + aside)
        axis.set_ylim(
            min(mine.min() - above, predicted.min() - edge),
            max(mine.max() + above, predicted.max() + edge),
        )
        look.grid(axis)


def _steps(step: int) -> str:
    return f"{step} step" + ("" if step == 1 else "s")
