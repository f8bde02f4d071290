"""Means, intervals, differences and ranks of scores, on plain data frames.

Three kinds of uncertainty are kept apart, and none is ever called by another's name:

- over *episodes*: how far the mean over these test episodes may lie from the mean over all
  episodes, for the models that were trained. The unit is the episode: queries of one episode
  share its classes and its adapted model, so they are not independent. Where a data set says which
  episodes belong together, the unit is such a cluster (``units.py``). Where a cell has several
  training seeds, an episode's score is first averaged over them; every seed met the same
  episodes, so they add no episodes.
- over *training seeds*: how much the outcome moves when training is repeated.
- over *both* at once: how far the mean may lie from that over all episodes and all trainings.
"""

from metabench.report.statistics.differences import compare
from metabench.report.statistics.intervals import (
    mean_interval,
    trimmed_interval,
    trimmed_p_value,
)
from metabench.report.statistics.joint import joint_interval, take_apart
from metabench.report.statistics.means import CELL, SETTING, by_seed, cells, over_seeds
from metabench.report.statistics.pairs import against, among
from metabench.report.statistics.power import episodes_needed, least_difference
from metabench.report.statistics.ranks import Ranks, rank
from metabench.report.statistics.significance import holm, least_p_value, sign_flip, signed_rank
from metabench.report.statistics.units import CLUSTER, by_unit, units_of

__all__ = [
    "CELL",
    "CLUSTER",
    "SETTING",
    "Ranks",
    "against",
    "among",
    "by_seed",
    "by_unit",
    "cells",
    "compare",
    "episodes_needed",
    "holm",
    "joint_interval",
    "least_difference",
    "least_p_value",
    "mean_interval",
    "over_seeds",
    "rank",
    "sign_flip",
    "signed_rank",
    "take_apart",
    "trimmed_interval",
    "trimmed_p_value",
    "units_of",
]
