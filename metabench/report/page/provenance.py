"""What the numbers were made with, from the runs themselves."""

from __future__ import annotations

import pandas as pd

from metabench.report import formats
from metabench.report.data import Report


def provenance(report: Report) -> dict[str, str]:
    """Each fact with every value that the runs of the study have."""
    runs = report.runs
    lost = int((runs["status"] == "diverged").sum())
    facts = {
        "Runs": f"{len(runs)}" + (f", {lost} of them diverged" if lost else ""),
        "Training seeds": _values(runs, "seed"),
        "Git commit": _values(runs, "git_commit", cut=12),
        **{
            name.removeprefix("versions.").capitalize(): _values(runs, name)
            for name in runs.columns
            if name.startswith("versions.")
        },
        "Device": _values(runs, "device"),
        "Threads": _values(runs, "threads"),
        "Backbone": _values(runs, "backbone"),
        "Checkpoint": _values(runs, "checkpoint.protocol"),
    }
    for _, here in runs.groupby(["dataset", "way", "shot"], sort=False):
        first = here.iloc[0]
        setting = formats.setting(first["way"], first["shot"], first["task"])
        digest = str(first["episodes_sha256"])[:16]
        text = f"{first['episodes']} of {first['queries']} queries, sha256 {digest}…"
        facts[f"Test episodes of {first['dataset']}, {setting}"] = text
    return {name: text for name, text in facts.items() if text}


def cut_down(report: Report) -> str:
    """A clause about runs that trained for less than the published iterations, or nothing."""
    runs = report.runs
    if not {"iterations", "published_iterations"} <= set(runs.columns):
        return ""
    trained = runs[(runs["published_iterations"] > 0) & (runs["iterations"] > 0)]
    share = 100 * trained["iterations"] / trained["published_iterations"]
    short = trained[share < 100]
    if short.empty:
        return ""
    low, high = f"{share[short.index].min():.2g}", f"{share[short.index].max():.2g}"
    who = "every algorithm" if len(short) == len(trained) else f"{len(short)} of {len(runs)} runs"
    among = low if low == high else f"{low} to {high}"
    return f"{who} trained for {among} % of the published iterations"


def _values(runs: pd.DataFrame, column: str, cut: int | None = None) -> str:
    if column not in runs:
        return ""
    found = dict.fromkeys(str(value)[:cut] for value in runs[column].dropna())
    return ", ".join(text.removesuffix(".0") for text in found)
