"""What a report is made of: the four files of ``metabench collect`` and the study."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from gzip import BadGzipFile
from pathlib import Path
from typing import Any

import pandas as pd

from metabench.errors import MetabenchError
from metabench.files.runs import KEY
from metabench.study.file import StudyFile

#: What ``metabench collect`` writes.
SCORES, STEPS, CURVES, RUNS = "scores.csv.gz", "steps.csv", "curves.csv.gz", "runs.csv"
COLLECTED = (SCORES, STEPS, CURVES, RUNS)
SCORE_COLUMNS = [*KEY, "mode", "episode", "score", "diverged"]
STEP_COLUMNS = [*KEY, "mode", "step", "mean", "ci95", "robust", "diverged_episodes"]
CURVE_COLUMNS = [*KEY, "iteration", "seconds", "loss", "accuracy", "val_loss", "val_score"]
RUN_COLUMNS = [
    "study",
    *KEY,
    "task",
    "status",
    "role",
    "episodes_sha256",
]  # and whatever else there is of a run
TYPES = {
    **{"study": str, "dataset": str, "way": int, "shot": int, "algorithm": str, "seed": int},
    **{"mode": str, "episode": int, "score": float, "diverged": int, "diverged_episodes": int},
    **{"step": int, "iteration": int},
    "git_commit": str,  # some are of digits alone
    **dict.fromkeys(("mean", "ci95", "robust", "seconds", "loss", "val_loss", "val_score"), float),
}
#: What tells a row from the others of its file.
ROW = {
    **{SCORES: [*KEY, "mode", "episode"], STEPS: [*KEY, "mode", "step"]},
    **{CURVES: [*KEY, "iteration"], RUNS: KEY},
}
#: The runs that a partial report lacks: beside those four, and only there.
GAPS = "gaps.csv"
GAP_COLUMNS = ["dataset", "task", "way", "shot", "algorithm", "title", "seed", "why"]
COLUMNS = {
    **{SCORES: SCORE_COLUMNS, STEPS: STEP_COLUMNS, CURVES: CURVE_COLUMNS},
    **{RUNS: RUN_COLUMNS, GAPS: GAP_COLUMNS},
}
#: Hyperparameters whose values make no other method: a shorter run is told by its share, and the
#: others say how often validation looks, or how a computer computes the same.
NO_PART_OF_A_METHOD = ("iterations", "validate_every", "recompute", "precision")


@dataclass(frozen=True)
class Report:
    """A study and its results, as ``metabench.report.collect.collect`` describes them.

    ``gaps`` has a row for every run that is not there, and why; none in a finished report.
    """

    study: StudyFile
    scores: pd.DataFrame
    steps: pd.DataFrame
    curves: pd.DataFrame
    runs: pd.DataFrame
    gaps: pd.DataFrame

    @property
    def tasks(self) -> dict[str, str]:
        """The task of each data set, of those without a result too."""
        both = pd.concat([self.gaps[["dataset", "task"]], self.runs[["dataset", "task"]]])
        return dict(zip(both["dataset"], both["task"], strict=True))

    @property
    def datasets(self) -> dict[str, str]:
        """The task of each data set with a result, in the order of the grid."""
        tasks = dict(zip(self.runs["dataset"], self.runs["task"], strict=True))
        names = dict.fromkeys(entry.dataset for entry in self.study.grid)
        return {name: tasks[name] for name in names if name in tasks}

    @property
    def titles(self) -> dict[str, str]:
        """The name of each algorithm for readers."""
        titles = self.runs["title"] if "title" in self.runs else self.runs["algorithm"]
        ours = zip(self.runs["algorithm"], titles.fillna(self.runs["algorithm"]), strict=True)
        return dict(ours) | dict(zip(self.gaps["algorithm"], self.gaps["title"], strict=True))

    @property
    def roles(self) -> dict[str, str]:
        """What each algorithm with a run is taken for: ``ROLES`` of ``study/catalogue.py``."""
        return dict(zip(self.runs["algorithm"], self.runs["role"], strict=True))

    @property
    def baselines(self) -> list[str]:
        """Pre-training, in the order of the grid: what every other algorithm is compared with."""
        roles = self.roles
        named = dict.fromkeys(name for *_, names in self.cells() for name in names)
        return [name for name in named if roles.get(name) == "pre-training"]

    def trained_elsewhere(self) -> pd.Series[bool]:
        """Which runs are tested on a model that was trained in another setting."""
        own = self.runs["way"].astype(str) + "w" + self.runs["shot"].astype(str) + "s"
        return self.runs.get("trained_in", own).fillna(own) != own

    def cells(self) -> Iterator[tuple[str, int, int, list[str]]]:
        """Data set, way, shot and its algorithms, in the order of the grid."""
        for (dataset, way, shot), algorithms in self.study.cells().items():
            yield dataset, way, shot, algorithms

    def own_hyperparameters(self, dataset: str, way: int, shot: int, algorithm: str) -> list[str]:
        """What the study sets for one cell itself, but for how long training takes.

        For the model as well, where that is another algorithm's.
        """
        here = at(self.runs, dataset=dataset, algorithm=algorithm)
        trained = here["model"] if "model" in here else here["algorithm"]
        names: dict[str, None] = {}
        for entry in self.study.entries(dataset, way, shot):
            if algorithm in entry.algorithms:
                own = [key for name in {algorithm, *trained} for key in entry.own.get(name, {})]
                common = entry.common if _is_ours(here) else {}
                names.update(dict.fromkeys([*common, *sorted(own)]))
        return [name for name in names if name not in NO_PART_OF_A_METHOD]

    def references(self, dataset: str, way: int, shot: int) -> list[str]:
        """Keys of the published rows that the study wants beside a setting."""
        keys: dict[str, None] = {}
        for entry in self.study.entries(dataset, way, shot):
            keys.update(dict.fromkeys(entry.references))
        return list(keys)


def _is_ours(runs: pd.DataFrame) -> bool:
    """Whether no external program made them, for which a study's ``set`` is not."""
    return "backbone" not in runs or bool((runs["backbone"] != "none").all())


