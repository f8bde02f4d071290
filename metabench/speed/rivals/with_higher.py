"""higher: Grefenstette et al. (2019), "Generalized inner loop meta-learning", arXiv:1910.01727."""

from __future__ import annotations

import higher
import torch

from metabench.speed.rivals.loop import add, mean
from metabench.speed.rivals.module import Module, leaves
from metabench.speed.rivals.problem import Problem, take_gradients


def maml(net: Module, problem: Problem) -> list[torch.Tensor]:
    """An inner loop in a context, and a backward pass through it."""
    optimizer = torch.optim.SGD(net.parameters(), lr=problem.hp.inner_lr)
    for episode in problem.episodes:
        with higher.innerloop_ctx(net, optimizer, copy_initial_weights=False) as (fast, inner):
            for _ in range(problem.hp.inner_steps):
                inner.step(problem.inner_loss(fast(episode.support_x), episode.support_y))
            loss = problem.loss(fast(episode.query_x), episode.query_y)
            torch.autograd.backward(loss / len(problem.episodes))
    return take_gradients(net)


def fomaml(net: Module, problem: Problem) -> list[torch.Tensor]:
    """The same without tracking gradients of gradients."""
    optimizer = torch.optim.SGD(net.parameters(), lr=problem.hp.inner_lr)
    totals = [torch.zeros_like(leaf) for leaf in leaves(net)]
    for episode in problem.episodes:
        with higher.innerloop_ctx(net, optimizer, track_higher_grads=False) as (fast, inner):
            for _ in range(problem.hp.inner_steps):
                inner.step(problem.inner_loss(fast(episode.support_x), episode.support_y))
            loss = problem.loss(fast(episode.query_x), episode.query_y)
            add(totals, torch.autograd.grad(loss, [*fast.parameters(), *net.shifts]))
    return mean(totals, problem)
