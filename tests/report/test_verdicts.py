"""A verdict is what two numbers and their intervals say, and is withheld where they say nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from metabench.report import formats, published, reasons
from metabench.report.verdicts import (
    better,
    compare,
    half_width,
    lacks_scale,
    nearest,
    share,
)

NAN = float("nan")


def ours(mean: float = 98.5, ci95: float = 0.3, **other: Any) -> dict[str, Any]:
    """A row of results: finished, at the full protocol, 3 seeds of 600 episodes."""
    row = {
        **{"dataset": "omniglot", "way": 5, "shot": 1, "algorithm": "maml"},
        **{"mode": "transductive", "task": "classification", "status": "finished"},
        **{"mean": mean, "ci95": ci95, "seed_ci95": NAN, "seeds": 3, "diverged_seeds": 0},
        **{"iterations": 60000, "published_iterations": 60000, "queries": 5},
        **{"backbone": "conv4-64", "test_images": NAN},
    }
    return row | other


def paper(value: float = 98.7, ci95: float = 0.4, **other: Any) -> dict[str, Any]:
    """A published row like it."""
    row = {
        **{
            "mode": "transductive",
            "split": "",
            "backbone": "conv4-64",
            "augment": "",
            "queries": 1,
        },
        **{"metric": "accuracy", "value": value, "ci95": ci95, "verified": "read", "note": ""},
        "step": NAN,
    }
    return row | other


def said(row: dict[str, Any], of: dict[str, Any]) -> str:
    return str(compare(row, of)["verdict"])


def test_the_interval_of_a_difference_joins_both() -> None:
    found = compare(ours(98.5, 0.3), paper(98.7, 0.4))
    assert found["gap"] == pytest.approx(-0.2)
    assert found["gap_ci95"] == pytest.approx(0.5)
    rounded = compare(ours(98.5, 0.3), paper(98.7, 0.4, rounding=0.05))
    assert rounded["gap_ci95"] == pytest.approx(0.55)


def test_a_number_without_an_interval_is_no_surer_than_ours() -> None:
    found = compare(ours(98.5, 0.3), paper(98.7, NAN))
    assert found["gap_ci95"] == pytest.approx(0.3 * 2**0.5)
    assert "published without an interval" in found["why"]


def test_what_trains_nothing_repeats_a_number_on_the_same_episodes_to_its_last_digit() -> None:
    same = paper(38.8, NAN, mode="", metric="error", episodes="same", rounding=0.05)
    untrained = {"iterations": NAN, "published_iterations": NAN, "mode": "none"}
    assert said(ours(61.25, 8.0, **untrained), same) == "reproduced"
    assert said(ours(61.30, 8.0, **untrained), same) == "below"
    elsewhere = {**same, "episodes": ""}
    assert said(ours(61.25, 8.0, **untrained), elsewhere) == "undecided"
    assert said(ours(61.25, 8.0, mode="none"), same) == "undecided"  # of another training


@pytest.mark.parametrize(
    ("mean", "verdict"),
    [(98.2, "reproduced"), (98.19, "below"), (99.2, "reproduced"), (99.21, "above")],
)
def test_reproduced_reaches_to_the_edge_of_the_interval_and_no_further(
    mean: float, verdict: str
) -> None:
    assert said(ours(mean, 0.3), paper(98.7, 0.4)) == verdict


@pytest.mark.parametrize(
    ("published", "most"), [(40.0, 5.0), (97.0, 3.0), (99.8, 1.0)], ids=["5", "the error", "1"]
)
def test_an_interval_wider_than_the_published_error_reproduces_nothing(
    published: float, most: float
) -> None:
    """But one of a point is not too wide, and one of more than five is."""
    of, mean = paper(published, 0.0), published - 0.5
    assert said(ours(mean, most), of) == "reproduced"
    assert said(ours(mean, most + 0.1), of) == "undecided"
    assert said(ours(mean - 10, most + 0.1), of) == "below"
    error = paper(100 - published, 0.0, metric="error")
    assert said(ours(mean, most), error) == "reproduced"
    assert said(ours(mean, most + 0.1), error) == "undecided"


def test_a_mean_that_diverged_episodes_make_reproduces_no_error() -> None:
    alike = {"mode": "none", "task": "regression"}
    of = paper(0.35, NAN, mode="none", metric="mse", queries=NAN)
    assert said(ours(0.4, 0.1, **alike), of) == "reproduced"
    assert said(ours(3e22, 1e23, **alike), of) == "undecided"


def test_seeds_widen_our_interval_where_there_are_several() -> None:
    assert half_width(ours(ci95=0.3, seed_ci95=0.4)) == pytest.approx(0.5)
    assert half_width(ours(ci95=0.3, seed_ci95=0.4, joint_ci95=0.45)) == 0.45
    assert said(ours(98.0, 0.1), paper(98.7, 0.0)) == "below"
    assert said(ours(98.0, 0.1, seed_ci95=0.8), paper(98.7, 0.0)) == "reproduced"


@pytest.mark.parametrize(
    ("row", "of", "why"),
    [
        ({}, {"split": "random 1200/423"}, "another split: random 1200/423"),
        ({"mode": "inductive"}, {}, "another mode: transductive"),
        ({"mode": "inductive"}, {"mode": "running"}, "another mode: running"),
        ({"backbone": "conv4-32"}, {}, "another backbone: conv4-64"),
        ({"augment": "none"}, {"augment": "crop"}, "training images altered otherwise: crop"),
        ({"augment": "crop"}, {}, "training images altered otherwise: none"),
        ({"queries": 75}, {}, "another number of queries: 1 of each class"),
        ({"test_images": 400.0}, {}, "a subset of the data"),
        ({}, {"verified": "from memory"}, "from memory"),
        ({"seeds": 2, "diverged_seeds": 1}, {}, "1 of 3 training seeds diverged"),
        ({"published_iterations": 0}, {}, "how long the paper trained is not known"),
        ({"own_hyperparameters": "outer_lr"}, {}, "the study's own outer_lr"),
        ({}, {"metric": "mse"}, "another metric: mse"),
        ({"ci95": NAN}, {}, "ours has no interval"),
    ],
)
def test_what_is_not_of_the_same_thing_is_not_compared(
    row: dict[str, Any], of: dict[str, Any], why: str
) -> None:
    found = compare(ours(98.7, **({"ci95": 0.3} | row)), paper(98.7, **of))
    assert found["verdict"] == "not comparable"
    assert why in found["why"]


def test_a_scale_of_normalisation_is_a_reason_and_no_other_backbone() -> None:
    scaled, plain = {"backbone": "conv4-64-scale"}, {"backbone": "conv4-64"}
    for row, of in [(plain, scaled), (scaled, plain), (scaled, scaled), (plain, plain)]:
        assert said(ours(98.7, 0.3, **row), paper(98.7, **of)) == "reproduced"
        assert lacks_scale(row, paper(98.7, **of)) == (row == plain and of == scaled)


def test_queries_that_do_not_see_each_other_may_be_any_number() -> None:
    alone = {"mode": "running"}
    assert said(ours(98.7, queries=75, **alone), paper(98.7, **alone)) == "reproduced"


def test_what_a_paper_does_not_say_is_remarked_and_does_not_matter() -> None:
    found = compare(ours(98.7), paper(98.7, mode="", backbone="", queries=NAN))
    assert found["verdict"] == "reproduced"
    assert "does not say the mode" in found["why"]
    assert "does not say the backbone" in found["why"]


@pytest.mark.parametrize(
    ("iterations", "verdict"),
    [(3000, "not run in full (5 %)"), (59999, "not run in full (99.9 %)"), (60000, "reproduced")],
)
def test_what_was_not_run_in_full_is_never_reproduced(iterations: int, verdict: str) -> None:
    found = compare(ours(98.7, iterations=iterations), paper(98.7))
    assert found["verdict"] == verdict
    assert found["gap"] == 0


def test_what_trains_nothing_is_run_in_full() -> None:
    assert share(ours(iterations=0, published_iterations=0)) == 1
    assert share(ours(iterations=NAN, published_iterations=NAN)) == 1


def test_a_share_never_rounds_up_to_the_whole() -> None:
    assert formats.share(0.9999) == "99.9 %"
    assert formats.share(1.0) == "100 %"


def test_an_accuracy_stands_beside_an_error_as_an_error() -> None:
    found = compare(ours(96.0, 0.5), paper(4.5, NAN, metric="error"))
    assert found["gap"] == pytest.approx(-0.5)
    assert found["verdict"] == "reproduced"
    assert said(ours(97.0, 0.5), paper(4.5, NAN, metric="error")) == "below"


def test_above_is_better_for_an_accuracy_and_worse_for_an_error() -> None:
    assert better("accuracy", "above") == "better"
    assert better("error", "above") == better("mse", "above") == "worse"
    assert better("mse", "below") == "better"
    assert better("mse", "reproduced") == ""


def test_an_infinite_error_says_no_more_than_an_immense_one() -> None:
    row = ours(float("inf"), NAN, task="regression", mode="none", queries=NAN, backbone="mlp")
    of = paper(0.35, NAN, metric="mse", mode="none", backbone="mlp")
    assert said(row, of) == said({**row, "mean": 3e22, "ci95": 1e23}, of) == "undecided"


@pytest.mark.parametrize(("status", "verdict"), [("missing", "no run"), ("diverged", "diverged")])
def test_a_cell_without_a_score_says_why(status: str, verdict: str) -> None:
    assert said(ours(NAN, NAN, status=status, mode=None, iterations=40), paper()) == verdict


def test_the_nearest_published_row_is_of_the_same_mode_then_split_then_backbone() -> None:
    rows = {
        "mode": paper(mode="running"),
        "split": paper(split="another"),
        "backbone": paper(backbone="resnet12"),
        "memory": paper(verified="from memory"),
        "unsaid": paper(mode=""),
        "same": paper(),
    }
    found = nearest(ours(), pd.DataFrame(rows.values()).assign(key=list(rows)))
    assert [row["key"] for row in found] == [
        *("same", "unsaid", "memory", "backbone", "split", "mode")
    ]


def test_a_reason_is_of_the_cells_that_it_names() -> None:
    line = ["*maml", "omniglot", "", "", "transductive", "finn-*", "Because.", "a paper"]
    rows = pd.DataFrame([line], columns=reasons.COLUMNS)
    assert reasons.known(rows, ours(algorithm="fomaml"), "finn-2017") == ["Because. (a paper)"]
    assert reasons.known(rows, ours(algorithm="reptile"), "finn-2017") == []
    assert reasons.known(rows, ours(mode="inductive"), "finn-2017") == []
    assert reasons.known(rows, ours(), "nichol-2018") == []


def test_every_reason_of_ours_is_of_a_published_row() -> None:
    papers, rows = published.load(), reasons.load()
    cells = [{str(name): value for name, value in row.items()} for _, row in papers.iterrows()]
    for i in range(len(rows)):
        one = rows.iloc[i : i + 1].assign(mode="")
        assert any(reasons.known(one, cell, cell["key"]) for cell in cells), rows.iloc[i].to_dict()


def test_published_numbers_of_queries_are_whole() -> None:
    queries = published.load()["queries"].dropna()
    assert len(queries)
    assert np.array_equal(queries, queries.round())
