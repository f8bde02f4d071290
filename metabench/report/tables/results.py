"""One row a cell and mode: the score, its two uncertainties, and the published number."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from metabench.report import formats, published, statistics
from metabench.report.data import Report, at
from metabench.report.statistics import CELL, SETTING
from metabench.report.verdicts import nearest

COSTS = ["train_seconds", "evaluate_seconds", "peak_memory_mb", "gradients"]
COSTS += ["hessian_vector_products", "joules"]


def results_numbers(report: Report, papers: pd.DataFrame) -> pd.DataFrame:
    """One row a cell of the grid and mode, missing and diverged ones too, then references."""
    cells = statistics.cells(report.scores)
    rows: list[dict[str, Any]] = []
    for dataset, way, shot, algorithms in report.cells():
        here = {"dataset": dataset, "way": way, "shot": shot}
        task = report.tasks.get(dataset, "classification")
        for algorithm in algorithms:
            runs = at(report.runs, **here, algorithm=algorithm)
            found = at(cells, **here, algorithm=algorithm)
            about = {**here, "algorithm": algorithm, "task": task, **_about_runs(runs)}
            about["title"] = report.titles.get(algorithm, algorithm)
            about["role"] = report.roles.get(algorithm)
            about["own_hyperparameters"] = ", ".join(
                report.own_hyperparameters(dataset, way, shot, algorithm)
            )
            about["missing_seeds"] = len(at(report.gaps, **here, algorithm=algorithm))
            if about["status"] == "diverged" and about["missing_seeds"]:
                about["status"] = "missing"  # a seed to come may finish
            for row in _records(found) or [{"mode": None}]:
                row = _percent(row) if task == "classification" else row
                rows.append({**about, **row, **_beside(papers, {**about, **row})})
        keys = report.references(dataset, way, shot)
        for _, paper in published.references(papers, dataset, way, shot, keys).iterrows():
            rows.append({**here, "task": task, **_reference(paper, report.titles)})
    names = [*CELL, "title", "role", "task", "status", "mean", "ci95", "seed_sd", "seed_ci95"]
    names += ["joint_ci95", "seeds"]
    names += ["robust", "robust_ci95", "diverged_episodes", "diverged_seeds", "diverged_at"]
    names += ["missing_seeds"]
    names += ["error", "published", "published_ci95", "published_metric", "published_split"]
    names += [
        "published_backbone",
        "published_source",
        "published_verified",
        "published_note",
        "gap",
        "episodes",
        "units",
    ]
    names += ["queries", "episodes_sha256", "backbone", "checkpoint", "iterations"]
    names += [
        "published_iterations",
        "own_hyperparameters",
        *COSTS,
        "device",
        "test_classes",
        "test_images",
    ]
    table = pd.DataFrame(rows, columns=names)
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
    scaled = ["mean", "ci95", "robust", "robust_ci95", "seed_sd", "seed_ci95"]
    scaled += ["joint_ci95"]
    row = {**row, **{name: 100 * row[name] for name in scaled if name in row}}
    return {**row, "error": 100 - row["mean"]} if "mean" in row else row


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
    }
    for name in ("episodes", "queries", "episodes_sha256", "backbone"):
        about[name] = first.get(name)
    # One seed that was ended early makes the mean one of a part of the protocol.
    about["iterations"] = costed["iterations"].min() if "iterations" in costed else None
    about["published_iterations"] = first.get("published_iterations")
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
    step = _last_published_step(papers, *where[:4])
    found = published.match(papers, *where, step)
    if found.empty:
        return {}
    columns = _published_columns(nearest(row, found)[0])
    ours = row.get("error") if columns["published_metric"] == "error" else row.get("mean")
    return {**columns, "gap": _gap(ours, columns["published"])}


def _gap(ours: float | None, theirs: float) -> float | None:
    return ours - theirs if ours is not None and math.isfinite(ours) else None


def _last_published_step(
    papers: pd.DataFrame, dataset: str, way: int, shot: int, algorithm: str
) -> int | None:
    steps = published.of_cell(papers, dataset, way, shot, algorithm)["step"].dropna()
    return None if steps.empty else int(steps.max())


def _published_columns(paper: Any) -> dict[str, Any]:
    return {
        "published": paper["value"],
        "published_ci95": paper["ci95"],
        "published_metric": paper["metric"],
        "published_split": paper["split"],
        "published_backbone": paper["backbone"],
        "published_source": paper["paper"],
        "published_verified": paper["verified"],
        "published_note": paper["note"],
    }


def _reference(paper: Any, titles: dict[str, str]) -> dict[str, Any]:
    name = paper["algorithm"]
    title = paper["title"] or titles.get(name, name)
    about = {"algorithm": name, "title": title, "status": "published"}
    return {**about, **_published_columns(paper)}


def score_text(row: Any, trimmed: bool = False) -> str:
    """The score of a row of ``results_numbers``, or why there is none.

    How many episodes diverged stands beside it, and in regression, or where ``trimmed``, the
    trimmed mean.
    """
    if row["status"] == "published":
        return formats.NONE
    if row["status"] == "missing":
        return f"missing; {_diverged_seeds(row)}" if row["diverged_seeds"] > 0 else "missing"
    if row["status"] == "diverged":
        where = f" at iteration {row['diverged_at']}" if row["diverged_at"] else ""
        return f"diverged{where}"
    if pd.isna(row["mean"]):
        return formats.NONE
    text = formats.plus_minus(row["mean"], row["ci95"], row["task"])
    lost = row["diverged_episodes"] > 0
    if trimmed or (lost and row["task"] == "regression"):
        text += f"; {_trimmed(row)}"
    if lost:
        text += f"; {diverged_text(row)}"
    if row["diverged_seeds"] > 0:
        text += f"; {_diverged_seeds(row, 'more ')}"
    if row["missing_seeds"] > 0:
        text += f"; {row['missing_seeds']} seed{'s' * (row['missing_seeds'] > 1)} missing"
    return text


def diverged_text(row: Any) -> str:
    """How many episodes of all seeds diverged, in the words of the task."""
    what = "diverged" if row["task"] == "regression" else "had no answer"
    among = row["episodes"] * row["seeds"]
    return f"{row['diverged_episodes']:.0f} of {among:.0f} episodes {what}"


def _diverged_seeds(row: Any, more: str = "") -> str:
    count = row["diverged_seeds"]
    where = f" at iteration {row['diverged_at']}" if row["diverged_at"] else ""
    return f"{count:.0f} {more}{'seeds' if count > 1 else 'seed'} diverged{where}"


def seeds_text(row: Any) -> str:
    """How many training seeds are in the score; of how many, where a report is partial."""
    if not row["missing_seeds"]:
        return f"{row['seeds']:.0f}"
    every = row["seeds"] + row["diverged_seeds"] + row["missing_seeds"]
    return f"{row['seeds']:.0f} of {every:.0f}"


def joint_text(row: Any) -> str:
    """The half-width over training seeds and episodes together, or why there is none."""
    return "one seed" if row["seeds"] < 2 else formats.number(row["joint_ci95"], row["task"])


def _trimmed(row: Any) -> str:
    return "trimmed " + formats.plus_minus(row["robust"], row["robust_ci95"], row["task"])


def results_text(results: pd.DataFrame) -> pd.DataFrame:
    """For readers: what is measured, on what, and the published number beside it."""
    as_error = results["published_metric"] == "error"
    with_error = as_error.groupby(results["dataset"]).transform("any")
    rows = []
    for (_, row), error in zip(results.iterrows(), with_error, strict=True):
        measured = row["status"] == "finished" and pd.notna(row["mean"])
        cell = {
            "Data set": data_text(row),
            "Setting": formats.setting(row["way"], row["shot"], row["task"]),
            "Algorithm": row["title"],
            "Mode": or_none(row["mode"]),
            "Score ± 95 % over episodes": score_text(row),
            "Error %": formats.plus_minus(row["error"], row["ci95"], row["task"]) if error else "-",
            "SD over seeds": formats.number(row["seed_sd"], row["task"]) if measured else "-",
            "± 95 % over seeds": formats.number(row["seed_ci95"], row["task"]) if measured else "-",
            "± 95 % over both": joint_text(row) if measured else "-",
            "Seeds": seeds_text(row) if measured else "-",
            "Episodes × queries": _episodes_text(row),
            "Digest": "-" if pd.isna(row["episodes_sha256"]) else row["episodes_sha256"][:8],
            "Backbone": or_none(row["backbone"]),
            "Checkpoint": or_none(row["checkpoint"]),
            "Iterations": iterations_text(row),
            "Published": published_text(row),
            "Ours − published": formats.signed(row["gap"], float("nan"), row["task"]),
            "Source": or_none(row["published_source"]),
        }
        rows.append(cell)
    text = pd.DataFrame(rows)
    return text if with_error.any() else text.drop(columns="Error %")


def data_text(row: Any) -> str:
    """The data set; of a subset, how much of it there is to be tested on."""
    if pd.isna(row["test_images"]):
        return str(row["dataset"])
    count = f"{formats.count(row['test_images'])} images of {row['test_classes']:.0f} classes"
    return f"{row['dataset']} (a subset: {count})"


def or_none(value: Any) -> str:
    """The value as text, or a dash where there is none."""
    return formats.NONE if pd.isna(value) else str(value)


def _episodes_text(row: Any) -> str:
    return "-" if pd.isna(row["queries"]) else f"{row['episodes']:.0f} × {row['queries']:.0f}"


def iterations_text(row: Any) -> str:
    """Iterations, and their share of the published protocol."""
    done, full = row["iterations"], row["published_iterations"]
    if pd.isna(done) or done == 0:
        return formats.NONE
    if pd.isna(full) or not full:
        return formats.count(done)
    return f"{formats.count(done)} ({formats.share(done / full)})"


def published_text(row: Any) -> str:
    """The published number, marked where it is not like for like or not read in its source."""
    if pd.isna(row["published"]):
        return formats.NONE
    half = f" ± {row['published_ci95']:g}" if pd.notna(row["published_ci95"]) else ""
    marks = ["other split" if row["published_split"] else ""]
    other = pd.notna(row["backbone"]) and row["published_backbone"] not in ("", row["backbone"])
    marks += ["other network" if other else ""]
    marks += ["from memory" if row["published_verified"] != "read" else ""]
    tail = ", ".join(mark for mark in marks if mark)
    unit = "error " if row["published_metric"] == "error" else ""
    return f"{unit}{row['published']:g}{half}" + (f" ({tail})" if tail else "")
