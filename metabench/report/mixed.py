"""What the runs of one report differ in and should not: code, libraries, devices."""

from __future__ import annotations

import pandas as pd

SHARED = {
    "engine_code": "versions of metabench’s training code",
    "versions.metabench": "versions of metabench",
    "versions.python": "versions of Python",
    "versions.torch": "versions of torch",
    "versions.numpy": "versions of numpy",
    "device": "devices",
}


def mixed(runs: pd.DataFrame) -> list[str]:
    """A sentence for each thing that runs which stand side by side do not share.

    Args:
        runs: rows of ``runs.csv``. A run that says nothing of a thing, as an external program may,
            differs from none.
    """
    sentences = []
    for column, name in SHARED.items():
        values = _different(runs, column)
        if len(values) > 1:
            told = ", ".join(value[:12] if "code" in column else value for value in values)
            sentences.append(f"The runs are of {len(values)} {name}: {told}.")
    for algorithm, here in runs.groupby("algorithm", sort=False):
        codes = max((len(_different(rows, "code")) for rows in _by_backbone(here)), default=0)
        if codes > 1:
            sentences.append(f"The runs of {algorithm} are of {codes} versions of its code.")
    return sentences


def _different(runs: pd.DataFrame, column: str) -> list[str]:
    """What runs were trained with, and what they were tested with."""
    both = [name for name in (column, f"evaluated.{column}") if name in runs]
    return sorted({str(value) for name in both for value in runs[name].dropna()})


def _by_backbone(runs: pd.DataFrame) -> list[pd.DataFrame]:
    """A network's code is part of an algorithm's: only runs with the same network are alike."""
    if "backbone" not in runs:
        return [runs]
    return [rows for _, rows in runs.groupby("backbone")]
