"""The files of the algorithms have what the papers' released code has, setting by setting."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from metabench.study.catalogue import Catalogue

PROJECT = Path(__file__).resolve().parents[2]
CATALOGUE = Catalogue([PROJECT / "config"])
TASKS = {"sinusoid": "regression"}
SUMMED = {"inner_loss": "sum over classes"}  # on which MAML's rates on images act

#: algorithm, data set, way, shot: values, as the code that is named has them.
RELEASED = [
    # cbfinn/maml: main.py, maml.py
    ("maml", "sinusoid", 1, 10, {"inner_lr": 0.01, "inner_steps": 1, "meta_batch": 25}),
    ("maml", "sinusoid", 1, 10, {"iterations": 70000, "train_shot": 10, "inner_loss": "mean"}),
    (
        "maml",
        "omniglot",
        5,
        1,
        {"inner_lr": 0.4, "inner_steps": 1, "test_inner_steps": 3, **SUMMED},
    ),
    ("maml", "omniglot", 5, 5, {"inner_lr": 0.4, "meta_batch": 32, "train_query": 5}),
    ("maml", "omniglot", 20, 1, {"inner_lr": 0.1, "inner_steps": 5, "test_inner_steps": 5}),
    ("maml", "omniglot", 20, 5, {"meta_batch": 16, "iterations": 60000, "train_query": 5}),
    ("maml", "miniimagenet", 5, 1, {"inner_lr": 0.01, "inner_steps": 5, "test_inner_steps": 10}),
    ("maml", "miniimagenet", 5, 5, {"meta_batch": 4, "train_query": 15, **SUMMED}),
    # openai/supervised-reptile: the commands of its README
    ("reptile", "omniglot", 5, 1, {"inner_batch": 10, "inner_steps": 5, "train_shot": 10}),
    ("reptile", "omniglot", 5, 1, {"test_inner_batch": 5, "test_inner_steps": 50}),
    ("reptile", "omniglot", 5, 5, {"iterations": 100000, "meta_batch": 5, "inner_lr": 1e-3}),
    ("reptile", "omniglot", 20, 1, {"inner_batch": 20, "inner_steps": 10, "inner_lr": 5e-4}),
    ("reptile", "omniglot", 20, 5, {"iterations": 200000, "test_inner_batch": 10}),
    ("reptile", "miniimagenet", 5, 1, {"inner_steps": 8, "train_shot": 15, "test_inner_batch": 5}),
    ("reptile", "miniimagenet", 5, 5, {"test_inner_steps": 50, "test_inner_batch": 15}),
    ("reptile", "omniglot", 5, 1, {"outer_lr": 1.0, "outer_schedule": "linear"}),
    # aravindr93/imaml_dev: examples/README.md
    ("imaml_released", "omniglot", 5, 1, {"inner_lr": 0.1, "inner_steps": 16, "lam": 2.0}),
    ("imaml_released", "omniglot", 5, 5, {"cg_steps": 5, "cg_damping": 1.0, "train_query": 5}),
    ("imaml", "omniglot", 20, 1, {"inner_steps": 25, "meta_batch": 32, "iterations": 20000}),
    # jakesnell/prototypical-networks: run_train.py, and the paper on photographs
    ("protonet", "omniglot", 20, 1, {"train_way": 60, "train_query": 5, "halve_every": 2000}),
    ("protonet", "miniimagenet", 5, 1, {"train_way": 30, "train_query": 15}),
    ("protonet", "miniimagenet", 5, 5, {"train_way": 20, "outer_schedule": "halve"}),
    # floodsung/LearningToCompare_FSL
    ("relation", "omniglot", 5, 1, {"train_query": 19, "iterations": 1000000}),
    ("relation", "omniglot", 20, 5, {"train_query": 5, "halve_every": 100000}),
    ("relation", "miniimagenet", 5, 5, {"train_query": 10, "iterations": 500000}),
    # wyharveychen/CloserLookFewShot: io_utils.py, methods
    ("pretrain_head", "miniimagenet", 5, 5, {"head_lr": 0.01, "head_epochs": 100, "head_batch": 4}),
    ("maml", "cub", 5, 1, {"inner_loss": "mean", "inner_steps": 5, "train_query": 16}),
    ("protonet", "cub", 5, 5, {"iterations": 40000, "train_query": 16}),
]


def values(algorithm: str, dataset: str, way: int, shot: int) -> dict[str, Any]:
    """What the algorithm's file says for a place."""
    place = {"dataset": dataset, "way": way, "shot": shot, "backbone": "conv4-64"}
    place["task"] = TASKS.get(dataset, "classification")
    return CATALOGUE.algorithm(algorithm, "the test").published(place)


@pytest.mark.parametrize(("algorithm", "dataset", "way", "shot", "released"), RELEASED)
def test_a_file_has_the_released_values(
    algorithm: str, dataset: str, way: int, shot: int, released: dict[str, Any]
) -> None:
    found = values(algorithm, dataset, way, shot)
    assert {name: found.get(name) for name in released} == released


@pytest.mark.parametrize("algorithm", ["maml", "fomaml", "anil"])
@pytest.mark.parametrize(("way", "shot"), [(5, 1), (5, 5), (20, 1), (20, 5)])
def test_the_meta_gradient_is_bounded_at_ten_times_what_the_loss_is_smaller_by(
    algorithm: str, way: int, shot: int
) -> None:
    """The released loss is a sum over 15 queries of each class by the shots; ours is their mean."""
    expected = 10 * shot / (15 * way)
    assert values(algorithm, "miniimagenet", way, shot)["clip"] == pytest.approx(expected, abs=5e-5)
    assert "clip" not in values(algorithm, "omniglot", way, shot)


@pytest.mark.parametrize("algorithm", ["fomaml", "anil"])
@pytest.mark.parametrize(
    "dataset", ["omniglot", "omniglot_random", "miniimagenet", "cub", "glyphs"]
)
@pytest.mark.parametrize(("way", "shot"), [(5, 1), (5, 5), (20, 1), (20, 5)])
def test_what_says_that_its_values_are_maml_s_has_them(
    algorithm: str, dataset: str, way: int, shot: int
) -> None:
    assert values(algorithm, dataset, way, shot) == values("maml", dataset, way, shot)
    assert values(algorithm, "sinusoid", 1, shot) == values("maml", "sinusoid", 1, shot)


@pytest.mark.parametrize("algorithm", ["maml_plus_plus", "maml_plus_plus_released"])
def test_maml_plus_plus_is_clipped_on_miniimagenet_alone_of_images(algorithm: str) -> None:
    assert values(algorithm, "miniimagenet", 5, 1)["clip"] == 10
    for dataset in ("omniglot", "cub", "cifar_fs", "glyphs"):
        assert "clip" not in values(algorithm, dataset, 5, 1)
