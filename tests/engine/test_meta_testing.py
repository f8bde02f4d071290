"""The two protocols of batch normalisation, and what is predicted before any adaptation."""

import numpy as np
import pytest
import torch

from metabench.datasets.store import load_split
from metabench.episodes.fixed import EpisodeSet, load_episodes
from metabench.episodes.sampling import load_images
from metabench.learning.assembly import make_algorithm
from metabench.learning.evaluation import recorded_steps
from metabench.learning.meta_testing import (
    Validation,
    at_once,
    classes,
    modes,
    run_episodes,
    stated_modes,
)

MAML = "metabench.algorithms.maml:MAML"


@pytest.fixture
def test_set(blobs):
    images = load_images(load_split(blobs / "data/blobs/test").images, "cpu")
    return load_episodes(blobs / "episodes/test", images, "cpu", labels=True)


@pytest.fixture
def maml(spec):
    algorithm = make_algorithm(spec(MAML, inner_lr=0.3, test_inner_steps=2), (1, 16, 16))
    return algorithm, algorithm.init(torch.Generator().manual_seed(0))


@pytest.fixture
def protonet(spec):
    algorithm = make_algorithm(spec("metabench.algorithms.protonet:ProtoNet"), (1, 16, 16))
    return algorithm, algorithm.init(torch.Generator().manual_seed(0))


def outputs(maml, episodes: EpisodeSet, mode: str) -> torch.Tensor:
    """At the end of the inner loop, in one mode: [episodes, queries, way]."""
    return run_episodes(*maml, episodes, [mode])[0][0]


def other_queries(episodes: EpisodeSet, keep: int) -> EpisodeSet:
    """The same episodes with every query but one replaced by an image of another kind."""
    query = torch.full_like(episodes.arrays["query"], 3)
    query[:, keep] = episodes.arrays["query"][:, keep]
    return EpisodeSet(episodes.meta, {**episodes.arrays, "query": query}, episodes.images)


def test_inductive_predictions_do_not_change_when_other_queries_change(maml, test_set):
    before = outputs(maml, test_set, "inductive")
    after = outputs(maml, other_queries(test_set, 5), "inductive")
    torch.testing.assert_close(after[:, 5], before[:, 5])


def test_transductive_predictions_do(maml, test_set):
    before = outputs(maml, test_set, "transductive")
    after = outputs(maml, other_queries(test_set, 5), "transductive")
    assert (after[:, 5] - before[:, 5]).abs().max() > 1e-3


def test_inductive_is_the_last_row_of_a_batch_of_the_support_set_and_the_query(maml, test_set):
    algorithm, params = maml
    predicted = outputs(maml, test_set, "inductive")
    task = test_set.tasks(0, 1)
    support = type(task.support)(*(tensor[0] for tensor in task.support))
    *_, theta = algorithm.path(params, support)
    batch = torch.cat([support.x, task.query.x[0, 7:8]])
    torch.testing.assert_close(
        predicted[0, 7], algorithm.predict(theta, batch)[-1], rtol=1e-4, atol=1e-5
    )


def test_recorded_steps_begin_at_phi_and_end_at_the_predictions(maml, test_set):
    ends, steps = run_episodes(*maml, test_set, ["transductive", "inductive"], (0, 1, 2))
    assert steps.shape == (3, *ends[0].shape)
    torch.testing.assert_close(steps[-1], ends[0])
    assert not torch.allclose(steps[0], ends[0])
    torch.testing.assert_close(ends[1], outputs(maml, test_set, "inductive"))


@pytest.mark.parametrize(
    ("length", "steps"), [(0, []), (3, range(4)), (19, range(11)), (20, [*range(11), 20])]
)
def test_steps_are_recorded_as_far_as_the_inner_loop_goes(spec, test_set, length, steps):
    algorithm = make_algorithm(spec(MAML, test_inner_steps=length), (1, 16, 16))
    params = algorithm.init(torch.Generator())
    assert recorded_steps(algorithm, params, test_set) == list(steps)


def test_results_do_not_depend_on_how_many_episodes_are_mapped_at_once(maml, test_set, monkeypatch):
    whole = outputs(maml, test_set, "transductive")
    monkeypatch.setattr("metabench.learning.meta_testing.AT_ONCE", {"cpu": 7_000})
    parts = outputs(maml, test_set, "transductive")
    torch.testing.assert_close(whole, parts, rtol=1e-4, atol=1e-5)


