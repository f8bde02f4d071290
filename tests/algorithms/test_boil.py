"""BOIL: the body alone moves in the inner loop, and the head in the outer one."""

import torch
from small_training import accuracy, meta_train, squares

from metabench.algorithms.boil import BOIL


def test_the_head_stands_still_in_the_inner_loop_and_all_else_takes_a_step(conv, image_task, start):
    """Shifts of batch normalisation too, as in the released code."""
    boil = conv(BOIL, inner_lr=0.2)
    phi = start(boil)
    leaves = {name: value.clone().requires_grad_() for name, value in phi.items()}
    boil.loss(leaves, image_task.support).backward()
    theta = boil.adapt(phi, image_task.support)
    for name in phi:
        if name.startswith("head."):
            assert torch.equal(theta[name], phi[name])
        else:
            assert leaves[name].grad.abs().sum() > 0
            torch.testing.assert_close(theta[name], phi[name] - 0.2 * leaves[name].grad)


def test_its_meta_gradient_is_the_finite_difference(conv, image_task, start, difference):
    boil = conv(BOIL, inner_lr=0.1, inner_steps=2)
    phi = start(boil)
    gradient, _ = boil.meta_gradient(phi, image_task)
    difference(lambda phi: boil.meta_loss(phi, image_task)[0], phi, gradient, t=1e-7)


def test_without_a_body_there_is_no_inner_loop(linear, regression_task, start):
    boil = linear(BOIL, inner_steps=3)
    phi = start(boil)
    assert torch.equal(boil.adapt(phi, regression_task.support)["head.weight"], phi["head.weight"])


def test_it_learns_to_tell_squares_by_their_place(conv):
    boil = conv(BOIL, inner_lr=0.5, iterations=60, outer_lr=0.02)
    params, _ = meta_train(boil, squares())
    assert accuracy(boil, params, squares()) > 0.6  # chance is 1/3
