"""Ranks, critical differences and groups, by published numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from metabench.report.statistics import Ranks, rank
from metabench.report.statistics.ranks import critical_difference

#: Areas under the curve of C4.5 and three ways to tune it on 14 data sets (Demsar (2006), table 6).
DEMSAR = pd.DataFrame(
    [
        [0.763, 0.768, 0.771, 0.798],
        [0.599, 0.591, 0.590, 0.569],
        [0.954, 0.971, 0.968, 0.967],
        [0.628, 0.661, 0.654, 0.657],
        [0.882, 0.888, 0.886, 0.898],
        [0.936, 0.931, 0.916, 0.931],
        [0.661, 0.668, 0.609, 0.685],
        [0.583, 0.583, 0.563, 0.625],
        [0.775, 0.838, 0.866, 0.875],
        [1.000, 1.000, 1.000, 1.000],
        [0.940, 0.962, 0.965, 0.962],
        [0.619, 0.666, 0.614, 0.669],
        [0.972, 0.981, 0.9751, 0.975],  # ranked by a digit that the paper does not print
        [0.957, 0.978, 0.946, 0.970],
    ],
    columns=["c45", "m", "cf", "m_cf"],
)


def test_nemenyi_s_critical_values_are_the_published_ones() -> None:
    published = [1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164]
    for k, q in enumerate(published, start=2):
        found = critical_difference(k, 10) * np.sqrt(6 * 10 / (k * (k + 1)))
        assert found == pytest.approx(q, abs=0.001)


def test_ranks_are_those_of_a_published_example() -> None:
    ranks = rank(DEMSAR)
    assert ranks is not None
    want = {"m_cf": 1.964, "m": 2.000, "cf": 2.893, "c45": 3.143}
    assert ranks.average.round(3).to_dict() == want
    assert list(ranks.average.index) == list(want)
    assert ranks.critical == pytest.approx(1.25, abs=0.005)
    assert ranks.friedman_p < 0.05


def made_up(averages: dict[str, float], critical: float, p: float = 0.01) -> Ranks:
    return Ranks(pd.DataFrame([averages]), p, critical)


def test_groups_are_the_largest_runs_within_the_critical_difference() -> None:
    ranks = made_up({"a": 1.0, "b": 1.8, "c": 2.6, "d": 4.6}, critical=1.0)
    assert ranks.groups() == [["a", "b"], ["b", "c"]]
    assert ranks.alike("b") == ["a", "c"]
    assert ranks.alike("d") == []


def test_nobody_is_told_apart_where_friedman_s_test_finds_nothing() -> None:
    ranks = made_up({"a": 1.0, "b": 2.0, "c": 3.0}, critical=0.5, p=0.2)
    assert ranks.groups() == [["a", "b", "c"]]


def test_an_algorithm_that_lacks_a_setting_is_left_out() -> None:
    scores = DEMSAR.assign(late=[np.nan, *[2.0] * 13])
    ranks = rank(scores)
    assert ranks is not None
    assert "late" not in ranks.average
    assert ranks.average["m_cf"] == pytest.approx(1.964, abs=0.001)


@pytest.mark.parametrize("scores", [DEMSAR[:1], DEMSAR[["c45", "m"]], DEMSAR[:0], pd.DataFrame()])
def test_one_setting_or_two_algorithms_have_no_ranks(scores: pd.DataFrame) -> None:
    assert rank(scores) is None


def test_algorithms_that_always_tie_are_alike() -> None:
    ranks = rank(pd.DataFrame(np.ones((3, 4)), columns=list("abcd")))
    assert ranks is not None
    assert ranks.friedman_p == 1
    assert ranks.groups() == [list("abcd")]
