"""How functions of one task are mapped over many: the only module that knows.

Tasks are mapped with ``torch.func.vmap``: the small matrices and images of a whole meta-batch go
through each kernel together. A meta-batch whose activations would not fit is cut into chunks;
results do not depend on the cut beyond rounding.
"""

from __future__ import annotations

import torch

from metabench.algorithm import Algorithm, Metrics
from metabench.tasks import Batch, Task
from metabench.trees import Params, axpy, scale

CHUNK = 2000  # examples whose activations are held at once


def meta_gradient(algorithm: Algorithm, params: Params, tasks: Task) -> tuple[Params, Metrics]:
    """The meta-gradient and metrics, each its mean over the tasks of a meta-batch."""
    count = len(tasks.support.x)
    if count == 1:  # mapping over one task only costs time
        return algorithm.meta_gradient(params, task_at(tasks, 0))
    size = max(1, CHUNK // (tasks.support.x.shape[1] + tasks.query.x.shape[1]))
    chunks = [
        _chunk_gradient(algorithm, params, task_at(tasks, slice(start, start + size)))
        for start in range(0, count, size)
    ]
    gradient, metrics = chunks[0]
    for more_gradient, more_metrics in chunks[1:]:
        gradient = axpy(1.0, more_gradient, gradient)
        metrics = axpy(1.0, more_metrics, metrics)
    return scale(1 / count, gradient), scale(1 / count, metrics)


def _chunk_gradient(algorithm: Algorithm, params: Params, tasks: Task) -> tuple[Params, Metrics]:
    """The sums of meta-gradients and metrics over tasks that are mapped at once."""
    if type(algorithm).meta_gradient is not Algorithm.meta_gradient:
        gradients, metrics = torch.func.vmap(algorithm.meta_gradient, in_dims=(None, 0))(
            params, tasks
        )
        return _sum(gradients), _sum(metrics)
    # The gradient of the sum of all tasks' losses, in one backward pass: the sum over tasks is
    # then part of the matrix products, and no task's own gradient is ever held.
    leaves = {name: value.detach().requires_grad_() for name, value in params.items()}
    losses, metrics = torch.func.vmap(algorithm.meta_loss, in_dims=(None, 0))(leaves, tasks)
    slopes = torch.autograd.grad(losses.sum(), list(leaves.values()), materialize_grads=True)
    return dict(zip(leaves, slopes, strict=True)), _sum(metrics)


def task_at(tasks: Task, index: int | slice) -> Task:
    """One task of a meta-batch, or some."""
    support, query = (Batch(*(tensor[index] for tensor in batch)) for batch in tasks)
    return Task(support, query)


def _sum(stacked: Params) -> Params:
    return {name: tensor.detach().sum(0) for name, tensor in stacked.items()}
