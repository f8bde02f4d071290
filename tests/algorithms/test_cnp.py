"""Conditional neural processes: a mean over the context, and a likelihood."""

import pytest
import torch
from vectors import accuracy, learn, on_vectors, unseen_tasks, vector_tasks

from metabench import random
from metabench.algorithms.cnp import CNP, gaussian_nll
from metabench.datasets.sinusoid import SinusoidSource
from metabench.networks import build
from metabench.tasks import Batch, Problem

SMALL = {"width": 8, "encoder_layers": 2, "decoder_layers": 3}


@pytest.fixture(autouse=True)
def double():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.fixture(params=["functions", "images"])
def problem(request, linear, conv, regression_task, image_task):
    """An algorithm and a task."""
    if request.param == "functions":
        return linear(CNP, **SMALL), regression_task
    return conv(CNP, **SMALL), image_task


def test_the_order_of_the_context_changes_nothing(problem, start):
    cnp, task = problem
    phi = start(cnp)
    order = torch.tensor([4, 0, 5, 2, 1, 3])
    shuffled = Batch(task.support.x[order], task.support.y[order], task.support.key)
    torch.testing.assert_close(cnp.adapt(phi, shuffled).code, cnp.adapt(phi, task.support).code)


def test_a_targets_prediction_depends_on_no_other_target(problem, start):
    cnp, task = problem
    adapted = cnp.adapt(start(cnp), task.support)
    alone = torch.cat([cnp.predict(adapted, x[None]) for x in task.query.x])
    torch.testing.assert_close(cnp.predict(adapted, task.query.x), alone)


def test_a_prediction_depends_on_every_point_of_the_context(problem, start):
    cnp, task = problem
    phi = start(cnp)
    whole = cnp.adapt(phi, task.support).code
    for i in range(6):
        x = task.support.x.clone()
        x[i] += 0.5
        assert not torch.equal(cnp.adapt(phi, task.support._replace(x=x)).code, whole)


def test_the_meta_gradient_is_the_finite_difference(problem, start, difference):
    cnp, task = problem
    phi = start(cnp)
    for bias in [n for n in phi if n.endswith(".bias")]:  # at 0 a dead layer ends on a kink
        phi[bias] = torch.linspace(-0.3, 0.5, phi[bias].numel())
    gradient, _ = cnp.meta_gradient(phi, task)
    optimised = {n: p for n, p in phi.items() if not n.startswith("running.")}

    def loss(moved):
        return cnp.meta_loss({**phi, **moved}, task)[0]

    difference(loss, optimised, gradient, t=1e-7)


def test_the_code_of_a_function_is_the_mean_of_its_points_codes(linear, regression_task, start):
    cnp = linear(CNP, **SMALL)
    phi, support = start(cnp), regression_task.support
    single = [
        cnp.adapt(phi, Batch(support.x[i : i + 1], support.y[i : i + 1], support.key)).code
        for i in range(6)
    ]
    torch.testing.assert_close(cnp.adapt(phi, support).code, torch.stack(single).mean(0))
    some = cnp.encode_points(phi, support, torch.tensor(2.0)).code
    torch.testing.assert_close(some, torch.stack(single[:2]).mean(0))


def test_the_code_of_images_is_the_mean_code_of_each_class_side_by_side(conv, image_task, start):
    cnp = conv(CNP, **SMALL)
    phi = start(cnp)
    codes = torch.arange(48.0).reshape(6, 8)
    y = torch.tensor([2, 0, 1, 0, 2, 1])
    code = cnp.encode_classes(phi, codes, y).code.reshape(3, 8)
    for n in range(3):
        torch.testing.assert_close(code[n], codes[y == n].mean(0))


def test_the_loss_is_the_negative_log_likelihood_of_a_gaussian():
    g = torch.Generator().manual_seed(0)
    mean, y = torch.randn(7, 1, generator=g), torch.randn(7, 1, generator=g)
    sigma = torch.rand(7, 1, generator=g) + 0.1
    expected = -torch.distributions.Normal(mean, sigma).log_prob(y).mean()
    torch.testing.assert_close(gaussian_nll(mean, sigma, y), expected)


def test_the_size_of_the_context_is_drawn_evenly_for_every_task(linear, regression_task, start):
    """From one point to all of the support set."""
    cnp, drawn = linear(CNP, **SMALL), []
    phi, encode = start(cnp), cnp.encode_points
    cnp.encode_points = lambda p, s, count: drawn.append(int(count)) or encode(p, s, count)
    for key in random.fold_range(random.key(0, "c"), 300):
        support = regression_task.support._replace(key=key)
        cnp.meta_loss(phi, regression_task._replace(support=support))
    counts = torch.bincount(torch.tensor(drawn), minlength=7)
    assert counts[0] == 0
    assert counts[1:].min() > 25  # 50 of each are expected
    assert len(counts) == 7


def test_standard_deviations_stay_above_the_floor(linear, regression_task, start):
    cnp = linear(CNP, sigma_floor=0.2, **SMALL)
    phi = {n: 30 * p for n, p in start(cnp).items()}
    sigma = cnp.distribution(cnp.adapt(phi, regression_task.support), regression_task.query.x)[1]
    assert sigma.min() >= 0.2


def test_it_learns_a_small_task_and_reproduces_it_to_the_bit():
    torch.set_default_dtype(torch.float32)
    hp = {"width": 32, "decoder_layers": 3, "meta_batch": 16, "outer_lr": 1e-2}
    cnp = on_vectors(CNP, **hp)

    def run(iterations):
        return learn(cnp, iterations, lambda keys: vector_tasks(keys, 3, 1, 3))

    unseen = unseen_tasks()
    assert accuracy(cnp, run(60), unseen) > 0.8
    assert all(torch.equal(a, b) for a, b in zip(run(3).values(), run(3).values(), strict=True))


def test_on_sinusoids_it_learns_and_is_surer_where_it_has_seen_more():
    torch.set_default_dtype(torch.float32)
    source = SinusoidSource({})
    problem = Problem("regression", 1, 10, (1,), 0)
    hp = CNP.hyperparameters(width=48, decoder_layers=3, meta_batch=16, outer_lr=3e-3)
    cnp = CNP(build("mlp-8", (1,), 0), problem, hp)
    phi = learn(cnp, 300, lambda keys: source.episodes(keys, 1, 10, 10))
    tasks = source.episodes(random.fold_range(random.key(1, "test"), 200), 1, 10, 20)

    def tested(support, query):
        mean, sigma = cnp.distribution(cnp.adapt(phi, support), query.x)
        return (mean - query.y).square().mean(), sigma.mean()

    few = Batch(tasks.support.x[:, :1], tasks.support.y[:, :1], tasks.support.key)
    with torch.no_grad():
        error, sigma = (v.mean() for v in torch.func.vmap(tested)(*tasks))
        _, unsure = (v.mean() for v in torch.func.vmap(tested)(few, tasks.query))
    assert error < 0.7 * tasks.query.y.square().mean()
    assert sigma < unsure
