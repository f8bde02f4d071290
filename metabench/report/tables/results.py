"""For readers: what is measured, on what, and the published number beside it."""

from __future__ import annotations

from typing import Any

import pandas as pd

from metabench.report import formats
from metabench.report.verdicts import is_another_backbone


def score_text(row: Any, trimmed: bool = False) -> str:
    """The score of a row of ``results_numbers``, or why there is none.

    How many episodes diverged stands beside it, and in regression, or where ``trimmed``, the
    trimmed mean.
    """
    if row["status"] == "published":
        return formats.NONE
    if row["status"] == "missing":
        return f"missing; {diverged_seeds_text(row)}" if row["diverged_seeds"] > 0 else "missing"
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
        text += f"; {diverged_seeds_text(row, 'more ')}"
    if row["missing_seeds"] > 0:
        text += f"; {row['missing_seeds']} seed{'s' * (row['missing_seeds'] > 1)} missing"
    return text


def diverged_text(row: Any) -> str:
    """How many episodes of all seeds diverged, in the words of the task."""
    what = "diverged" if row["task"] == "regression" else "had no answer"
    among = row["episodes"] * row["seeds"]
    return f"{row['diverged_episodes']:.0f} of {among:.0f} episodes {what}"


def diverged_seeds_text(row: Any, more: str = "") -> str:
    """How many training seeds diverged, and where."""
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
    other = is_another_backbone(row["backbone"], row["published_backbone"])
    marks += ["other network" if other else ""]
    marks += ["from memory" if row["published_verified"] != "read" else ""]
    tail = ", ".join(mark for mark in marks if mark)
    unit = "error " if row["published_metric"] == "error" else ""
    return f"{unit}{row['published']:g}{half}" + (f" ({tail})" if tail else "")
