"""TorchOpt: Ren et al. (2022), "TorchOpt: an efficient library for differentiable optimization",
arXiv:2211.06934. Its differentiable optimisers always keep the graph: there is no FOMAML of it."""

from __future__ import annotations

import torch
import torchopt

from metabench.speed.rivals.module import Module
from metabench.speed.rivals.problem import Problem, take_gradients


def maml(net: Module, problem: Problem) -> list[torch.Tensor]:
    """MetaSGD's steps, and the states of network and optimiser recovered after every task."""
    inner = torchopt.MetaSGD(net, lr=problem.hp.inner_lr)
    before = torchopt.extract_state_dict(net, by="reference", detach_buffers=True)
    before_inner = torchopt.extract_state_dict(inner, by="reference")
    for episode in problem.episodes:
        for _ in range(problem.hp.inner_steps):
            inner.step(problem.inner_loss(net(episode.support_x), episode.support_y))
        loss = problem.loss(net(episode.query_x), episode.query_y)
        torch.autograd.backward(loss / len(problem.episodes))
        torchopt.recover_state_dict(net, before)
        torchopt.recover_state_dict(inner, before_inner)
    return take_gradients(net)
