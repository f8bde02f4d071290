"""The interval over seeds and episodes covers what it claims, whichever of them varies."""

from __future__ import annotations

import numpy as np
import pytest
from made_up_scores import two_way

from metabench.report.statistics import joint_interval, mean_interval, take_apart

STUDIES = 1000
TOLERANCE = 3 * np.sqrt(0.95 * 0.05 / STUDIES)  # three standard errors of a share of the studies
SHAPE = (3, 40)


@pytest.mark.parametrize(
    "deviations",
    [(1, 0, 0.1), (0, 1, 0.1), (0.2, 1, 1), (0.1, 1, 0.5)],
    ids=["seeds", "episodes", "all", "mostly episodes"],
)
def test_three_seeds_cover_the_truth_in_95_of_100_studies(deviations: tuple[float, ...]) -> None:
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(STUDIES):
        table = two_way(rng, *deviations, SHAPE)
        covered += abs(table.mean()) <= joint_interval(take_apart(table))
    assert covered / STUDIES == pytest.approx(0.95, abs=TOLERANCE)


def test_a_difference_of_two_algorithms_is_covered_too() -> None:
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(STUDIES):
        hard = two_way(rng, 0, 1, 0, (1, 40))
        ours, theirs = (hard + two_way(rng, 0.1, 0, 0.4, (seeds, 40)) for seeds in (3, 4))
        half = joint_interval(take_apart(ours), take_apart(theirs))
        covered += abs(ours.mean() - theirs.mean()) <= half
    assert covered / STUDIES == pytest.approx(0.95, abs=TOLERANCE)


def test_an_interval_over_episodes_alone_does_not_cover_training_again() -> None:
    rng = np.random.default_rng(2)
    tables = [two_way(rng, 0.3, 1, 1, SHAPE) for _ in range(STUDIES)]
    halves = [mean_interval(table.mean(axis=0))[1] for table in tables]
    covered = [abs(table.mean()) <= half for table, half in zip(tables, halves, strict=True)]
    assert np.mean(covered) < 0.9


def test_its_variance_is_where_a_bootstrap_of_seeds_and_of_episodes_tends_to() -> None:
    """One fewer is drawn than there are: the variance of n means drawn n - 1 at a time."""
    rng = np.random.default_rng(3)
    table = two_way(rng, 1, 2, 3, (4, 30))
    drawn = {"seeds": [], "episodes": [], "rest": []}
    for _ in range(20_000):
        seeds, episodes = rng.integers(4, size=3), rng.integers(30, size=29)
        alone = table[seeds].mean(), table[:, episodes].mean()
        drawn["seeds"].append(alone[0])
        drawn["episodes"].append(alone[1])
        drawn["rest"].append(table[np.ix_(seeds, episodes)].mean() - sum(alone))
    apart = take_apart(table)
    assert np.var(drawn["seeds"]) == pytest.approx(apart.seeds.var(ddof=1) / 4, rel=0.05)
    assert np.var(drawn["episodes"]) == pytest.approx(apart.episodes.var(ddof=1) / 30, rel=0.05)
    assert np.var(drawn["rest"]) == pytest.approx(apart.rest, rel=0.05)


def test_the_variance_is_right_on_average() -> None:
    """That of a mean under random effects: a^2 / S + b^2 / E + c^2 / SE."""
    rng = np.random.default_rng(4)
    found = []
    for _ in range(2000):
        apart = take_apart(two_way(rng, 1, 4, 3, (3, 20)))
        of_means = apart.seeds.var(ddof=1) / 3 + apart.episodes.var(ddof=1) / 20
        found.append(of_means - apart.rest)
    assert np.mean(found) == pytest.approx(1 / 3 + 16 / 20 + 9 / 60, rel=0.04)


def test_seeds_that_agree_add_nothing() -> None:
    """Episodes drawn anew for each seed would make five copies look like more episodes."""
    one = np.random.default_rng(5).normal(size=(1, 50))
    half = joint_interval(take_apart(np.repeat(one, 5, axis=0)))
    assert half == pytest.approx(mean_interval(one)[1])


@pytest.mark.parametrize("table", [np.ones((1, 9)), np.ones((9, 1)), np.full((3, 9), np.inf)])
def test_one_seed_one_episode_or_an_infinite_score_has_none(table: np.ndarray) -> None:
    assert np.isnan(joint_interval(take_apart(table)))


def test_scores_that_never_vary_have_an_interval_of_nothing() -> None:
    assert joint_interval(take_apart(np.ones((3, 9)))) == pytest.approx(0)
