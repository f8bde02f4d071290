"""What each algorithm took."""

from __future__ import annotations

import pandas as pd

from metabench.report import formats
from metabench.report.numbers import COSTS
from metabench.report.tables.results import iterations_text, or_none


def cost_numbers(results: pd.DataFrame) -> pd.DataFrame:
    """What each algorithm took in each setting, mean over seeds."""
    ours = results[results["status"].isin(["finished", "diverged"])]
    names = ["dataset", "way", "shot", "algorithm", "title", "task", "status", "iterations"]
    names += ["published_iterations", *COSTS, "device"]
    return ours.drop_duplicates(["dataset", "way", "shot", "algorithm"])[names]


def cost_text(results: pd.DataFrame) -> pd.DataFrame:
    """The same in units that suit."""
    rows = [
        {
            "Data set": row["dataset"],
            "Setting": formats.setting(row["way"], row["shot"], row["task"]),
            "Algorithm": row["title"],
            "Iterations (of published)": iterations_text(row),
            "Training": formats.seconds(row["train_seconds"]),
            "Gradients (examples)": formats.count(row["gradients"]),
            "Hessian-vector products": formats.count(row["hessian_vector_products"]),
            "Testing": formats.seconds(row["evaluate_seconds"]),
            "Peak memory": "-"
            if pd.isna(row["peak_memory_mb"])
            else f"{row['peak_memory_mb']:.0f} MB",
            "Energy": "-" if pd.isna(row["joules"]) else f"{row['joules'] / 1e3:.3g} kJ",
            "Device": or_none(row["device"]),
        }
        for _, row in cost_numbers(results).iterrows()
    ]
    text = pd.DataFrame(rows)
    known = cost_numbers(results)["joules"].notna().any()
    return text if known else text.drop(columns="Energy", errors="ignore")
