"""Episodes and training seeds put together: two crossed factors at random.

The seeds of a cell all met the same episodes, so the two are crossed: an episode that is hard is
hard for every seed. With s_i a seed, e_j an episode and r_ij what is left, a score is

    x_ij = mu + s_i + e_j + r_ij,    Var(mean) = Var(s) / S + Var(e) / E + Var(r) / S E.

Each mean square of the analysis of variance holds r too, so that the three terms are the variance
of the seeds' means by S, plus that of the episodes' means by E, less that of r by S E. It is where
a bootstrap of both factors tends to (Owen, 2007, "The pigeonhole bootstrap", Annals of Applied
Statistics 1), without its draws. To take episodes as if each seed had met others would average over
what the seeds share, and the interval would be too narrow by up to the root of their number.

The quantile is Student's, with Satterthwaite's degrees of freedom: few where the seeds differ most,
many where the episodes do.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[Any]


class Crossed(NamedTuple):
    """A cell's scores taken apart."""

    seeds: Array  # the mean of each over episodes: [seeds]
    episodes: Array  # the mean of each over seeds: [episodes]
    rest: float  # Var(r) / S E; NaN where there is one seed, one episode or an infinite score


def take_apart(table: Array) -> Crossed:
    """Scores [seeds, episodes] as means of each factor, and how much is left of both."""
    if not np.isfinite(table).all():
        table = np.full(table.shape, np.nan)
    seeds, episodes = table.mean(axis=1), table.mean(axis=0)
    left = table - seeds[:, None] - episodes + table.mean()
    freedom = (len(seeds) - 1) * (len(episodes) - 1)
    rest = (left**2).sum() / freedom / table.size if freedom else np.nan
    return Crossed(seeds, episodes, float(rest))


def joint_interval(ours: Crossed, theirs: Crossed | None = None) -> float:
    """Half-width of the 95 % interval over seeds and episodes, of a mean or of a difference.

    Args:
        ours: a cell.
        theirs: the cell that is subtracted, of another training on the same episodes. Its seeds
            are others; its episodes are not, and differ together with ours. (Of two cells that
            share their trainings, the differences are one cell themselves.)

    Returns:
        NaN where a cell has one seed, one episode or an infinite score.
    """
    parts = [ours] if theirs is None else [ours, theirs]
    rest = np.array([part.rest for part in parts])
    if np.isnan(rest).any():
        return float("nan")
    seeds = np.array([_of_mean(part.seeds) for part in parts])
    episodes = _of_mean(ours.episodes if theirs is None else ours.episodes - theirs.episodes)
    variance = max(seeds.sum() + episodes - rest.sum(), seeds.sum(), episodes)
    if variance == 0:
        return 0.0
    n, m = np.array([len(part.seeds) for part in parts]) - 1, len(ours.episodes) - 1
    spread = (seeds**2 / n).sum() + episodes**2 / m + (rest**2 / (n * m)).sum()
    freedom = max(variance**2 / spread, n.min())
    return float(stats.t.ppf(0.975, freedom) * np.sqrt(variance))


def _of_mean(values: Array) -> float:
    """The variance of the mean of independent values."""
    return float(values.var(ddof=1)) / len(values)
