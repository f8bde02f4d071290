"""The page of each record in docs/reproduction, with the tables that it gives."""

from __future__ import annotations

from pathlib import Path

from metabench.docs.marks import replaced
from metabench.docs.record import SHOWN, kept, papers_of
from metabench.errors import MetabenchError
from metabench.report import published
from metabench.report.data import read_report
from metabench.report.formats import markdown
from metabench.report.join import STUDY
from metabench.report.mixed import mixed
from metabench.report.numbers import results_numbers
from metabench.report.tables.summary import summary_text
from metabench.study.file import read_study

PAGE = "README.md"  # of a record, in its folder
REASONS = "Known reasons"


def record_pages(project: Path) -> dict[Path, str]:
    """The page of each record: its scores, and what stands in papers beside them, in what it says.

    Raises:
        MetabenchError: where a page is missing, or has no place for them.
    """
    return {folder / PAGE: _with_tables(folder) for folder in kept(project)}


def _with_tables(folder: Path) -> str:
    page, (begin, end) = folder / PAGE, marks(folder.name)
    if not page.is_file():
        raise MetabenchError(
            f"{page}: no such file; write what the record is of, and the lines {begin.strip()} and "
            f"{end.strip()} for its tables"
        )
    return replaced(page, begin, end, tables(folder))


def marks(name: str) -> tuple[str, str]:
    """The lines around what a record gives."""
    return f"<!-- the record of {name} -->\n", f"<!-- end of the record of {name} -->\n"


def tables(folder: Path) -> str:
    """The scores of the runs that are there, and the table of those that a paper has too."""
    report = read_report(folder, read_study(folder / STUDY))
    results = results_numbers(report, published.load())
    text = markdown(summary_text(results[results["status"] != "missing"]), mixed(report.runs))
    beside = papers_of(folder)
    of_one = beside["Data set"].nunique() == 1  # which need not be said in every row
    shown = beside[[*(SHOWN[1:] if of_one else SHOWN), REASONS]]
    return f"{text}\n{markdown(shown)}" if len(beside) else text
