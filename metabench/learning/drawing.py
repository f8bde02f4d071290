"""The meta-batches of meta-training on a CPU, several at once where they are small.

Drawing takes some fifty operations, whatever is drawn: beside a meta-gradient of twenty-five
sinusoids that is a sixth of an iteration, and beside one of images it is nothing. What an iteration
draws depends on its number alone, so it does not matter which are drawn together.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from metabench import tape
from metabench.learning.engine import task_at
from metabench.tasks import Task

TOGETHER = 10_000  # numbers of the inputs that are drawn together


class MetaBatches:
    """The meta-batch of each iteration.

    Args:
        draw: an iteration's number (int64, shape []) -> its meta-batch.
        like: a meta-batch.
    """

    def __init__(self, draw: Callable[[torch.Tensor], Task], like: Task) -> None:
        self.count = max(1, TOGETHER // (like.support.x.numel() + like.query.x.numel()))
        self.draw = tape.Replayed(torch.func.vmap(draw) if self.count > 1 else draw)
        self.block = -1
        self.drawn = like

    def __call__(self, iteration: int) -> Task:
        """The tasks of an iteration."""
        if self.count == 1:
            drawn: Task = self.draw(torch.tensor(iteration))
            return drawn
        block, place = divmod(iteration, self.count)
        if block != self.block:
            numbers = torch.arange(block * self.count, (block + 1) * self.count)
            self.block, self.drawn = block, self.draw(numbers)
        return task_at(self.drawn, place)
