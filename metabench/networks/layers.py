"""Layers of residual networks as pure functions of a dict of parameters.

Batch normalisation here has a scale (gamma) and a shift (beta): where a branch is added to what
it branched off from, no later layer can take the scale's place. It is written as a formula, since
the gradient of the gradient of torch's own cannot be taken under ``torch.func.vmap``.
"""

from __future__ import annotations

import math

import torch

from metabench.networks.network import Norm
from metabench.trees import Params

EPSILON = 1e-5  # of batch normalisation


def new_kernel(
    generator: torch.Generator, inputs: int, outputs: int, size: int, slope: float = 0.0
) -> torch.Tensor:
    """A kernel [outputs, inputs, size, size] of He's variance for the outputs that it feeds.

    ``slope``: of the leaky ReLU that follows, below 0.
    """
    std = math.sqrt(2 / (1 + slope**2) / (size * size * outputs))
    return std * torch.randn(outputs, inputs, size, size, generator=generator)


def new_norm(channels: int, name: str) -> Params:
    """gamma 1 and beta 0."""
    return {f"{name}.gamma": torch.ones(channels), f"{name}.beta": torch.zeros(channels)}


def conv(x: torch.Tensor, params: Params, name: str, stride: int = 1) -> torch.Tensor:
    """``x`` [n, c, h, w] under the kernel of that name, padded to keep its size at stride 1."""
    kernel = params[name]
    return torch.nn.functional.conv2d(x, kernel, stride=stride, padding=kernel.shape[-1] // 2)


def batch_norm(x: torch.Tensor, params: Params, name: str, norm: Norm) -> torch.Tensor:
    """gamma (x - mean) / sqrt(var + eps) + beta, of each channel of ``x`` [n, c, h, w]."""
    mean, var = norm.statistics(params, name, x, (0, 2, 3))
    scale = params[f"{name}.gamma"] * torch.rsqrt(var + EPSILON)
    shift = params[f"{name}.beta"] - mean * scale
    return x * scale[:, None, None] + shift[:, None, None]
