"""What figures are drawn of."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from metabench.files.config_tables import PROJECT_FOLDER
from metabench.report import published
from metabench.report.data import Report
from metabench.report.numbers import results_numbers
from metabench.report.tables.steps import steps_numbers


class Found(NamedTuple):
    """The results of a study, computed once for all its figures."""

    report: Report
    table: pd.DataFrame  # ``results_numbers``
    steps: pd.DataFrame  # ``steps_numbers``
    results: Path  # ``results``: predictions, episodes and images


def find(report: Report, results: Path, config: Path = PROJECT_FOLDER) -> Found:
    """What there is to draw of a report; ``config`` has the published numbers."""
    papers = published.load(config)
    return Found(report, results_numbers(report, papers), steps_numbers(report, papers), results)
