"""Plain torch: one task after another, gradients by ``torch.autograd.grad``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.func import functional_call

from metabench.speed.rivals.module import Module, leaves
from metabench.speed.rivals.problem import Problem, take_gradients

Tensors = Sequence[torch.Tensor]


def maml(net: Module, problem: Problem) -> list[torch.Tensor]:
    """The inner steps keep their graph, and the query loss is differentiated through it."""
    for episode in problem.episodes:
        fast = descended(net, problem, episode, dict(net.named_parameters()), second_order=True)
        outputs = functional_call(net, fast, (episode.query_x,))
        torch.autograd.backward(problem.loss(outputs, episode.query_y) / len(problem.episodes))
    return take_gradients(net)


def fomaml(net: Module, problem: Problem) -> list[torch.Tensor]:
    """The gradient of the query loss where the inner loop ends."""
    totals = [torch.zeros_like(leaf) for leaf in leaves(net)]
    for episode in problem.episodes:
        fast = descended(net, problem, episode, dict(net.named_parameters()), second_order=False)
        loss = problem.loss(functional_call(net, fast, (episode.query_x,)), episode.query_y)
        add(totals, torch.autograd.grad(loss, [*fast.values(), *net.shifts]))
    return mean(totals, problem)


def descended(net: Module, problem: Problem, episode: Any, fast: Any, second_order: bool) -> Any:
    """The parameters after the inner loop; new leaves where it is of first order."""
    for _ in range(problem.hp.inner_steps):
        outputs = functional_call(net, fast, (episode.support_x,))
        loss = problem.inner_loss(outputs, episode.support_y)
        slopes = torch.autograd.grad(loss, list(fast.values()), create_graph=second_order)
        pairs = zip(fast.items(), slopes, strict=True)
        fast = {name: w - problem.hp.inner_lr * g for (name, w), g in pairs}
        if not second_order:
            fast = {name: w.detach().requires_grad_() for name, w in fast.items()}
    return fast


def reptile(net: Module, problem: Problem) -> list[torch.Tensor]:
    """phi - theta, theta by a new torch.optim.Adam for every task."""
    start = [leaf.detach().clone() for leaf in leaves(net)]
    totals = [torch.zeros_like(value) for value in start]
    for episode in problem.episodes:
        adam = torch.optim.Adam(leaves(net), lr=problem.hp.inner_lr, betas=(0.0, 0.999))
        for x, y in episode.minibatches:
            adam.zero_grad()
            torch.autograd.backward(problem.loss(net(x), y))
            adam.step()
        with torch.no_grad():
            for total, leaf, value in zip(totals, leaves(net), start, strict=True):
                total += value - leaf
                leaf.copy_(value)
    for leaf in leaves(net):
        leaf.grad = None
    return mean(totals, problem)


def protonet(net: Module, problem: Problem) -> list[torch.Tensor]:
    """Support and queries embedded in one batch; cross-entropy of squared distances."""
    for episode in problem.episodes:
        embedded = net(torch.cat([episode.support_x, episode.query_x]))
        support, queries = embedded.split([len(episode.support_x), len(episode.query_x)])
        prototypes = support.unflatten(0, (problem.way, -1)).mean(1)
        logits = -(queries[:, None] - prototypes).square().sum(-1)
        torch.autograd.backward(problem.loss(logits, episode.query_y) / len(problem.episodes))
    return take_gradients(net)


def imaml(net: Module, problem: Problem) -> list[torch.Tensor]:
    """Proximal descent, then conjugate gradient on a graph of the gradient that is kept."""
    hp, phi = problem.hp, leaves(net)
    names = [name for name, _ in net.named_parameters()]

    def outputs(theta: Tensors, x: torch.Tensor) -> Any:
        weights, shifts = theta[: len(names)], theta[len(names) :]
        return functional_call(net, dict(zip(names, weights, strict=True)), (x, shifts))

    totals = [torch.zeros_like(leaf) for leaf in phi]
    for episode in problem.episodes:
        theta = [leaf.detach().clone().requires_grad_() for leaf in phi]
        for _ in range(hp.inner_steps):
            loss = problem.loss(outputs(theta, episode.support_x), episode.support_y)
            slopes = torch.autograd.grad(loss, theta)
            with torch.no_grad():
                for w, g, start in zip(theta, slopes, phi, strict=True):
                    w -= hp.inner_lr * (g + hp.lam * (w - start))
        loss = problem.loss(outputs(theta, episode.query_x), episode.query_y)
        b = torch.autograd.grad(loss, theta)
        loss = problem.loss(outputs(theta, episode.support_x), episode.support_y)
        slopes = torch.autograd.grad(loss, theta, create_graph=True)
        add(totals, solution(theta, slopes, b, hp))
    return mean(totals, problem)


def solution(theta: Tensors, slopes: Tensors, b: Tensors, hp: Any) -> Tensors:
    """g of (I + H / lambda) g = b, H the derivative of ``slopes`` in theta.

    As in ``metabench.parts.conjugate_gradient``, a curvature that is not positive ends it,
    at b if it is the first.
    """
    x = [torch.zeros_like(value) for value in b]
    r, p = [value.clone() for value in b], [value.clone() for value in b]
    rr = dot(r, r)
    small = hp.cg_tolerance**2 * rr
    for step in range(hp.cg_steps):
        Hp = torch.autograd.grad(slopes, theta, p, retain_graph=True)
        Ap = [h / hp.lam + v for h, v in zip(Hp, p, strict=True)]
        curvature = dot(p, Ap)
        if curvature <= 0 or rr <= small:
            return x if step or curvature > 0 else b
        alpha = rr / curvature
        for xi, ri, pi, Api in zip(x, r, p, Ap, strict=True):
            xi += alpha * pi
            ri -= alpha * Api
        before, rr = rr, dot(r, r)
        p = [ri + rr / before * pi for ri, pi in zip(r, p, strict=True)]
    return x


def dot(x: Tensors, y: Tensors) -> torch.Tensor:
    """The inner product over all tensors."""
    return torch.stack([(a * b).sum() for a, b in zip(x, y, strict=True)]).sum()


def add(totals: Tensors, gradients: Tensors) -> None:
    """totals += gradients."""
    for total, gradient in zip(totals, gradients, strict=True):
        total += gradient.detach()


def mean(totals: Tensors, problem: Problem) -> list[torch.Tensor]:
    """Over the tasks."""
    return [total / len(problem.episodes) for total in totals]
