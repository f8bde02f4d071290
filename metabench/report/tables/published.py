"""Ours beside the papers' numbers: a row for each cell of ours that has one."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from metabench.report import formats, reasons
from metabench.report.data import Report
from metabench.report.published import of_cell
from metabench.report.statistics import CELL
from metabench.report.tables.results import diverged_text, or_none
from metabench.report.tables.steps import at_step
from metabench.report.verdicts import (
    ONE_SEED,
    Row,
    better,
    compare,
    half_width,
    in_metric,
    lacks_scale,
    nearest,
    of_another_mode,
    share,
)

PLACE = ["dataset", "way", "shot", "algorithm"]
OURS = ["ours", "ours_ci95", "robust", "seeds", "episodes", "diverged_episodes", "share"]
THEIRS = ["published", "published_ci95", "key", "source", "others"]
COLUMNS = [*CELL, "step", "title", "task", "metric", *OURS, *THEIRS]
COLUMNS += ["gap", "gap_ci95", "verdict", "why", "reasons"]
NO_SCALE = "Batch normalisation has a scale there, and none here"


def published_numbers(
    report: Report, results: pd.DataFrame, papers: pd.DataFrame, known: pd.DataFrame
) -> pd.DataFrame:
    """One row a cell that has a published number, and one each where a paper has several steps.

    Of several published numbers the nearest is taken (``verdicts.nearest``), and the others are
    named, but for those of another mode. A cell whose only published numbers are of another mode
    has a row only where no other mode of its algorithm has one of its own.

    Args:
        report: the study and its results.
        results: ``results_numbers``.
        papers: rows of ``config/published.csv``.
        known: rows of ``config/reasons.csv``.
    """
    rows = []
    for _, found in results[results["status"] != "published"].iterrows():
        cell = {str(name): value for name, value in found.items()}
        here = of_cell(papers, *(cell[name] for name in PLACE))
        for _, group in here.groupby("step", dropna=False):
            step = group["step"].iloc[0]
            ours = cell if pd.isna(step) else at_step(report, cell, int(step))
            rows.append({**beside(ours, group), "step": step})
    served = {_place(row) for row in rows if not row["of_another_mode"]}
    rows = [
        {**row, "reasons": _reasons(row, known)}
        for row in rows
        if not row["of_another_mode"] or _place(row) not in served
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def beside(ours: Row, candidates: pd.DataFrame) -> Row:
    """A row of the table: ours, the nearest of the published numbers, and what it says."""
    paper, *others = nearest(ours, candidates)
    others = [other for other in others if other["mode"] in ("", paper["mode"])]
    return {
        **{name: ours[name] for name in [*CELL, "title", "task", "seeds", "episodes"]},
        "metric": paper["metric"],
        "ours": in_metric(ours["mean"], paper["metric"]),
        "ours_ci95": half_width(ours),
        "robust": in_metric(ours["robust"], paper["metric"]),
        "diverged_episodes": ours["diverged_episodes"],
        "share": share(ours) if ours["status"] == "finished" else math.nan,
        "published": paper["value"],
        "published_ci95": paper["ci95"],
        "of_another_mode": of_another_mode(ours, paper),
        "lacks_scale": lacks_scale(ours, paper),
        "key": paper["key"],
        "source": paper["paper"],
        "others": "; ".join(f"{other['value']:g} ({other['key']})" for other in others),
        **compare(ours, paper),
    }


def _place(row: Row) -> tuple[Any, ...]:
    return (*(row[name] for name in PLACE), str(row["step"]))


def _reasons(row: Row, known: pd.DataFrame) -> str:
    """Known reasons for a difference; a number that is reproduced needs none."""
    if row["verdict"] == "reproduced":
        return ""
    return "; ".join([*reasons.known(known, row, row["key"]), *[NO_SCALE] * row["lacks_scale"]])


def published_text(table: pd.DataFrame) -> pd.DataFrame:
    """For readers."""
    rows = [
        {
            "Data set": row["dataset"],
            "Setting": _setting(row),
            "Algorithm": row["title"],
            "Mode": or_none(row["mode"]),
            "Ours ± 95 %": ours_text(row),
            "Published ± 95 %": _published(row),
            "Ours − published ± 95 %": formats.signed(row["gap"], row["gap_ci95"], row["task"]),
            "Verdict": _verdict(row),
            "Remarks": row["why"] or formats.NONE,
            "Known reasons": row["reasons"] or formats.NONE,
            "Source": row["source"],
        }
        for _, row in table.iterrows()
    ]
    names = ["Data set", "Setting", "Algorithm", "Mode", "Ours ± 95 %"]
    names += ["Published ± 95 %"]
    names += ["Ours − published ± 95 %", "Verdict", "Remarks", "Known reasons", "Source"]
    return pd.DataFrame(rows, columns=names)


def ours_text(row: Any) -> str:
    """Ours with its interval; how many episodes diverged, and of errors the mean without tails."""
    text = _unit(row) + formats.plus_minus(row["ours"], row["ours_ci95"], row["task"])
    if ONE_SEED in str(row["why"]):
        text += f" ({ONE_SEED})"
    if not row["diverged_episodes"] > 0:
        return text
    text += f"; {diverged_text(row)}"
    if row["task"] == "classification":
        return text
    return f"{text}; trimmed {formats.number(row['robust'], row['task'])}"


def _setting(row: Any) -> str:
    text = formats.setting(row["way"], row["shot"], row["task"])
    return text if pd.isna(row["step"]) else f"{text}, step {row['step']:.0f}"


def _published(row: Any) -> str:
    half = f" ± {row['published_ci95']:g}" if pd.notna(row["published_ci95"]) else ""
    also = f"; others: {row['others'].replace('; ', ', ')}" if row["others"] else ""
    return f"{_unit(row)}{row['published']:g}{half}{also}"


def _unit(row: Any) -> str:
    return "error " if row["metric"] == "error" else ""


def _verdict(row: Any) -> str:
    which = better(row["metric"], row["verdict"])
    return f"{row['verdict']} ({which})" if which else str(row["verdict"])
