"""Scores of episodes: accuracy, or mean squared error."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

#: A regression episode has diverged when it is not finite or this many times worse than
#: predicting zero everywhere. Adaptation that merely fails stays near 1.
DIVERGED_FACTOR = 100.0

Array = NDArray[Any]


def accuracy(predictions: Array, labels: Array) -> Array:
    """Share of right queries: [..., episodes, queries] of classes -> [..., episodes]."""
    return np.asarray((predictions == labels).mean(axis=-1))


def squared_error(predictions: Array, labels: Array) -> Array:
    """Mean squared error over an episode's queries, infinite where a prediction is not finite.

    Args:
        predictions: [..., episodes, queries, 1].
        labels: [episodes, queries, 1].

    Returns:
        float64 [..., episodes].
    """
    with np.errstate(over="ignore", invalid="ignore"):
        error = (predictions.astype(np.float64) - labels.astype(np.float64)) ** 2
        mean = error.mean(axis=(-2, -1))
    return np.asarray(np.where(np.isfinite(mean), mean, np.inf))


def diverged(errors: Array, labels: Array) -> Array:
    """Which episodes diverged: worse than ``DIVERGED_FACTOR`` times predicting zero.

    Args:
        errors: mean squared errors [..., episodes].
        labels: [episodes, queries, 1].
    """
    zero = (labels.astype(np.float64) ** 2).mean(axis=(-2, -1))
    return np.asarray(~np.isfinite(errors) | (errors > DIVERGED_FACTOR * zero))
