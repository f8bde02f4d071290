"""docs/reproduction.md, with the tables that the records give."""

from __future__ import annotations

from pathlib import Path

from metabench.docs.marks import replaced
from metabench.docs.record import SHOWN, kept, papers_of
from metabench.report import published
from metabench.report.data import read_report
from metabench.report.formats import markdown
from metabench.report.join import STUDY
from metabench.report.mixed import mixed
from metabench.report.numbers import results_numbers
from metabench.report.tables.summary import summary_text
from metabench.study.file import read_study

PAGE = Path("docs/reproduction.md")
REASONS = "Known reasons"


def with_records(project: Path) -> str:
    """The page with the scores of each record, and with what stands in papers beside them.

    Raises:
        MetabenchError: where the page has no place for a record.
    """
    text = (project / PAGE).read_text(encoding="utf-8")
    for folder in kept(project):
        text = replaced(text, *marks(folder.name), tables(folder))
    return text


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
