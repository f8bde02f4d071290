"""Paired differences: what pairing gains, which pairs there are, and what is counted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_up_scores import frame, two_way
from scipy import stats

from metabench.report.statistics import (
    against,
    among,
    cells,
    compare,
    holm,
    over_seeds,
    trimmed_p_value,
)

EVERY = among([])


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
    difference = compare(scores, against(["pretrain_head"])).iloc[0]
    assert len(compare(scores, against(["pretrain_head"]))) == 1
    assert (single["ci95"] > 0.01).all()
    assert difference["ci95"] < 0.002
    assert difference["difference"] == pytest.approx(0.01, abs=0.002)
    assert difference["difference"] == pytest.approx(single["mean"][0] - single["mean"][1])


def test_a_difference_agrees_with_the_paired_t_test() -> None:
    rng = np.random.default_rng(6)
    a, b = rng.normal(size=(1, 25)), rng.normal(size=(1, 25))
    row = compare(frame({"maml": a, "pretrain_head": b}), against(["pretrain_head"])).iloc[0]
    want = stats.ttest_rel(a[0], b[0]).confidence_interval(0.95)
    assert row["difference"] - row["ci95"] == pytest.approx(want.low)
    assert row["difference"] + row["ci95"] == pytest.approx(want.high)


def test_a_baseline_is_taken_in_the_same_mode_where_it_has_it() -> None:
    table = {"maml": np.ones((1, 5)), "pretrain_head": np.zeros((1, 5))}
    both = pd.concat([frame(table, "inductive"), frame(table, "transductive")])
    rows = compare(both, against(["pretrain_head"]))
    assert rows["mode"].tolist() == rows["other_mode"].tolist()
    other = pd.concat([frame({"maml": table["maml"]}, "inductive"), frame(table, "running")])
    assert set(compare(other, against(["pretrain_head"]))["other_mode"]) == {"running"}


def test_a_baseline_is_otherwise_taken_in_a_mode_of_the_same_kind() -> None:
    """What normalises all queries together is no match for what looks at one."""
    table = {"maml": np.ones((1, 5)), "mine": np.zeros((1, 5))}
    mine = {"mine": table["mine"]}
    rows = compare(
        pd.concat(
            [
                frame(mine, "transductive"),
                frame(mine, "inductive"),
                frame({"maml": table["maml"]}, "running"),
            ]
        ),
        against(["mine"]),
    )
    assert rows["other_mode"].tolist() == ["inductive"]


def test_as_much_won_as_lost_is_no_difference() -> None:
    """0.1 + 0.2 - 0.3 is not 0 in binary, and no number of episodes would find it."""
    wins = np.array([[0.1, 0.2, -0.3]])
    assert wins.sum() != 0
    scores = frame({"maml": 0.5 + wins, "pretrain_head": np.full((1, 3), 0.5)})
    row = compare(scores, against(["pretrain_head"])).iloc[0]
    assert row["difference"] == 0
    assert row["episodes_needed"] == np.inf


def test_the_interval_over_seeds_and_episodes_is_paired_too() -> None:
    """What is hard for both cancels, what a training makes of it does not."""
    rng = np.random.default_rng(7)
    hard = two_way(rng, 0, 1, 0, (1, 100))
    scores = {name: hard + two_way(rng, 0.05, 0, 0.1, (5, 100)) for name in ("maml", "reptile")}
    row = compare(frame(scores), EVERY).iloc[0]
    assert row["ci95"] < row["joint_ci95"]
    assert (row["joint_ci95"] < cells(frame(scores))["ci95"]).all()


def test_what_is_tested_on_one_model_is_compared_seed_by_seed() -> None:
    """A training that went well went well for both: of their difference nothing of it is left."""
    rng = np.random.default_rng(8)
    model = two_way(rng, 1, 0.1, 0, (3, 100))
    scores = {
        "pretrain_head": model + two_way(rng, 0, 0, 0.01, (3, 100)),
        "pretrain_finetune": model,
    }
    apart = frame(scores)
    together = apart.assign(model="pretrain_head")
    wide, narrow = (compare(rows, EVERY)["joint_ci95"].item() for rows in (apart, together))
    assert narrow < wide / 50
    (ours, theirs) = scores.values()
    own = cells(frame({"difference": ours - theirs}))["joint_ci95"].item()
    assert narrow == pytest.approx(own)
    fewer = together[(together["algorithm"] == "pretrain_head") | (together["seed"] < 2)]
    assert compare(fewer, EVERY)["joint_ci95"].item() > narrow * 10  # the seeds are not the same


def test_one_seed_of_either_leaves_no_interval_over_seeds() -> None:
    rng = np.random.default_rng(8)
    scores = {"maml": rng.normal(size=(3, 20)), "reptile": rng.normal(size=(1, 20))}
    row = compare(frame(scores), EVERY).iloc[0]
    assert np.isnan(row["joint_ci95"])
    assert row["seeds"] == 1


def test_episodes_are_counted_and_what_only_rounding_tells_apart_is_equal() -> None:
    a = np.array([[0.9, 0.8, 1 / 3, 0.4], [0.9, 0.6, 1 / 3, 0.6]])
    b = np.array([[0.8, 0.7, 0.333333333, 0.7], [0.8, 0.7, 0.333333333, 0.5]])
    row = compare(frame({"maml": a, "reptile": b}), EVERY).iloc[0]
    assert (row["higher"], row["equal"], row["lower"]) == (1, 2, 1)


def test_two_infinite_errors_are_equal_and_one_decides_its_episode() -> None:
    a, b = np.zeros((1, 12)), np.full((1, 12), 0.1)
    a[0, :2] = b[0, 1:3] = np.inf
    scores = frame({"maml": a, "reptile": b})
    scores["diverged"] = np.isinf(scores["score"]).astype(int)
    row = compare(scores, EVERY).iloc[0]
    assert (row["higher"], row["equal"], row["lower"]) == (1, 1, 10)
    assert row["p"] == pytest.approx(trimmed_p_value([np.inf, 0, -np.inf, *[-0.1] * 9]))
    assert row["p_rank"] < 0.1
    assert np.isfinite(row["robust"])


def test_one_diverged_episode_has_every_pair_of_its_setting_judged_by_trimmed_means() -> None:
    """A correction's family is of one test, whichever pairs the episode is in."""
    rng = np.random.default_rng(10)
    scores = frame({name: rng.normal(size=(1, 40)) for name in ("maml", "reptile", "protonet")})
    assert not compare(scores, EVERY)["trimmed"].any()
    scores.loc[0, ["score", "diverged"]] = [np.inf, 1]
    rows = compare(scores, EVERY)
    assert rows["trimmed"].all()
    assert (rows["diverged_episodes"] > 0).tolist() == [True, True, False]
    calm = over_seeds(scores).pivot(index="episode", columns="algorithm", values="score")
    alone = trimmed_p_value(calm["reptile"] - calm["protonet"])
    assert rows["p"].iloc[2] == pytest.approx(alone)
    assert rows["corrected"].tolist() == holm(rows["p"].to_numpy()).tolist()


