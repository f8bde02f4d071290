"""What holds for every algorithm: those of config/algorithms that have a class, none left out."""

from __future__ import annotations

import dataclasses
import importlib
from pathlib import Path
from typing import Any

import pytest
import torch
from small_training import episodes, meta_train, squares

import metabench.networks
from metabench.algorithm import Algorithm
from metabench.datasets.sinusoid import SinusoidSource
from metabench.errors import MetabenchError
from metabench.learning.episodes import EpisodeSet
from metabench.learning.meta_testing import Validation, modes, run_episodes
from metabench.networks import build
from metabench.study.catalogue import Algorithm as Entry
from metabench.study.catalogue import Catalogue
from metabench.tasks import Problem, Source
from metabench.trees import Params

CONFIG = Path(__file__).resolve().parents[2] / "config"
CATALOGUE = Catalogue([CONFIG])
ENTRIES = [
    CATALOGUE.algorithm(file.stem, str(file))
    for file in sorted((CONFIG / "algorithms").glob("*.yaml"))
]
CASES = {
    f"{entry.name}-{task}": (entry, task)
    for entry in ENTRIES
    if entry.algorithm_class
    for task in entry.tasks
}
WAY, SHOT, QUERIES, EPISODES = 3, 2, 3, 3
MOST = {"iterations": 2, "meta_batch": 2, "train_way": WAY, "train_shot": 3, "train_query": 2}


def small(entry: Entry, task: str) -> dict[str, Any]:
    """The published hyperparameters, where they count something no more than a few."""
    cls = entry.hyperparameters
    assert cls is not None
    place = {"dataset": "glyphs", "task": task, "way": WAY, "shot": SHOT, "backbone": "conv4-64"}
    values = {field.name: field.default for field in dataclasses.fields(cls)}
    values |= entry.published(place)
    for name, value in values.items():
        most = 3 if name.endswith(("_steps", "_epochs")) else MOST.get(name)
        if most is not None:
            values[name] = min(value, most)
    entry.check(values, entry.name)
    return values


def backbones(task: str) -> list[str]:
    """Small backbones, the usual one first; one of every module there is."""
    if task == "regression":
        return ["mlp-8-8"]
    folder = Path(metabench.networks.__file__).parent
    return ["conv4-8", *(f"{file.stem}-8" for file in sorted(folder.glob("*.py")))]


def make(entry: Entry, task: str, source: Source) -> Algorithm:
    """The algorithm, small, on the first backbone that it does not refuse."""
    module, _, name = entry.algorithm_class.partition(":")
    cls: type[Algorithm] = getattr(importlib.import_module(module), name)
    way = 1 if task == "regression" else WAY
    problem = Problem(task, way, SHOT, tuple(source.input_shape), source.train_classes)
    hp = cls.hyperparameters(**small(entry, task))
    refusals = []
    for backbone in backbones(task):
        try:
            return cls(build(backbone, problem.input_shape, cls.outputs(problem)), problem, hp)
        except MetabenchError as refused:
            refusals.append(str(refused))
    raise AssertionError(f"{entry.name} takes no backbone: {refusals}")


def others_changed(test: EpisodeSet, other: EpisodeSet) -> EpisodeSet:
    """The episodes of ``test`` with every query but the first from ``other``."""
    name = "query" if test.images is not None else "query_x"
    queries = torch.cat([test.arrays[name][:, :1], other.arrays[name][:, 1:]], 1)
    return EpisodeSet(test.meta, {**test.arrays, name: queries}, test.images)


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What came of a small run."""

    algorithm: Algorithm
    before: Params  # phi at first
    params: Params  # phi in the end
    losses: list[float]
    modes: list[str]
    outputs: torch.Tensor  # [modes, episodes, queries, outputs]
    changed: torch.Tensor  # the same where all queries but the first are others


def run(case: str, seed: int) -> Outcome:
    """Meta-train and meta-test from a seed."""
    entry, task = CASES[case]
    source: Source = SinusoidSource({}) if task == "regression" else squares(side=28)
    algorithm = make(entry, task, source)
    before = algorithm.init(torch.Generator().manual_seed(seed))
    params, losses = meta_train(algorithm, source, seed)
    test, other = (
        episodes(source, algorithm.problem.way, SHOT, QUERIES, EPISODES, draw) for draw in (0, 1)
    )
    params = algorithm.tune(params, lambda params: Validation(algorithm, test)(params)[0])
    in_modes = modes(algorithm, params)
    outputs, changed = (
        run_episodes(algorithm, params, drawn, in_modes)[0]
        for drawn in (test, others_changed(test, other))
    )
    return Outcome(algorithm, before, params, losses, in_modes, outputs, changed)


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest) -> str:
    """An algorithm and a task that its file declares."""
    return str(request.param)


@pytest.fixture(scope="module")
def outcome(case: str) -> Outcome:
    """Its small run from seed 0."""
    return run(case, 0)


def test_every_loss_is_finite_and_parameters_move(outcome):
    assert torch.tensor(outcome.losses).isfinite().all()
    assert len(outcome.losses) == outcome.algorithm.hp.iterations
    moved = [n for n, p in outcome.before.items() if not torch.equal(p, outcome.params[n])]
    assert bool(moved) == bool(outcome.losses)
    assert all(value.isfinite().all() for value in outcome.params.values())


def test_there_is_a_finite_output_for_every_query_and_class_in_every_mode(outcome):
    problem = outcome.algorithm.problem
    queries = QUERIES * problem.way
    assert outcome.outputs.shape == (len(outcome.modes), EPISODES, queries, problem.way)
    assert outcome.outputs.isfinite().all()


def test_a_run_is_reproduced_to_the_bit_from_its_seed_and_from_no_other(case, outcome):
    again, other = run(case, 0), run(case, 1)
    assert again.losses == outcome.losses
    assert again.params.keys() == outcome.params.keys()
    assert all(torch.equal(p, again.params[name]) for name, p in outcome.params.items())
    assert torch.equal(again.outputs, outcome.outputs)
    assert torch.equal(other.outputs, outcome.outputs) == CASES[case][0].deterministic


def test_only_transductive_predictions_depend_on_other_queries(outcome):
    for mode, before, after in zip(outcome.modes, outcome.outputs, outcome.changed, strict=True):
        assert not torch.allclose(before[:, 1:], after[:, 1:])
        if mode != "transductive":
            torch.testing.assert_close(before[:, 0], after[:, 0], rtol=1e-4, atol=1e-4)


def test_the_work_of_a_task_is_counted(outcome):
    cost = outcome.algorithm.cost()
    assert type(cost.gradients) is int
    assert type(cost.hessian_vector_products) is int
    assert (cost.gradients > 0) == bool(outcome.losses)
    assert cost.hessian_vector_products >= 0
