"""The page's first sentences say what the numbers say, and say it once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
from made_up_scores import written

from metabench.report.data import Report
from metabench.report.page.answer import answers
from metabench.report.page.judged import beside_papers
from metabench.report.tables import make_tables

LEVELS = {"maml": 0.8, "pretrain_head": 0.6}


def said(report: Report) -> list[str]:
    tables = make_tables(report)
    results = beside_papers(tables["results"][0], tables["published"][0])
    return answers(results, tables["paired"][0], "")


def test_what_holds_for_every_setting_is_said_once(tmp_path: Path) -> None:
    whether, how_much, _ = said(written(tmp_path, ["5w1s", "5w5s", "20w1s"], LEVELS))
    assert whether.startswith("Yes: meta-learning, by its best algorithm, wins 3 of 3 settings")
    assert how_much.startswith("On the same 20 test episodes")
    assert how_much.count("episodes") == 2  # and of chance over episodes
    assert how_much.count("Maml beats “Pretrain_Head” by") == 3
    assert how_much.count("nothing is known of training again") == 1


def test_one_setting_has_its_own_sentence(tmp_path: Path) -> None:
    _, how_much, _ = said(written(tmp_path, ["5w1s"], LEVELS))
    assert ", and with one training seed nothing is known of training again" in how_much
    assert how_much.endswith("; the difference is larger than chance over episodes.")


def test_a_win_of_another_network_is_said_to_be_one(tmp_path: Path) -> None:
    report = written(tmp_path, ["5w1s"], LEVELS)
    assert "network" not in said(report)[1]
    pooled = report.runs["backbone"].where(report.runs["algorithm"] != "maml", "conv4-32-pool")
    _, how_much, _ = said(replace(report, runs=report.runs.assign(backbone=pooled)))
    differ = "“Pretrain_Head” (they differ in network: conv4-32-pool against conv4-32) by"
    assert differ in how_much


def test_a_win_of_another_augmentation_is_said_to_be_one(tmp_path: Path) -> None:
    report = written(tmp_path, ["5w1s"], LEVELS)
    how = report.runs["algorithm"].map({"maml": "affine", "pretrain_head": "none"})
    altered = report.runs.assign(**{"hyperparameters.augment": how, "iterations": 100})
    _, how_much, _ = said(replace(report, runs=altered))
    assert "(they differ in augmentation: affine against none) by" in how_much
    both = replace(report, runs=altered.assign(backbone=altered["algorithm"]))
    differ = "network: maml against pretrain_head; augmentation: affine against none"
    assert f"(they differ in {differ}) by" in said(both)[1]
    untrained = altered.assign(iterations=[0, 100])
    assert "they differ" not in said(replace(report, runs=untrained))[1]


def test_so_few_episodes_that_nothing_could_be_told_are_said_to_be_too_few(tmp_path: Path) -> None:
    report = written(tmp_path, ["5w1s"], LEVELS)
    five = replace(report, scores=report.scores.assign(cluster=report.scores["episode"] // 4))
    whether, how_much, _ = said(five)
    assert whether.startswith("That is not seen here: meta-learning, by its best algorithm, wins 0")
    assert how_much.startswith("On the same 20 test episodes in 5 clusters, with 95 % intervals")
    assert "on so few episodes, from “Pretrain_Head”: +" in how_much
    assert "larger than chance" not in how_much


def test_of_two_that_are_not_told_apart_nothing_can_stand(tmp_path: Path) -> None:
    alike = {"maml": 0.6, "pretrain_head": 0.6}
    for settings in (["5w1s"], ["5w1s", "5w5s"]):
        _, how_much, _ = said(written(tmp_path, settings, alike, seeds=3))
        assert how_much.count("is not told apart from") == len(settings)
        assert "trained again" not in how_much


def test_what_is_left_of_trainings_that_diverged_is_said_to_be_that(tmp_path: Path) -> None:
    report = written(tmp_path, ["5w1s"], LEVELS, seeds=3)
    lost = (report.runs["algorithm"] == "maml") & (report.runs["seed"] == 2)
    runs = report.runs.assign(status=report.runs["status"].mask(lost, "diverged"))
    scores = report.scores[(report.scores["algorithm"] != "maml") | (report.scores["seed"] < 2)]
    _, how_much, _ = said(replace(report, runs=runs, scores=scores))
    assert ", but a training diverged, and so might others" in how_much
    assert "would be expected" not in how_much


def test_a_meta_learner_that_loses_is_said_to_lose(tmp_path: Path) -> None:
    worse = {"maml": 0.4, "pretrain_head": 0.6}
    whether, how_much, _ = said(written(tmp_path, ["5w1s", "5w5s"], worse, seeds=3))
    assert whether.startswith("No: meta-learning, by its best algorithm, wins 0 of 2 settings")
    assert how_much.count("loses to") == 2


def test_pre_training_of_one_s_own_is_what_others_are_compared_with(tmp_path: Path) -> None:
    report = written(tmp_path, ["5w1s"], {"maml": 0.8, "pretrain_mine": 0.6})
    assert report.baselines == ["pretrain_mine"]
    assert said(report)[0].startswith("Yes: meta-learning")


def test_the_strongest_pre_training_is_one_whose_queries_do_not_see_each_other(
    tmp_path: Path,
) -> None:
    """As the meta-learner beside it: else the one would be chosen for what the other may not do."""
    report = written(tmp_path, ["5w1s"], {"maml": 0.8, "pretrain_mine": 0.7, "pretrain_head": 0.9})
    mine = report.scores[report.scores["algorithm"] == "pretrain_mine"]
    together = mine.assign(mode="transductive", score=mine["score"] + 0.25)
    both = replace(report, scores=pd.concat([report.scores, together], ignore_index=True))
    whether, how_much, _ = said(both)
    assert whether.startswith("No: meta-learning")
    assert "loses to “Pretrain_Head” by" in how_much


def test_how_it_was_measured_is_said_of_all_that_is_compared(tmp_path: Path) -> None:
    """Of both of a pair, of seeds that diverged too, and of no seed where nothing is trained."""
    report = written(tmp_path, ["5w1s"], LEVELS, seeds=3)
    runs = report.runs.assign(iterations=100)
    one = (runs["algorithm"] == "maml") | (runs["seed"] == 0)
    head = report.scores["algorithm"] == "pretrain_head"
    scores = report.scores.assign(mode=report.scores["mode"].mask(head, "none"))
    scores = scores[~head | (scores["seed"] == 0)]
    *_, how = said(replace(report, runs=runs[one], scores=scores))
    assert how.startswith("These algorithms were tested in mode running and none (")
    assert "trained from 1 to 3 training seeds" in how
    lost = (runs["algorithm"] == "maml") & (runs["seed"] == 2)
    gone = (report.scores["algorithm"] == "maml") & (report.scores["seed"] == 2)
    diverged = runs.assign(status=runs["status"].mask(lost, "diverged"))
    *_, how = said(replace(report, runs=diverged, scores=report.scores[~gone]))
    assert "trained from 3 training seeds" in how
    *_, how = said(replace(report, runs=runs.assign(iterations=0)))
    assert "trained from" not in how


def test_what_learns_nothing_beforehand_does_not_stand_for_meta_learning(tmp_path: Path) -> None:
    report = written(tmp_path, ["5w1s"], {"scratch": 0.9, **LEVELS})
    whether, how_much, _ = said(report)
    assert "wins 1 of 1 settings" in whether
    assert "Scratch" not in how_much
