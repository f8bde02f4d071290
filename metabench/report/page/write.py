"""One self-contained page: the question, the answer, tables, figures and where they come from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from metabench import __version__
from metabench.files.whole import read_json, write_text
from metabench.report.data import Report, read_report
from metabench.report.mixed import mixed
from metabench.report.names import FACTS, figure_names
from metabench.report.page.algorithms import sections
from metabench.report.page.answer import answers
from metabench.report.page.figures import figures
from metabench.report.page.glance import glance
from metabench.report.page.html import html_table
from metabench.report.page.judged import beside_papers
from metabench.report.page.provenance import checkout, command, cut_down, provenance
from metabench.report.tables import make_tables
from metabench.report.tables.captions import CAPTIONS, TITLES, title
from metabench.study.file import StudyFile

HERE = Path(__file__).parent
LONG, MOST = 60, 400  # rows; a longer table is folded; no more are shown
Tables = dict[str, tuple[pd.DataFrame, pd.DataFrame]]


@dataclass(frozen=True)
class Origin:
    """Where the page's facts lie beside the report."""

    study_file: Path
    config: Path  # for published numbers, and after the folder of the study for algorithms

    @property
    def configs(self) -> list[Path]:
        """Folders that may have ``algorithms/<name>.yaml``, the nearest first."""
        return list(dict.fromkeys([self.study_file.parent, self.config]))


def write_page(report: Path, study: StudyFile, origin: Origin) -> None:
    """Write ``report/index.html``. It loads nothing: figures, styles and script are inside.

    Args:
        report: ``reports/<study>`` with the results and the figures.
        study: what is asked for.
        origin: where else to look.
    """
    found = read_report(report, study)
    tables = make_tables(found, origin.config)
    paired = tables["paired"][0]
    results = beside_papers(tables["results"][0], tables["published"][0])
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("template.html").render(
        study=study,
        style=Markup((HERE / "style.css").read_text(encoding="utf-8")),
        script=Markup((HERE / "sort.js").read_text(encoding="utf-8")),
        answers=answers(results, paired, cut_down(found)),
        glance=_table(glance(results, paired), "Each algorithm against the best pre-training"),
        tables=[shown_table(name, text) for name, text in _in_order(tables) if len(text)],
        figures=drawn(report, found),
        algorithms=sections(found, results, paired, origin.configs),
        missing=len(found.gaps),
        asked=len(found.gaps) + len(found.runs),
        mixed=mixed(found.runs),
        provenance=provenance(found),
        checkout=checkout(found),
        command=command(origin.study_file),
        version=__version__,
    )
    write_text(report / "index.html", page)


def _in_order(tables: Tables) -> list[tuple[str, pd.DataFrame]]:
    """Tables that have a title first, as the titles stand; then whatever else there is."""
    names = sorted(tables, key=lambda name: [*TITLES, name].index(name))
    return [(name, tables[name][1]) for name in names]


def shown_table(name: str, text: pd.DataFrame) -> dict[str, Any]:
    """A table with its heading and what is to be said below it."""
    return {
        "name": name,
        "title": title(name),
        "table": html_table(text.head(MOST), title(name)),
        "caption": CAPTIONS.get(name, ""),
        "rows": len(text),
        "long": len(text) > LONG,
        "cut": MOST if len(text) > MOST else 0,
    }


def _table(frame: pd.DataFrame, caption: str) -> Markup:
    return html_table(frame, caption) if len(frame) else Markup("")


def drawn(report: Path, found: Report) -> list[dict[str, str]]:
    """The figures of the study that are there, in the order of ``figure_names``."""
    names = figure_names(found.study, found.datasets)
    paths = [report / "figures" / f"{name}.svg" for name in names]
    there = [path for path in paths if path.exists()]
    facts = read_json(report / "figures" / FACTS) if there else {}
    return figures(there, facts)
