"""What a score cost, and which algorithms no other beats at their cost."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

PRODUCT = 2  # gradients that a Hessian-vector product counts as: a forward and a backward more
MEASURES = ("seconds", "memory_mb", "gradients")


def costs(runs: pd.DataFrame) -> pd.DataFrame:
    """What the finished runs of one setting took, an algorithm a row.

    Args:
        runs: rows of ``runs.csv``.

    Returns:
        For ``seconds`` (training and testing), ``memory_mb`` and ``gradients`` (of an example; a
        Hessian-vector product counts as two) the mean over seeds, and the lowest and the highest
        seed as ``<measure>_low`` and ``<measure>_high``; NaN where a run does not say.
    """

    def told(name: str) -> Any:
        return runs.get(f"cost.{name}", np.nan)

    each = pd.DataFrame(
        {
            "algorithm": runs["algorithm"],
            "seconds": told("train_seconds") + told("evaluate_seconds"),
            "memory_mb": told("peak_memory_mb"),
            "gradients": told("gradients") + PRODUCT * told("hessian_vector_products"),
        }
    )
    by = each.groupby("algorithm", sort=False)
    parts = {"": by.mean(), "_low": by.min(), "_high": by.max()}
    return pd.concat([part.add_suffix(end) for end, part in parts.items()], axis=1)


def front(cost: ArrayLike, score: ArrayLike) -> NDArray[np.bool_]:
    """Which points are not dominated: nothing costs as little and scores as high, and is not equal.

    Args:
        cost: [points], lower is better; NaN is never on the front.
        score: [points], higher is better.
    """
    c, s = np.asarray(cost, dtype=np.float64), np.asarray(score, dtype=np.float64)
    as_good = (c[:, None] <= c) & (s[:, None] >= s)  # [by, of]
    unequal = (c[:, None] != c) | (s[:, None] != s)
    dominated = (as_good & unequal).any(axis=0)
    return np.asarray(~dominated & np.isfinite(c) & np.isfinite(s))
