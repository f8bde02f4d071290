"""Episodes and training seeds put together: a bootstrap of two levels.

The seeds of a cell all met the same episodes, so the two are crossed: an episode that is hard is
hard for every seed. Each draw therefore takes seeds, and then ONE set of episodes for all of them;
to draw episodes anew for each seed would average over what the seeds share, and the interval would
be too narrow by up to the root of their number. Owen (2007), "The pigeonhole bootstrap", Annals of
Applied Statistics 1.

Two things stand between such draws and an interval that covers what it claims with three seeds:

- n values drawn n at a time vary too little, by (n - 1) / n, which is a third for three. So one
  fewer is drawn than there are, and the variance is right on average.
- The quantiles of the draws cannot lie beyond the seeds that there are: with three they cover at
  most three times in four. So the draws give the standard error alone, and the quantile is
  Student's, with Satterthwaite's degrees of freedom: few where the seeds differ most, many where
  the episodes do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from scipy import stats

DRAWS = 2000
STREAM = 20070501  # of random numbers: equal scores give equal intervals

Array = NDArray[Any]


@dataclass(frozen=True)
class Draws:
    """How far a cell's mean moves in each draw, of seeds or episodes alone and of both: [draws]."""

    count: tuple[int, int]  # of seeds and of episodes
    seeds: Array
    episodes: Array
    both: Array


def draw(table: Array, name: str = "", draws: int = DRAWS) -> Draws:
    """Draw the seeds and the episodes of a cell, with replacement.

    Args:
        table: scores [seeds, episodes].
        name: of the algorithm. Cells of another name draw their seeds independently; the same
            episodes are drawn for all, so that the draws of two cells may be subtracted.
        draws: how many.

    Returns:
        Without a number in it where there is one seed or one episode, or an infinite score.
    """
    seeds, episodes = table.shape
    if min(seeds, episodes) < 2 or not np.isfinite(table).all():
        nothing = np.full(draws, np.nan)
        return Draws((seeds, episodes), nothing, nothing, nothing)
    by_seed = _shares(np.random.default_rng([STREAM, crc32(name.encode())]), seeds, draws)
    by_episode = _shares(np.random.default_rng(STREAM), episodes, draws)
    each = by_episode @ table.T  # [draws, seeds]: the seeds' means over the drawn episodes
    return Draws(
        count=(seeds, episodes),
        seeds=by_seed @ table.mean(axis=1) - table.mean(),
        episodes=each.mean(axis=1) - table.mean(),
        both=(by_seed * each).sum(axis=1) - table.mean(),
    )


def joint_interval(ours: Draws, theirs: Draws | None = None) -> float:
    """Half-width of the 95 % interval over seeds and episodes, of a mean or of a difference.

    A draw of both counts what is particular to a seed in an episode three times, a draw of one
    once; so the variance is that of seeds, plus that of episodes, less what is left of both.

    Args:
        ours: the draws of a cell.
        theirs: those of the cell that is subtracted, of another algorithm on the same episodes.

    Returns:
        NaN where a cell has one seed, one episode or an infinite score.
    """
    parts = [ours] if theirs is None else [ours, theirs]
    seeds = [part.seeds.var() for part in parts]
    rest = [(part.both - part.seeds - part.episodes).var() for part in parts]
    episodes = (ours.episodes - (0.0 if theirs is None else theirs.episodes)).var()
    variance = max(sum(seeds) + episodes - sum(rest), sum(seeds), episodes)
    if np.isnan(variance) or variance == 0:
        return float(variance)
    n, m = np.array([part.count for part in parts]).T - 1
    spread = (np.square(seeds) / n).sum() + episodes**2 / m[0] + (np.square(rest) / (n * m)).sum()
    freedom = max(variance**2 / spread, n.min())
    return float(stats.t.ppf(0.975, freedom) * np.sqrt(variance))


def _shares(rng: np.random.Generator, things: int, draws: int) -> Array:
    """What share each thing has in each draw of one fewer than there are: [draws, things]."""
    drawn = rng.integers(things, size=(draws, things - 1)) + things * np.arange(draws)[:, None]
    counts = np.bincount(drawn.ravel(), minlength=draws * things).reshape(draws, things)
    return counts / (things - 1)
