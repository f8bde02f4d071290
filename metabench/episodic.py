"""Episodic training of an embedding under a head that is fitted to the support set.

The queries' loss goes through the head and the embedding of both sets, which are normalised in one
batch; meta-testing normalises by the running statistics gathered on the way, so that no query's
prediction depends on another query.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from metabench.algorithm import Algorithm, Metrics
from metabench.hyperparameters import Hyperparameters, setting
from metabench.layers import gathering
from metabench.networks.network import Norm
from metabench.tasks import Batch, Task
from metabench.trees import Params

if TYPE_CHECKING:
    # phi, the embedded support set, the embedded queries -> outputs, and metrics of its own
    Head = Callable[[Params, Batch, torch.Tensor], tuple[torch.Tensor, Metrics]]


@dataclass(frozen=True)
class EpisodicHyperparameters(Hyperparameters):
    """Of an embedding under a head for any number of classes."""

    train_way: int = setting(0, "classes of a training episode; 0 is the setting's", least=0)


class Episodic(Algorithm):
    """An embedding under a head for any number of classes, so trained with any."""

    hyperparameters = EpisodicHyperparameters
    linear_head = False  # the head that is fitted to the support set takes its place

    @property
    def train_way(self) -> int:
        """The classes of a training task: of a test task, where hyperparameters say no other."""
        return int(self.hp.train_way or self.problem.way)


def episodic_loss(
    algorithm: Algorithm, params: Params, task: Task, head: Head
) -> tuple[torch.Tensor, Metrics]:
    """The queries' loss under ``head``, which gathers running statistics, and the metrics."""
    norm, shots = Norm(seen={}), task.support.y.shape[0]
    x = torch.cat([task.support.x, task.query.x])
    embedded = algorithm.network.features(params, x, norm)
    support = Batch(embedded[:shots], task.support.y, task.support.key)
    outputs, own = head(params, support, embedded[shots:])
    loss, metrics = algorithm.scored(outputs, task.query.y)
    return loss + gathering(params, norm), {**metrics, **own}


def embed(algorithm: Algorithm, params: Params, x: torch.Tensor) -> torch.Tensor:
    """Features [n, d] of meta-testing, normalised by running statistics."""
    return algorithm.network.features(params, x, Norm(running=True))
