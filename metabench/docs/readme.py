"""README's table and figure, and the record of the numbers behind them, from a report."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from metabench.docs.marks import replaced
from metabench.docs.record import beside_papers, copy
from metabench.errors import MetabenchError
from metabench.files.whole import write_text

BEGIN, END = "<!-- the default study's table -->\n", "<!-- end of the table -->\n"
PAPERS, PAPERS_END = "<!-- beside the papers -->\n", "<!-- end of what is beside them -->\n"
RECORD = Path("docs/figures/default.csv")
FIGURE = Path("docs/figures/curves-sinusoid.png")
COLUMNS = (
    *("dataset", "way", "shot", "algorithm", "mode", "title", "task", "status"),
    *("mean", "ci95", "seed_sd", "seeds", "episodes", "episodes_sha256", "iterations"),
)


def renew_readme(report: Path, project: Path) -> None:
    """Copy the table, its numbers and the figure of ``report`` to where README shows them.

    Raises:
        MetabenchError: where the report lacks one of them.
    """
    table, numbers = report / "tables" / "summary.md", report / "tables" / "results.csv"
    figure = report / "figures" / FIGURE.name
    for file in (table, numbers, figure):
        if not file.is_file():
            raise MetabenchError(f"{file}: no such file; `snakemake --cores all` makes it")
    readme = project / "README.md"
    write_text(readme, replaced(readme, BEGIN, END, table.read_text(encoding="utf-8")))
    write_text(project / RECORD, _record(numbers))
    copy(figure, project / FIGURE)


def with_papers(project: Path) -> str:
    """README with the table that the records give."""
    return replaced(project / "README.md", PAPERS, PAPERS_END, beside_papers(project))


def _record(numbers: Path) -> str:
    """The columns of a results table that say what each number of the summary is."""
    out = io.StringIO()
    with numbers.open(encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(out, COLUMNS, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(csv.DictReader(stream))
    return out.getvalue()
