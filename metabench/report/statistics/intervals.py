"""Means of independent values with their 95 % intervals."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

CUT = 0.1  # share of the values that a trimmed mean leaves out at each end


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
    mean, error, kept = _trimmed(values, cut)
    return mean, float(stats.t.ppf(0.975, kept - 1) * error) if kept > 1 else np.nan


def trimmed_p_value(values: ArrayLike, cut: float = CUT) -> float:
    """Two-sided p-value of the test that belongs to ``trimmed_interval``: is that mean zero?

    It is below 5 % exactly where the interval leaves zero out. NaN where there is no interval.
    """
    mean, error, kept = _trimmed(values, cut)
    if kept < 2 or np.isnan(error):
        return np.nan
    if error == 0:
        return 1.0 if mean == 0 else 0.0
    return float(2 * stats.t.sf(abs(mean) / error, kept - 1))


def _trimmed(values: ArrayLike, cut: float) -> tuple[float, float, int]:
    """The trimmed mean, its standard error (NaN where there is none), and how many are left."""
    x = np.sort(np.asarray(values, dtype=np.float64))
    g = int(cut * x.size)
    kept = x[g : x.size - g]
    with np.errstate(invalid="ignore"):
        mean = float(kept.mean()) if kept.size else np.nan
    if kept.size < 2 or not np.isfinite(kept).all():
        return mean, np.nan, kept.size
    winsorised = np.clip(x, kept[0], kept[-1])
    error = winsorised.std(ddof=1) / ((kept.size / x.size) * np.sqrt(x.size))
    return mean, float(error), kept.size
