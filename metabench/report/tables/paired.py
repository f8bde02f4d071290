"""Differences to pre-training on the same episodes."""

from __future__ import annotations

import pandas as pd

from metabench.report.data import Report
from metabench.report.statistics import against
from metabench.report.tables.pairs import pair_numbers, pair_text


def paired_numbers(report: Report) -> pd.DataFrame:
    """Each algorithm minus each pre-training baseline, and what that says."""
    return pair_numbers(report, against(report.baselines), "baseline")


def paired_text(paired: pd.DataFrame) -> pd.DataFrame:
    """The same for readers."""
    return pair_text(paired, "baseline")
