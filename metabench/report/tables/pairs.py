"""What the two tables of paired differences share."""

from __future__ import annotations

from typing import Any

import pandas as pd

from metabench.report import formats
from metabench.report.data import Report, in_order
from metabench.report.statistics import compare
from metabench.report.statistics.pairs import Choice
from metabench.report.tables.results import joint_text

LEVEL = 0.05
SCALED = ["difference", "ci95", "robust", "robust_ci95", "joint_ci95", "sd", "least_difference"]


def pair_numbers(report: Report, choose: Choice, other: str) -> pd.DataFrame:
    """Differences on the same episodes, in points of accuracy or in squared error.

    Args:
        report: the results.
        choose: which pairs: ``against`` or ``among`` of ``metabench.report.statistics``.
        other: what the second of a pair is called.
    """
    table = compare(in_order(report.scores, report), choose)
    tasks = {name: about["task"] for name, about in report.datasets.items()}
    table["task"] = table["dataset"].map(tasks)
    for name in ("algorithm", "other"):
        table[f"{name}_title"] = table[name].map(report.titles)
    images = table["task"] == "classification"
    for name in SCALED:
        table[name] = table[name].where(~images, 100 * table[name])
    table["wins"] = table["higher"].where(images, table["lower"])
    table["losses"] = table["lower"].where(images, table["higher"])
    table["verdict"] = [verdict(row) for _, row in table.iterrows()]
    table["again"] = [again(row) for _, row in table.iterrows()]
    called = {f"other{end}": f"{other}{end}" for end in ("", "_mode", "_title")}
    return table.drop(columns=["higher", "lower"]).rename(columns={"equal": "ties", **called})


def verdict(row: Any) -> str:
    """better, worse, or neither, after Holm's correction over the table's pairs of a setting.

    The sign-flip test of the mean is asked. Where an episode diverged, the mean says little: then
    Wilcoxon's test of the order is asked, and the trimmed mean for the side.
    """
    trimmed = row["diverged_episodes"] > 0
    p = row["holm_rank" if trimmed else "holm_flip"]
    difference = row["robust" if trimmed else "difference"]
    if pd.isna(p) or pd.isna(difference):
        return "unknown"
    tail = " (trimmed mean)" if trimmed else ""
    if p >= LEVEL or difference == 0:
        return "no difference seen" + tail
    higher_is_better = row["task"] == "classification"
    return ("better" if (difference > 0) == higher_is_better else "worse") + tail


def again(row: Any) -> str:
    """Whether the difference would be expected to stand if all were trained again.

    One comparison at 5 %, by the interval over seeds and episodes: it is not corrected.
    """
    if row["seeds"] < 2:
        return "one seed"
    if pd.isna(row["joint_ci95"]):
        return "unknown"
    return "stands" if abs(row["difference"]) > row["joint_ci95"] else "open"


def pair_text(pairs: pd.DataFrame, other: str) -> pd.DataFrame:
    """The same for readers: the first of a pair minus the second."""
    heading = other.capitalize()
    rows = [
        {
            "Data set": row["dataset"],
            "Setting": formats.setting(row["way"], row["shot"], row["task"]),
            "Algorithm": f"{row['algorithm_title']} ({row['mode']})",
            heading: f"{row[f'{other}_title']} ({row[f'{other}_mode']})",
            "Difference ± 95 % over episodes": _signed(row, "difference", "ci95"),
            "Verdict": row["verdict"],
            "± 95 % over both": joint_text(row),
            "Trained again": row["again"],
            "Trimmed ± 95 %": _signed(row, "robust", "robust_ci95"),
            "Wins, ties, losses": f"{row['wins']}, {row['ties']}, {row['losses']}",
            "p, sign flips (Holm)": formats.p_value(row["holm_flip"]),
            "p, Wilcoxon (Holm)": formats.p_value(row["holm_rank"]),
            "Episodes needed": formats.count(row["episodes_needed"]),
        }
        for _, row in pairs.iterrows()
    ]
    names = ["Data set", "Setting", "Algorithm", heading, "Difference ± 95 % over episodes"]
    names += ["Verdict", "± 95 % over both", "Trained again", "Trimmed ± 95 %"]
    names += ["Wins, ties, losses", "p, sign flips (Holm)", "p, Wilcoxon (Holm)", "Episodes needed"]
    return pd.DataFrame(rows, columns=names)


def _signed(row: Any, value: str, half: str) -> str:
    return formats.signed(row[value], row[half], row["task"])
