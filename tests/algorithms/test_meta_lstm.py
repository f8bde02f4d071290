"""The LSTM meta-learner: its equations, and which derivatives it leaves out."""

import math

import pytest
import torch

from metabench.algorithm import last
from metabench.algorithms import meta_lstm
from metabench.algorithms.meta_lstm import MetaLSTM, learner
from metabench.inner_loop import gradient_descent
from metabench.networks.network import Norm
from metabench.tasks import Batch


@pytest.fixture
def lively(start):
    """``lively(algorithm)``: phi in float64 with weights so large that gates move."""

    def init(algorithm):
        g = torch.Generator().manual_seed(2)
        phi = start(algorithm)
        for name in phi:
            if name.startswith("meta."):
                phi[name] = phi[name] + 0.3 * torch.randn(phi[name].shape, generator=g)
        return phi

    return init


def with_fixed_gates(phi, alpha):
    """Weights of 0; a forget gate of exactly 1 and an input gate of alpha."""
    still = {n: torch.zeros_like(v) for n, v in phi.items() if n.startswith("meta.")}
    still["meta.forget.bias"] += 50
    still["meta.input.bias"] += math.log(alpha / (1 - alpha))
    return {**phi, **still}


def by_hand(phi, algorithm, task, steps):
    """The meta-gradient by a plain loop over torch's LSTMCell and autograd; its query loss too."""
    leaves = {n: v.clone().requires_grad_() for n, v in phi.items() if "running." not in n}
    names = sorted(n for n in leaves if not n.startswith("meta."))  # in another order than ours
    cell = torch.nn.LSTMCell(4, algorithm.hp.hidden, dtype=torch.float64)
    names_of = {"weight_ih": "input", "weight_hh": "hidden", "bias_ih": "bias"}
    weights = {of_cell: leaves[f"meta.lstm.{ours}"] for of_cell, ours in names_of.items()}
    weights["bias_hh"] = torch.zeros(4 * algorithm.hp.hidden)

    def loss(vector, batch):
        parts = torch.split(vector, [leaves[n].numel() for n in names])
        theta = {n: part.view_as(leaves[n]) for n, part in zip(names, parts, strict=True)}
        return algorithm.score(algorithm.network(theta, batch.x, Norm()), batch.y)

    def preprocess(x):
        small = x.abs() < math.exp(-10)
        first = torch.where(small, -torch.ones_like(x), x.abs().log() / 10)
        return torch.stack([first, torch.where(small, math.exp(10) * x, x.sign())], 1)

    theta = torch.cat([leaves[n].flatten() for n in names])
    f = i = torch.zeros_like(theta)
    state = None
    for _ in range(steps):
        here = theta.detach().requires_grad_()
        value = loss(here, task.support)
        (g,) = torch.autograd.grad(value, here)
        x = torch.cat([preprocess(value.detach()[None]).expand(len(g), 2), preprocess(g)], 1)
        state = torch.func.functional_call(cell, weights, (x, state))
        h = state[0]
        wf, wi = leaves["meta.forget.weight"], leaves["meta.input.weight"]
        f = (h @ wf[:-2] + wf[-2] * theta + wf[-1] * f + leaves["meta.forget.bias"]).sigmoid()
        i = (h @ wi[:-2] + wi[-2] * theta + wi[-1] * i + leaves["meta.input.bias"]).sigmoid()
        theta = f * theta - i * g
    total = loss(theta, task.query)
    total.backward()
    return {n: v.grad for n, v in leaves.items()}, total.detach()


def test_with_gates_of_one_and_alpha_it_is_gradient_descent(linear, regression_task, start):
    algorithm = linear(MetaLSTM, test_inner_steps=6)
    phi = with_fixed_gates(start(algorithm), 0.07)
    descent = gradient_descent(algorithm.loss, learner(phi), regression_task.support, 0.07, 6)
    ours = algorithm.path(phi, regression_task.support)
    for theta, expected in zip(ours, descent, strict=True):
        for name, value in expected.items():
            torch.testing.assert_close(theta[name], value)


def test_it_begins_as_slow_gradient_descent(linear, regression_task, start):
    """Fresh gates keep at least sigmoid(4) of theta and admit at most sigmoid(-4) of the slope."""
    algorithm = linear(MetaLSTM, inner_steps=1)
    for seed in range(20):
        phi = {
            n: v.double() for n, v in algorithm.init(torch.Generator().manual_seed(seed)).items()
        }
        forget, admit = phi["meta.forget.bias"].sigmoid(), phi["meta.input.bias"].sigmoid()
        assert 0.982 < forget < 0.9934
        assert 0.0066 < admit < 0.018
    theta = algorithm.adapt(phi, regression_task.support)
    g = torch.func.grad(algorithm.loss)(learner(phi), regression_task.support)
    for name, slope in g.items():
        expected = forget * phi[name] - admit * slope
        torch.testing.assert_close(theta[name], expected, rtol=0.05, atol=1e-3)


@pytest.mark.parametrize("steps", [1, 4])
def test_the_meta_gradient_is_that_of_a_loop_by_hand(linear, regression_task, lively, steps):
    algorithm = linear(MetaLSTM, inner_steps=steps)
    phi = lively(algorithm)
    gradient, metrics = algorithm.meta_gradient(phi, regression_task)
    expected, loss = by_hand(phi, algorithm, regression_task, steps)
    torch.testing.assert_close(metrics["loss"], loss, rtol=1e-9, atol=0)
    for name, value in expected.items():
        torch.testing.assert_close(gradient[name], value, rtol=1e-5, atol=1e-11)


