"""What every rival is given: the tasks of a meta-batch, one after another, and the losses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch.nn import functional as F

from metabench.inner_loop import minibatches
from metabench.learning.engine import task_at
from metabench.speed.rivals.module import Module, leaves, module
from metabench.speed.settings import Workload
from metabench.trees import Params


class Episode(NamedTuple):
    """One task: inputs and labels of support and query, and what Reptile's steps look at."""

    support_x: torch.Tensor
    support_y: torch.Tensor
    query_x: torch.Tensor
    query_y: torch.Tensor
    minibatches: list[tuple[torch.Tensor, torch.Tensor]]


@dataclass(frozen=True)
class Problem:
    """A meta-batch and how to learn from it."""

    episodes: list[Episode]
    regression: bool
    way: int
    hp: Any

    def loss(self, outputs: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Mean squared error, or mean cross-entropy."""
        return F.mse_loss(outputs, y) if self.regression else F.cross_entropy(outputs, y)

    def inner_loss(self, outputs: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """What MAML's inner rate multiplies: on images summed over classes."""
        scale = self.way if self.hp.inner_loss == "sum over classes" else 1
        return scale * self.loss(outputs, y)


def rival_problem(work: Workload) -> tuple[Module, Problem]:
    """The network and the problem that are the workload's."""
    algorithm, hp, tasks = work.algorithm, work.algorithm.hp, work.tasks
    optimised = {n: p for n, p in work.params.items() if not n.startswith("running.")}
    episodes = []
    for i in range(len(tasks.support.x)):
        support, query = task_at(tasks, i)
        steps = []
        if hasattr(hp, "inner_batch"):
            steps = [(b.x, b.y) for b in minibatches(support, hp.inner_batch, hp.inner_steps)]
        episodes.append(Episode(support.x, support.y, query.x, query.y, steps))
    regression = algorithm.problem.task == "regression"
    net = module(optimised, work.setting.backbone.endswith("-pool"))
    return net, Problem(episodes, regression, algorithm.problem.way, hp)


def take_gradients(net: Module) -> list[torch.Tensor]:
    """The gradients that backward passes added up, which are forgotten by the network."""
    gradients = []
    for leaf in leaves(net):
        assert leaf.grad is not None
        gradients.append(leaf.grad)
        leaf.grad = None
    return gradients


def difference(ours: Params, theirs: Params) -> float:
    """||ours - theirs|| / ||theirs||, over all that is optimised."""
    apart = torch.stack([(ours[n] - theirs[n]).double().square().sum() for n in theirs]).sum()
    size = torch.stack([value.double().square().sum() for value in theirs.values()]).sum()
    return float((apart / size).sqrt())
