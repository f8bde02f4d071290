"""What one observation is: an episode, or a cluster of episodes that are alike.

Some data sets come with episodes of which several share what makes them easy or hard: two runs of
Omniglot's one-shot challenge are of one alphabet. To count each of them would make intervals too
narrow. The mean of a cluster is one observation, and what is said of the mean over episodes is
computed from these (Donner and Klar (2000), "Design and Analysis of Cluster Randomization Trials
in Health Research"). Clusters weigh alike, whatever their sizes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

CLUSTER = "cluster"  # the column of ``scores.csv.gz``, there where a data set has any

Array = NDArray[Any]


def units_of(scores: pd.DataFrame) -> Array:
    """The unit of each episode, [episodes] in their order: its cluster, else its own number.

    Args:
        scores: rows of ``scores.csv.gz``, of one setting.
    """
    episodes = scores.drop_duplicates("episode").sort_values("episode")
    numbers = episodes["episode"]
    return (episodes[CLUSTER].fillna(numbers) if CLUSTER in episodes else numbers).to_numpy()


def by_unit(values: Array, units: Array) -> Array:
    """The mean of each unit, in the order of the units' numbers.

    Args:
        values: [..., episodes].
        units: [episodes], see ``units_of``.

    Returns:
        [..., units].
    """
    order = np.argsort(units, kind="stable")
    _, first, sizes = np.unique(units[order], return_index=True, return_counts=True)
    sums: Array = np.add.reduceat(values[..., order], first, axis=-1)
    return sums / sizes
