"""A meta-iteration keeps to its device, which is what lets a GPU capture it as a whole.

The device is torch's "meta" here: it computes the shapes of tensors and never their values, so that
to ask for one is an error. No GPU is needed.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from every_algorithm import TRAINED, prepared
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from metabench import random, tape
from metabench.learning import engine
from metabench.trees import Params

DEVICE = "meta"


class Devices(TorchDispatchMode):
    """Notes where the tensors lie that operations take and give, single numbers aside."""

    def __init__(self) -> None:
        super().__init__()
        self.met: set[str] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run the operation."""
        out = func(*args, **(kwargs or {}))
        tensors = [x for x in tree_leaves((args, kwargs, out)) if isinstance(x, torch.Tensor)]
        self.met |= {tensor.device.type for tensor in tensors if tensor.dim()}
        return out


@pytest.mark.parametrize("case", TRAINED)
def test_a_replayed_meta_iteration_reads_no_value_and_meets_no_tensor_from_elsewhere(case):
    algorithm, source = prepared(case, DEVICE)
    stream = random.key(0, "meta-training", DEVICE)

    def iteration(params: Params, number: torch.Tensor) -> Any:
        keys = random.fold_range(random.fold(stream, number), algorithm.hp.meta_batch)
        return engine.sums(algorithm, params, algorithm.draw(source, keys))

    initial = algorithm.init(torch.Generator().manual_seed(0))
    given = ({n: p.to(DEVICE) for n, p in initial.items()}, torch.zeros((), device=DEVICE).long())
    replay = tape.record(iteration, *given)
    with Devices() as devices:
        replay(*given)
    assert devices.met == {DEVICE}


@pytest.mark.parametrize("case", TRAINED)
def test_the_memory_that_a_task_needs_follows_from_shapes_alone(case):
    algorithm, _ = prepared(case, DEVICE)
    params = algorithm.init(torch.Generator().manual_seed(0))
    shapes = {name: value.to(DEVICE) for name, value in params.items()}
    assert algorithm.overhead(shapes) == algorithm.overhead(params)
