"""The interval over seeds and episodes covers what it claims, whichever of them varies."""

from __future__ import annotations

import numpy as np
import pytest
from made_up_scores import two_way

from metabench.report.statistics import draw, joint_interval, mean_interval

STUDIES, DRAWS = 400, 300
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
        covered += abs(table.mean()) <= joint_interval(draw(table, draws=DRAWS))
    assert covered / STUDIES == pytest.approx(0.95, abs=TOLERANCE)


def test_a_difference_of_two_algorithms_is_covered_too() -> None:
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(STUDIES):
        hard = two_way(rng, 0, 1, 0, (1, 40))
        ours, theirs = (hard + two_way(rng, 0.1, 0, 0.4, (seeds, 40)) for seeds in (3, 4))
        half = joint_interval(draw(ours, "a", DRAWS), draw(theirs, "b", DRAWS))
        covered += abs(ours.mean() - theirs.mean()) <= half
    assert covered / STUDIES == pytest.approx(0.95, abs=TOLERANCE)


def test_an_interval_over_episodes_alone_does_not_cover_training_again() -> None:
    rng = np.random.default_rng(2)
    tables = [two_way(rng, 0.3, 1, 1, SHAPE) for _ in range(STUDIES)]
    halves = [mean_interval(table.mean(axis=0))[1] for table in tables]
    covered = [abs(table.mean()) <= half for table, half in zip(tables, halves, strict=True)]
    assert np.mean(covered) < 0.9


def test_the_draws_have_the_mean_squares_of_the_two_way_analysis_of_variance() -> None:
    table = two_way(np.random.default_rng(3), 1, 2, 3, (4, 30))
    drawn = draw(table, draws=20_000)
    rest = table - table.mean(axis=0) - table.mean(axis=1, keepdims=True) + table.mean()
    assert drawn.seeds.var() == pytest.approx(table.mean(axis=1).var(ddof=1) / 4, rel=0.05)
    assert drawn.episodes.var() == pytest.approx(table.mean(axis=0).var(ddof=1) / 30, rel=0.05)
    both = (drawn.both - drawn.seeds - drawn.episodes).var()
    assert both == pytest.approx((rest**2).sum() / (3 * 29) / (4 * 30), rel=0.05)


def test_the_variance_is_right_on_average() -> None:
    """That of a mean under random effects: a^2 / S + b^2 / E + c^2 / SE."""
    rng = np.random.default_rng(4)
    found = []
    for _ in range(600):
        drawn = draw(two_way(rng, 1, 4, 3, (3, 20)), draws=DRAWS)
        rest = (drawn.both - drawn.seeds - drawn.episodes).var()
        found.append(drawn.seeds.var() + drawn.episodes.var() - rest)
    assert np.mean(found) == pytest.approx(1 / 3 + 16 / 20 + 9 / 60, rel=0.08)


def test_seeds_that_agree_add_nothing() -> None:
    """Episodes drawn anew for each seed would make five copies look like more episodes."""
    one = np.random.default_rng(5).normal(size=(1, 50))
    half = joint_interval(draw(np.repeat(one, 5, axis=0)))
    assert half == pytest.approx(mean_interval(one)[1], rel=0.06)


def test_equal_scores_give_equal_intervals() -> None:
    table = np.random.default_rng(7).normal(size=(3, 20))
    assert joint_interval(draw(table)) == joint_interval(draw(table.copy()))


@pytest.mark.parametrize("table", [np.ones((1, 9)), np.ones((9, 1)), np.full((3, 9), np.inf)])
def test_one_seed_one_episode_or_an_infinite_score_has_none(table: np.ndarray) -> None:
    assert np.isnan(joint_interval(draw(table)))


def test_scores_that_never_vary_have_an_interval_of_nothing() -> None:
    assert joint_interval(draw(np.ones((3, 9)))) == pytest.approx(0)
