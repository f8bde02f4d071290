"""One self-contained page: the question, the answer, tables, figures and where they come from."""

from __future__ import annotations

import base64
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from metabench import __version__
from metabench.files import write_text
from metabench.report import formats
from metabench.report.data import read_report
from metabench.report.mixed import mixed
from metabench.report.names import figure_names
from metabench.report.page.answer import answers
from metabench.report.page.provenance import cut_down, provenance
from metabench.report.tables import make_tables
from metabench.report.tables.published import tally
from metabench.report.tables.ranks import what_ranks_say

HERE = Path(__file__).parent
NARROW = 400  # points; a figure that is not as wide as the page


def write_page(report: Path, study: dict[str, Any]) -> None:
    """Write ``report/index.html``. It loads nothing: figures and styles are inside.

    Args:
        report: ``reports/<study>`` with the results and the figures.
        study: content of the study's file.
    """
    found = read_report(report, study)
    tables = make_tables(found)
    known = [entry for entry in study["grid"] if entry["dataset"] in found.datasets]
    names = figure_names({**study, "grid": known}, found.datasets)
    drawn = [name for name in names if (report / "figures" / f"{name}.svg").exists()]
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("template.html").render(
        study=study,
        title=study.get("title", study["study"]),
        style=Markup((HERE / "style.css").read_text(encoding="utf-8")),
        answers=answers(tables["results"][0], tables["paired"][0]),
        tables={name: html_table(text) for name, (_, text) in tables.items() if len(text)},
        has_ranks=bool(len(tables["ranks"][0])),
        ranks=what_ranks_say(tables["results"][0]),
        verdicts=tally(tables["published"][0]),
        figures=[figure(report / "figures" / f"{name}.svg") for name in drawn],
        missing=len(found.gaps),
        asked=len(found.gaps) + len(found.runs),
        shares=cut_down(found),
        mixed=mixed(found.runs),
        provenance=provenance(found),
        version=__version__,
        has_diverged=bool((found.runs["status"] == "diverged").any()),
        has_regression=any(a["task"] == "regression" for a in found.datasets.values()),
    )
    write_text(report / "index.html", page)


def html_table(frame: pd.DataFrame) -> Markup:
    """A frame of texts as a table; ``**bold**`` is the best of its column."""
    names = [escape(name).replace("_", Markup("_<wbr>")) for name in frame.columns]
    head = Markup("").join(Markup("<th>{}</th>").format(name) for name in names)
    rows = Markup("\n").join(
        Markup("<tr>{}</tr>").format(Markup("").join(map(_cell, row)))
        for row in frame.itertuples(index=False)
    )
    form = "<table><thead><tr>{}</tr></thead><tbody>\n{}\n</tbody></table>"
    return Markup(form).format(head, rows)


def _cell(value: Any) -> Markup:
    text = str(value)
    bold = re.fullmatch(r"\*\*(.+)\*\*", text)
    shown = escape(bold[1] if bold else text).replace("; ", Markup(";<br>"))
    shown = Markup("<strong>{}</strong>").format(shown) if bold else shown
    kind = "number" if re.match(r"[\d∞+−*]", text) or text == formats.NONE else "text"
    wide = ' class="wide"' if kind == "text" and len(text) > 40 else f' class="{kind}"'
    return Markup("<td{}>{}</td>").format(Markup(wide), shown)


def figure(path: Path) -> dict[str, str]:
    """A figure as a data address, with the caption that it carries."""
    tree = ElementTree.parse(path)
    found = tree.find(".//{http://purl.org/dc/elements/1.1/}description")
    caption = (found.text or "") if found is not None else ""
    content = base64.b64encode(path.read_bytes()).decode()
    return {
        "name": path.stem,
        "caption": caption,
        "width": "narrow"
        if float(tree.getroot().attrib["width"].removesuffix("pt")) < NARROW
        else "",
        "data": f"data:image/svg+xml;base64,{content}",
    }
