"""Episodes that belong together count once, and episodes that do not count as before."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_up_scores import frame

from metabench.report.statistics import among, by_unit, cells, compare, mean_interval, rank

EVERY = among([])
TABLES = {
    name: np.random.default_rng(i).normal(0.2 * i, 1, (3, 12))
    for i, name in enumerate(("maml", "reptile", "protonet"))
}
#: What says how many episodes there are, and on how many one of a pair is ahead.
COUNTED = ["episodes", "higher", "equal", "lower", "episodes_needed"]


def clustered(scores: pd.DataFrame, size: int) -> pd.DataFrame:
    """The same scores where every ``size`` episodes in turn belong together."""
    return scores.assign(cluster=scores["episode"] // size)


def test_a_cluster_counts_by_its_mean_whatever_its_size_and_its_place() -> None:
    values = np.array([[1.0, 5.0, 3.0, 7.0], [0.0, 2.0, 4.0, np.inf]])
    assert by_unit(values, np.array([4, 0, 4, 4])).tolist() == [[5.0, 11 / 3], [2.0, np.inf]]


def test_clusters_of_one_change_nothing() -> None:
    alone = frame(TABLES)
    for scores in (clustered(alone, 1), alone.assign(cluster=np.nan)):
        pd.testing.assert_frame_equal(cells(scores), cells(alone))
        pd.testing.assert_frame_equal(compare(scores, EVERY), compare(alone, EVERY))


def test_every_episode_twice_says_no_more_than_once() -> None:
    once = frame(TABLES)
    twice = frame({name: np.repeat(table, 2, axis=1) for name, table in TABLES.items()})
    for summary in (cells, lambda scores: compare(scores, EVERY)):
        want, found = summary(once), summary(clustered(twice, 2))
        counted = [name for name in COUNTED if name in want]
        pd.testing.assert_frame_equal(found.drop(columns=counted), want.drop(columns=counted))
        assert (found[counted] == 2 * want[counted]).all(axis=None)
    assert (cells(twice)["ci95"] < cells(once)["ci95"]).all()


def test_what_clusters_share_is_in_the_interval() -> None:
    """20 episodes in ten pairs: the interval over pairs holds the truth in 95 of 100 samples."""
    rng = np.random.default_rng(12)
    hard, own = rng.normal(size=(2000, 10)), rng.normal(size=(2000, 20))
    held = {1: 0, 2: 0}
    for sample in np.repeat(hard, 2, axis=1) + own:
        for size in held:
            mean, half = mean_interval(by_unit(sample, np.arange(20) // size))
            held[size] += abs(mean) <= half
    assert held[2] / 2000 == pytest.approx(0.95, abs=0.015)
    assert held[1] / 2000 < 0.92


def test_a_data_set_with_clusters_leaves_another_without_as_it_is() -> None:
    pairs, alone = (frame(TABLES, setting=(name, 5, 1)) for name in ("pairs", "alone"))
    both = pd.concat([clustered(pairs, 2), alone])
    assert cells(both)["units"].tolist() == [6, 6, 6, 12, 12, 12]
    assert cells(both)["episodes"].tolist() == [12] * 6
    pd.testing.assert_frame_equal(
        cells(both)[3:].reset_index(drop=True), cells(alone), check_dtype=False
    )


def test_equal_scores_in_another_order_share_a_rank() -> None:
    """0.1 + 0.2 + 0.3 is not 0.3 + 0.2 + 0.1 in binary."""
    scores = np.array([[0.1, 0.2, 0.3]])
    tables = {"maml": scores, "reptile": scores[:, ::-1], "protonet": scores + 0.1}
    means = cells(frame(tables)).set_index("algorithm")["mean"]
    ranked = rank(pd.DataFrame([means, means]))
    assert ranked is not None
    assert ranked.average.to_dict() == {"protonet": 1.0, "maml": 2.5, "reptile": 2.5}
