"""The runs that a partial report lacks."""

from __future__ import annotations

import pandas as pd

from metabench.report import formats


def gaps_text(gaps: pd.DataFrame) -> pd.DataFrame:
    """Each with what is known of it."""
    rows = [
        {
            "Data set": row["dataset"],
            "Setting": formats.setting(row["way"], row["shot"], row["task"]),
            "Algorithm": row["title"],
            "Seed": str(row["seed"]),
            "What is known": row["why"],
        }
        for _, row in gaps.iterrows()
    ]
    return pd.DataFrame(rows)