def test_an_episode_without_an_answer_leaves_the_means_of_bounded_scores_plain() -> None:
    rng = np.random.default_rng(10)
    scores = frame({name: rng.random((1, 40)) for name in ("maml", "reptile")})
    plain = compare(scores, EVERY)
    scores.loc[0, "diverged"] = 1
    row = compare(scores, EVERY, bounded=set(scores["dataset"]))
    assert not row["trimmed"].any()
    assert row["diverged_episodes"].tolist() == [1]
    assert row["p"].tolist() == plain["p"].tolist()


def test_pairs_among_algorithms_leave_out_baselines_and_keep_transductive_rows_apart() -> None:
    cells_of = [("maml", "transductive"), ("maml", "inductive"), ("reptile", "transductive")]
    cells_of += [("reptile", "inductive"), ("protonet", "running"), ("pretrain_head", "running")]
    assert among(["pretrain_head"])(cells_of) == [
        (("maml", "transductive"), ("reptile", "transductive")),
        (("maml", "inductive"), ("reptile", "inductive")),
        (("maml", "inductive"), ("protonet", "running")),
        (("reptile", "inductive"), ("protonet", "running")),
    ]


def test_two_baselines_meet_once() -> None:
    pairs = against(["a", "b"])([("a", "running"), ("b", "running"), ("maml", "inductive")])
    assert pairs == [
        (("b", "running"), ("a", "running")),
        (("maml", "inductive"), ("a", "running")),
        (("maml", "inductive"), ("b", "running")),
    ]


def test_the_correction_is_over_the_pairs_of_one_setting() -> None:
    rng = np.random.default_rng(9)
    names = ("maml", "reptile", "protonet")
    both = [
        frame({name: rng.normal(0.1 * i, 1, (1, 40)) for i, name in enumerate(names)}, setting=at)
        for at in (("d", 5, 1), ("d", 5, 5))
    ]
    rows = compare(pd.concat(both), EVERY)
    assert len(rows) == 6
    for scores, (_, here) in zip(both, rows.groupby("shot"), strict=True):
        alone = compare(scores, EVERY)
        assert here["corrected"].tolist() == alone["corrected"].tolist()
        assert here["corrected_rank"].tolist() == holm(here["p_rank"].to_numpy()).tolist()


def test_nothing_to_compare_is_a_table_without_rows() -> None:
    scores = frame({"maml": np.ones((1, 3))})
    assert compare(scores, EVERY).empty
    assert list(compare(scores.iloc[:0], EVERY)) == list(compare(scores, EVERY))
