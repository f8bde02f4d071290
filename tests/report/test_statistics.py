"""Intervals cover what they claim, agree with scipy, and pairing gains."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from metabench.report.statistics import cells, mean_interval, paired, trimmed_interval


def frame(scores: dict[str, np.ndarray], mode: str = "none") -> pd.DataFrame:
    """Rows of scores.csv.gz from arrays [seeds, episodes] by algorithm."""
    return pd.DataFrame(
        [
            ["d", 5, 1, algorithm, seed, mode, episode, score, 0]
            for algorithm, table in scores.items()
            for seed, row in enumerate(table)
            for episode, score in enumerate(row)
        ],
        columns=[
            *["dataset", "way", "shot", "algorithm", "seed"],
            *["mode", "episode", "score", "diverged"],
        ],
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


def test_pairing_finds_a_difference_that_the_single_intervals_hide() -> None:
    rng = np.random.default_rng(5)
    difficulty = rng.normal(0.7, 0.1, (1, 200))
    scores = frame(
        {
            "maml": difficulty + 0.01 + rng.normal(0, 0.01, (2, 200)),
            "pretrain_head": difficulty + rng.normal(0, 0.01, (2, 200)),
        }
    )
    single = cells(scores)
    difference = paired(scores, ["pretrain_head"]).iloc[0]
    assert len(paired(scores, ["pretrain_head"])) == 1
    assert (single["ci95"] > 0.01).all()
    assert difference["ci95"] < 0.002
    assert difference["difference"] == pytest.approx(0.01, abs=0.002)
    assert difference["difference"] == pytest.approx(single["mean"][0] - single["mean"][1])


def test_a_difference_agrees_with_the_paired_t_test() -> None:
    rng = np.random.default_rng(6)
    a, b = rng.normal(size=(1, 25)), rng.normal(size=(1, 25))
    row = paired(frame({"maml": a, "pretrain_head": b}), ["pretrain_head"]).iloc[0]
    want = stats.ttest_rel(a[0], b[0]).confidence_interval(0.95)
    assert row["difference"] - row["ci95"] == pytest.approx(want.low)
    assert row["difference"] + row["ci95"] == pytest.approx(want.high)


def test_a_baseline_is_taken_in_the_same_mode_where_it_has_it() -> None:
    table = {"maml": np.ones((1, 5)), "pretrain_head": np.zeros((1, 5))}
    both = pd.concat([frame(table, "inductive"), frame(table, "transductive")])
    rows = paired(both, ["pretrain_head"])
    assert rows["mode"].tolist() == rows["baseline_mode"].tolist()
    other = pd.concat([frame({"maml": table["maml"]}, "inductive"), frame(table, "running")])
    assert set(paired(other, ["pretrain_head"])["baseline_mode"]) == {"running"}
