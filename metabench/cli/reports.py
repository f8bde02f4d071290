"""From predictions to scores, tables, figures and the page."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from metabench.cli.options import folder, own_folders

if TYPE_CHECKING:
    from metabench.cli.options import Commands


def add_to(commands: Commands) -> None:
    """Add `collect`, `tables`, `figures`, `page`, `partial` and `join`."""
    collect = commands.add_parser("collect", help="check and score all runs of a study")
    _add_study(collect)
    folder(collect, "results", "out")
    own_folders(collect, "config")
    collect.set_defaults(run=_collect)

    tables = commands.add_parser("tables", help="write the tables of a report")
    _add_study(tables)
    folder(tables, "report")
    own_folders(tables, "config")
    tables.set_defaults(run=_tables)

    figures = commands.add_parser("figures", help="draw the figures of a report")
    _add_study(figures)
    folder(figures, "report", "results")
    own_folders(figures, "config")
    figures.set_defaults(run=_figures)

    page = commands.add_parser("page", help="write the page that shows tables and figures")
    _add_study(page)
    folder(page, "report")
    own_folders(page, "config")
    page.set_defaults(run=_page)

    partial = commands.add_parser("partial", help="report what a study has finished so far")
    partial.add_argument("study", type=Path, help="such as config/config.yaml")
    own_folders(partial, "config", "results", "logs")
    partial.add_argument("--out", type=Path, metavar="FOLDER", help="reports/<study>/partial")
    partial.set_defaults(run=_partial)

    join = commands.add_parser("join", help="put a study beside the record of another, unrun")
    _add_study(join)
    folder(join, "report", "record", "out")
    own_folders(join, "config")
    join.set_defaults(run=_join)


def _add_study(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--study", type=Path, required=True, metavar="FILE")


def _collect(options: argparse.Namespace) -> None:
    from metabench.report.collect import asked_runs, collect

    runs = asked_runs(options.study, options.results, options.config)
    collect(options.study, runs, options.results / "episodes", options.out, options.config)


def _tables(options: argparse.Namespace) -> None:
    from metabench.report.tables import write_tables
    from metabench.study.file import read_study

    write_tables(options.report, read_study(options.study), options.config)


def _figures(options: argparse.Namespace) -> None:
    from metabench.report.figures import write_figures
    from metabench.study.file import read_study

    write_figures(options.report, read_study(options.study), options.results, options.config)


def _page(options: argparse.Namespace) -> None:
    from metabench.report.page import Origin, write_page
    from metabench.study.file import read_study

    origin = Origin(options.study, options.config)
    write_page(options.report, read_study(options.study), origin)


def _partial(options: argparse.Namespace) -> None:
    from metabench.report.page import Origin
    from metabench.report.partial import write_partial
    from metabench.study.config import load

    study = load(options.study, options.config)
    out = options.out or Path("reports", study.name, "partial")
    origin = Origin(options.study, options.config)
    print(write_partial(study, origin, options.results, options.logs, out))


def _join(options: argparse.Namespace) -> None:
    from metabench.report.join import join

    join(options.study, options.report, options.record, options.out, options.config)
    print(options.out / "tables" / "summary.md")
