"""Means, intervals and paired differences of scores, on plain data frames.

Two kinds of uncertainty are kept apart, and neither is ever called by the other's name:

- over *episodes*: how far the mean over these test episodes may lie from the mean over all
  episodes, for the models that were trained. The unit is the episode: queries of one episode
  share its classes and its adapted model, so they are not independent. Where a cell has several
  training seeds, an episode's score is first averaged over them; every seed met the same
  episodes, so they add no episodes.
- over *training seeds*: how much the outcome moves when training is repeated.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

SETTING = ["dataset", "way", "shot"]
CELL = [*SETTING, "algorithm", "mode"]
CUT = 0.1  # share of the episodes that a trimmed mean leaves out at each end


def mean_interval(values: ArrayLike) -> tuple[float, float]:
    """Mean and half-width of its 95 % interval by Student's t; NaN where there is none."""
    x = np.asarray(values, dtype=np.float64)
    if x.size == 0:
        return np.nan, np.nan
    with np.errstate(invalid="ignore"):
        mean = float(x.mean())
    if x.size < 2 or not np.isfinite(x).all():
        return mean, np.nan
    error = x.std(ddof=1) / np.sqrt(x.size)
    return mean, float(stats.t.ppf(0.975, x.size - 1) * error)


def trimmed_interval(values: ArrayLike, cut: float = CUT) -> tuple[float, float]:
    """Mean without the lowest and highest ``cut`` of the values, and its 95 % half-width.

    Infinite values take their place at the ends. The interval is Tukey and McLaughlin's: the
    standard deviation of the winsorised values, Student's t on those that are left
    (Tukey, McLaughlin (1963), Sankhya A 25).
    """
    x = np.sort(np.asarray(values, dtype=np.float64))
    g = int(cut * x.size)
    kept = x[g : x.size - g]
    with np.errstate(invalid="ignore"):
        mean = float(kept.mean()) if kept.size else np.nan
    if kept.size < 2 or not np.isfinite(kept).all():
        return mean, np.nan
    winsorised = np.clip(x, kept[0], kept[-1])
    error = winsorised.std(ddof=1) / ((kept.size / x.size) * np.sqrt(x.size))
    return mean, float(stats.t.ppf(0.975, kept.size - 1) * error)


def over_seeds(scores: pd.DataFrame) -> pd.DataFrame:
    """One row an episode of a cell: its mean score over the seeds, how many of them diverged."""
    episodes = scores.groupby([*CELL, "episode"], sort=False)
    return episodes.agg({"score": "mean", "diverged": "sum"}).reset_index()


def cells(scores: pd.DataFrame) -> pd.DataFrame:
    """One row a cell (data set, way, shot, algorithm, mode).

    Args:
        scores: rows of ``scores.csv.gz``.

    Returns:
        ``mean`` and ``ci95`` (half-width) over episodes; ``robust`` and ``robust_ci95``, the
        same of the trimmed mean; ``seed_sd``, the standard deviation of the seeds' means, and
        ``seed_ci95``, the half-width of the 95 % interval of the mean over seeds (both NaN for
        one seed); counts ``seeds``, ``episodes``, and ``diverged_episodes`` over all seeds.
    """
    averaged = over_seeds(scores).groupby(CELL, sort=False)
    rows = []
    for key, group in scores.groupby(CELL, sort=False):
        of_episodes = averaged.get_group(key)["score"]
        of_seeds = group.groupby("seed")["score"].mean()
        mean, ci95 = mean_interval(of_episodes)
        robust, robust_ci95 = trimmed_interval(of_episodes)
        finite = len(of_seeds) > 1 and bool(np.isfinite(of_seeds).all())
        rows.append(
            {
                **dict(zip(CELL, key, strict=True)),
                "mean": mean,
                "ci95": ci95,
                "robust": robust,
                "robust_ci95": robust_ci95,
                "seed_sd": float(of_seeds.std(ddof=1)) if finite else np.nan,
                "seed_ci95": mean_interval(of_seeds)[1],
                "seeds": len(of_seeds),
                "episodes": len(of_episodes),
                "diverged_episodes": int(group["diverged"].sum()),
            }
        )
    columns = [*CELL, "mean", "ci95", "robust", "robust_ci95", "seed_sd", "seed_ci95"]
    return pd.DataFrame(rows, columns=[*columns, "seeds", "episodes", "diverged_episodes"])


def paired(scores: pd.DataFrame, baselines: Iterable[str]) -> pd.DataFrame:
    """Differences to each baseline on the episodes that both met.

    Episodes differ in difficulty far more than algorithms differ on one episode, so the
    interval of the mean difference is much narrower than those of the two means suggest.

    Args:
        scores: rows of ``scores.csv.gz``.
        baselines: algorithms to compare with, where a setting has them.

    Returns:
        One row a cell and baseline: ``difference`` (algorithm minus baseline, in the unit of
        the score) with ``ci95`` over ``episodes``, and ``robust``, ``robust_ci95`` of the
        trimmed mean. The baseline is taken in the algorithm's mode where it has it, otherwise
        in its first: ``baseline_mode`` says which. Where both are infinite the difference is 0.
        ``diverged_episodes`` counts the episodes where either diverged from some seed.
    """
    rows = []
    wanted = list(baselines)
    for setting, here in over_seeds(scores).groupby(SETTING, sort=False):
        by_cell = {
            key: group.set_index("episode")[["score", "diverged"]]
            for key, group in here.groupby(["algorithm", "mode"], sort=False)
        }
        for (algorithm, mode), score in by_cell.items():
            for baseline in wanted:
                modes = [m for name, m in by_cell if name == baseline]
                if not modes or algorithm in wanted[: wanted.index(baseline) + 1]:
                    continue  # itself, or a pair that stands there the other way round
                baseline_mode = mode if mode in modes else modes[0]
                difference, lost = _difference(score, by_cell[baseline, baseline_mode])
                mean, ci95 = mean_interval(difference)
                robust, robust_ci95 = trimmed_interval(difference)
                values = [algorithm, mode, baseline, baseline_mode, mean, ci95]
                rows.append([*setting, *values, robust, robust_ci95, len(difference), lost])
    names = ["baseline", "baseline_mode", "difference", "ci95", "robust", "robust_ci95", "episodes"]
    return pd.DataFrame(rows, columns=[*CELL, *names, "diverged_episodes"])


def _difference(ours: pd.DataFrame, baseline: pd.DataFrame) -> tuple[pd.Series[float], int]:
    suffixes = ("", "_baseline")
    both = ours.merge(baseline, left_index=True, right_index=True, suffixes=suffixes)
    difference = both["score"] - both["score_baseline"]
    tie = np.isinf(both["score"]) & np.isinf(both["score_baseline"])
    lost = (both["diverged"] > 0) | (both["diverged_baseline"] > 0)
    return difference.mask(tie, 0.0), int(lost.sum())
