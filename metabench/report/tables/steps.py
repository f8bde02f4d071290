"""The score after each inner step."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from metabench.report import formats, published
from metabench.report.data import Report, at, in_order
from metabench.report.statistics import CELL, mean_interval
from metabench.report.verdicts import nearest

SHOWN_STEPS = [0, 1, 2, 3, 5, 10, 20, 50]


def steps_numbers(report: Report, papers: pd.DataFrame) -> pd.DataFrame:
    """One row a cell and inner step: means over seeds, the published number beside.

    ``ci95`` is the mean of the seeds' half-widths, which is never narrower than the interval of
    their averaged episodes.
    """
    names = ["mean", "ci95", "robust"]
    rows = []
    for key, here in report.steps.groupby([*CELL, "step"], sort=False):
        row: dict[str, Any] = dict(zip([*CELL, "step"], key, strict=True))
        row["task"] = report.datasets[row["dataset"]]
        scale = 100 if row["task"] == "classification" else 1
        row.update({name: scale * here[name].mean(skipna=False) for name in names})
        row["seeds"] = len(here)
        row["diverged_episodes"] = int(here["diverged_episodes"].sum())
        row["title"] = report.titles[row["algorithm"]]
        found = published.match(papers, **{name: row[name] for name in [*CELL, "step"]})
        found = found[found["step"] == row["step"]]
        row["published"] = nearest(row, found)[0]["value"] if len(found) else None
        rows.append(row)
    columns = [*CELL, "title", "task", "step", *names, "seeds", "diverged_episodes", "published"]
    return in_order(pd.DataFrame(rows, columns=columns), report)


def at_step(report: Report, cell: dict[str, Any], step: int) -> dict[str, Any]:
    """A row of results with the score after an inner step; NaN where that was not recorded.

    After the last one that is the row as it is; before, no scores of single episodes are kept.
    """
    runs = at(report.runs, **{name: cell[name] for name in CELL[:-1]}, status="finished")
    length = runs.get("hyperparameters.test_inner_steps")
    if length is not None and (length == step).all():
        return cell
    seeds = at(report.steps, **{name: cell[name] for name in CELL}, step=step)
    scale = 100 if cell["task"] == "classification" else 1
    mean, seed_ci95 = mean_interval(seeds["mean"])
    return {
        **cell,
        "mean": scale * mean,
        "ci95": scale * seeds["ci95"].mean(skipna=False),
        "seed_ci95": scale * seed_ci95,
        "joint_ci95": math.nan,
        "robust": scale * seeds["robust"].mean(skipna=False),
        "diverged_episodes": seeds["diverged_episodes"].sum(),
    }


def steps_text(steps: pd.DataFrame) -> pd.DataFrame:
    """Algorithms by inner steps; a second row where a paper printed the same steps."""
    shown = shown_steps(steps)
    rows = []
    for _, here in steps.groupby(CELL, sort=False):
        first = here.iloc[0]
        about = {
            "Data set": first["dataset"],
            "Setting": formats.setting(first["way"], first["shot"], first["task"]),
            "Algorithm": first["title"],
            "Mode": first["mode"],
        }
        by_step = {row["step"]: row for _, row in here.iterrows()}
        texts = {_step(s): _step_text(by_step[s]) for s in shown if s in by_step}
        rows.append({**about, **texts})
        paper = here.dropna(subset="published")
        if len(paper):
            values = {
                _step(s): f"{v:g}" for s, v in zip(paper["step"], paper["published"], strict=True)
            }
            rows.append({**about, "Algorithm": f"{first['title']} (published)", **values})
    columns = ["Data set", "Setting", "Algorithm", "Mode", *map(_step, shown)]
    return pd.DataFrame(rows, columns=columns).fillna(formats.NONE)


def shown_steps(steps: pd.DataFrame) -> list[int]:
    """The steps that readers see: some, and the last of each algorithm."""
    lasts = steps.groupby(CELL)["step"].max()
    return sorted({*SHOWN_STEPS, *lasts}.intersection(steps["step"]))


def _step(step: int) -> str:
    return f"{step} step" + ("" if step == 1 else "s")


def _step_text(row: Any) -> str:
    text = formats.plus_minus(row["mean"], row["ci95"], row["task"])
    if not row["diverged_episodes"]:
        return text
    if row["task"] == "classification":
        return f"{text}; {row['diverged_episodes']} without an answer"
    robust = formats.number(row["robust"], row["task"])
    return f"{text}; trimmed {robust}; {row['diverged_episodes']} diverged"
