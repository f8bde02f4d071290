"""Differences between algorithms on the same episodes, pre-training left to ``paired``."""

from __future__ import annotations

import pandas as pd

from metabench.report.data import Report
from metabench.report.statistics import among
from metabench.report.tables.pairs import pair_numbers, pair_text


def comparison_numbers(report: Report) -> pd.DataFrame:
    """Each algorithm minus each that stands below it in the grid, and what that says."""
    return pair_numbers(report, among(report.baselines), "other")


def comparison_text(comparisons: pd.DataFrame) -> pd.DataFrame:
    """The same for readers."""
    return pair_text(comparisons, "other")
