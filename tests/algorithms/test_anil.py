"""ANIL: the head alone moves in the inner loop, the body in the outer one."""

import pytest
import torch
from small_training import accuracy, meta_train, squares

from metabench.algorithm import last
from metabench.algorithms.anil import ANIL
from metabench.algorithms.maml import MAML
from metabench.inner_loop import gradient_descent
from metabench.networks.network import is_head


def test_the_body_stands_still_in_the_inner_loop_and_the_head_moves(conv, image_task, start):
    anil = conv(ANIL, inner_lr=0.1, inner_steps=3)
    phi = start(anil)
    theta = anil.adapt(phi, image_task.support)
    for name in phi:
        assert torch.equal(theta[name], phi[name]) != is_head(name)


@pytest.mark.parametrize("inner_loss", ["mean", "sum over classes"])
def test_it_is_maml_whose_body_is_frozen_in_the_inner_loop(conv, image_task, start, inner_loss):
    """The support set passes through the body once, and the meta-gradient is none the worse."""
    anil = conv(ANIL, inner_lr=0.1, inner_steps=3, inner_loss=inner_loss)
    rate = 0.3 if inner_loss == "sum over classes" else 0.1
    phi = start(anil)

    def query_loss(phi):
        descent = gradient_descent(anil.loss, phi, image_task.support, rate, 3, is_head)
        return anil.loss(last(descent), image_task.query)

    gradient, _ = anil.meta_gradient(phi, image_task)
    for name, expected in torch.func.grad(query_loss)(phi).items():
        torch.testing.assert_close(gradient[name], expected)


def test_its_meta_gradient_is_the_finite_difference(conv, image_task, start, difference):
    anil = conv(ANIL, inner_lr=0.1, inner_steps=2)
    phi = start(anil)
    gradient, _ = anil.meta_gradient(phi, image_task)
    difference(lambda phi: anil.meta_loss(phi, image_task)[0], phi, gradient, t=1e-7)


def test_without_a_body_it_is_maml(linear, regression_task, start):
    anil, maml = (linear(cls, inner_lr=0.05, inner_steps=3) for cls in (ANIL, MAML))
    phi = start(anil)
    ours, theirs = (a.meta_gradient(phi, regression_task)[0] for a in (anil, maml))
    for name in phi:
        torch.testing.assert_close(ours[name], theirs[name])


def test_it_learns_to_tell_squares_by_their_place(conv):
    anil = conv(
        ANIL, inner_lr=0.5, inner_steps=2, test_inner_steps=2, iterations=60, outer_lr=0.02
    )  # fmt: skip
    params, _ = meta_train(anil, squares())
    assert accuracy(anil, params, squares()) > 0.6  # chance is 1/3
