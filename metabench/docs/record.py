"""The record of a study in the project: its results, curves, tables and figures, small and plain.

``docs/reproduction/<study>/`` has what ``metabench collect`` wrote (the scores of every episode,
the inner steps, the meta-training curves, and each run's ``run.json`` as a row), the study's own
file, and the tables and figures that were made of them. The tables can be made of the record again,
and a test does so.

A record grows: long runs finish one by one and on several machines, and each report adds its own.
A run that was ended early leaves what it goes on from, in the folders that it has in
``results/runs/<study>``, so that another machine can take it up.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pandas as pd

from metabench.errors import MetabenchError
from metabench.files.runs import KEY, RESUME
from metabench.files.whole import atomic, write_text
from metabench.report.collect import write_frame
from metabench.report.data import COLLECTED, GAPS, RUNS, SCORES, read_report, read_rows, run_folder
from metabench.report.figures.found import find
from metabench.report.figures.write import OF_REPORT, OF_RESULTS, draw_figures
from metabench.report.formats import markdown
from metabench.report.join import STUDY, check_episodes, with_clusters
from metabench.report.tables.published import published_text
from metabench.report.tables.write import write_tables
from metabench.study.file import StudyFile, read_study

RECORDS = Path("docs/reproduction")
STATES = "ended_early"  # folder
SHOWN = ["Data set", "Setting", "Algorithm", "Mode"]
SHOWN += ["Ours ± 95 %", "Published ± 95 %", "Verdict"]


def record(study_file: Path, report: Path, project: Path) -> Path:
    """Add a study's report, whole or partial, to its record; make tables and figures of both.

    A run that a partial report lacks and the record has is kept, and so is a figure that only the
    folders of its runs could draw again.

    Args:
        study_file: the study's YAML.
        report: ``reports/<study>``, or what ``metabench partial`` wrote.
        project: where ``results`` and ``docs`` are.

    Returns:
        The folder of the record.

    Raises:
        MetabenchError: naming the file that is missing, or the setting whose test episodes are not
            those of the record, or the algorithm that the study asks for otherwise by now.
    """
    study = read_study(study_file)
    there = project / RECORDS / study.name
    parts = _joined(report, there, study)
    for name in (*COLLECTED, GAPS):
        if name in parts:
            write_frame(there / name, parts[name])
        else:
            (there / name).unlink(missing_ok=True)
    write_text(there / STUDY, study_file.read_text(encoding="utf-8"))
    _keep_states(report, project / "results", study.name, there / STATES)
    make_tables_of(there)
    for kind in OF_RESULTS:
        for figure in (report / "figures").glob(f"{kind}-*.svg"):
            copy(figure, there / "figures" / figure.name)
    found = find(read_report(there, study), project / "results")
    draw_figures(found, there / "figures", OF_REPORT, ["svg"])
    return there


def _joined(report: Path, there: Path, study: StudyFile) -> dict[str, pd.DataFrame]:
    """The tables of a report, with the record's rows of the runs that the report lacks."""
    parts = {name: read_rows(report / name) for name in COLLECTED}
    if not (report / GAPS).exists():
        return parts
    gaps = read_rows(report / GAPS)
    if (there / RUNS).exists():
        kept = {name: _among(read_rows(there / name), gaps) for name in COLLECTED}
        check_episodes(kept[RUNS], parts[RUNS], f"{there} and {report}")
        _check_asked(kept[RUNS], read_study(there / STUDY), study, there)
        kept[SCORES], parts[SCORES] = with_clusters([kept[SCORES], parts[SCORES]])
        parts = {name: pd.concat([kept[name], parts[name]]) for name in COLLECTED}
        gaps = _among(gaps, parts[RUNS], those=False)
    return {**parts, GAPS: gaps} if len(gaps) else parts


def _check_asked(runs: pd.DataFrame, before: StudyFile, now: StudyFile, there: Path) -> None:
    """Refuse a study that would stand beside runs that it asks for otherwise."""
    for cell in runs[KEY[:4]].drop_duplicates().itertuples(index=False, name=None):
        then, today = _asked(before, *cell), _asked(now, *cell)
        if then != today:
            raise MetabenchError(
                f"{there}: its runs of {cell[3]} on {cell[0]} {cell[1]}w{cell[2]}s were asked for "
                f"with {then}, and are now with {today}; record a study that says the same of them"
            )


def _asked(study: StudyFile, dataset: str, way: str, shot: str, algorithm: str) -> dict[str, Any]:
    """The network and the hyperparameters that a study itself gives to one cell."""
    for entry in study.entries(dataset, int(way), int(shot)):
        if algorithm in entry.algorithms:  # once: a study asks for no run twice
            return {"backbone": entry.backbone, **entry.common, **entry.own.get(algorithm, {})}
    return {}


def _among(rows: pd.DataFrame, others: pd.DataFrame, those: bool = True) -> pd.DataFrame:
    """The rows of runs that are among the others, or that are not."""
    runs = pd.MultiIndex.from_frame(rows[KEY])
    among = runs.isin(pd.MultiIndex.from_frame(others[KEY]))
    chosen: pd.DataFrame = rows[among == those]
    return chosen


def _keep_states(report: Path, results: Path, study: str, there: Path) -> None:
    """What the runs of a report go on from, if they were ended early; gone where they were not."""
    for key in read_rows(report / RUNS)[KEY].itertuples(index=False):
        folder = run_folder(results, study, *key)
        kept = there / folder.relative_to(results / "runs" / study) / RESUME
        if (folder / RESUME).exists():
            copy(folder / RESUME, kept)
        elif (folder / "run.json").exists():
            kept.unlink(missing_ok=True)


def make_tables_of(there: Path) -> None:
    """Write the tables of a record from its own files."""
    write_tables(there, read_study(there / STUDY))


def beside_papers(project: Path) -> str:
    """A Markdown table of all that the records have at the full protocol, beside its paper."""
    whole = [_with_name(papers_of(folder, in_full=True), folder.name) for folder in kept(project)]
    return markdown(pd.concat(whole)[[*SHOWN, "Record"]])


def _with_name(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """The record's name, with the way from the project's folder to its page."""
    return rows.assign(Record=f"[{name}]({RECORDS / name}/README.md)")


def papers_of(folder: Path, in_full: bool = False) -> pd.DataFrame:
    """What a record has beside papers, for readers; at the full protocol alone if so asked.

    What diverged on its way there is of the full protocol too.
    """
    texts = dict.fromkeys(("why", "reasons", "others"), "str")
    rows = pd.read_csv(folder / "tables" / "published.csv", dtype=texts)
    whole = (rows["share"] >= 1) | (rows["verdict"] == "diverged")
    asked = rows[whole if in_full else rows["verdict"] != "no run"]
    return published_text(asked.fillna(dict.fromkeys(texts, "")))


def kept(project: Path) -> list[Path]:
    """The folders of all records."""
    return sorted(file.parent for file in (project / RECORDS).glob(f"*/{STUDY}"))


def copy(file: Path, to: Path) -> None:
    """Copy a file, whole or not at all.

    Raises:
        MetabenchError: where it is not there.
    """
    if not file.is_file():
        raise MetabenchError(f"{file}: no such file; the study makes it")
    with atomic(to) as temporary:
        shutil.copyfile(file, temporary)
