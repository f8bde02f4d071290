"""The tests of a difference agree with scipy and err as often as they say."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from scipy import stats

from metabench.report.statistics import holm, least_p_value, sign_flip, signed_rank
from metabench.report.statistics.significance import FEWEST


def test_sign_flips_are_all_of_them_or_agree_with_all() -> None:
    rows = np.random.default_rng(0).normal(0.4, 1, (5, 10))
    some, _ = sign_flip(rows, 1000)  # of 1024
    for row, p, drawn in zip(rows, sign_flip(rows)[0], some, strict=True):
        all_of_them = stats.permutation_test(
            (row,), np.mean, permutation_type="samples", n_resamples=np.inf
        ).pvalue
        assert p == pytest.approx(all_of_them)
        assert drawn == pytest.approx(all_of_them, abs=4 * np.sqrt(all_of_them / 1000))


@pytest.mark.parametrize("units", [2, 5, 6, 10, 14, 16])
def test_so_few_units_have_no_smaller_p_value(units: int) -> None:
    p = sign_flip(np.full((1, units), 0.1))[0].item()
    expected = least_p_value(units)
    assert (expected < 0.05) == (units >= FEWEST)
    drawn = 4 * np.sqrt(expected / 20_000) if units > 14 else 1e-12
    assert p == pytest.approx(expected, abs=drawn)


def test_sign_flips_agree_with_student_where_differences_are_normal() -> None:
    rows = np.random.default_rng(1).normal(0.1, 1, (20, 200))
    assert sign_flip(rows)[0] == pytest.approx(stats.ttest_1samp(rows, 0, axis=1).pvalue, abs=0.015)


@pytest.mark.parametrize("test", [lambda rows: sign_flip(rows, 1999)[0], signed_rank])
def test_nothing_is_found_where_there_is_nothing_in_5_of_100(test: object) -> None:
    rows = np.random.default_rng(2).laplace(size=(2000, 30))
    found = np.mean(test(rows) <= 0.05)  # type: ignore[operator]
    assert found == pytest.approx(0.05, abs=3 * np.sqrt(0.05 * 0.95 / 2000))


def test_the_side_does_not_matter_and_no_p_value_is_zero() -> None:
    rows = np.abs(np.random.default_rng(3).normal(5, 1, (2, 40)))
    assert sign_flip(rows)[0].tolist() == sign_flip(-rows)[0].tolist() == [1 / 20_001] * 2


def test_equal_algorithms_have_p_1() -> None:
    nothing = np.zeros((1, 9))
    tests = (*sign_flip(nothing), signed_rank(nothing))
    assert [p.tolist() for p in tests] == [[1], [1], [1]]


def test_the_signed_rank_test_is_scipy_s_and_ranks_the_infinite_last() -> None:
    rows = np.random.default_rng(4).normal(0.3, 1, (3, 25)).round(1)
    rows[1, 0] = np.inf
    want = [stats.wilcoxon(row, zero_method="pratt", method="approx").pvalue for row in rows]
    assert signed_rank(rows) == pytest.approx(want)
    large = np.where(np.isinf(rows), 99, rows)
    assert signed_rank(large) == pytest.approx(want)
    assert np.isnan(sign_flip(rows)).tolist() == [[False, True, False]] * 2


def test_one_episode_says_nothing() -> None:
    assert np.isnan(sign_flip(np.ones((1, 1)))).all()  # alone and together
    assert np.isnan(signed_rank(np.ones((1, 1)))).all()


def test_the_step_down_maximum_by_its_definition() -> None:
    """Each against the largest of those no clearer than it; no p-value below a clearer one's."""
    rng = np.random.default_rng(6)
    d = rng.normal(0.3, 1, (4, 8)) * [[1.0], [10.0], [0.1], [3.0]] + rng.normal(size=8)
    signs = np.array(list(product([1, -1], repeat=8)))
    clear = np.abs(signs @ d.T) / np.linalg.norm(d, axis=1)  # [signs, comparisons]
    order = np.argsort(-clear[0])  # the first signs are those seen
    expected, before = np.empty(4), 0.0
    for place, comparison in enumerate(order):
        largest = clear[:, order[place:]].max(axis=1)
        before = max(before, (largest >= clear[0, comparison] - 1e-9).mean())
        expected[comparison] = before
    assert sign_flip(d)[1] == pytest.approx(expected)


def test_copies_of_a_comparison_cost_nothing_and_another_does() -> None:
    rng = np.random.default_rng(7)
    one, other = rng.normal(0.5, 1, (2, 1, 12))
    alone, together = sign_flip(np.repeat(one, 5, axis=0))
    assert together.tolist() == alone.tolist()
    alone, together = sign_flip(np.concatenate([one, other]))
    assert (together >= alone).all()
    assert together.max() == alone.max()  # the least clear is held against itself alone
    assert together.min() > alone.min()


@pytest.mark.parametrize("draw", ["laplace", "exponential"])
def test_correlated_comparisons_together_err_in_at_most_5_of_100_studies(draw: str) -> None:
    """Every two of four algorithms that are alike, on 12 episodes, their scores skewed or not."""
    rng = np.random.default_rng(8)
    scores = getattr(rng, draw)(size=(1000, 4, 12))
    pairs = list(combinations(range(4), 2))
    found = [
        (sign_flip(np.stack([s[i] - s[j] for i, j in pairs]), 999)[1] < 0.05).any() for s in scores
    ]
    assert np.mean(found) == pytest.approx(0.05, abs=3 * np.sqrt(0.05 * 0.95 / 1000))


def test_holm_s_correction_in_an_example_by_hand() -> None:
    """0.005 x 4, 0.01 x 3, 0.03 x 2, and 0.04 x 1, which may not be less than the one before."""
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_holm_keeps_below_1_and_leaves_out_what_is_no_comparison() -> None:
    corrected = holm(np.array([0.6, np.nan, 0.9]))
    assert corrected[[0, 2]].tolist() == [1.0, 1.0]
    assert np.isnan(corrected[1])
    assert holm(np.array([np.nan, 0.02])).tolist()[1] == 0.02


def test_ten_comparisons_together_err_in_5_of_100_studies() -> None:
    p = np.random.default_rng(5).uniform(size=(2000, 10))
    corrected = np.array([holm(row) for row in p])
    tolerance = 3 * np.sqrt(0.05 * 0.95 / 2000)
    assert (corrected < 0.05).any(axis=1).mean() == pytest.approx(0.05, abs=tolerance)
    assert (p < 0.05).any(axis=1).mean() > 0.3
