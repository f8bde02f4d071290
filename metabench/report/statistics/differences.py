"""Paired differences: each algorithm against another on the episodes that both met.

Episodes differ in difficulty far more than algorithms differ on one episode, so the interval of the
mean difference is much narrower than those of the two means suggest.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd

from metabench.report.statistics.intervals import (
    mean_interval,
    trimmed_interval,
    trimmed_p_value,
)
from metabench.report.statistics.joint import Array, joint_interval, take_apart
from metabench.report.statistics.means import CELL, DIGITS, SETTING, by_seed, over_seeds
from metabench.report.statistics.pairs import Cell, Choice
from metabench.report.statistics.power import episodes_needed, least_difference
from metabench.report.statistics.significance import FEWEST, holm, sign_flip, signed_rank
from metabench.report.statistics.units import by_unit, units_of

ABOUT = ["difference", "ci95", "robust", "robust_ci95", "joint_ci95"]
ABOUT += ["higher", "equal", "lower", "sd", "episodes_needed", "least_difference"]
TESTS = ["p", "p_rank", "corrected", "corrected_rank"]
COLUMNS = [*CELL, "other", "other_mode", *ABOUT, "trimmed", *TESTS]
COLUMNS += ["episodes", "units", "seeds", "diverged_episodes"]


def compare(scores: pd.DataFrame, choose: Choice, bounded: Collection[str] = ()) -> pd.DataFrame:
    """Differences of pairs of cells in each setting, and what they are worth.

    Args:
        scores: rows of ``scores.csv.gz``, with the algorithm that trained the model in ``model``
            where that is known.
        choose: which of a setting's cells to compare: ``against`` or ``among``.
        bounded: the data sets whose scores cannot run away, so that no mean need be trimmed.

    Returns:
        One row a pair, the second cell in ``other`` and ``other_mode``:

        - ``difference``, the first minus the second in the unit of the score, with its ``ci95``
          over episodes, ``robust`` and ``robust_ci95`` of the trimmed mean, and ``joint_ci95``
          over training seeds and episodes (NaN where either has one seed): seed by seed where both
          were tested on one model, else as of seeds that have nothing in common;
        - on how many of ``episodes`` the first is ``higher``, ``equal`` and ``lower``;
        - ``p`` of the sign-flip test of the mean or, in a setting where an episode of any cell
          diverged (``trimmed``, never where ``bounded``), of the test of the trimmed mean;
          ``p_rank`` of Wilcoxon's test; and both ``corrected`` for all pairs of the setting, those
          of sign flips by the step-down maximum and the others by Holm (``corrected_rank``);
        - ``sd`` of the paired differences of the ``units``, ``episodes_needed`` to find this
          difference, and ``least_difference``, what these episodes would find;
        - ``seeds``, of the one that has fewer, and ``diverged_episodes``, where either diverged
          from some seed.

        Where both scores are infinite the difference is 0.
    """
    parts = [
        _setting(dict(zip(SETTING, key, strict=True)), here, choose, bounded)
        for key, here in scores.groupby(SETTING, sort=False)
    ]
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=COLUMNS)


def _setting(
    setting: dict[str, Any], here: pd.DataFrame, choose: Choice, bounded: Collection[str]
) -> pd.DataFrame:
    tables = {
        (str(algorithm), str(mode)): by_seed(cell)
        for (algorithm, mode), cell in here.groupby(["algorithm", "mode"], sort=False)
    }
    pairs = choose(list(tables))
    if not pairs:
        return pd.DataFrame(columns=COLUMNS)
    averaged = over_seeds(here)
    means, lost = (
        averaged.pivot(index="episode", columns=["algorithm", "mode"], values=name)
        for name in ("score", "diverged")
    )
    trainings = _trainings(here)
    of_episodes = np.stack([_difference(means, *pair) for pair in pairs])
    differences = np.round(by_unit(of_episodes, units_of(here)), DIGITS)
    trimmed = setting["dataset"] not in bounded and bool(averaged["diverged"].any())
    rows = []
    for (ours, theirs), values, episodes in zip(pairs, differences, of_episodes, strict=True):
        row = {**setting, "algorithm": ours[0], "mode": ours[1]}
        row |= {"other": theirs[0], "other_mode": theirs[1], **_about(values, episodes)}
        together = trainings[ours] == trainings[theirs]
        row["joint_ci95"] = _joint(tables[ours], tables[theirs], together)
        row["seeds"] = min(len(tables[ours]), len(tables[theirs]))
        row["diverged_episodes"] = int(((lost[ours] > 0) | (lost[theirs] > 0)).sum())
        rows.append(row)
    # One quantity and one test for all pairs of a setting: a correction's family is not mixed.
    of_trimmed, rank = np.array([*map(trimmed_p_value, differences)]), signed_rank(differences)
    p, corrected = (of_trimmed, holm(of_trimmed)) if trimmed else sign_flip(differences)
    tests = {"p": p, "p_rank": rank, "corrected": corrected, "corrected_rank": holm(rank)}
    return pd.DataFrame(rows).assign(trimmed=trimmed, **tests)[COLUMNS]


def _trainings(here: pd.DataFrame) -> dict[Cell, tuple[str, ...]]:
    """The model of each cell and its seeds."""
    model = here["model"] if "model" in here else here["algorithm"]
    return {
        (str(algorithm), str(mode)): (cell["model"].iloc[0], *sorted(cell["seed"].unique()))
        for (algorithm, mode), cell in here.assign(model=model).groupby(["algorithm", "mode"])
    }


def _joint(ours: Array, theirs: Array, together: bool) -> float:
    """Of the difference of two cells [seeds, units], tested on the same models or on others."""
    if not together:
        return joint_interval(take_apart(ours), take_apart(theirs))
    with np.errstate(invalid="ignore"):  # of infinite scores, which have no interval
        return joint_interval(take_apart(ours - theirs))


def _difference(means: pd.DataFrame, ours: Cell, theirs: Cell) -> Array:
    a, b = means[ours].to_numpy(), means[theirs].to_numpy()
    tie = np.isinf(a) & np.isinf(b)
    return np.round(np.where(tie, 0.0, np.subtract(a, b, where=~tie, out=np.zeros(len(a)))), DIGITS)


def _about(values: Array, episodes: Array) -> dict[str, Any]:
    """What the differences of one pair say, of units and of episodes, but for the tests."""
    mean, ci95 = mean_interval(values)
    # As many wins as losses are no difference, whatever their order, and have no sign.
    mean = round(mean, DIGITS) + 0.0
    robust, robust_ci95 = trimmed_interval(values)
    whole = len(values) > 1 and bool(np.isfinite(values).all())
    sd = float(values.std(ddof=1)) if whole else np.nan
    size = len(episodes) / len(values)  # of a cluster: what is needed comes in such, too
    return {
        "difference": mean,
        "ci95": ci95,
        "robust": robust,
        "robust_ci95": robust_ci95,
        "higher": int((episodes > 0).sum()),
        "equal": int((episodes == 0).sum()),
        "lower": int((episodes < 0).sum()),
        "sd": sd,
        "episodes_needed": float(np.ceil(size * np.maximum(episodes_needed(sd, mean), FEWEST))),
        "least_difference": least_difference(sd, len(values)),
        "episodes": len(episodes),
        "units": len(values),
    }
