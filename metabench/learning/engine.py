"""How functions of one task are computed for a meta-batch: the only module that knows.

Tasks are mapped with ``torch.func.vmap``, so many at once, and what that runs is recorded and
replayed (``metabench.tape``). On a CPU with several threads, parts of the meta-batch go side by
side, unless a task is large; on a GPU the whole iteration is captured by the device
(``capture.py``). Results do not depend on any of it beyond rounding: how many tasks are mapped at
once decides in which order their gradients are added, and nothing else changes them at all.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import reduce
from typing import Any

import torch

from metabench import tape
from metabench.algorithm import Algorithm, Metrics
from metabench.tasks import Batch, Task
from metabench.trees import Params, axpy, scale

AT_ONCE = 250_000  # numbers of the inputs that are mapped at once, so that a cache holds the work
BYTES = 8000  # of activations for each of them, about: 1,000 to 4,000 were measured


@dataclass(frozen=True)
class Plan:
    """How a meta-gradient is computed.

    Attributes:
        tasks_at_once: tasks mapped together.
        lanes: parts of the meta-batch that are computed side by side, a thread each.
        replayed: record the operations at the second call, and replay them from then on.
    """

    tasks_at_once: int
    lanes: int = 1
    replayed: bool = True


def default_plan(
    tasks: Task, threads: int = 1, overhead: int = 0, memory_mb: float = math.inf
) -> Plan:
    """The plan for a meta-batch where nothing is measured.

    Args:
        tasks: a meta-batch.
        threads: that may compute side by side.
        overhead: see ``Algorithm.overhead``.
        memory_mb: what the run may use, in 10^6 bytes.
    """
    count = len(tasks.support.x)
    numbers = (tasks.support.x.numel() + tasks.query.x.numel()) // count
    numbers += overhead * math.prod(tasks.query.x.shape[2:])
    fitting = memory_mb * 1e6 / BYTES
    fitting = fitting if tasks.support.x.is_cuda else min(fitting, AT_ONCE)
    most = max(1, min(count, fitting // numbers))
    size = max(n for n in divisors(count) if n <= most)
    # A large task keeps all threads busy with one kernel at a time. In lanes it would be slower:
    # glibc maps anew whatever is too large for a thread's own heap.
    lanes = threads if numbers * count > AT_ONCE // 4 and numbers <= AT_ONCE else 1
    if lanes > 1:
        size = max(n for n in divisors(count) if n <= max(1, min(most, count // lanes)))
    return Plan(size, min(lanes, count // size))


def divisors(count: int) -> list[int]:
    """The sizes into which a meta-batch can be cut evenly, so that one recording serves all."""
    return [n for n in range(1, count + 1) if count % n == 0]


class MetaGradient:
    """The mean meta-gradient of an algorithm over a meta-batch, by a plan."""

    def __init__(self, algorithm: Algorithm, plan: Plan) -> None:
        self.algorithm, self.plan = algorithm, plan
        self.recorded = tape.Replayed(self.of_part) if plan.replayed else None
        self.map: Callable[..., Any] = map
        if plan.lanes > 1:
            lanes = ThreadPoolExecutor(plan.lanes, initializer=torch.set_num_threads, initargs=(1,))
            self.map = lanes.map

    def of_part(self, params: Params, tasks: Task) -> tuple[Params, Metrics]:
        """The sums over tasks that are mapped at once."""
        return sums(self.algorithm, params, tasks)

    def __call__(self, params: Params, tasks: Task) -> tuple[Params, Metrics]:
        """The means over all tasks."""
        count, size = len(tasks.support.x), self.plan.tasks_at_once
        parts = [task_at(tasks, slice(start, start + size)) for start in range(0, count, size)]
        of_part: Callable[..., Any] = self.of_part
        if self.recorded:
            self.recorded.prepare(params, parts[-1])  # not in a lane
            of_part = self.recorded.run
        each = list(self.map(of_part, [params] * len(parts), parts))
        gradient, metrics = (reduce(added, totals) for totals in zip(*each, strict=True))
        return scale(1 / count, gradient), scale(1 / count, metrics)


def meta_gradient(
    algorithm: Algorithm, params: Params, tasks: Task, tasks_at_once: int | None = None
) -> tuple[Params, Metrics]:
    """The meta-gradient and metrics, each its mean over the tasks of a meta-batch."""
    overhead = algorithm.overhead(params)
    size = tasks_at_once or default_plan(tasks, overhead=overhead).tasks_at_once
    return MetaGradient(algorithm, Plan(size, replayed=False))(params, tasks)


def sums(algorithm: Algorithm, params: Params, tasks: Task) -> tuple[Params, Metrics]:
    """The sums of meta-gradients and metrics over tasks that are mapped at once."""
    one = len(tasks.support.x) == 1  # mapping over one task only costs time
    if type(algorithm).meta_gradient is not Algorithm.meta_gradient:
        if one:
            return algorithm.meta_gradient(params, task_at(tasks, 0))
        gradients, metrics = torch.func.vmap(algorithm.meta_gradient, in_dims=(None, 0))(
            params, tasks
        )
        return summed(gradients), summed(metrics)
    # The gradient of the sum of all tasks' losses, in one backward pass: the sum over tasks is
    # then part of the matrix products, and no task's own gradient is ever held.
    leaves = {name: value.detach().requires_grad_() for name, value in params.items()}
    if one:
        losses, metrics = algorithm.meta_loss(leaves, task_at(tasks, 0))
    else:
        losses, metrics = torch.func.vmap(algorithm.meta_loss, in_dims=(None, 0))(leaves, tasks)
    slopes = torch.autograd.grad(losses.sum(), list(leaves.values()), materialize_grads=True)
    return dict(zip(leaves, slopes, strict=True)), metrics if one else summed(metrics)


def task_at(tasks: Task, index: int | slice) -> Task:
    """One task of a meta-batch, or some."""
    support, query = (Batch(*(tensor[index] for tensor in batch)) for batch in tasks)
    return Task(support, query)


def summed(stacked: Params) -> Params:
    """The sum over the leading axis."""
    return {name: tensor.detach().sum(0) for name, tensor in stacked.items()}


def added(x: Params, y: Params) -> Params:
    """x + y."""
    return axpy(1.0, x, y)
