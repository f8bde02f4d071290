"""MAML++: what each of its parts adds to MAML, and that without them it is MAML."""

import itertools

import pytest
import torch
from small_training import accuracy, meta_train, squares

from metabench.algorithm import trainable
from metabench.algorithms.maml import MAML
from metabench.algorithms.maml_plus_plus import ALPHA, ITERATION, MAMLPlusPlus
from metabench.inner_loop import gradient as slope
from metabench.networks.network import Norm


@pytest.mark.parametrize("statistics", ["running", "batch"])
def test_with_one_step_equal_rates_and_no_multi_step_loss_it_is_maml(
    conv, image_task, start, statistics
):
    plus = conv(
        MAMLPlusPlus,
        inner_steps=1, inner_lr=0.25, multi_step=0.0, first_order=0.0, statistics=statistics,
    )  # fmt: skip
    maml = conv(MAML, inner_steps=1, inner_lr=0.25)
    phi, plain = start(plus), start(maml)
    gradient, metrics = plus.meta_gradient(phi, image_task)
    expected, of_maml = maml.meta_gradient(plain, image_task)
    assert torch.equal(metrics["loss"], of_maml["loss"])
    for name in plain:
        torch.testing.assert_close(gradient[name].reshape(plain[name].shape), expected[name])


def test_several_steps_of_equal_rates_lead_where_mamls_do(conv, image_task, start):
    plus = conv(MAMLPlusPlus, inner_steps=3, inner_lr=0.25, statistics="batch")
    maml = conv(MAML, inner_lr=0.25, test_inner_steps=3)
    ours = plus.path(start(plus), image_task.support)
    for mine, theirs in zip(ours, maml.path(start(maml), image_task.support), strict=True):
        for name in theirs:
            torch.testing.assert_close(mine[name], theirs[name])


@pytest.mark.parametrize(("steps", "floor"), [(1, 0.0), (2, 0.0), (5, 0.0), (5, 0.03)])
def test_the_weights_of_the_losses_sum_to_1_and_tend_to_the_last_alone(conv, steps, floor):
    plus = conv(
        MAMLPlusPlus, inner_steps=steps, iterations=100, multi_step=0.2, multi_step_floor=floor
    )
    weights = torch.stack([plus.weights(torch.tensor(float(i))) for i in range(100)])
    torch.testing.assert_close(weights.sum(1), torch.ones(100))
    torch.testing.assert_close(weights[0], torch.full((steps,), 1 / steps))
    assert all((b[:-1] <= a[:-1]).all() and b[-1] >= a[-1] for a, b in itertools.pairwise(weights))
    alone = torch.tensor([0.0] * (steps - 1) + [1.0])
    assert (weights[20:] == alone).all()
    if steps > 1:
        assert (weights[19, :-1] > 0).all()
        assert weights[19, 0] == pytest.approx(max(0.05, floor) / steps)


@pytest.mark.parametrize("iteration", [0, 5, 30])
def test_its_meta_gradient_is_the_finite_difference_of_the_weighted_losses(
    plus_plus, image_task, difference, iteration
):
    """In phi, in each step's shifts and in each step's rates; with all losses, and the last."""
    plus, phi = plus_plus(iteration, first_order=0.0)
    gradient, _ = plus.meta_gradient(phi, image_task)

    def weighted(moved):
        _, *path = plus.path({**phi, **moved}, image_task.support)
        losses = [plus.loss(theta, image_task.query) for theta in path]
        return plus.weights(phi[ITERATION]) @ torch.stack(losses)

    difference(weighted, trainable(phi), gradient, t=1e-7)


@pytest.mark.parametrize("iteration", [0, 5, 24])
def test_before_the_order_is_annealed_inner_gradients_are_constants(
    plus_plus, image_task, iteration
):
    """d theta_i / d phi is the identity, and d theta_i / d alpha_j = - the gradient of step j."""
    plus, phi = plus_plus(iteration, first_order=0.5)
    gradient, _ = plus.meta_gradient(phi, image_task)
    before, *path = plus.path(phi, image_task.support)
    at_thetas = [slope(plus.loss, theta, image_task.query) for theta in path]
    weights = plus.weights(phi[ITERATION])
    name = "conv2.weight"
    rate = phi[ALPHA + name]
    expected = sum(w * g[name] for w, g in zip(weights, at_thetas, strict=True))
    torch.testing.assert_close(gradient[name], expected)
    for j, (here, there) in enumerate(itertools.pairwise([before, *path])):
        step = (here[name] - there[name]) / rate[j]
        later = sum(w * g[name] for w, g in list(zip(weights, at_thetas, strict=True))[j:])
        torch.testing.assert_close(gradient[ALPHA + name][j], -(step * later).sum())


