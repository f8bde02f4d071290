"""Scores of episodes as ``metabench collect`` writes them, from arrays."""

from __future__ import annotations

import numpy as np
import pandas as pd


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
