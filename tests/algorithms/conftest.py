"""Small problems whose answers are known, in float64."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from metabench import random
from metabench.algorithm import Algorithm
from metabench.networks import Network, build
from metabench.tasks import Batch, Problem, Task
from metabench.trees import Params


def linear_network(inputs: int) -> Network:
    """No backbone: the head alone, so that squared error is a quadratic of the parameters."""
    return Network(lambda g: {}, lambda p, x, norm: x.flatten(1), inputs, 1, head_std=1.0)


@pytest.fixture
def linear() -> Callable[..., Algorithm]:
    """``linear(cls, **hyperparameters)``: an algorithm on linear regression in 4 dimensions."""

    def make(cls: type[Algorithm], **hp: Any) -> Algorithm:
        problem = Problem("regression", 1, 6, (4,), 0)
        return cls(linear_network(4), problem, cls.hyperparameters(**hp))

    return make


@pytest.fixture
def conv() -> Callable[..., Algorithm]:
    """``conv(cls, **hyperparameters)``: an algorithm on 3-way 16x16 images with a small Conv4."""

    def make(cls: type[Algorithm], classes: int = 7, **hp: Any) -> Algorithm:
        problem = Problem("classification", 3, 2, (1, 16, 16), classes)
        network = build("conv4-4", (1, 16, 16), cls.outputs(problem))
        return cls(network, problem, cls.hyperparameters(**hp))

    return make


@pytest.fixture
def regression_task() -> Task:
    """Six support points and five queries of a noisy linear function of 4 inputs."""
    g = torch.Generator().manual_seed(3)

    def batch(n: int) -> Batch:
        x = torch.randn(n, 4, generator=g, dtype=torch.float64)
        y = x @ torch.tensor([[1.0], [-2.0], [0.5], [3.0]], dtype=torch.float64)
        noise = torch.randn(n, 1, generator=g, dtype=torch.float64)
        return Batch(x, y + 0.3 * noise, random.key(5, "task"))

    return Task(batch(6), batch(5))


@pytest.fixture
def image_task() -> Task:
    """3-way 2-shot: six support images, and six queries in another order of classes."""
    g = torch.Generator().manual_seed(4)

    def batch(labels: list[int]) -> Batch:
        x = torch.rand(len(labels), 1, 16, 16, generator=g, dtype=torch.float64)
        return Batch(x, torch.tensor(labels), random.key(6, "task"))

    return Task(batch([0, 0, 1, 1, 2, 2]), batch([2, 0, 1, 1, 0, 2]))


@pytest.fixture
def start() -> Callable[[Algorithm], Params]:
    """``start(algorithm)``: its initial parameters in float64."""

    def init(algorithm: Algorithm) -> Params:
        params = algorithm.init(torch.Generator().manual_seed(0))
        return {name: value.double() for name, value in params.items()}

    return init


@pytest.fixture
def flat() -> Callable[[Params], torch.Tensor]:
    """Parameters as one vector, in the order of their names."""
    return lambda params: torch.cat([params[name].flatten() for name in sorted(params)])


@pytest.fixture
def difference() -> Callable[..., None]:
    """``difference(f, params, gradient)``: the gradient is the central difference of f.

    Compared along random directions, so that one number stands for all entries at once.
    """

    def compare(
        f: Callable[[Params], torch.Tensor], params: Params, gradient: Params, t: float = 1e-5
    ) -> None:
        g = torch.Generator().manual_seed(1)
        for _ in range(5):
            v = {n: torch.randn(p.shape, generator=g, dtype=p.dtype) for n, p in params.items()}
            ahead = f({n: p + t * v[n] for n, p in params.items()})
            behind = f({n: p - t * v[n] for n, p in params.items()})
            slope = sum((gradient[n] * v[n]).sum() for n in params)
            torch.testing.assert_close(slope, (ahead - behind) / (2 * t), rtol=1e-5, atol=1e-8)

    return compare
