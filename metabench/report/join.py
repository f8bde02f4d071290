"""A study beside the record of another, as one report.

Both met the same test episodes, so their differences are paired: an algorithm of one's own stands
beside those that took days, and none of these is run again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from metabench.errors import MetabenchError
from metabench.files import write_text
from metabench.label import labelled
from metabench.report.data import CURVES, RUNS, SCORES, STEPS, read_report
from metabench.report.figures.found import find
from metabench.report.figures.write import OF_REPORT, draw_figures
from metabench.report.names import parse_setting
from metabench.report.results import write_frame
from metabench.report.study import read_study
from metabench.report.tables import write_tables
from metabench.run_files import KEY

STUDY = "study.yaml"  # of a record, in its folder
COLLECTED = (SCORES, STEPS, CURVES, RUNS)
CELL = KEY[:3]
RECORDED = "recorded"  # the label of an algorithm of the record that the study has too

Parts = dict[str, pd.DataFrame]
Cells = set[tuple[str, int, int]]


def join(study_file: Path, report: Path, record: Path, out: Path) -> None:
    """Write the runs of a study and of a record, in the settings that both have, to ``out``.

    It is then a report with its study in ``study.yaml``, tables, and the figures that need no files
    of runs.

    Args:
        study_file: the study's YAML.
        report: ``reports/<study>``, or what ``metabench partial`` wrote.
        record: such as ``docs/reproduction/omniglot``.
        out: the folder to write.

    Raises:
        MetabenchError: where a file is missing, no setting is in both, or one was tested on other
            episodes.
    """
    study, other = read_study(study_file), read_study(record / STUDY)
    ours, theirs = (
        {name: read_rows(folder / name) for name in COLLECTED} for folder in (report, record)
    )
    shared = cells_of(ours[RUNS]) & cells_of(theirs[RUNS])
    if not shared:
        settings = ", ".join(f"{d} {w}w{s}s" for d, w, s in sorted(cells_of(theirs[RUNS])))
        raise MetabenchError(f"{record}: has no setting of {report}; it has {settings}")
    ours, theirs = _within(ours, shared), _within(theirs, shared)
    check_episodes(theirs[RUNS], ours[RUNS], record / RUNS)
    names = {
        name: labelled(name, RECORDED)
        for name in theirs[RUNS]["algorithm"].unique()
        if name in ours[RUNS]["algorithm"].to_numpy()
    }
    theirs = _renamed(theirs, names)
    joined: dict[str, Any] = {
        "study": f"{study['study']}-{other['study']}",
        "title": f"{study.get('title', study['study'])}, beside a record: {record.name}",
        "grid": [*_entries(study, ours[RUNS], {}), *_entries(other, theirs[RUNS], names)],
    }
    for name in COLLECTED:
        both = pd.concat([ours[name], theirs[name]])
        write_frame(out / name, both.assign(study=joined["study"]) if name == RUNS else both)
    write_text(out / STUDY, yaml.safe_dump(joined, sort_keys=False, allow_unicode=True))
    write_tables(out, joined)
    draw_figures(find(read_report(out, joined), Path()), out / "figures", OF_REPORT)


def read_rows(file: Path) -> pd.DataFrame:
    """A table of a report as it is written there: every value a text.

    Raises:
        MetabenchError: where it is not there.
    """
    if not file.is_file():
        raise MetabenchError(f"{file}: no such file; the study, or `partial` of it, makes it")
    return pd.read_csv(file, dtype="str", keep_default_na=False)


def check_episodes(kept: pd.DataFrame, new: pd.DataFrame, file: Path) -> None:
    """Refuse runs of one setting that were tested on other episodes.

    Args:
        kept: rows of ``runs.csv``.
        new: others, to stand beside them.
        file: that of the first, for the error.
    """
    both = pd.concat([kept, new])
    for (dataset, way, shot), runs in both.groupby(CELL):
        if runs["episodes_sha256"].nunique() > 1:
            one, other = runs["episodes_sha256"].unique()[:2]
            raise MetabenchError(
                f"{file}: {dataset} {way}w{shot}s was tested on episodes {one[:12]}, and the "
                f"report's on {other[:12]}; remove the record, or test the runs on its episodes"
            )


def cells_of(frame: pd.DataFrame) -> Cells:
    """Data set, way and shot of each of its rows."""
    return {(d, int(w), int(s)) for d, w, s in frame[CELL].itertuples(index=False)}


def _within(parts: Parts, cells: Cells) -> Parts:
    """The rows of some cells."""
    asked = pd.MultiIndex.from_tuples([(d, str(w), str(s)) for d, w, s in cells])
    return {
        name: frame[pd.MultiIndex.from_frame(frame[CELL]).isin(asked)]
        for name, frame in parts.items()
    }


def _renamed(parts: Parts, names: dict[str, str]) -> Parts:
    """The same runs with other names for some algorithms."""
    runs = parts[RUNS]
    titles = runs["title"].where(~runs["algorithm"].isin(names), runs["title"] + f", {RECORDED}")
    return {
        **{n: f.assign(algorithm=f["algorithm"].replace(names)) for n, f in parts.items()},
        RUNS: runs.assign(algorithm=runs["algorithm"].replace(names), title=titles),
    }


def _entries(study: dict[str, Any], runs: pd.DataFrame, names: dict[str, str]) -> list[Any]:
    """What is left of a study's grid where only these runs are, with other names for some."""
    cells, algorithms = cells_of(runs), set(runs["algorithm"])
    entries = []
    for entry in study["grid"]:
        dataset = str(entry["dataset"])
        settings = [s for s in entry["settings"] if (dataset, *parse_setting(s)) in cells]
        listed = [names.get(name, name) for name in entry["algorithms"]]
        own = {names.get(name, name): v for name, v in (entry.get("hyperparameters") or {}).items()}
        listed = [name for name in listed if name in algorithms]
        if settings and listed:
            changed = {"settings": settings, "algorithms": listed, "hyperparameters": own}
            entries.append({**entry, **changed})
    return entries
