"""A GPU draws and computes what the processor does."""

from __future__ import annotations

import pytest
import torch
from every_algorithm import TRAINED, prepared

from metabench import random
from metabench.learning import engine
from metabench.speed.settings import as_double
from metabench.tasks import Batch, Task
from metabench.trees import Params

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU is seen here")
DEVICE = "cuda"

DRAWS = {
    "bits": lambda key: random.bits(key, 50),
    "uniform": lambda key: random.uniform(key, 50),
    "permutation": lambda key: random.permutation(key, 50),
    "choose": lambda key: random.choose(key, 5, 50),
    "normal": lambda key: random.normal(key, 50),
}


@pytest.mark.parametrize("name", DRAWS)
def test_what_a_key_says_is_the_same_to_the_bit_and_a_normal_number_to_rounding(name):
    keys = random.fold_range(random.key(0, "draws"), 20)
    here, there = DRAWS[name](keys), DRAWS[name](keys.to(DEVICE)).cpu()
    tolerance = {"rtol": 1e-5, "atol": 1e-6} if name == "normal" else {"rtol": 0, "atol": 0}
    torch.testing.assert_close(there, here, **tolerance)


@pytest.mark.parametrize("case", TRAINED)
def test_the_meta_gradient_is_the_processor_s(case):
    algorithm, source = prepared(case)
    params = algorithm.init(torch.Generator().manual_seed(0))
    plan = engine.Plan(algorithm.hp.meta_batch)
    here, there = (engine.MetaGradient(algorithm, plan) for _ in range(2))
    for number in range(3):  # as it is, recorded, replayed
        keys = random.fold_range(random.key(number, "t"), algorithm.hp.meta_batch)
        tasks = algorithm.draw(source, keys)
        expected = here(*on("cpu", params, tasks))
        found = there(*on(DEVICE, params, tasks))
        for ours, theirs in zip(found, expected, strict=True):
            assert ours.keys() == theirs.keys()
            for name, value in ours.items():
                torch.testing.assert_close(value.cpu(), theirs[name], rtol=1e-6, atol=1e-8)


def on(device: str, params: Params, tasks: Task) -> tuple[Params, Task]:
    """Parameters and tasks there, in float64, where different kernels agree to many digits."""
    moved = Task(*(Batch(*(x.to(device) for x in as_double(batch))) for batch in tasks))
    return {name: value.double().to(device) for name, value in params.items()}, moved
