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
        ranges = torch.tensor(list({**RANGES, **options}.values()), device=device)  # [3, 2]
        self.limits = ranges[:, 0], ranges[:, 1]
        self.device = device

    def tasks(self, keys: torch.Tensor) -> torch.Tensor:
        """Amplitude and phase of the task of each key [n]: float32 [n, 2]."""
        return self.draw(keys, 0)[:, :2]

    def draw(self, keys: torch.Tensor, points: int) -> torch.Tensor:
        """Amplitude, phase, and the x of ``points`` points for each key: [n, 2 + points]."""
        low, high = self.limits
        columns = torch.arange(2 + points, device=self.device).clamp(max=2)
        return low[columns] + (high - low)[columns] * random.uniform(keys, 2 + points)

    def episodes(self, keys: torch.Tensor, way: int, shot: int, query: int) -> Task:
        """``shot`` support points and ``query`` queries of each task: x and y [tasks, n, 1]."""
        del way
        drawn = self.draw(keys, shot + query)
        amplitude, phase, x = drawn[:, :1], drawn[:, 1:2], drawn[:, 2:]
        y = (amplitude * torch.sin(x - phase))[..., None]
        x = x[..., None]
        return Task(
            Batch(x[:, :shot], y[:, :shot], keys),
            Batch(x[:, shot:], y[:, shot:], keys),
        )

    def examples(self, keys: torch.Tensor) -> Batch:
        """A point of a random task for each key."""
        task = self.episodes(keys, 1, 1, 0)
        return Batch(task.support.x[:, 0], task.support.y[:, 0], keys)

    def augmented(self, how: str) -> SinusoidSource:
        """Itself: there are no images to alter."""
        if how != "none":
            raise MetabenchError(f"augment: {how!r} alters images; of a sinusoid, none is right")
        return self


source = SinusoidSource
