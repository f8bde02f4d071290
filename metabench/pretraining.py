"""Plain pre-training, the baseline: one network for all tasks at once.

    L(phi) = sum over tasks of l_n(phi)    (MAML: sum over tasks of l_n(theta_n(phi)))

On images the tasks together are the classification of all classes of the training split; on
functions they are regression on the examples of all tasks.
"""

from __future__ import annotations

import torch

from metabench.algorithm import Algorithm, Metrics, gathered, gradient_and_aux
from metabench.networks.network import Norm
from metabench.tasks import Batch, Problem, Source, Task
from metabench.trees import Params


def outputs(problem: Problem) -> int:
    """One output for each class of the training split, or for the value."""
    return problem.train_classes if problem.task == "classification" else 1


def draw(algorithm: Algorithm, source: Source, keys: torch.Tensor) -> Task:
    """One "task" of an image for each key; or the episodes of functions as they are."""
    if algorithm.problem.task == "regression":
        return Algorithm.draw(algorithm, source, keys)
    batch = Batch(*(tensor[None] for tensor in source.examples(keys)))
    return Task(batch, batch)


def pretraining_gradient(
    algorithm: Algorithm, params: Params, task: Task
) -> tuple[Params, Metrics]:
    """The gradient of l_n(phi): no adaptation comes before the loss."""
    if algorithm.problem.task == "regression":
        # Support and queries alike: the examples that a meta-learner is given, no more, no fewer.
        support, query = task
        batch = Batch(torch.cat([support.x, query.x]), torch.cat([support.y, query.y]), query.key)
    else:
        batch = task.query
    norm = Norm(seen={})

    def loss(params: Params) -> tuple[torch.Tensor, tuple[Metrics, Params]]:
        loss, metrics = algorithm.scored(algorithm.network(params, batch.x, norm), batch.y)
        return loss, (metrics, gathered(params, norm))

    gradient, (metrics, statistics) = gradient_and_aux(loss, params)
    return {**gradient, **statistics}, metrics


def new_head(params: Params, way: int) -> Params:
    """``params`` with a head of ``way`` outputs, all zero: no class is preferred."""
    weight = params["head.weight"]
    return {
        **params,
        "head.weight": weight.new_zeros(weight.shape[0], way),
        "head.bias": weight.new_zeros(way),
    }