def test_the_meta_gradient_of_a_conv_net_is_that_of_a_loop_by_hand(conv, image_task, lively):
    algorithm = conv(MetaLSTM, inner_steps=3)
    phi = lively(algorithm)
    gradient, metrics = algorithm.meta_gradient(phi, image_task)
    expected, loss = by_hand(phi, algorithm, image_task, 3)
    torch.testing.assert_close(metrics["loss"], loss, rtol=1e-9, atol=0)
    for name, value in expected.items():
        torch.testing.assert_close(gradient[name], value, rtol=1e-5, atol=1e-10)


def test_the_meta_gradient_holds_losses_and_slopes_constant(
    linear, regression_task, lively, difference, monkeypatch
):
    """It is the finite difference of a trajectory that is fed phi's slopes, and of no other."""
    algorithm = linear(MetaLSTM, inner_steps=4)
    phi = lively(algorithm)
    gradient, _ = algorithm.meta_gradient(phi, regression_task)

    def query_loss(moved):
        return algorithm.meta_loss(moved, regression_task)[0]

    with pytest.raises(AssertionError):  # second derivatives are left out
        difference(query_loss, phi, gradient)
    seen, observed = [], meta_lstm.observed
    monkeypatch.setattr(meta_lstm, "observed", lambda *a: seen.append(observed(*a)) or seen[-1])
    query_loss(phi)
    constant = list(seen)

    def fed(moved):
        again = iter(constant)
        monkeypatch.setattr(meta_lstm, "observed", lambda *a: next(again))
        return query_loss(moved)

    difference(fed, phi, gradient)


def test_permuted_coordinates_have_permuted_updates(linear, regression_task, lively):
    """The inputs of a linear model in another order: theta_T in that order."""
    algorithm = linear(MetaLSTM, inner_steps=5)
    phi, order = lively(algorithm), torch.tensor([2, 0, 3, 1])
    support = regression_task.support
    theta = algorithm.adapt(phi, support)
    permuted = {**phi, "head.weight": phi["head.weight"][order]}
    ours = algorithm.adapt(permuted, Batch(support.x[:, order], support.y, support.key))
    torch.testing.assert_close(ours["head.weight"], theta["head.weight"][order])
    torch.testing.assert_close(ours["head.bias"], theta["head.bias"])
    assert (theta["head.weight"] - phi["head.weight"]).abs().min() > 1e-3


def test_statistics_are_gathered_anew_in_every_episode(conv, image_task, lively):
    algorithm = conv(MetaLSTM, test_inner_steps=2, norm_momentum=0.9)
    phi = lively(algorithm)
    theta_0, theta_1, theta_2 = algorithm.path(phi, image_task.support)
    first, second = Norm(seen={}), Norm(seen={})
    algorithm.network(phi, image_task.support.x, first)
    algorithm.network(theta_1, image_task.support.x, second)
    for name in (f"running.norm{i}.{what}" for i in (1, 4) for what in ("mean", "var")):
        assert torch.equal(theta_0[name], phi[name])
        torch.testing.assert_close(theta_1[name], 0.1 * phi[name] + 0.9 * first.seen[name])
        torch.testing.assert_close(theta_2[name], 0.1 * theta_1[name] + 0.9 * second.seen[name])
    gradient, _ = algorithm.meta_gradient(phi, image_task)
    assert all(not g.any() for n, g in gradient.items() if n.startswith("running."))


def test_in_meta_testing_no_prediction_depends_on_another_query(conv, image_task, lively):
    algorithm = conv(MetaLSTM, test_inner_steps=3)
    theta = last(algorithm.path(lively(algorithm), image_task.support))
    together = algorithm.predict(theta, image_task.query.x)
    alone = torch.cat([algorithm.predict(theta, x[None]) for x in image_task.query.x])
    torch.testing.assert_close(together, alone)


def test_as_released_slopes_are_divided_by_the_number_of_examples(linear, regression_task, start):
    """With gates that nothing moves, six support examples make the rate alpha / 6."""
    algorithm = linear(MetaLSTM, inner_steps=3, released=True)
    phi = with_fixed_gates(start(algorithm), 0.3)
    path = gradient_descent(algorithm.loss, learner(phi), regression_task.support, 0.3 / 6, 3)
    theta = algorithm.adapt(phi, regression_task.support)
    for name, value in last(path).items():
        torch.testing.assert_close(theta[name], value)


def test_as_released_gates_are_fed_back_before_their_sigmoid(linear, regression_task, start):
    """A forget gate with no weight but on itself: b, then w b + b, and so on."""
    algorithm = linear(MetaLSTM, inner_steps=2, released=True)
    phi = with_fixed_gates(start(algorithm), 0.3)
    phi["meta.input.bias"] = torch.tensor(-1000.0)  # theta moves by the forget gate alone
    phi["meta.forget.bias"] = torch.tensor(2.0)
    phi["meta.forget.weight"][-1] = -0.4
    theta = algorithm.adapt(phi, regression_task.support)
    gates = torch.tensor([2.0, 2.0 - 0.4 * 2.0]).sigmoid().prod()
    torch.testing.assert_close(theta["head.weight"], gates * phi["head.weight"])


@pytest.fixture(autouse=True)
def double():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)
