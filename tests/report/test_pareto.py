"""The front has what nothing beats at its cost, and labels lie apart."""

from __future__ import annotations

from pathlib import Path

import fake_study
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from metabench.report import published
from metabench.report.data import read_report
from metabench.report.figures import cost, look
from metabench.report.figures.found import find
from metabench.report.figures.labels import apart
from metabench.report.numbers import results_numbers
from metabench.report.page.captions import caption
from metabench.report.pareto import costs, front


def test_a_point_is_dominated_by_one_that_costs_no_more_and_scores_no_less() -> None:
    cost = [1.0, 2.0, 3.0, 3.0, 4.0]
    score = [50.0, 70.0, 60.0, 80.0, 80.0]
    assert front(cost, score).tolist() == [True, True, False, True, False]


def test_equal_points_are_both_on_the_front() -> None:
    assert front([1.0, 1.0], [5.0, 5.0]).tolist() == [True, True]


def test_what_was_not_measured_is_not_on_the_front_and_beats_nothing() -> None:
    assert front([np.nan, 2.0, 3.0], [99.0, 50.0, np.nan]).tolist() == [False, True, False]


def test_an_algorithm_costs_the_mean_of_its_seeds() -> None:
    runs = pd.DataFrame(
        {
            "algorithm": ["maml", "maml", "protonet"],
            "cost.train_seconds": [10.0, 20.0, 5.0],
            "cost.evaluate_seconds": [1.0, 1.0, 1.0],
            "cost.gradients": [100, 100, 70],
            "cost.hessian_vector_products": [50, 50, 0],
        }
    )
    found = costs(runs)
    assert found.loc["maml", ["seconds_low", "seconds", "seconds_high"]].tolist() == [11, 16, 21]
    assert found.loc["maml", "gradients"] == 200  # a product is two
    assert found.loc["protonet", "gradients"] == 70
    assert found["memory_mb"].isna().all()  # nobody said


@pytest.mark.parametrize("places", [[0.5, 0.5, 0.5], [0.0, 0.9, 0.95, 1.0], [0.3, 0.1, 0.2]])
def test_labels_lie_apart_in_the_order_of_their_scores(places: list[float]) -> None:
    moved = np.asarray(apart(places, 0.1))
    order = np.argsort(places, kind="stable")
    assert (np.diff(moved[order]) >= 0.1 - 1e-9).all()
    assert moved.max() <= 1 + 1e-9


def test_labels_that_do_not_meet_stay() -> None:
    assert apart([0.8, 0.2], 0.1) == pytest.approx([0.8, 0.2])


@pytest.mark.parametrize("dataset", ["sinusoid", "omniglot_challenge_small1"])
def test_every_algorithm_with_a_score_is_named_once(
    collected: dict[str, Path], dataset: str
) -> None:
    report = read_report(collected["report"], fake_study.STUDY)
    with look.style():
        figure, facts = cost.draw(find(report, collected["results"]), dataset)
    table = results_numbers(report, published.load())
    scored = table[(table["dataset"] == dataset) & table["mean"].notna()]
    words = [text.get_text() for axis in figure.axes for text in axis.texts]
    assert sorted(words) == sorted(set(scored["title"]))
    assert "front" in caption(f"cost-{dataset}", facts)


def test_an_axis_of_millions_has_round_ticks_far_apart() -> None:
    axis = Figure().subplots()
    axis.set_xlim(2.5e6, 4e7)
    look.errors(axis, "x", fewest=2)
    assert list(axis.get_xticks()) == [3e6, 1e7, 3e7]
