"""The record of a study in the project: its results, curves, tables and figures, small and plain.

``docs/reproduction/<study>/`` has what ``metabench collect`` wrote (the scores of every episode,
the inner steps, and each run's ``run.json`` as a row), the meta-training curves of all runs in one
file, the study's own file, and the tables and figures that were made of them. The tables can be
made of the record again, and a test does so.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd

from metabench.errors import MetabenchError
from metabench.files import atomic, write_text
from metabench.report.data import GAPS, Report, read_report, run_folder
from metabench.report.formats import markdown
from metabench.report.results import write_frame
from metabench.report.tables.published import published_text
from metabench.report.tables.write import write_tables
from metabench.run_files import KEY
from metabench.study.yaml_file import read_mapping

RECORDS = Path("docs/reproduction")
STUDY, CURVES = "study.yaml", "curves.csv.gz"
SHOWN = ["Data set", "Setting", "Algorithm", "Mode"]
SHOWN += ["Ours ± 95 % over both", "Published ± 95 %", "Verdict"]
COLLECTED = ("scores.csv.gz", "steps.csv", "runs.csv")


def record(study_file: Path, report: Path, project: Path) -> Path:
    """Copy what a study's report was made of, whole or partial, and make its tables of the copy.

    Args:
        study_file: the study's YAML.
        report: ``reports/<study>``, or what ``metabench partial`` wrote.
        project: where ``results`` and ``docs`` are.

    Returns:
        The folder of the record.

    Raises:
        MetabenchError: naming the file that is missing.
    """
    study = read_mapping(study_file)
    there = project / RECORDS / str(study["study"])
    for name in COLLECTED:
        copy(report / name, there / name)
    (there / GAPS).unlink(missing_ok=True)
    if (report / GAPS).exists():
        copy(report / GAPS, there / GAPS)
    write_text(there / STUDY, study_file.read_text(encoding="utf-8"))
    write_frame(there / CURVES, curves(read_report(there, study), project / "results"))
    for figure in sorted((report / "figures").glob("*.svg")):
        copy(figure, there / "figures" / figure.name)
    make_tables_of(there)
    return there


def make_tables_of(there: Path) -> None:
    """Write the tables of a record from its own files."""
    write_tables(there, read_mapping(there / STUDY))


def curves(report: Report, results: Path) -> pd.DataFrame:
    """The ``history.csv`` of every run that trained a model, below one another."""
    histories = []
    for _, row in report.runs[KEY].iterrows():
        run = {str(name): value for name, value in row.items()}
        history = run_folder(results, report.study["study"], **run) / "history.csv"
        if history.exists():
            histories.append(pd.read_csv(history).assign(**run))
    if not histories:
        return pd.DataFrame(columns=KEY)
    joined = pd.concat(histories)
    return joined[[*KEY, *joined.columns.drop(KEY)]]


def beside_papers(project: Path) -> str:
    """A Markdown table of all that the records have at the full protocol, beside its paper."""
    whole = [papers_of(folder, in_full=True) for folder in kept(project)]
    return markdown(pd.concat(whole)[SHOWN])


def papers_of(folder: Path, in_full: bool = False) -> pd.DataFrame:
    """What a record has beside papers, for readers; at the full protocol alone if so asked."""
    texts = dict.fromkeys(("why", "reasons", "others"), "str")
    rows = pd.read_csv(folder / "tables" / "published.csv", dtype=texts)
    asked = rows[rows["share"] >= 1] if in_full else rows[rows["verdict"] != "no run"]
    return published_text(asked.fillna(dict.fromkeys(texts, "")))


def kept(project: Path) -> list[Path]:
    """The folders of all records."""
    return sorted(file.parent for file in (project / RECORDS).glob(f"*/{STUDY}"))


def copy(file: Path, to: Path) -> None:
    """Copy a file of a report, whole or not at all.

    Raises:
        MetabenchError: where it is not there.
    """
    if not file.is_file():
        raise MetabenchError(f"{file}: no such file; the study, or `partial` of it, makes it")
    with atomic(to) as temporary:
        shutil.copyfile(file, temporary)
