"""Scores of episodes: accuracy, or mean squared error."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from metabench.files.runs import answered

#: A regression episode has diverged when its error is not finite, or this many times the error
#: that predicting zero has on average over the test episodes. Not over its own queries: beside a
#: wave of amplitude 0.1 an ordinary error looks a hundred times too large.
DIVERGED_FACTOR = 100.0

Array = NDArray[Any]


def accuracy(predictions: Array, labels: Array) -> Array:
    """Share of right queries: [..., episodes, queries] of classes -> [..., episodes].

    A query without an answer is wrong.
    """
    return np.asarray((predictions == labels).mean(axis=-1))


def unanswered(predictions: Array) -> Array:
    """Which episodes have a query without an answer: [..., queries] -> [...]."""
    return np.asarray(~answered(predictions).all(axis=-1))


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
    """Which episodes diverged: worse than ``DIVERGED_FACTOR`` times predicting zero on average.

    Args:
        errors: mean squared errors [..., episodes].
        labels: [episodes, queries, 1].
    """
    zero = float((labels.astype(np.float64) ** 2).mean())
    return np.asarray(~np.isfinite(errors) | (errors > DIVERGED_FACTOR * zero))
