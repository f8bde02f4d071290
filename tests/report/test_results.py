"""Scores are right, and what is wrong with a file is said in one line that names it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import fake_study
import numpy as np
import pandas as pd
import pytest

from metabench.errors import MetabenchError
from metabench.files.described import write_described
from metabench.files.whole import read_json, write_array, write_json, write_text
from metabench.report.collect import asked_runs
from metabench.report.data import run_folder
from metabench.report.scoring import accuracy, diverged, squared_error, unanswered
from metabench.study.config import load, run_key

Where = dict[str, Path]


def run(where: Where) -> None:
    fake_study.collect(where)


def test_accuracy_counts_right_queries_of_each_episode() -> None:
    labels = np.array([[0, 1, 2, 1], [2, 2, 0, 1]])
    predictions = np.array([[[0, 1, 2, 0], [0, 0, 0, 0]]])
    assert accuracy(predictions, labels).tolist() == [[0.75, 0.25]]


def test_a_query_without_an_answer_is_wrong_and_its_episode_is_known() -> None:
    labels = np.array([[0, 1, 2, 1], [2, 2, 0, 1]])
    predictions = np.array([[0, 1, 2, -1], [2, 2, 0, 0]])
    assert accuracy(predictions, labels).tolist() == [0.75, 0.75]
    assert unanswered(predictions).tolist() == [True, False]


def test_squared_error_is_a_mean_over_queries_and_infinite_where_a_prediction_is() -> None:
    labels = np.array([[[1.0], [2.0]], [[1.0], [1.0]]], np.float32)
    predictions = np.array([[[1.5], [1.0]], [[np.nan], [1.0]]], np.float32)
    assert squared_error(predictions, labels).tolist() == [0.625, np.inf]


def test_an_episode_diverged_when_it_is_a_hundred_times_worse_than_predicting_zero() -> None:
    labels = np.full((3, 4, 1), 2.0)  # predicting zero has an error of 4
    assert diverged(np.array([399.0, 401.0, np.inf]), labels).tolist() == [False, True, True]


def test_a_task_of_small_amplitude_does_not_diverge_by_being_small() -> None:
    labels = np.stack([np.full((4, 1), 0.1), np.full((4, 1), 4.0)])
    assert diverged(np.array([2.0, 2.0]), labels).tolist() == [False, False]


def test_scores_of_the_study_are_those_of_its_predictions(collected: Where) -> None:
    scores = pd.read_csv(collected["report"] / "scores.csv.gz")
    folder = collected["runs"] / "omniglot_challenge_small1/20w1s/maml/seed1"
    labels = np.load(
        collected["episodes"] / "omniglot_challenge_small1/test-20w1s/query_labels.npy"
    )
    want = (np.load(folder / "predictions.npy")[1] == labels).mean(axis=1)
    mine = scores.query("algorithm == 'maml' and seed == 1 and mode == 'inductive'")
    assert mine["episode"].tolist() == list(range(len(want)))
    assert np.allclose(mine["score"], want)


def test_episodes_that_belong_together_are_told_and_counted_once(fresh: Where) -> None:
    about = fresh["episodes"] / "omniglot_challenge_small1/test-20w1s/episodes.json"
    run(fresh)
    alone = pd.read_csv(fresh["report"] / "steps.csv")
    assert "cluster" not in pd.read_csv(fresh["report"] / "scores.csv.gz")
    write_json(
        about, {**read_json(about), "clusters": [i // 4 for i in range(fake_study.EPISODES)]}
    )
    run(fresh)
    scores = pd.read_csv(fresh["report"] / "scores.csv.gz")
    images = scores["dataset"] != "sinusoid"
    assert (scores["cluster"] == scores["episode"] // 4)[images].all()
    assert scores["cluster"][~images].isna().all()
    steps = pd.read_csv(fresh["report"] / "steps.csv")
    assert np.allclose(steps["mean"], alone["mean"])
    same = steps["ci95"].eq(alone["ci95"]) | steps["ci95"].isna()
    assert same.tolist() == (steps["dataset"] == "sinusoid").tolist()


def test_clusters_of_other_episodes_are_named(fresh: Where) -> None:
    file = fresh["episodes"] / "omniglot_challenge_small1/test-20w1s/episodes.json"
    write_json(file, {**read_json(file), "clusters": [0, 1, 2]})
    with pytest.raises(
        MetabenchError, match=r"'clusters' has shape \(3,\); one number for each of"
    ):
        fake_study.collect(fresh)


@pytest.mark.parametrize(
    ("key", "value", "right"),
    [
        ("trained_in", "five", "a setting, such as 5w1s, is right"),
        ("subset", {"images": "all"}, "a whole number"),
        ("diverged", {"iteration": "the last"}, "a whole number"),
    ],
)
def test_what_tables_show_of_a_run_is_checked_when_it_is_collected(
    fresh: Where, key: str, value: object, right: str
) -> None:
    file = fresh["runs"] / "sinusoid/1w5s/maml/seed0/run.json"
    about = {name: of for name, of in read_json(file).items() if name != "files"}
    write_described(file, {**about, key: value}, ["predictions.npy"])
    with pytest.raises(MetabenchError, match=right):
        fake_study.collect(fresh)


def test_a_diverged_run_is_listed_and_has_no_score(collected: Where) -> None:
    runs = pd.read_csv(collected["report"] / "runs.csv")
    scores = pd.read_csv(collected["report"] / "scores.csv.gz")
    reptile = runs.query("algorithm == 'reptile'")
    assert reptile["status"].tolist() == ["diverged", "diverged"]
    assert reptile["diverged.iteration"].tolist() == [40, 41]
    assert "reptile" not in set(scores["algorithm"])


def test_a_few_diverged_episodes_spoil_the_plain_mean_and_not_the_robust_one(
    collected: Where,
) -> None:
    steps = pd.read_csv(collected["report"] / "steps.csv")
    last = steps.query("algorithm == 'maml' and dataset == 'sinusoid' and seed == 1 and step == 10")
    row = last.iloc[0]
    assert row["diverged_episodes"] == 2
    assert np.isinf(row["mean"])
    assert np.isnan(row["ci95"])
    assert row["robust"] < 1


def test_an_episode_without_an_answer_is_marked_in_the_scores_and_counted_after_steps(
    fresh: Where,
) -> None:
    folder = fresh["runs"] / "omniglot_challenge_small1/20w1s/maml/seed0"
    final, steps = np.load(folder / "predictions.npy"), np.load(folder / "steps.npy")
    final[0, 3], steps[-1, 3:5] = -1, -1  # in the first of two modes
    write_array(folder / "predictions.npy", final)
    write_array(folder / "steps.npy", steps)
    run(fresh)
    scores = pd.read_csv(fresh["report"] / "scores.csv.gz").query("algorithm == 'maml'")
    lost = scores.query("dataset == 'omniglot_challenge_small1' and diverged == 1")
    assert lost[["seed", "mode", "episode", "score"]].to_numpy().tolist() == [
        [0, "transductive", 3, 0.0]
    ]
    counts = pd.read_csv(fresh["report"] / "steps.csv").query("way == 20 and algorithm == 'maml'")
    assert counts.query("seed == 0")["diverged_episodes"].tolist() == [0, 0, 2]


def test_collecting_twice_gives_the_same_bytes(fresh: Where) -> None:
    run(fresh)
    first = (fresh["report"] / "scores.csv.gz").read_bytes()
    run(fresh)
    assert (fresh["report"] / "scores.csv.gz").read_bytes() == first


def test_an_external_program_may_leave_the_mode_out(fresh: Where) -> None:
    folder = fresh["runs"] / "omniglot_challenge_small1/20w1s/protonet/seed0"
    described = read_json(folder / "run.json")
    del described["modes"]
    write_json(folder / "run.json", described)
    write_array(folder / "predictions.npy", np.load(folder / "predictions.npy")[0])
    run(fresh)
    scores = pd.read_csv(fresh["report"] / "scores.csv.gz")
    assert set(scores.query("algorithm == 'protonet' and seed == 0")["mode"]) == {"inductive"}


DAMAGES: dict[str, tuple[Callable[[Any], Any], str]] = {
    "shape": (
        lambda p: p[:, :-1],
        r"predictions.npy: shape \(2, 39, 100\); must be \(2, 40, 100\)",
    ),
    "type": (
        lambda p: p.astype(np.float64),
        "predictions.npy: elements are float64; must be whole",
    ),
    "high": (lambda p: p + 4, "predictions.npy: class 23; must be 0 to 19"),
    "negative": (lambda p: p - 2, "class -2; must be 0 to 19, or -1 for no answer"),
}


@pytest.mark.fault(
    "predictions of a wrong shape, type or class",
    "one line that names the file and what is right",
    "that run",
)
@pytest.mark.parametrize("damage", DAMAGES)
def test_wrong_predictions_are_named(fresh: Where, damage: str) -> None:
    path = fresh["runs"] / "omniglot_challenge_small1/20w1s/maml/seed0/predictions.npy"
    change, message = DAMAGES[damage]
    write_array(path, change(np.load(path)))
    with pytest.raises(MetabenchError, match=message):
        run(fresh)


@pytest.mark.fault(
    "predictions that are no array, or missing", "one line that names the file", "that run"
)
def test_predictions_that_are_no_array_are_named(fresh: Where) -> None:
    path = fresh["runs"] / "sinusoid/1w5s/maml/seed0/predictions.npy"
    path.write_text("0.1, 0.2")
    with pytest.raises(MetabenchError, match=r"predictions.npy: not an array"):
        run(fresh)
    path.unlink()
    with pytest.raises(MetabenchError, match=r"predictions.npy: there is no such file"):
        run(fresh)


@pytest.mark.fault(
    "predictions none of which is an answer", "one line that names the file", "that run"
)
@pytest.mark.parametrize(
    ("folder", "nothing", "what"),
    [
        ("sinusoid/1w5s/maml/seed0", np.nan, "no value is finite"),
        ("omniglot_challenge_small1/20w1s/maml/seed0", -1, "every class is -1"),
    ],
)
def test_a_finished_run_without_an_answer_is_refused(
    fresh: Where, folder: str, nothing: float, what: str
) -> None:
    path = fresh["runs"] / folder / "predictions.npy"
    write_array(path, np.full_like(np.load(path), nothing))
    with pytest.raises(MetabenchError, match=f"{what}, yet the run is 'finished'"):
        run(fresh)


@pytest.mark.fault(
    "a run on other episodes than those that are there", "one line with both digests", "that run"
)
def test_a_run_on_other_episodes_is_refused(fresh: Where) -> None:
    path = fresh["episodes"] / "sinusoid/test-1w5s/episodes.json"
    write_json(path, {"sha256": "0" * 64})
    with pytest.raises(
        MetabenchError, match=r"tested on episodes cccccccccccc, but .* 000000000000"
    ):
        run(fresh)


@pytest.mark.fault("a run of another study in the folder", "one line with file", "nothing")
def test_a_run_of_another_study_is_refused(fresh: Where) -> None:
    path = fresh["runs"] / "sinusoid/1w5s/maml/seed0/run.json"
    write_json(path, {**read_json(path), "study": "other"})
    with pytest.raises(MetabenchError, match="of study 'other', but 'fake' is reported"):
        run(fresh)


@pytest.mark.fault("a run that is there twice", "one line that names it", "nothing")
@pytest.mark.parametrize("study", ["config", "omniglot-challenge-all", "sinusoid"])
def test_what_is_collected_is_what_the_study_expands_to(study: str) -> None:
    """An algorithm that is the same from every seed runs once."""
    file = fake_study.CONFIG / f"{study}.yaml"
    asked = load(file, fake_study.CONFIG)
    folders = [run_folder(Path("results"), asked.name, *run_key(run)) for run in asked.runs]
    assert sorted(asked_runs(file, Path("results"), fake_study.CONFIG)) == sorted(folders)


def test_a_cell_that_is_there_twice_is_refused(fresh: Where) -> None:
    path = fresh["runs"] / "sinusoid/1w5s/maml/seed1/run.json"
    write_json(path, {**read_json(path), "seed": 0})
    with pytest.raises(MetabenchError, match="sinusoid 1 5 maml 0 is there twice"):
        run(fresh)


def test_a_folder_without_a_run_is_named(fresh: Where, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(MetabenchError, match="empty: no run"):
        fake_study.collect(fresh, tmp_path / "empty")


def test_what_an_algorithm_alone_logs_is_a_column_of_the_curves(fresh: Where) -> None:
    folder = fresh["runs"] / "sinusoid/1w5s/maml/seed1"
    history = pd.read_csv(folder / "history.csv").assign(inner_gradient_norm=0.25)
    history.to_csv(folder / "history.csv", index=False)
    write_described(folder / "train.json", {}, ["history.csv"])
    run(fresh)
    curves = pd.read_csv(fresh["report"] / "curves.csv.gz")
    of = curves.dropna(subset="inner_gradient_norm")
    assert of[["algorithm", "seed"]].drop_duplicates().to_numpy().tolist() == [["maml", 1]]
    assert len(of) == len(history)


def test_a_program_s_own_history_is_no_curve_of_ours(fresh: Where) -> None:
    folder = fresh["runs"] / "omniglot_challenge_small1/20w1s/protonet/seed0"
    (folder / "train.json").unlink()
    write_text(folder / "history.csv", "epoch,error\n1,0.5\n")
    run(fresh)
    curves = pd.read_csv(fresh["report"] / "curves.csv.gz")
    assert curves.query("algorithm == 'protonet'")["seed"].unique().tolist() == [1]
