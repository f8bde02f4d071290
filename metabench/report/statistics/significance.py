"""Is a mean difference zero? Two tests that assume little, and what many of them cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

FLIPS = 20_000  # so that a p-value may fall to 1 / 20 001; 14 units have no more signs than that
STREAM = 19350101  # of random signs: equal scores give equal p-values
AT_ONCE = 1000  # draws of signs held in memory
FEWEST = 6  # units of which sign flips can have a p-value below 0.05: 2 / 2^6

Array = NDArray[Any]


def sign_flip(differences: Array, flips: int = FLIPS) -> tuple[Array, Array]:
    """Two-sided p-values of the paired permutation test of the mean, each alone and all together.

    Were two algorithms alike, each difference could as well have the other sign. The p-value is
    the share of all signs whose mean is as far from zero as the one seen. Where these are more
    than ``flips``, as many are drawn at random, and the one seen counts as one of them. Fisher
    (1935), "The Design of Experiments", section 21; Phipson, Smyth (2010), Statistical Applications
    in Genetics and Molecular Biology 9.

    Together, a comparison is held against the largest statistic among all that are no clearer than
    it, under the same signs: what comparisons have in common is not paid for twice. The chance to
    call any difference real that is none stays below 5 % at 5 %, exactly where the differences of
    all equal pairs are symmetric together, and otherwise as units grow. Westfall and Young (1993),
    "Resampling-based multiple testing", the step-down maximum. The statistic is |sum d| / ||d||,
    which Student's t grows with, so that comparisons of any spread are held against each other.

    Args:
        differences: [comparisons, units]. All comparisons share the signs.
        flips: the most signs that are tried.

    Returns:
        Twice [comparisons]: alone, and corrected for all. NaN where a difference is not finite, or
        there are fewer than two units.
    """
    units = differences.shape[1]
    alone, together = np.full((2, len(differences)), np.nan)
    whole = np.flatnonzero(np.isfinite(differences).all(axis=1))
    if units < 2 or not len(whole):
        return alone, together
    d = differences[whole]
    d = d / np.maximum(np.linalg.norm(d, axis=1, keepdims=True), np.finfo(float).tiny)
    seen = np.abs(d.sum(axis=1))
    order = np.argsort(seen, kind="stable")  # the clearest last
    d, whole, seen = d[order], whole[order], seen[order]
    edge = seen - 1e-9 * np.abs(d).sum(axis=1)  # equal sums may differ by rounding
    as_far = np.zeros((2, len(d)), dtype=np.int64)
    for signs in _signs(units, flips):
        far = np.abs(signs @ d.T)  # [signs, comparisons]
        largest = np.maximum.accumulate(far, axis=1)
        as_far += [(far >= edge).sum(axis=0), (largest >= edge).sum(axis=0)]
    # All signs have the one seen among them already.
    p = as_far / (1 << units) if _has_few(units, flips) else (as_far + 1) / (flips + 1)
    alone[whole] = p[0]
    together[whole] = np.maximum.accumulate(p[1][::-1])[::-1]
    return alone, together


def least_p_value(units: int, flips: int = FLIPS) -> float:
    """The p-value of sign flips where all differences have one sign: no other is expected below.

    Two of all ``2 ** units`` signs are then as far from zero. Ten units have no p-value below
    0.002, however large their differences are.
    """
    share = 2.0 ** (1 - units)
    return share if _has_few(units, flips) else (flips * share + 1) / (flips + 1)


def _has_few(units: int, flips: int) -> bool:
    """Whether there are so few signs that all are tried."""
    return (1 << units) <= flips


def _signs(units: int, flips: int) -> Iterator[Array]:
    """All signs of ``units``, or ``flips`` at random, in parts: each [some, units] of 1 and -1."""
    if _has_few(units, flips):
        yield 1.0 - 2 * (np.arange(1 << units)[:, None] >> np.arange(units) & 1)
        return
    rng = np.random.default_rng(STREAM)
    for start in range(0, flips, AT_ONCE):
        size = (min(AT_ONCE, flips - start), units)
        yield 2.0 * rng.integers(2, size=size, dtype=np.int8) - 1


def signed_rank(differences: Array) -> Array:
    """Two-sided p-values of Wilcoxon's signed-rank test, zeros ranked and left out (Pratt).

    By the normal approximation, which is rough below ten units or so. It asks for the order of
    the differences alone: an infinite one is the largest.

    Args:
        differences: [comparisons, units].

    Returns:
        [comparisons]; 1 where all differences are zero, NaN where there are fewer than two.
    """
    p = np.ones(len(differences))
    if differences.shape[1] < 2:
        return np.full(len(differences), np.nan)
    some = (differences != 0).any(axis=1)
    if some.any():
        found = stats.wilcoxon(differences[some], zero_method="pratt", method="approx", axis=1)
        p[some] = found.pvalue
    return p


def holm(p_values: Array) -> Array:
    """P-values corrected for as many comparisons as there are (Holm (1979), Scand. J. Stat. 6).

    At 5 %, the chance to call any difference real that is none stays below 5 %. A NaN is no
    comparison and stays.
    """
    corrected = np.array(p_values, dtype=np.float64)
    asked = np.flatnonzero(~np.isnan(corrected))
    order = asked[np.argsort(corrected[asked], kind="stable")]
    steps = np.arange(len(order), 0, -1) * corrected[order]
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return corrected
