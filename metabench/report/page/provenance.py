"""What the numbers were made with, from the runs themselves, and how to make them again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from metabench.report import formats
from metabench.report.data import Report
from metabench.setting import read_setting

DEFAULT = Path("config/config.yaml")


def command(study_file: Path) -> str:
    """What makes the report of ``study_file``, from the project's folder."""
    if study_file == DEFAULT:
        return "snakemake --cores all"
    return f"snakemake --cores all --configfile {study_file}"


def checkout(report: Report) -> list[str]:
    """The commands that bring the code of the runs; none where no commit is known."""
    commits = _different(report.runs, "git_commit")
    if not commits:
        return []
    clean = list(dict.fromkeys(commit.removesuffix("-dirty") for commit in commits))
    lines = [f"git checkout {clean[0]}"]
    if len(clean) > 1:
        lines.append(f"# other runs: {', '.join(clean[1:])}")
    if any(commit.endswith("-dirty") for commit in commits):
        lines.append("# with changes that were not committed")
    return lines


def provenance(report: Report) -> dict[str, str]:
    """Each fact with every value that the runs of the study have."""
    runs = report.runs
    lost = int((runs["status"] == "diverged").sum())
    facts = {
        "Runs": f"{len(runs)}" + (f", {lost} of them on a model that diverged" if lost else ""),
        "Training seeds": _values(runs, "seed"),
        "Git commit": _values(runs, "git_commit"),
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
    for dataset, here in runs.groupby("dataset", sort=False):
        digests = _different(here, "data_sha256")
        if digests:
            facts[f"Data of {dataset}"] = f"sha256 {', '.join(digests)}"
        others = here[report.trained_elsewhere()[here.index]]
        if len(others):
            told = dict.fromkeys(zip(others["trained_in"], others["task"], strict=True))
            names = [formats.setting(*read_setting(text), task) for text, task in told]
            facts[f"Models of {dataset}"] = (
                f"trained in {', '.join(names)}, tested in other settings too"
            )
    for _, here in runs.groupby(["dataset", "way", "shot"], sort=False):
        first = here.iloc[0]
        setting = formats.setting(first["way"], first["shot"], first["task"])
        text = f"{first['episodes']} of {first['queries']} queries, sha256 "
        text += ", ".join(_different(here, "episodes_sha256"))
        facts[f"Test episodes of {first['dataset']}, {setting}"] = text
    return {name: text for name, text in facts.items() if text}


def cut_down(report: Report) -> str:
    """A clause about runs that trained for less than the published iterations, or nothing."""
    runs = report.runs
    if not {"iterations", "published_iterations"} <= set(runs.columns):
        return ""
    whole = runs[runs["status"] == "finished"]  # one that diverged was not cut down
    trained = whole[(whole["published_iterations"] > 0) & (whole["iterations"] > 0)]
    share = trained["iterations"] / trained["published_iterations"]
    short = share[share < 1]
    if short.empty:
        return ""
    low, high = formats.share(short.min(), 2), formats.share(short.max(), 2)
    who = f"{len(short)} of {len(runs)} runs"
    if len(short) == len(trained):
        unknown = (whole["iterations"] > 0).sum() > len(trained)
        who = "every algorithm" + " whose published length is known" * bool(unknown)
    among = low if low == high else f"{low.removesuffix(' %')} to {high}"
    return f"{who} trained for {among} of the published iterations"


def _values(runs: pd.DataFrame, column: str) -> str:
    return ", ".join(_different(runs, column))


def _different(runs: pd.DataFrame, column: str) -> list[str]:
    if column not in runs:
        return []
    return list(dict.fromkeys(_text(value) for value in runs[column].dropna()))


def _text(value: Any) -> str:
    """A count without the point that a column with gaps gives it."""
    return f"{value:g}" if isinstance(value, float) else str(value)
