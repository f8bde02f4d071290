"""Average ranks of algorithms over settings (Demsar (2006), JMLR 7)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy import stats

from metabench.report.names import LEAST_ALGORITHMS, LEAST_SETTINGS

LEVEL = 0.05


@dataclass(frozen=True)
class Ranks:
    """What the average ranks of some algorithms say.

    ``ranks`` is a frame of settings by algorithms, 1 the best and equal ones sharing the mean of
    their places; the algorithms stand in the order of their average rank. ``friedman_p`` asks
    whether all are alike. Where they are not, two algorithms differ whose average ranks are
    further apart than ``critical`` (Nemenyi).
    """

    ranks: pd.DataFrame
    friedman_p: float
    critical: float

    @property
    def average(self) -> pd.Series[float]:
        """The average rank of each algorithm, the best first."""
        return self.ranks.mean()

    def alike(self, algorithm: str) -> list[str]:
        """The algorithms that cannot be told apart from this one, the best first."""
        average = self.average
        near = (average - average[algorithm]).abs() <= self._limit
        return [str(name) for name in average.index if near[name] and name != algorithm]

    def groups(self) -> list[list[str]]:
        """The largest groups of algorithms of which no two are told apart, the best first."""
        average = self.average
        runs = [
            list(average.index[start:][(average.iloc[start:] - low) <= self._limit])
            for start, low in enumerate(average)
        ]
        ends = [-1, *(start + len(run) for start, run in enumerate(runs))]
        larger = [last > before for before, last in pairwise(ends)]
        return [run for run, new in zip(runs, larger, strict=True) if new and len(run) > 1]

    @property
    def _limit(self) -> float:
        return self.critical if self.friedman_p < LEVEL else np.inf


def rank(scores: pd.DataFrame) -> Ranks | None:
    """Rank algorithms in each setting.

    Args:
        scores: settings by algorithms, higher is better. An algorithm without a score in some
            setting is left out: an average over other settings is another average.

    Returns:
        None for fewer than two settings or three algorithms.
    """
    whole = scores.dropna(axis="columns")
    settings, algorithms = whole.shape
    if settings < LEAST_SETTINGS or algorithms < LEAST_ALGORITHMS:
        return None
    ranks = whole.rank(axis="columns", ascending=False)
    ranks = ranks[ranks.mean().sort_values(kind="stable").index]
    alike = bool((ranks.nunique(axis="columns") == 1).all())
    p = 1.0 if alike else stats.friedmanchisquare(*(ranks[name] for name in ranks)).pvalue
    return Ranks(ranks, float(p), critical_difference(algorithms, settings))


def critical_difference(algorithms: int, settings: int) -> float:
    """How far two average ranks must be apart at 5 % among all pairs (Nemenyi)."""
    q = stats.studentized_range.ppf(1 - LEVEL, algorithms, np.inf) / np.sqrt(2)
    return float(q * np.sqrt(algorithms * (algorithms + 1) / (6 * settings)))
