"""Reptile: phi - theta, by an Adam without momentum."""

import torch

from metabench.algorithm import last, trainable
from metabench.algorithms.reptile import MOMENT, STEPS, Reptile, adam
from metabench.inner_loop import gradient, minibatches


def test_one_step_moves_each_weight_by_the_rate_against_the_sign_of_its_gradient(
    linear, regression_task, start
):
    """From no second moments Adam's first step is lr g / |g|: the closed form on a quadratic."""
    reptile = linear(Reptile, inner_steps=1, inner_batch=6, inner_lr=0.02)
    phi = start(reptile)
    X = torch.cat([regression_task.support.x, torch.ones(6, 1)], 1)
    w = torch.cat([phi["head.weight"], phi["head.bias"][None]])
    g = 2 / 6 * X.T @ (X @ w - regression_task.support.y)
    meta, _ = reptile.meta_gradient(phi, regression_task)
    moved = torch.cat([meta["head.weight"], meta["head.bias"][None]])
    torch.testing.assert_close(moved, 0.02 * g.sign(), rtol=1e-6, atol=0)


def test_the_inner_loop_is_torchs_adam_with_beta_1_of_zero(conv, image_task, start):
    reptile = conv(Reptile, inner_steps=7, inner_batch=4, inner_lr=0.01)
    phi = start(reptile)
    theta = {n: p.clone().requires_grad_() for n, p in trainable(phi).items()}
    torchs = torch.optim.Adam(theta.values(), lr=0.01, betas=(0.0, 0.999))
    for batch in minibatches(image_task.support, 4, 7):
        torchs.zero_grad()
        reptile.loss(theta, batch).backward()
        torchs.step()
    ours, _ = last(adam(reptile, phi, image_task.support, 7, 4))
    for name, value in theta.items():
        torch.testing.assert_close(ours[name], value.detach())


def test_meta_testing_has_minibatches_and_steps_of_its_own(conv, image_task, start):
    own = {"inner_steps": 3, "inner_batch": 4, "test_inner_steps": 5, "test_inner_batch": 2}
    reptile = conv(Reptile, **own)
    phi = start(reptile)
    path = list(reptile.path(phi, image_task.support))
    assert len(path) == 6
    theta, _ = last(adam(reptile, phi, image_task.support, 5, 2))
    torch.testing.assert_close(path[-1], theta)
    other, _ = last(adam(reptile, phi, image_task.support, 5, 4))
    assert not torch.allclose(path[-1]["head.weight"], other["head.weight"])


def test_second_moments_are_handed_on(conv, image_task, start):
    """phi <- phi - meta-gradient, with the rate 1, is exactly where the task ended."""
    reptile = conv(Reptile, inner_steps=3)
    phi = start(reptile)
    theta, _ = last(adam(reptile, phi, image_task.support, 3, reptile.hp.inner_batch))
    meta, _ = reptile.meta_gradient(phi, image_task)
    assert theta[STEPS] == 3
    for name in phi:
        torch.testing.assert_close(phi[name] - meta[name], theta[name])
    assert any(theta[name].abs().sum() > 0 for name in theta if name.startswith(MOMENT))


def test_the_metrics_are_of_the_last_minibatch_before_its_step(conv, image_task, start):
    reptile = conv(Reptile, inner_steps=3, inner_batch=4)
    phi = start(reptile)
    _, metrics = reptile.meta_gradient(phi, image_task)
    before, _ = last(adam(reptile, phi, image_task.support, 2, 4))
    *_, minibatch = minibatches(image_task.support, 4, 3)
    torch.testing.assert_close(metrics["loss"], reptile.loss(before, minibatch))


def test_minibatches_use_every_example_once_before_any_again(image_task):
    drawn = torch.cat([b.x for b in minibatches(image_task.support, 4, 6)])
    rounds = drawn.split(6)  # 24 examples in batches of 4: four rounds of the six
    assert len(rounds) == 4
    for one in rounds:
        assert len({float(x.sum()) for x in one}) == 6
    assert not torch.equal(rounds[0], rounds[1])


def test_a_minibatch_larger_than_the_support_set_is_the_support_set(linear, regression_task, start):
    reptile = linear(Reptile, inner_steps=1, inner_batch=100)
    batch = next(minibatches(regression_task.support, 100, 1))
    theta = start(reptile)
    ours = gradient(reptile.loss, theta, batch)
    whole = gradient(reptile.loss, theta, regression_task.support)
    torch.testing.assert_close(ours["head.weight"], whole["head.weight"])
