"""From the folders of runs to four plain files: scores, steps, curves and runs of a study."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from metabench.errors import MetabenchError
from metabench.files.described import read_described
from metabench.files.runs import KEY, check_predictions, read_episodes, read_run
from metabench.files.whole import atomic, read_array
from metabench.report import scoring
from metabench.report.data import (
    CURVE_COLUMNS,
    CURVES,
    RUNS,
    SCORE_COLUMNS,
    SCORES,
    STEP_COLUMNS,
    STEPS,
    run_folder,
)
from metabench.report.scoring import Array
from metabench.report.statistics import CLUSTER, by_unit, mean_interval, trimmed_interval
from metabench.study.catalogue import Algorithm, Catalogue
from metabench.study.file import read_study

Rows = list[dict[str, Any]]


class Answers(NamedTuple):
    """What the predictions on some test episodes are held against."""

    labels: Array  # of the queries: [episodes, queries, ...]
    clusters: Array | None  # which episodes belong together, [episodes]; None where each is alone

    @property
    def units(self) -> Array:
        """What one observation is: see ``metabench.report.statistics.units``."""
        return np.arange(len(self.labels)) if self.clusters is None else self.clusters


@dataclass(frozen=True)
class Scored:
    """A run, and what came out of it: no scores and steps where it diverged."""

    run: dict[str, Any]
    scores: pd.DataFrame
    steps: pd.DataFrame
    curve: pd.DataFrame


def collect(
    study_file: Path, runs: list[Path], episodes_root: Path, out: Path, config: Path
) -> None:
    """Check and score every run of a study.

    Writes to ``out``:

    - ``scores.csv.gz``: one row an episode of a run and mode, after the last inner step. ``score``
      is the accuracy in [0, 1], or the mean squared error (``inf`` where a prediction is not
      finite); ``diverged`` is 1 for the episodes that ``scoring.diverged`` (of regression) or
      ``scoring.unanswered`` names; ``cluster``, there where a data set has any, is equal for
      episodes that belong together.
    - ``steps.csv``: one row a recorded inner step of a run, in the run's first mode: plain mean
      over episodes, half-width of its 95 % interval, ``robust`` (mean without the lowest and the
      highest tenth of the episodes) and how many episodes diverged.
    - ``curves.csv.gz``: ``history.csv`` of every run that trained a model, one below another.
    - ``runs.csv``: one row a run, ``run.json`` flattened (``cost.train_seconds``), the ``role`` of
      its algorithm, and which one trained its ``model``. A diverged run has no scores and steps.

    Args:
        study_file: YAML of the study.
        runs: run folders, or folders that hold them at any depth.
        episodes_root: ``results/episodes``.
        out: ``reports/<study>``.
        config: where algorithms are described, after the folder of the study.

    Raises:
        MetabenchError: naming the file that is missing or wrong, and what is wrong with it.
    """
    name = read_study(study_file).name
    scored = [score(folder, name, episodes_root) for folder in run_folders(runs)]
    refuse_twins([each.run for each in scored])
    catalogue = Catalogue([study_file.parent, config])
    names = dict.fromkeys(each.run["algorithm"] for each in scored)
    write_collected(scored, {n: catalogue.algorithm(n, str(study_file)) for n in names}, out)


def asked_runs(study_file: Path, results: Path, config: Path) -> list[Path]:
    """The folders of all runs that a study asks for, below ``results``."""
    study, catalogue = read_study(study_file), Catalogue([study_file.parent, config])
    folders = []
    for (dataset, way, shot), names in study.cells().items():
        for name in names:
            about = catalogue.algorithm(name, str(study_file))
            folders += [
                run_folder(results, study.name, dataset, way, shot, name, seed)
                for seed in about.seeds(study.seeds)
            ]
    return folders


def score(folder: Path, study: str, episodes_root: Path) -> Scored:
    """Check and score the run in ``folder``."""
    run = read_run(folder, study)
    answers = read_answers(episodes_root, run, folder)
    episodes, queries = answers.labels.shape[:2]
    told = {**run, "episodes": episodes, "queries": queries}
    curve = read_curve(folder, run)
    if run["status"] == "diverged":
        return Scored(told, pd.DataFrame(), pd.DataFrame(), curve)
    return Scored(told, score_run(folder, run, answers), score_steps(folder, run, answers), curve)


def write_collected(
    scored: Sequence[Scored], algorithms: Mapping[str, Algorithm], out: Path
) -> None:
    """Write the four files that ``collect`` describes; ``algorithms`` by name, as files say."""
    runs = []
    for run in (each.run for each in scored):
        about = algorithms[run["algorithm"]]
        model = about.model_of.get(run["task"], about.name)
        runs.append({**run, "role": about.role, "model": model})
    write_frame(out / SCORES, _joined([each.scores for each in scored], SCORE_COLUMNS))
    write_frame(out / STEPS, _joined([each.steps for each in scored], STEP_COLUMNS))
    write_frame(out / CURVES, _joined([each.curve for each in scored], CURVE_COLUMNS))
    write_frame(out / RUNS, flatten(runs))


def run_folders(roots: list[Path]) -> list[Path]:
    """The run folders at or under ``roots``, sorted."""
    folders: set[Path] = set()
    for root in roots:
        found = {path.parent for path in root.glob("**/run.json")}
        if not found:
            raise MetabenchError(f"{root}: no run.json here or below; was the run evaluated?")
        folders |= found
    return sorted(folders)


def read_answers(root: Path, run: dict[str, Any], folder: Path) -> Answers:
    """Of the episodes that a run was tested on."""
    where = root / run["dataset"] / f"test-{run['way']}w{run['shot']}s"
    about = read_episodes(where, run, folder)
    labels = read_array(where / "query_labels.npy")
    if not np.isfinite(labels).all():
        raise MetabenchError(f"{where / 'query_labels.npy'}: a label is not finite")
    clusters = np.array(about["clusters"]) if "clusters" in about else None
    if clusters is not None and clusters.shape != labels.shape[:1]:
        raise MetabenchError(
            f"{where / 'episodes.json'}: 'clusters' has shape {clusters.shape}; one number for "
            f"each of {len(labels)} episodes is right"
        )
    return Answers(labels, clusters)


def score_run(folder: Path, run: dict[str, Any], answers: Answers) -> pd.DataFrame:
    """One row an episode and mode."""
    shape = answers.labels.shape
    values = check_predictions(folder / "predictions.npy", len(run["modes"]), run, shape)
    score, lost = _scores(values, run, answers.labels)
    frames = [
        pd.DataFrame({"mode": mode, "episode": range(len(score[i])), "score": score[i]}).assign(
            diverged=lost[i].astype(int)
        )
        for i, mode in enumerate(run["modes"])
    ]
    if answers.clusters is None:
        return _keyed(pd.concat(frames), run, SCORE_COLUMNS)
    clustered = [frame.assign(**{CLUSTER: answers.clusters}) for frame in frames]
    return _keyed(pd.concat(clustered), run, [*SCORE_COLUMNS, CLUSTER])


def score_steps(folder: Path, run: dict[str, Any], answers: Answers) -> pd.DataFrame:
    """One row a recorded inner step; none where the run has no ``steps.npy``."""
    path = folder / "steps.npy"
    if not path.exists():
        return pd.DataFrame(columns=STEP_COLUMNS)
    values = check_predictions(path, len(run["steps"]), run, answers.labels.shape)
    scores, diverged = _scores(values, run, answers.labels)
    rows = []
    for step, score, lost in zip(
        run["steps"], by_unit(scores, answers.units), diverged, strict=True
    ):
        mean, ci95 = mean_interval(score)
        robust = trimmed_interval(score)[0]
        rows.append([run["modes"][0], step, mean, ci95, robust, int(lost.sum())])
    return _keyed(pd.DataFrame(rows, columns=STEP_COLUMNS[len(KEY) :]), run, STEP_COLUMNS)


def read_curve(folder: Path, run: dict[str, Any]) -> pd.DataFrame:
    """The meta-training curve of the model that the run trained; none where it trained none."""
    path = folder / "history.csv"
    described = path.with_name("train.json")
    if not described.exists():
        return pd.DataFrame(columns=CURVE_COLUMNS)
    read_described(described, path.name)
    curve = pd.read_csv(path)
    lacking = [name for name in CURVE_COLUMNS[len(KEY) :] if name not in curve]
    if lacking:
        raise MetabenchError(f"{path}: no column '{lacking[0]}'; train the run again")
    return _keyed(curve, run, [*dict.fromkeys([*CURVE_COLUMNS, *curve.columns])])


def flatten(runs: Rows) -> pd.DataFrame:
    """One row a run: nested keys joined by dots, lists as JSON."""
    frame = pd.json_normalize(runs, sep=".")
    for column in frame.columns:
        if frame[column].map(lambda value: isinstance(value, list)).any():
            frame[column] = frame[column].map(
                lambda value: json.dumps(value) if isinstance(value, list) else value
            )
    first = [column for column in ("study", *KEY) if column in frame]
    rest = [column for column in frame.columns if column not in first]
    return frame[first + rest].convert_dtypes()


def refuse_twins(runs: Rows) -> None:
    """Every cell and seed is there once."""
    seen = set()
    for run in runs:
        key = tuple(run[name] for name in KEY)
        if key in seen:
            raise MetabenchError(f"runs: {' '.join(map(str, key))} is there twice; remove one")
        seen.add(key)


def _scores(values: Array, run: dict[str, Any], labels: Array) -> tuple[Array, Array]:
    if run["task"] == "classification":
        return scoring.accuracy(values, labels), scoring.unanswered(values)
    score = scoring.squared_error(values, labels)
    return score, scoring.diverged(score, labels)


def _keyed(frame: pd.DataFrame, run: dict[str, Any], columns: list[str]) -> pd.DataFrame:
    return frame.assign(**{name: run[name] for name in KEY})[columns]


def _joined(frames: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled) if filled else pd.DataFrame(columns=columns)


def write_frame(path: Path, frame: pd.DataFrame) -> None:
    """Write a frame as ``.csv`` or ``.csv.gz``, atomically."""
    content = frame.to_csv(index=False, float_format="%.9g").encode()
    if path.suffix == ".gz":  # without a time or name in its header: equal results, equal files
        content = gzip.compress(content, mtime=0)
    with atomic(path) as temporary:
        temporary.write_bytes(content)
