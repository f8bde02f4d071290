"""The tables of a report: numbers as plain frames first, then as text.

Each table is written thrice: ``.csv`` has every number in full, a row a cell, for programs;
``.md`` and ``.tex`` have the same as text, for readers, and say below what the runs differ in and
should not. Accuracies are in percent.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from metabench.files.config_tables import PROJECT_FOLDER
from metabench.files.whole import write_text
from metabench.report import formats, published, reasons
from metabench.report.data import Report, read_report
from metabench.report.mixed import mixed
from metabench.report.names import TABLE_FORMATS
from metabench.report.numbers import results_numbers
from metabench.report.tables.comparisons import comparison_numbers, comparison_text
from metabench.report.tables.cost import cost_numbers, cost_text
from metabench.report.tables.gaps import gaps_text
from metabench.report.tables.paired import paired_numbers, paired_text
from metabench.report.tables.published import published_numbers, published_text
from metabench.report.tables.ranks import rank_numbers, rank_text
from metabench.report.tables.results import results_text
from metabench.report.tables.steps import steps_numbers, steps_text
from metabench.report.tables.summary import summary_numbers, summary_text
from metabench.study.file import StudyFile


def write_tables(report: Path, study: StudyFile, config: Path = PROJECT_FOLDER) -> None:
    """Write ``report/tables/<name>.{csv,md,tex}`` for every name of ``TABLE_NAMES``.

    A partial report has ``gaps`` beside them.

    Args:
        report: ``reports/<study>``, with what ``metabench collect`` wrote.
        study: what is asked for.
        config: with ``published.csv`` and ``reasons.csv``.
    """
    found = read_report(report, study)
    notes, folder = mixed(found.runs), report / "tables"
    tables = make_tables(found, config)
    for end in () if "gaps" in tables else TABLE_FORMATS:
        (folder / f"gaps.{end}").unlink(missing_ok=True)  # of a report that has none any more
    for name, (numbers, text) in tables.items():
        write_text(folder / f"{name}.csv", numbers.to_csv(index=False, float_format="%.6g"))
        write_text(folder / f"{name}.md", formats.markdown(text, notes))
        write_text(folder / f"{name}.tex", formats.latex(text, notes))


def make_tables(
    report: Report, config: Path = PROJECT_FOLDER
) -> dict[str, tuple[pd.DataFrame, pd.DataFrame]]:
    """By name: the numbers, and the same as text."""
    papers = published.load(config)
    results = results_numbers(report, papers)
    steps = steps_numbers(report, papers)
    paired = paired_numbers(report)
    comparisons = comparison_numbers(report)
    beside = published_numbers(report, results, papers, reasons.load(config))
    tables = {
        "summary": (summary_numbers(results), summary_text(results)),
        "results": (results, results_text(results)),
        "published": (beside, published_text(beside)),
        "steps": (steps, steps_text(steps)),
        "paired": (paired, paired_text(paired)),
        "comparisons": (comparisons, comparison_text(comparisons)),
        "ranks": (rank_numbers(results), rank_text(results)),
        "cost": (cost_numbers(results), cost_text(results)),
    }
    if len(report.gaps):
        tables["gaps"] = (report.gaps, gaps_text(report.gaps))
    return tables
