"""Differences to pre-training on the same episodes."""

from __future__ import annotations

from typing import Any

import pandas as pd

from metabench.report import formats, statistics
from metabench.report.data import BASELINES, Report, in_order


def paired_numbers(report: Report) -> pd.DataFrame:
    """Differences to pre-training on the same episodes, with what they say."""
    table = statistics.paired(report.scores, BASELINES)
    tasks = {name: about["task"] for name, about in report.datasets.items()}
    table["task"] = table["dataset"].map(tasks)
    for name in ("algorithm", "baseline"):
        table[f"{name}_title"] = table[name].map(report.titles)
    images = table["task"] == "classification"
    for name in ("difference", "ci95", "robust", "robust_ci95"):
        table[name] = table[name].where(~images, 100 * table[name])
    table["verdict"] = [verdict(row) for _, row in table.iterrows()]
    return in_order(table, report)


def verdict(row: Any) -> str:
    """better, worse, or neither by the 95 % interval of the paired difference.

    Where an episode diverged, the plain mean says little: the trimmed mean is asked.
    """
    trimmed = row["diverged_episodes"] > 0
    difference = row["robust" if trimmed else "difference"]
    half = row["robust_ci95" if trimmed else "ci95"]
    if pd.isna(half):
        return "unknown"
    tail = " (trimmed mean)" if trimmed else ""
    if abs(difference) <= half:
        return "no difference seen" + tail
    higher_is_better = row["task"] == "classification"
    return ("better" if (difference > 0) == higher_is_better else "worse") + tail


def paired_text(paired: pd.DataFrame) -> pd.DataFrame:
    """Algorithm minus baseline, in points of accuracy or in mean squared error."""
    rows = [
        {
            "Data set": row["dataset"],
            "Setting": formats.setting(row["way"], row["shot"], row["task"]),
            "Algorithm": row["algorithm_title"],
            "Mode": row["mode"],
            "Baseline": f"{row['baseline_title']} ({row['baseline_mode']})",
            "Difference ± 95 %": formats.signed(row["difference"], row["ci95"], row["task"]),
            "Trimmed ± 95 %": formats.signed(row["robust"], row["robust_ci95"], row["task"]),
            "Episodes": str(row["episodes"]),
            "Against the baseline": row["verdict"],
        }
        for _, row in paired.iterrows()
    ]
    names = ["Data set", "Setting", "Algorithm", "Mode", "Baseline", "Difference ± 95 %"]
    names += ["Trimmed ± 95 %", "Episodes", "Against the baseline"]
    return pd.DataFrame(rows, columns=names)
