"""As many episodes as are said to be needed find the difference in four studies of five."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from metabench.report.statistics import episodes_needed, least_difference


@pytest.mark.parametrize(("size", "episodes"), [(0.2, 199), (0.5, 34), (0.8, 15)])
def test_the_known_sizes_of_a_paired_t_test(size: float, episodes: int) -> None:
    """Small, medium and large, two-sided at 5 % with power 0.8."""
    assert episodes_needed(1.0, size) == episodes
    assert episodes_needed(12.0, -12.0 * size) == episodes


@pytest.mark.parametrize("size", [0.15, 0.4, 1.0])
def test_the_power_is_0_8_by_simulation(size: float) -> None:
    episodes = int(episodes_needed(1.0, size))
    samples = np.random.default_rng(0).normal(size, 1, (4000, episodes))
    found = (stats.ttest_1samp(samples, 0, axis=1).pvalue < 0.05).mean()
    one_more = 0.8 / episodes  # episodes are whole
    assert found == pytest.approx(0.8 + one_more / 2, abs=one_more + 3 * np.sqrt(0.16 / 4000))


def test_the_least_difference_of_so_many_episodes_needs_so_many() -> None:
    for episodes in (15, 100, 600):
        least = least_difference(2.5, episodes)
        assert episodes_needed(2.5, least) == pytest.approx(episodes, rel=0.03, abs=1)


def test_no_difference_is_never_found_and_a_constant_one_at_once() -> None:
    assert episodes_needed(1.0, 0.0) == np.inf
    assert episodes_needed(0.0, 0.1) == 2
    assert np.isnan(episodes_needed(np.nan, 0.1))
    assert np.isnan(least_difference(1.0, 1))


@pytest.mark.parametrize("size", [1e-3, 1e-9, 1e-17])
def test_a_difference_next_to_nothing_needs_as_many_as_its_square_says(size: float) -> None:
    """The normal answer: (1.960 + 0.842)^2 / size^2, however many that is."""
    assert episodes_needed(1.0, size) == pytest.approx(7.849 / size**2, rel=1e-3)
