"""Baseline++: cosine classifiers, in pre-training and in a task."""

import pytest
import torch
from bright_squares import accuracy, learner, trained

from metabench import random
from metabench.algorithms.pretrain_cosine import DIRECTION, NORM, PretrainCosine
from metabench.tasks import Batch, Task


@pytest.fixture(autouse=True)
def double():
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def test_logits_do_not_see_the_length_of_features_nor_that_of_directions(conv, start):
    algorithm = conv(PretrainCosine)
    head, x = start(algorithm), torch.randn(5, 4)
    logits = algorithm.logits(head, x)
    torch.testing.assert_close(algorithm.logits(head, 9 * x), logits)
    longer = {**head, DIRECTION: 3 * head[DIRECTION]}
    torch.testing.assert_close(algorithm.logits(longer, x), logits)


def test_logits_are_those_of_a_weight_normalised_layer_on_features_of_length_1(conv, start):
    """As in the released code: scale 2 for few classes, 10 for more than 200."""
    for classes, s in ((7, 2.0), (201, 10.0)):
        algorithm = conv(PretrainCosine, classes=classes)
        head, x = start(algorithm), torch.randn(5, 4)
        layer = torch.nn.Linear(4, classes, bias=False)
        layer.weight.data = head[DIRECTION].T.clone()
        layer = torch.nn.utils.parametrizations.weight_norm(layer, dim=0)
        expected = s * layer(torch.nn.functional.normalize(x))
        torch.testing.assert_close(algorithm.logits(head, x), expected.detach())


def test_the_pretraining_gradient_is_the_finite_difference(conv, image_task, start, difference):
    algorithm = conv(PretrainCosine)
    phi = start(algorithm)
    task = Task(image_task.query, image_task.query)
    gradient, _ = algorithm.meta_gradient(phi, task)
    optimised = {n: p for n, p in phi.items() if not n.startswith("running.")}

    def loss(moved):
        return algorithm.meta_gradient({**phi, **moved}, task)[1]["loss"]

    difference(loss, optimised, gradient, t=1e-7)


def test_a_new_head_is_fitted_and_the_features_stay_frozen(conv, image_task, start):
    algorithm = conv(PretrainCosine, head_lr=0.5)
    phi = start(algorithm)
    theta = algorithm.adapt(phi, image_task.support)
    assert theta[DIRECTION].shape == (4, 3)
    assert theta[NORM].shape == (3,)
    for name in phi.keys() - {DIRECTION, NORM}:
        assert torch.equal(theta[name], phi[name])
    loss = algorithm.score(algorithm.predict(theta, image_task.support.x), image_task.support.y)
    unfitted = conv(PretrainCosine, head_lr=1e-12).adapt(phi, image_task.support)
    before = algorithm.score(
        algorithm.predict(unfitted, image_task.support.x), image_task.support.y
    )
    assert loss < 0.9 * before


def test_a_new_head_starts_from_the_key_of_its_task_alone(conv, image_task, start):
    algorithm = conv(PretrainCosine, head_lr=1e-12)
    phi = start(algorithm)
    x, y, key = image_task.support
    other = Batch(x, y, random.key(7, "another task"))
    first, again, second = (
        algorithm.adapt(phi, batch)[DIRECTION]
        for batch in (Batch(x, y, key), image_task.support, other)
    )
    assert torch.equal(first, again)
    assert (first - second).abs().max() > 0.1


def test_no_prediction_depends_on_another_query(conv, image_task, start):
    algorithm = conv(PretrainCosine)
    theta = algorithm.adapt(start(algorithm), image_task.support)
    together = algorithm.predict(theta, image_task.query.x)
    alone = torch.cat([algorithm.predict(theta, x[None]) for x in image_task.query.x])
    torch.testing.assert_close(together, alone)


def test_it_learns_a_separable_task():
    torch.set_default_dtype(torch.float32)
    algorithm = learner(
        PretrainCosine, iterations=60, meta_batch=32, head_lr=0.1, head_epochs=50, few_scale=10.0
    )
    assert accuracy(algorithm, trained(algorithm)) > 0.6  # chance is 1/3
