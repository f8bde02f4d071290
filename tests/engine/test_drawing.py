"""Which iterations' tasks are drawn together changes nothing about them."""

import pytest
import torch

from metabench import random
from metabench.datasets.sinusoid import SinusoidSource
from metabench.learning import drawing
from metabench.learning.drawing import MetaBatches

ITERATIONS = [0, 1, 2, 3, 4, 5, 6, 40, 41, 3, 1000]  # a resumed run begins anywhere


def draw(iteration: torch.Tensor):
    keys = random.fold_range(random.fold(random.key(0, "t"), iteration), 5)
    return SinusoidSource({}).episodes(keys, 1, 3, 4)


@pytest.mark.parametrize("together", [1, 80, 100_000])
def test_an_iteration_s_tasks_are_the_same_to_the_bit(together, monkeypatch):
    monkeypatch.setattr(drawing, "TOGETHER", together)
    meta_batch = MetaBatches(draw, draw(torch.tensor(0)))
    assert meta_batch.count == max(1, together // 35)
    for iteration in ITERATIONS:
        alone = draw(torch.tensor(iteration))
        for mine, expected in zip(meta_batch(iteration), alone, strict=True):
            for a, b in zip(mine, expected, strict=True):
                assert torch.equal(a, b)


def test_small_meta_batches_are_drawn_seldom():
    drawn = []

    def counted(iteration: torch.Tensor):
        drawn.append(iteration)
        return draw(iteration)

    meta_batch = MetaBatches(counted, draw(torch.tensor(0)))
    for iteration in range(meta_batch.count):
        meta_batch(iteration)
    assert meta_batch.count > 100
    assert len(drawn) == 1
