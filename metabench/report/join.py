"""A study beside the record of another, as one report.

Both met the same test episodes, so their differences are paired: an algorithm of one's own stands
beside those that took days, and none of these is run again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import count
from pathlib import Path

import pandas as pd
import yaml

from metabench.errors import MetabenchError
from metabench.files.config_tables import PROJECT_FOLDER
from metabench.files.runs import KEY
from metabench.files.whole import write_text
from metabench.label import labelled
from metabench.report.collect import write_frame
from metabench.report.data import (
    COLLECTED,
    GAP_COLUMNS,
    GAPS,
    RUNS,
    SCORES,
    check_study,
    read_report,
    read_rows,
)
from metabench.report.figures.found import find
from metabench.report.figures.write import OF_REPORT, draw_figures
from metabench.report.statistics import CLUSTER
from metabench.report.tables import write_tables
from metabench.study.file import Entry, StudyFile, as_written, read_study

STUDY = "study.yaml"  # of a record, in its folder
CELL = KEY[:3]
RECORDED = "recorded"  # the label of an algorithm of the record that the study has too

Parts = dict[str, pd.DataFrame]
Cells = set[tuple[str, int, int]]


def join(
    study_file: Path, report: Path, record: Path, out: Path, config: Path = PROJECT_FOLDER
) -> None:
    """Write the runs of a study and of a record, in the settings that both have, to ``out``.

    It is then a report with its study in ``study.yaml``, tables, and the figures that need no files
    of runs.

    Args:
        study_file: the study's YAML.
        report: ``reports/<study>``, or what ``metabench partial`` wrote.
        record: such as ``docs/reproduction/omniglot``.
        out: the folder to write, which is neither of the two.
        config: with ``published.csv`` and ``reasons.csv``.

    Raises:
        MetabenchError: where a file is missing, damaged or of another study, no setting is in both,
            or one was tested on other episodes.
    """
    if out.resolve() in (report.resolve(), record.resolve()):
        raise MetabenchError(f"{out}: what is joined lies there; another folder is right")
    study, other = read_study(study_file), read_study(record / STUDY)
    ours, theirs = _parts(report, study), _parts(record, other)
    shared = cells_of(ours[RUNS]) & cells_of(theirs[RUNS])
    if not shared:
        settings = ", ".join(f"{d} {w}w{s}s" for d, w, s in sorted(cells_of(theirs[RUNS])))
        raise MetabenchError(f"{record}: has no setting of {report}; it has {settings}")
    ours, theirs = _within(ours, shared), _within(theirs, shared)
    check_episodes(ours[RUNS], theirs[RUNS], f"{report} and {record}")
    names, theirs = _apart(theirs, algorithms_of(ours))
    ours[SCORES], theirs[SCORES] = with_clusters([ours[SCORES], theirs[SCORES]])
    joined = replace(
        study,
        name=f"{study.name}-{other.name}",
        title=f"{study.title}, beside a record: {record.name}",
        grid=(*_entries(study, ours, {}), *_entries(other, theirs, names)),
    )
    for name in (*COLLECTED, GAPS):
        both = [parts[name] for parts in (ours, theirs) if len(parts[name])]
        if both or name in COLLECTED:
            frame = pd.concat(both) if both else ours[name]
            write_frame(out / name, frame.assign(study=joined.name) if name == RUNS else frame)
        else:
            (out / name).unlink(missing_ok=True)
    write_text(out / STUDY, yaml.safe_dump(as_written(joined), sort_keys=False, allow_unicode=True))
    write_tables(out, joined, config)
    draw_figures(find(read_report(out, joined), Path(), config), out / "figures", OF_REPORT)


def check_episodes(ours: pd.DataFrame, theirs: pd.DataFrame, what: str) -> None:
    """Refuse runs of one setting that were tested on other episodes.

    Args:
        ours: rows of ``runs.csv``.
        theirs: others, to stand beside them.
        what: both, for the error.
    """
    for (dataset, way, shot), runs in pd.concat([ours, theirs]).groupby(CELL):
        digests = [digest[:12] for digest in runs["episodes_sha256"].unique()]
        if len(digests) > 1:
            raise MetabenchError(
                f"{what}: {dataset} {way}w{shot}s was tested on other episodes: "
                f"{' and '.join(digests)}; only what met the same can be compared"
            )


def with_clusters(scores: list[pd.DataFrame]) -> list[pd.DataFrame]:
    """Scores of the same episodes, with the clusters that some of them know of: others do not say.

    Whatever was collected before a data set said which of its episodes belong together met the
    same episodes.
    """
    place = [*CELL, "episode"]
    told = [frame[frame[CLUSTER] != ""] for frame in scores if CLUSTER in frame]
    if not told:
        return scores
    known = pd.concat(told).drop_duplicates(place).set_index(place)[CLUSTER]
    return [
        frame.assign(**{CLUSTER: known.reindex(pd.MultiIndex.from_frame(frame[place])).to_numpy()})
        for frame in scores
    ]


def cells_of(frame: pd.DataFrame) -> Cells:
    """Data set, way and shot of each of its rows."""
    return {(d, int(w), int(s)) for d, w, s in frame[CELL].itertuples(index=False)}


def algorithms_of(parts: Parts) -> set[str]:
    """Those with a run, or with one that is missing."""
    return {*parts[RUNS]["algorithm"], *parts[GAPS]["algorithm"]}


def _parts(folder: Path, study: StudyFile) -> Parts:
    """All tables of a report; that of gaps is empty where there is none."""
    parts = {name: read_rows(folder / name) for name in COLLECTED}
    check_study(parts[RUNS], study, folder / RUNS)
    nothing = pd.DataFrame(columns=GAP_COLUMNS, dtype="str")
    return {**parts, GAPS: read_rows(folder / GAPS) if (folder / GAPS).exists() else nothing}


def _within(parts: Parts, cells: Cells) -> Parts:
    """The rows of some cells."""
    asked = pd.MultiIndex.from_tuples([(d, str(w), str(s)) for d, w, s in cells])
    return {
        name: frame[pd.MultiIndex.from_frame(frame[CELL]).isin(asked)]
        for name, frame in parts.items()
    }


def _apart(parts: Parts, taken: Iterable[str]) -> tuple[dict[str, str], Parts]:
    """The names that are taken, each with a free one under a label, and the tables with these."""
    here = algorithms_of(parts)
    labels = (RECORDED if number == 1 else f"{RECORDED}-{number}" for number in count(1))
    for label in labels:
        names = {name: labelled(name, label) for name in here.intersection(taken)}
        if not {*here, *taken}.intersection(names.values()):
            break
    parts = {n: f.assign(algorithm=f["algorithm"].replace(names)) for n, f in parts.items()}
    if "model" in parts[RUNS]:
        parts[RUNS] = parts[RUNS].assign(model=parts[RUNS]["model"].replace(names))
    for name in (RUNS, GAPS):
        frame = parts[name]
        new = frame["algorithm"].isin(names.values())
        titles = frame.get("title", frame["algorithm"])
        parts[name] = frame.assign(title=titles.mask(new, titles + f", {label}"))
    return names, parts


def _entries(study: StudyFile, parts: Parts, names: dict[str, str]) -> list[Entry]:
    """What is left of a study's grid where only these runs are, with other names for some."""
    cells, algorithms = cells_of(parts[RUNS]), algorithms_of(parts)
    entries = []
    for entry in study.grid:
        settings = tuple(s for s in entry.settings if (entry.dataset, *s) in cells)
        listed = [names.get(name, name) for name in entry.algorithms]
        listed = [name for name in listed if name in algorithms]
        own = {names.get(name, name): values for name, values in entry.own.items()}
        if settings and listed:
            changed = replace(entry, settings=settings, algorithms=tuple(listed), own=own)
            entries.append(changed)
    return entries
