"""What holds for every algorithm: those of config/algorithms that have a class, none left out."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from every_algorithm import CASES, SHOT, prepared
from small_training import episodes, meta_train

from metabench.algorithm import Algorithm
from metabench.episodes.fixed import EpisodeSet
from metabench.learning.meta_testing import (
    Validation,
    modes,
    run_episodes,
    sees_other_queries,
    stated_modes,
)
from metabench.trees import Params

QUERIES, EPISODES = 3, 3


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
    test: EpisodeSet
    modes: list[str]
    outputs: torch.Tensor  # [modes, episodes, queries, outputs]
    changed: torch.Tensor  # the same where all queries but the first are others


def run(case: str, seed: int) -> Outcome:
    """Meta-train and meta-test from a seed."""
    algorithm, source = prepared(case)
    before = algorithm.init(torch.Generator().manual_seed(seed))
    params, losses = meta_train(algorithm, source, seed)
    test, other = (
        episodes(source, algorithm.problem.way, SHOT, QUERIES, EPISODES, draw) for draw in (0, 1)
    )
    params = algorithm.tune(params, lambda params: Validation(algorithm, test)(params)[0])
    in_modes = modes(algorithm, params, test)
    outputs, changed = (
        run_episodes(algorithm, params, drawn, in_modes)[0]
        for drawn in (test, others_changed(test, other))
    )
    return Outcome(algorithm, before, params, losses, test, in_modes, outputs, changed)


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


def test_what_is_measured_of_queries_seeing_each_other_is_what_is_stated(outcome):
    assert outcome.modes == stated_modes(outcome.algorithm, outcome.params)
    seen = sees_other_queries(outcome.algorithm, outcome.params, outcome.test)
    assert seen == (outcome.modes[0] == "transductive")


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
