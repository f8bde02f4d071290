"""One row a cell and mode: the score, its two uncertainties, and the published number."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from metabench.report import published, statistics
from metabench.report.data import Report, at
from metabench.report.statistics import CELL, SETTING
from metabench.report.verdicts import nearest

#: Of a published number beside ours: the column here, and that of ``config/published.csv``.
PAPER = {
    "published": "value",
    "published_ci95": "ci95",
    "published_metric": "metric",
    "published_split": "split",
    "published_backbone": "backbone",
    "published_source": "paper",
    "published_verified": "verified",
    "published_note": "note",
}
COSTS = [
    *("train_seconds", "evaluate_seconds", "peak_memory_mb"),
    *("gradients", "hessian_vector_products", "joules"),
]
COLUMNS = [
    *(*CELL, "title", "role", "task", "status"),
    *("mean", "ci95", "seed_sd", "seed_ci95", "joint_ci95", "seeds", "robust", "robust_ci95"),
    *("diverged_episodes", "diverged_seeds", "diverged_at", "missing_seeds", "error"),
    *(*PAPER, "gap"),
    *("episodes", "units", "queries", "episodes_sha256", "backbone", "augment", "checkpoint"),
    *("iterations", "published_iterations", "own_hyperparameters"),
    *(*COSTS, "device", "test_classes", "test_images"),
]
SCALED = [
    *("mean", "ci95", "robust", "robust_ci95"),
    *("seed_sd", "seed_ci95", "joint_ci95"),
]  # a share of right answers, which is a percentage for readers


def results_numbers(report: Report, papers: pd.DataFrame) -> pd.DataFrame:
    """One row a cell of the grid and mode, missing and diverged ones too, then references.

    Accuracies are in percent.
    """
    cells = statistics.cells(report.scores)
    rows: list[dict[str, Any]] = []
    for dataset, way, shot, algorithms in report.cells():
        here: dict[str, Any] = {"dataset": dataset, "way": way, "shot": shot}
        # Of a data set without any run, it is that of most.
        here["task"] = report.tasks.get(dataset, "classification")
        for algorithm in algorithms:
            about = {**here, **_about_cell(report, dataset, way, shot, algorithm)}
            found = at(cells, dataset=dataset, way=way, shot=shot, algorithm=algorithm)
            for row in _records(found) or [{"mode": None}]:
                row = _percent(row) if here["task"] == "classification" else row
                rows.append({**about, **row, **_beside(papers, {**about, **row})})
        keys = report.references(dataset, way, shot)
        beside = _records(published.references(papers, dataset, way, shot, keys))
        rows += [{**here, **_reference(paper, report.titles)} for paper in beside]
    table = pd.DataFrame(rows, columns=COLUMNS)
    lost = table.groupby(SETTING, sort=False)["diverged_episodes"].transform("max")
    return table.assign(trimmed=(lost > 0) & (table["task"] == "regression"))


def judged_by(rows: Any, mean: str = "mean") -> tuple[str, str]:
    """The columns by which rows of one setting (or one of them) are compared.

    Trimmed means where an episode of the setting diverged in regression, else plain ones, as of
    accuracies, which are bounded: a value and its half-width over episodes.
    """
    return ("robust", "robust_ci95") if np.any(rows["trimmed"]) else (mean, "ci95")


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for _, row in frame.iterrows()]


def _percent(row: dict[str, Any]) -> dict[str, Any]:
    row = {**row, **{name: 100 * row[name] for name in SCALED if name in row}}
    return {**row, "error": 100 - row["mean"]} if "mean" in row else row


def _about_cell(
    report: Report, dataset: str, way: int, shot: int, algorithm: str
) -> dict[str, Any]:
    """All but the scores of one algorithm in one setting."""
    here = {"dataset": dataset, "way": way, "shot": shot, "algorithm": algorithm}
    own = report.own_hyperparameters(dataset, way, shot, algorithm)
    about = {
        "algorithm": algorithm,
        "title": report.titles.get(algorithm, algorithm),
        "role": report.roles.get(algorithm),
        "own_hyperparameters": ", ".join(own),
        "missing_seeds": len(at(report.gaps, **here)),
        **_about_runs(at(report.runs, **here)),
    }
    if about["status"] == "diverged" and about["missing_seeds"]:
        about["status"] = "missing"  # a seed to come may finish
    return about


def _about_runs(runs: pd.DataFrame) -> dict[str, Any]:
    """What the runs of one algorithm in one setting share, and their mean cost."""
    if runs.empty:
        return {"status": "missing"}
    lost = at(runs, status="diverged")
    costed = runs if len(lost) == len(runs) else at(runs, status="finished")
    first = costed.iloc[0]  # a run that diverged has fewer iterations
    about: dict[str, Any] = {
        "status": "diverged" if len(lost) == len(runs) else "finished",
        "diverged_seeds": len(lost),
        "diverged_at": _iterations(lost),
        "checkpoint": first.get("checkpoint.protocol"),
        "last_step": first.get("hyperparameters.test_inner_steps"),
    }
    for name in ("episodes", "queries", "episodes_sha256", "backbone"):
        about[name] = first.get(name)
    # One seed that was ended early makes the mean one of a part of the protocol.
    about["iterations"] = costed["iterations"].min() if "iterations" in costed else None
    about["published_iterations"] = first.get("published_iterations")
    about["augment"] = first.get("hyperparameters.augment") if about["iterations"] else None
    about["device"] = first.get("device")
    about["test_classes"] = first.get("subset.classes")
    about["test_images"] = first.get("subset.images")
    for name in COSTS:
        column = f"cost.{name}"
        about[name] = costed[column].mean() if column in costed else math.nan
    return about


def _iterations(lost: pd.DataFrame) -> str:
    if lost.empty or "diverged.iteration" not in lost:
        return ""
    return ", ".join(f"{value:.0f}" for value in sorted(lost["diverged.iteration"].dropna()))


def _beside(papers: pd.DataFrame, row: dict[str, Any]) -> dict[str, Any]:
    """The published number for a row of ours, and how far ours is from it."""
    where = (row["dataset"], row["way"], row["shot"], row["algorithm"], str(row["mode"]))
    found = published.match(papers, *where, row.get("last_step"))
    if found.empty:
        return {}
    columns = _published_columns(nearest(row, found)[0])
    ours = row.get("error") if columns["published_metric"] == "error" else row.get("mean")
    return {**columns, "gap": _gap(ours, columns["published"])}


def _gap(ours: float | None, theirs: float) -> float | None:
    return ours - theirs if ours is not None and math.isfinite(ours) else None


def _published_columns(paper: Any) -> dict[str, Any]:
    return {ours: paper[theirs] for ours, theirs in PAPER.items()}


def _reference(paper: Any, titles: dict[str, str]) -> dict[str, Any]:
    name = paper["algorithm"]
    title = paper["title"] or titles.get(name, name)
    title += ", transductive" if paper["mode"] == "transductive" else ""
    title += "" if pd.isna(paper["step"]) else f", step {paper['step']:.0f}"
    about = {"algorithm": name, "title": title, "status": "published"}
    return {**about, **_published_columns(paper)}
