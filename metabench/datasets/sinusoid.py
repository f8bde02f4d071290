"""Sinusoid regression, as in section 5.1 of MAML (Finn et al. 2017, arXiv:1703.03400).

A task is y = A sin(x - phi) with A uniform in [0.1, 5], phi in [0, pi] and x in [-5, 5]. There is
nothing to download or prepare: tasks are drawn as they are needed.
"""

from __future__ import annotations

import math
from typing import Any

import torch

from metabench import random
from metabench.errors import MetabenchError
from metabench.hyperparameters import suggest
from metabench.tasks import Batch, Task

RANGES = {"amplitude": [0.1, 5.0], "phase": [0.0, math.pi], "x": [-5.0, 5.0]}


def check(options: dict[str, Any], where: str) -> None:
    """Refuse options that are not ranges of amplitude, phase or x.

    Raises:
        MetabenchError: naming the option and what would be right.
    """
    for name, value in options.items():
        if name not in RANGES:
            raise MetabenchError(f"{where}: no option '{name}'; {suggest(name, RANGES)}")
        pair = isinstance(value, list) and len(value) == 2
        if not (pair and all(type(v) in (int, float) for v in value) and value[0] < value[1]):
            raise MetabenchError(
                f"{where}: '{name}' is {value!r}; two numbers, the lower first, as {RANGES[name]}"
            )


class SinusoidSource:
    """Sinusoid tasks by key."""

    input_shape = (1,)
    train_classes = 0

    def __init__(self, options: dict[str, Any], device: torch.device | str = "cpu") -> None:
        """``options`` may change the ranges of ``amplitude``, ``phase`` and ``x``."""
        self.ranges: dict[str, list[float]] = {**RANGES, **options}
        self.device = device

    def tasks(self, keys: torch.Tensor) -> torch.Tensor:
        """Amplitude and phase of the task of each key [n]: float32 [n, 2]."""
        return torch.cat([self.spread(keys, 1, name) for name in ("amplitude", "phase")], 1)

    def spread(self, keys: torch.Tensor, count: int, name: str) -> torch.Tensor:
        """``count`` numbers for each key, uniform over the range called ``name``: [n, count]."""
        low, high = self.ranges[name]
        stream = list(RANGES).index(name)
        points = random.uniform(random.fold(keys, stream), count)
        return points * (high - low) + low

    def episodes(self, keys: torch.Tensor, way: int, shot: int, query: int) -> Task:
        """``shot`` support points and ``query`` queries of each task: x and y [tasks, n, 1]."""
        del way
        amplitude, phase = self.tasks(keys)[..., None].unbind(1)  # [tasks, 1] each
        x = self.spread(keys, shot + query, "x")
        y = amplitude * torch.sin(x - phase)
        x, y = x[..., None], y[..., None]
        return Task(
            Batch(x[:, :shot], y[:, :shot], random.fold(keys, 4)),
            Batch(x[:, shot:], y[:, shot:], random.fold(keys, 5)),
        )

    def examples(self, keys: torch.Tensor) -> Batch:
        """A point of a random task for each key."""
        task = self.episodes(keys, 1, 1, 0)
        return Batch(task.support.x[:, 0], task.support.y[:, 0], keys)


source = SinusoidSource