def read_report(report: Path, study: StudyFile) -> Report:
    """The results of a study below ``report`` (``reports/<study>``).

    Raises:
        MetabenchError: naming the file that is missing, damaged, or of another study.
    """
    runs, gaps = _read(report / RUNS), report / GAPS
    check_study(runs, study, report / RUNS)
    found = Report(
        study=study,
        scores=_read(report / SCORES),
        steps=_read(report / STEPS),
        curves=_read(report / CURVES),
        runs=runs,
        gaps=_read(gaps) if gaps.exists() else pd.DataFrame(columns=GAP_COLUMNS),
    )
    for name, wrong in _contradictions(found):
        raise MetabenchError(f"{report / name}: {wrong}; collect again")
    return found


def _contradictions(report: Report) -> Iterator[tuple[str, str]]:
    """Files whose rows do not go with those of the others, and in what."""
    frames = {SCORES: report.scores, STEPS: report.steps, CURVES: report.curves, RUNS: report.runs}
    for name, frame in frames.items():
        twice = frame[frame.duplicated(ROW[name])]
        if len(twice):
            yield name, f"{_named(twice[ROW[name]])} is there twice"
    runs, finished = _runs_of(report.runs), _runs_of(at(report.runs, status="finished"))
    for name, known in {SCORES: finished, STEPS: finished, CURVES: runs}.items():
        unknown = _runs_of(frames[name]) - known
        if unknown:
            kind = "finished run" if known is finished else "run"
            yield name, f"{' '.join(min(unknown))} is no {kind} of {RUNS}"
    unscored = finished - _runs_of(report.scores)
    if unscored:
        yield SCORES, f"{' '.join(min(unscored))} has no scores"
    empty = report.scores[report.scores["score"].isna()]
    if len(empty):
        yield SCORES, f"{_named(empty[ROW[SCORES]])}: no score"
    counts = report.scores.groupby([*KEY, "mode"])["episode"].agg(["size", "max"])
    for setting, here in counts.groupby(KEY[:3]):
        if len(here.drop_duplicates()) > 1:
            yield SCORES, f"{' '.join(map(str, setting))}: runs have other episodes than others"


def _runs_of(frame: pd.DataFrame) -> set[tuple[str, ...]]:
    return set(frame[KEY].drop_duplicates().astype(str).itertuples(index=False, name=None))


def _named(rows: pd.DataFrame) -> str:
    """The first of them."""
    return " ".join(map(str, rows.iloc[0]))


def read_rows(file: Path) -> pd.DataFrame:
    """One of a report's tables as it is written there: every value a text.

    Raises:
        MetabenchError: where it is not there, or damaged.
    """
    if not file.is_file():
        raise MetabenchError(f"{file}: no such file; the study, or `partial` of it, makes it")
    return _read(file, dtype="str", keep_default_na=False)


def _read(path: Path, **how: Any) -> pd.DataFrame:
    """A table that has at least its columns."""
    try:
        frame: pd.DataFrame = pd.read_csv(path, **(how or {"dtype": TYPES}))
        lacking = [f"no column '{name}'" for name in COLUMNS[path.name] if name not in frame]
    except (ValueError, EOFError, BadGzipFile, zlib.error) as error:
        lacking = [" ".join(str(error).split())]
    if lacking:
        raise MetabenchError(f"{path}: damaged, or of another version: {lacking[0]}; collect again")
    return frame


def check_study(runs: pd.DataFrame, study: StudyFile, path: Path) -> None:
    """Refuse runs that are not of the study, or of a data set that it has not by now.

    Args:
        runs: rows of ``runs.csv``.
        study: what is asked for by now.
        path: where the runs stand, for the error.
    """
    asked = {entry.dataset for entry in study.grid}
    for name, dataset in zip(runs["study"], runs["dataset"], strict=True):
        if name != study.name:
            raise MetabenchError(
                f"{path}: of study '{name}', but '{study.name}' is reported; give the file of "
                "the one, or the report of the other"
            )
        if dataset not in asked:
            raise MetabenchError(
                f"{path}: has runs on {dataset}, which the grid of '{name}' has not; collect again"
            )


def in_order(frame: pd.DataFrame, report: Report) -> pd.DataFrame:
    """The rows in the order of the study's grid."""
    cells = [(*cell, name) for *cell, names in report.cells() for name in names]
    rank = {cell: i for i, cell in enumerate(cells)}
    keys = frame[["dataset", "way", "shot", "algorithm"]].itertuples(index=False, name=None)
    ranks = pd.Series([rank.get(key, len(rank)) for key in keys], index=frame.index)
    return frame.loc[ranks.sort_values(kind="stable").index].reset_index(drop=True)


def at(frame: pd.DataFrame, **values: Any) -> pd.DataFrame:
    """The rows where every named column has the given value."""
    for name, value in values.items():
        frame = frame[frame[name] == value]
    return frame


def run_folder(
    results: Path, study: str, dataset: str, way: int, shot: int, algorithm: str, seed: int
) -> Path:
    """Where the workflow files a run."""
    return results / "runs" / study / dataset / f"{way}w{shot}s" / algorithm / f"seed{seed}"
