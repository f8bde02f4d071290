"""How functions of one task are mapped over many: the only module that knows.

Tasks are mapped with ``torch.func.vmap``: the small matrices and images of a whole meta-batch go
through each kernel together. A meta-batch whose activations would not fit is cut into chunks;
results do not depend on the cut beyond rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from metabench.algorithm import Algorithm, Metrics
from metabench.tasks import Task
from metabench.trees import Params

CHUNK = 2000  # examples whose activations are held at once


def map_tasks(
    function: Callable[[Params, Task], Any], params: Params, tasks: Task, examples: int
) -> Any:
    """``function(params, task)`` for each task of a meta-batch, the results stacked.

    Args:
        function: of one task.
        params: shared by all.
        tasks: tensors with a leading axis of tasks.
        examples: how many examples ``function`` computes with on one task, for the memory.
    """
    chunk = max(1, CHUNK // max(1, examples))
    return torch.func.vmap(function, in_dims=(None, 0), chunk_size=chunk)(params, tasks)


def meta_gradient(algorithm: Algorithm, params: Params, tasks: Task) -> tuple[Params, Metrics]:
    """The meta-gradient and metrics, each its mean over the tasks of a meta-batch."""
    support, query = tasks.support.x, tasks.query.x
    if len(support) == 1:  # mapping over one task only costs time
        return algorithm.meta_gradient(params, task_at(tasks, 0))
    examples = support.shape[1] + query.shape[1]
    gradients, metrics = map_tasks(algorithm.meta_gradient, params, tasks, examples)
    return _mean(gradients), _mean(metrics)


def task_at(tasks: Task, index: int) -> Task:
    """One task of a meta-batch."""
    support, query = (type(batch)(*(tensor[index] for tensor in batch)) for batch in tasks)
    return Task(support, query)


def _mean(stacked: Params) -> Params:
    return {name: tensor.mean(0) for name, tensor in stacked.items()}
