"""A small task that can be learnt in seconds: classes of nearly equal vectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from metabench import random
from metabench.algorithm import Algorithm, last
from metabench.learning import engine
from metabench.learning.outer_loop import OuterLoop
from metabench.networks import Network
from metabench.tasks import Batch, Problem, Task
from metabench.trees import Params

SIZE = 6


def on_vectors(cls: type[Algorithm], way: int = 3, shot: int = 1, **hp: Any) -> Algorithm:
    """An algorithm whose backbone hands vectors on as they are."""
    problem = Problem("classification", way, shot, (SIZE,), 0)
    network = Network(lambda g: {}, lambda p, x, norm: x.flatten(1), SIZE, 0, head_std=1.0)
    return cls(network, problem, cls.hyperparameters(**hp))


def vector_tasks(keys: torch.Tensor, way: int, shot: int, query: int) -> Task:
    """Classes with means at random in [-1, 1]^6 and hardly any spread; queries shuffled."""

    def examples(key: torch.Tensor) -> tuple[Batch, Batch]:
        means = 2 * random.uniform(random.fold_range(random.fold(key, 0), way), SIZE) - 1
        noise = random.uniform(random.fold_range(random.fold(key, 1), way * (shot + query)), SIZE)
        y = torch.arange(way).repeat(shot + query)
        x = means[y] + 0.1 * (noise - 0.5)
        support = way * shot
        order = support + random.permutation(random.fold(key, 2), way * query)
        return Batch(x[:support], y[:support], key), Batch(x[order], y[order], key)

    pairs = [examples(key) for key in keys]
    support, query_ = (
        Batch(*(torch.stack(parts) for parts in zip(*batches, strict=True)))
        for batches in zip(*pairs, strict=True)
    )
    return Task(support, query_)


def learn(algorithm: Algorithm, iterations: int, draw: Callable[[torch.Tensor], Task]) -> Params:
    """phi after some meta-iterations on the tasks that ``draw`` makes of keys."""
    outer = OuterLoop(algorithm.hp, algorithm.init(torch.Generator().manual_seed(0)))
    stream = random.key(0, "learn")
    for i in range(iterations):
        tasks = draw(random.fold_range(random.fold(stream, i), algorithm.hp.meta_batch))
        gradient, _ = engine.meta_gradient(algorithm, outer.params, tasks)
        outer.step(gradient, i)
    return outer.params


def accuracy(algorithm: Algorithm, params: Params, tasks: Task) -> float:
    """The share of queries that are right, over the tasks of a meta-batch."""

    def right(task: Task) -> torch.Tensor:
        logits = algorithm.predict(last(algorithm.path(params, task.support)), task.query.x)
        return (logits.argmax(-1) == task.query.y).float().mean()

    with torch.no_grad():
        return float(torch.func.vmap(right)(tasks).mean())


def unseen_tasks(query: int = 3, way: int = 3, shot: int = 1, count: int = 200) -> Task:
    """Tasks that ``learn`` does not see."""
    return vector_tasks(random.fold_range(random.key(1, "test"), count), way, shot, query)