def test_when_the_order_has_been_annealed_the_meta_gradient_is_of_second_order(
    plus_plus, image_task
):
    annealed, of_first_order, whole = (
        plus.meta_gradient(phi, image_task)[0]
        for plus, phi in (plus_plus(25, 0.5), plus_plus(24, 0.5), plus_plus(24, 0.0))
    )
    assert torch.equal(annealed["conv1.weight"], whole["conv1.weight"])
    assert not torch.allclose(of_first_order["conv1.weight"], whole["conv1.weight"], rtol=1e-3)


def test_each_step_has_shifts_of_its_own(plus_plus, image_task):
    """Step i's serve the support loss before its update and the query loss after it."""
    plus, phi = plus_plus(0, first_order=0.0)
    shifts = phi["norm1.beta"].clone()
    shifts[1] += 0.5
    moved = {**phi, "norm1.beta": shifts}
    paths = [list(plus.path(params, image_task.support)) for params in (phi, moved)]
    for i, same in enumerate([True, True, False, False]):
        assert torch.equal(paths[0][i]["conv1.weight"], paths[1][i]["conv1.weight"]) == same
    assert [torch.equal(a["norm1.beta"], b["norm1.beta"]) for a, b in zip(*paths, strict=True)] == [
        True, True, False, True,
    ]  # fmt: skip


def test_each_step_gathers_statistics_of_its_own(plus_plus, image_task):
    """A tenth of the way to the mean of those of the support set before and the queries after."""
    plus, phi = plus_plus(0, first_order=0.0)
    gathering, running = plus_plus(0, first_order=0.0, statistics="running")
    gradient, _ = gathering.meta_gradient(running, image_task)
    path = list(plus.path(phi, image_task.support))
    for i, (before, after) in enumerate(itertools.pairwise(path)):
        support, queries = Norm(seen={}), Norm(seen={})
        plus.network({**before, **shifts_of(after)}, image_task.support.x, support)
        plus.network(after, image_task.query.x, queries)
        for name in support.seen:
            batch = (support.seen[name] + queries.seen[name]) / 2
            moved = running[name][i] - gradient[name][i]
            torch.testing.assert_close(moved, 0.9 * running[name][i] + 0.1 * batch)


def shifts_of(theta):
    """The shifts of the step that ``theta`` comes out of."""
    return {name: value for name, value in theta.items() if name.endswith(".beta")}


def test_what_normalises_in_meta_testing_changes_nothing_in_meta_training(plus_plus, image_task):
    (batch, phi), (running, more) = (
        plus_plus(5, 0.5, statistics=statistics) for statistics in ("batch", "running")
    )
    ours, theirs = batch.meta_gradient(phi, image_task)[0], running.meta_gradient(more, image_task)
    assert all(torch.equal(ours[name], theirs[0][name]) for name in trainable(phi))


def test_it_counts_its_iterations(conv):
    plus = conv(MAMLPlusPlus, iterations=7, inner_steps=2, meta_batch=3, train_query=2)
    params, _ = meta_train(plus, squares())
    assert params[ITERATION].round() == 7


def test_it_learns_to_tell_squares_by_their_place(conv):
    running, batch = (
        conv(
            MAMLPlusPlus,
            iterations=40, outer_lr=0.02, outer_schedule="cosine", inner_steps=2, inner_lr=0.5,
            statistics=statistics,
        )
        for statistics in ("running", "batch")
    )  # fmt: skip
    params, _ = meta_train(running, squares())
    # What normalises changes nothing in meta-training, as above: one is enough for both.
    of_batch = {name: params[name] for name in batch.init(torch.Generator())}
    for plus, phi in ((running, params), (batch, of_batch)):
        assert accuracy(plus, phi, squares()) > 0.6  # chance is 1/3
    assert params[f"{ALPHA}head.weight"].unique().numel() == 2  # each step has learned its rate


@pytest.fixture
def plus_plus(conv, start):
    """``plus_plus(iteration, first_order)``: MAML++ of three steps at an iteration of 50, and phi.

    The rates of the steps differ, as they do once they are learned.
    """

    def make(iteration, first_order, statistics="batch"):
        plus = conv(
            MAMLPlusPlus,
            inner_steps=3, iterations=50, multi_step=0.2, first_order=first_order,
            statistics=statistics,
        )  # fmt: skip
        phi = start(plus)
        rates = torch.tensor([0.1, 0.15, 0.05], dtype=torch.float64)
        learned = {name: rates.clone() for name in phi if name.startswith(ALPHA)}
        done = torch.tensor(float(iteration), dtype=torch.float64)
        return plus, {**phi, **learned, ITERATION: done}

    return make
