"""docs/results.md explains every column of every table, of the files of `collect`, and of a run."""

from __future__ import annotations

import re
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path

import fake_study
import pandas as pd
import pytest
from documents import PROJECT, prose

from metabench.report.data import read_report
from metabench.report.names import TABLE_NAMES
from metabench.report.tables.write import make_tables

PAGE = prose((PROJECT / "docs" / "results.md").read_text(encoding="utf-8"))
# Between backticks: `a`, `a, b`, or `published_*` for all that begin so.
NAMED = {name for span in re.findall(r"`([^`]+)`", PAGE) for name in span.split(", ")}
SETTING = re.compile(r"\w+ (\d+-way )?\d+-shot \((%|MSE)\)|\d+ steps?")  # explained as such


def explained(name: str) -> bool:
    """Whether a column of numbers is."""
    return any(fnmatch(name, pattern) for pattern in NAMED) or bool(SETTING.fullmatch(name))


def explained_to_readers(name: str) -> bool:
    """Whether a column of text is: its heading stands in a table of the page, or in bold."""
    first = {line.strip("| ").split(" | ")[0] for line in PAGE.splitlines() if line[:1] == "|"}
    listed = first | {part for cell in first for part in cell.split(", ")}
    return name in listed or bool(SETTING.fullmatch(name))


@pytest.fixture(scope="module")
def tables(collected: dict[str, Path]) -> dict[str, tuple[pd.DataFrame, pd.DataFrame]]:
    return make_tables(read_report(collected["report"], fake_study.STUDY))


@pytest.mark.parametrize("table", TABLE_NAMES)
def test_every_column_of_a_table_is_explained(tables, table: str) -> None:
    numbers, text = tables[table]
    assert [name for name in numbers if not explained(name)] == []
    assert [name for name in text if not explained_to_readers(name)] == []


@pytest.mark.parametrize("file", ["scores.csv.gz", "steps.csv"])
def test_every_column_of_a_file_of_collect_is_explained(
    collected: dict[str, Path], file: str
) -> None:
    columns = pd.read_csv(collected["report"] / file)
    assert [name for name in columns if not explained(name)] == []


def test_every_key_of_a_run_is_explained() -> None:
    run = fake_study.run_json("sinusoid", "maml", 0)
    assert [key for key in run if not explained(key)] == []
    assert [key for key in run["cost"] if not explained(key)] == []


def test_energy_has_a_column_where_a_device_told_it(collected: dict[str, Path]) -> None:
    report = read_report(collected["report"], fake_study.STUDY)
    assert "Energy" not in make_tables(report)["cost"][1]
    told = replace(report, runs=report.runs.assign(**{"cost.joules": 2500.0}))
    numbers, text = make_tables(told)["cost"]
    assert set(numbers["joules"]) == {2500.0}
    assert set(text["Energy"]) == {"2.5 kJ"}
