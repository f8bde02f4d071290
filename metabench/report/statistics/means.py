"""One row a cell: its mean and how uncertain that is, over episodes, over seeds and over both."""

from __future__ import annotations

import numpy as np
import pandas as pd

from metabench.report.statistics.intervals import mean_interval, trimmed_interval
from metabench.report.statistics.joint import Array, joint_interval, take_apart
from metabench.report.statistics.units import by_unit, units_of

SETTING = ["dataset", "way", "shot"]
CELL = [*SETTING, "algorithm", "mode"]
DIGITS = 8  # scores are written with nine: what differs beyond is rounding, and a tie


def over_seeds(scores: pd.DataFrame) -> pd.DataFrame:
    """One row an episode of a cell: its mean score over the seeds, how many of them diverged."""
    episodes = scores.groupby([*CELL, "episode"], sort=False)
    return episodes.agg({"score": "mean", "diverged": "sum"}).reset_index()


def by_seed(cell: pd.DataFrame) -> Array:
    """The scores of one cell as [seeds, units]: of episodes, or the means of their clusters."""
    table = cell.pivot(index="seed", columns="episode", values="score")
    return by_unit(table.to_numpy(dtype=np.float64), units_of(cell))


def cells(scores: pd.DataFrame) -> pd.DataFrame:
    """One row a cell (data set, way, shot, algorithm, mode).

    Args:
        scores: rows of ``scores.csv.gz``.

    Returns:
        ``mean`` and ``ci95`` (half-width) over episodes; ``robust`` and ``robust_ci95``, the
        same of the trimmed mean; ``seed_sd``, the standard deviation of the seeds' means, and
        ``seed_ci95``, the half-width of the 95 % interval of the mean over seeds; ``joint_ci95``,
        that of the mean over seeds and episodes (all three NaN for one seed); counts ``seeds``,
        ``episodes``, of how many ``units`` these are, and ``diverged_episodes`` over all seeds.
    """
    rows = []
    for key, group in scores.groupby(CELL, sort=False):
        table = by_seed(group)
        of_units, of_seeds = table.mean(axis=0), table.mean(axis=1)
        mean, ci95 = mean_interval(of_units)
        robust, robust_ci95 = trimmed_interval(of_units)
        finite = len(of_seeds) > 1 and bool(np.isfinite(of_seeds).all())
        cell = dict(zip(CELL, key, strict=True))
        rows.append(
            {
                **cell,
                "mean": round(mean, DIGITS),
                "ci95": ci95,
                "robust": round(robust, DIGITS),
                "robust_ci95": robust_ci95,
                "seed_sd": float(of_seeds.std(ddof=1)) if finite else np.nan,
                "seed_ci95": mean_interval(of_seeds)[1],
                "joint_ci95": joint_interval(take_apart(table)),
                "seeds": len(of_seeds),
                "episodes": group["episode"].nunique(),
                "units": len(of_units),
                "diverged_episodes": int(group["diverged"].sum()),
            }
        )
    columns = [*CELL, "mean", "ci95", "robust", "robust_ci95", "seed_sd", "seed_ci95"]
    columns += ["joint_ci95", "seeds", "episodes", "units", "diverged_episodes"]
    return pd.DataFrame(rows, columns=columns)
