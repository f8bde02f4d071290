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
