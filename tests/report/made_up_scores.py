"""Scores of episodes as ``metabench collect`` writes them, from arrays."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from metabench.report.data import CURVE_COLUMNS, Report, read_report
from metabench.setting import read_setting
from metabench.study.file import Entry, StudyFile

STEPS = [
    "dataset",
    "way",
    "shot",
    "algorithm",
    "seed",
    "mode",
    "step",
    "mean",
    "ci95",
    "robust",
    "diverged_episodes",
]


def frame(
    scores: dict[str, np.ndarray], mode: str = "none", setting: tuple[str, int, int] = ("d", 5, 1)
) -> pd.DataFrame:
    """Rows of scores.csv.gz from arrays [seeds, episodes] by algorithm."""
    return pd.DataFrame(
        [
            [*setting, algorithm, seed, mode, episode, score, 0]
            for algorithm, table in scores.items()
            for seed, row in enumerate(table)
            for episode, score in enumerate(row)
        ],
        columns=[
            *["dataset", "way", "shot", "algorithm", "seed"],
            *["mode", "episode", "score", "diverged"],
        ],
    )


def two_way(
    rng: np.random.Generator, seeds: float, episodes: float, both: float, shape: tuple[int, int]
) -> np.ndarray:
    """Scores of mean 0 from effects of seeds, episodes and of a seed in an episode.

    The first three numbers are the effects' standard deviations, ``shape`` is [seeds, episodes].
    """
    rows, columns = shape
    return (
        seeds * rng.normal(size=(rows, 1))
        + episodes * rng.normal(size=(1, columns))
        + both * rng.normal(size=shape)
    )


def role(algorithm: str) -> str:
    """What the report takes it for, by its name here."""
    if algorithm == "scratch":
        return "neither"
    return "pre-training" if algorithm.startswith("pretrain") else "meta-learning"


def study(settings: list[str], algorithms: Iterable[str], name: str = "ranked") -> StudyFile:
    entry = Entry("glyphs", tuple(map(read_setting, settings)), tuple(algorithms))
    return StudyFile(name, name, (0,), (entry,))


def written(folder: Path, settings: list[str], levels: dict[str, float], seeds: int = 1) -> Report:
    """A report whose algorithms score about their levels in every setting of the glyphs."""
    rng = np.random.default_rng(0)
    scores, runs = [], []
    for setting in settings:
        way, shot = map(int, setting[:-1].split("w"))
        tables = {
            name: level + 0.01 * rng.normal(size=(seeds, 20)) for name, level in levels.items()
        }
        scores.append(frame(tables, "running", ("glyphs", way, shot)))
        about = {"dataset": "glyphs", "way": way, "shot": shot, "task": "classification"}
        runs += [
            {**about, "algorithm": name, "title": name.title(), "seed": i, "status": "finished"}
            | {"study": "ranked", "role": role(name), "backbone": "conv4-32"}
            | {"episodes_sha256": "e" * 64}
            for name in levels
            for i in range(seeds)
        ]
    pd.concat(scores).to_csv(folder / "scores.csv.gz", index=False)
    pd.DataFrame(columns=STEPS).to_csv(folder / "steps.csv", index=False)
    pd.DataFrame(columns=CURVE_COLUMNS).to_csv(folder / "curves.csv.gz", index=False)
    pd.DataFrame(runs).to_csv(folder / "runs.csv", index=False)
    return read_report(folder, study(settings, levels))