def test_before_adaptation_accuracy_is_one_in_n(maml, test_set):
    """Labels are shuffled in every episode, so phi alone cannot know them."""
    _, steps = run_episodes(*maml, test_set, ["transductive"], (0,))
    correct = (steps[0].argmax(-1) == test_set.tasks(0, len(test_set)).query.y).double().mean(1)
    standard_error = correct.std() / len(correct) ** 0.5
    assert abs(float(correct.mean()) - 1 / 3) < 4 * max(float(standard_error), 0.02)


def test_modes_follow_from_the_network_and_the_algorithm(protonet, maml, test_set):
    assert modes(*maml, test_set) == ["transductive", "inductive"]
    assert modes(*protonet, test_set) == ["running"]
    assert stated_modes(maml[0], {"layer1.weight": torch.zeros(1)}) == ["none"]


def centred(logits):
    """The queries of an episode share each class alike: the first step of Sinkhorn's."""
    return logits - logits.mean(0)


def standardised(logits):
    """It has no result for a query alone."""
    return centred(logits) / centred(logits).norm(dim=0)


def over_those_before(logits):
    """The first query sees none."""
    return logits.logcumsumexp(0)


@pytest.mark.parametrize("look", [centred, standardised, over_those_before])
def test_who_looks_at_the_other_queries_is_transductive_whatever_its_network(
    protonet, test_set, monkeypatch, look
):
    algorithm, params = protonet
    alone = algorithm.predict
    monkeypatch.setattr(algorithm, "predict", lambda adapted, x: look(alone(adapted, x)))
    assert stated_modes(algorithm, params) == ["running"]
    assert modes(algorithm, params, test_set) == ["transductive"]


def test_rounding_and_outputs_that_are_no_numbers_make_no_mode(protonet, test_set, monkeypatch):
    algorithm, params = protonet
    alone = algorithm.predict

    def says(look):
        monkeypatch.setattr(algorithm, "predict", lambda adapted, x: look(alone(adapted, x)))
        return modes(algorithm, params, test_set)

    assert says(lambda logits: 1e3 + 1e-3 * logits) == ["running"]  # as good as one and the same
    assert says(lambda logits: logits * float("nan")) == ["running"]
    assert says(lambda logits: logits.where(logits > -0.1, -torch.inf)) == ["running"]


def test_validation_scores_what_was_predicted(maml, test_set):
    loss, accuracy = Validation(maml[0], test_set)(maml[1])
    predicted = outputs(maml, test_set, "transductive")
    y = test_set.tasks(0, len(test_set)).query.y
    assert accuracy == pytest.approx(np.mean(predicted.argmax(-1).numpy() == y.numpy()))
    chosen = torch.log_softmax(predicted, -1).gather(-1, y[..., None])
    assert loss == pytest.approx(-float(chosen.mean()), rel=1e-5)


def test_there_is_a_class_only_where_the_logits_make_a_distribution():
    nan, inf = float("nan"), float("inf")
    none = [[nan, 1.0, 2.0], [nan, nan, nan], [0.0, inf, 1.0], [-inf, -inf, -inf]]
    some = [[0.0, 3.0, 1.0], [-inf, 0.0, 1.0]]  # a class that is ruled out is no obstacle
    assert classes(torch.tensor(none + some)).tolist() == [-1, -1, -1, -1, 1, 2]
    assert not torch.tensor(none).softmax(-1).isfinite().all(-1).any()
    assert torch.tensor(some).softmax(-1).isfinite().all()


def test_validation_counts_a_query_without_an_answer_as_wrong(maml, test_set):
    validate = Validation(maml[0], test_set)
    lost = {name: value * float("nan") for name, value in maml[1].items()}
    assert validate(lost) == (float("inf"), 0.0)
    assert validate.error(lost) == 1  # and not the 2/3 of a guess


def test_fewer_tasks_of_larger_images_are_mapped_together():
    """An activation of a photograph is nine times that of a drawing."""
    assert at_once(70_560, 1, (3, 84, 84)) == 10
    assert at_once(70_560, 1, (1, 28, 28)) == 90
    assert at_once(70_560, 10, (1, 28, 28)) == 9
    assert at_once(70_560, 500, (3, 84, 84)) == 1  # never none
