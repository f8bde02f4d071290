"""Intervals cover what they claim and agree with scipy."""

from __future__ import annotations

import numpy as np
import pytest
from made_up_scores import frame
from scipy import stats

from metabench.report.statistics import (
    cells,
    mean_interval,
    trimmed_interval,
    trimmed_p_value,
)


def test_the_interval_is_student_s() -> None:
    x = np.random.default_rng(0).normal(size=20)
    mean, half = mean_interval(x)
    want = stats.ttest_1samp(x, 0).confidence_interval(0.95)
    assert (mean - half, mean + half) == pytest.approx((want.low, want.high))


def test_the_trimmed_interval_agrees_with_scipy() -> None:
    x = np.random.default_rng(1).exponential(size=50)
    mean, half = trimmed_interval(x)
    low, high = stats.mstats.trimmed_mean_ci(x, limits=(0.1, 0.1), alpha=0.05)
    assert mean == pytest.approx(stats.trim_mean(x, 0.1))
    assert (mean - half, mean + half) == pytest.approx((low, high), rel=0.02)


def test_intervals_cover_the_truth_in_95_of_100_samples() -> None:
    rng = np.random.default_rng(2)
    samples = rng.normal(1.0, 2.0, (4000, 12))
    for interval in (mean_interval, trimmed_interval):
        covered = 0
        for sample in samples:
            mean, half = interval(sample)
            covered += abs(mean - 1.0) <= half
        assert covered / len(samples) == pytest.approx(0.95, abs=0.015)


def test_one_value_has_no_interval_and_infinity_spoils_only_the_plain_mean() -> None:
    assert np.isnan(mean_interval([0.5])[1])
    x = np.r_[np.ones(19), np.inf]
    assert mean_interval(x)[0] == np.inf
    assert np.isnan(mean_interval(x)[1])
    assert trimmed_interval(x) == (1.0, 0.0)


def test_the_unit_is_the_episode_whatever_the_number_of_seeds() -> None:
    one = np.random.default_rng(3).normal(size=(1, 30))
    few = cells(frame({"maml": one})).iloc[0]
    many = cells(frame({"maml": np.repeat(one, 10, axis=0)})).iloc[0]
    assert many["episodes"] == few["episodes"] == 30
    assert many["ci95"] == pytest.approx(few["ci95"])


def test_the_spread_over_seeds_is_that_of_the_seeds_means() -> None:
    table = np.random.default_rng(4).normal([[0.0], [1.0], [2.0]], size=(3, 30))
    cell = cells(frame({"maml": table})).iloc[0]
    means = table.mean(axis=1)
    assert cell["seed_sd"] == pytest.approx(np.std(means, ddof=1))
    want = stats.ttest_1samp(means, 0).confidence_interval(0.95)
    assert cell["seed_ci95"] == pytest.approx((want.high - want.low) / 2)
    assert cell["seed_sd"] > 3 * cell["ci95"] / stats.t.ppf(0.975, 29)


def test_one_seed_has_no_spread() -> None:
    cell = cells(frame({"maml": np.ones((1, 5))})).iloc[0]
    assert np.isnan(cell["seed_sd"])
    assert np.isnan(cell["seed_ci95"])
    assert np.isnan(cell["joint_ci95"])


def test_a_trimmed_mean_differs_from_zero_where_its_interval_leaves_zero_out() -> None:
    rng = np.random.default_rng(11)
    for shift in np.linspace(0, 1, 21):
        values = shift + rng.standard_cauchy(40)
        mean, half = trimmed_interval(values)
        assert (trimmed_p_value(values) < 0.05) == (abs(mean) > half)
    assert trimmed_p_value(np.zeros(20)) == 1
    assert np.isnan(trimmed_p_value([1.0]))


def test_an_infinite_value_counts_as_the_largest_and_no_more() -> None:
    values = np.arange(20.0) - 8
    wild = np.append(values[:-1], np.inf)
    assert trimmed_p_value(wild) == trimmed_p_value(values)
