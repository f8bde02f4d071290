"""How many episodes a difference needs, from how much paired differences vary."""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

POWER, LEVEL = 0.8, 0.05  # the difference is found in four studies of five; two-sided
MANY = 100_000  # episodes, from which on the normal distribution is Student's t


def episodes_needed(sd: float, difference: float) -> float:
    """Episodes on which a paired t-test finds a difference with power 0.8, two-sided at 5 %.

    Args:
        sd: standard deviation of the paired differences over episodes.
        difference: the mean difference to be found, in the same unit.

    Returns:
        A whole number, 2 or more; infinite for no difference, NaN where a number is missing.
    """
    if math.isnan(sd) or math.isnan(difference):
        return math.nan
    if difference == 0:
        return math.inf
    size = abs(difference) / sd if sd else math.inf
    were_it_normal = (_normal() / size) ** 2
    if were_it_normal > MANY:
        return float(math.ceil(were_it_normal))
    count = max(2, math.floor(were_it_normal))
    while power(count, size) < POWER:
        count += 1
    return float(count)


def least_difference(sd: float, episodes: int) -> float:
    """The difference that a paired t-test on ``episodes`` finds with power 0.8, two-sided at 5 %.

    By Student's t in place of the normal quantiles, which is right within a few per cent from ten
    episodes on.
    """
    if episodes < 2:
        return math.nan
    freedom = episodes - 1
    quantiles = stats.t.ppf(1 - LEVEL / 2, freedom) + stats.t.ppf(POWER, freedom)
    return float(quantiles * sd / math.sqrt(episodes))


def power(episodes: int, size: float) -> float:
    """How often a paired t-test finds a difference of ``size`` standard deviations."""
    if not math.isfinite(size):
        return 1.0
    freedom = episodes - 1
    limit = stats.t.ppf(1 - LEVEL / 2, freedom)
    return float(stats.nct.sf(limit, freedom, size * np.sqrt(episodes)))


def _normal() -> float:
    """The sum of the normal quantiles: the answer were the standard deviation known."""
    return float(stats.norm.ppf(1 - LEVEL / 2) + stats.norm.ppf(POWER))
