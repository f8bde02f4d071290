"""Layers that algorithms put beside a backbone: pure functions of parameters found by name."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch

from metabench.algorithm import gathered
from metabench.networks.network import Norm
from metabench.trees import Params


def init_linear(generator: torch.Generator, name: str, inputs: int, outputs: int) -> Params:
    """``name.weight`` [inputs, outputs] with Glorot's variance, and ``name.bias``, which is 0."""
    weight = torch.randn(inputs, outputs, generator=generator)
    std = math.sqrt(2 / (inputs + outputs))
    return {f"{name}.weight": std * weight, f"{name}.bias": torch.zeros(outputs)}


def linear(params: Params, name: str, x: torch.Tensor) -> torch.Tensor:
    """[..., inputs] -> [..., outputs]."""
    return x @ params[f"{name}.weight"] + params[f"{name}.bias"]


def init_mlp(generator: torch.Generator, name: str, sizes: Sequence[int]) -> Params:
    """Layers ``name1``, ``name2``, ... between the given sizes."""
    params: Params = {}
    for i, (inputs, outputs) in enumerate(pairwise(sizes), start=1):
        params |= init_linear(generator, f"{name}{i}", inputs, outputs)
    return params


def mlp(params: Params, name: str, layers: int, x: torch.Tensor) -> torch.Tensor:
    """So many linear layers, with ReLU between them."""
    for i in range(1, layers):
        x = torch.relu(linear(params, f"{name}{i}", x))
    return linear(params, f"{name}{layers}", x)


def init_lstm(generator: torch.Generator, name: str, inputs: Sequence[int], units: int) -> Params:
    """An LSTM cell, all gates in one layer; forget gates start open, with a bias of 1.

    Each of the inputs, given by its size, has weights of variance 1 / size, and so has h_{t-1}: one
    variance for them all would drown a label of five numbers in a state of two hundred.
    """
    blocks = [torch.randn(n, 4 * units, generator=generator) / n**0.5 for n in (*inputs, units)]
    bias = torch.zeros(4 * units)
    bias[:units] = 1.0
    return {f"{name}.weight": torch.cat(blocks), f"{name}.bias": bias}


def lstm(gates: torch.Tensor, c: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """h_t and c_t [n, units] from c_{t-1} and W [x_t, h_{t-1}] + b [n, 4 units], for f, i, o, z."""
    f, i, o, z = gates.chunk(4, -1)
    return lstm_cell(i, f, z, o, c)


def lstm_cell(
    i: torch.Tensor, f: torch.Tensor, z: torch.Tensor, o: torch.Tensor, c: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """c <- f c + i z and h = o tanh c, of one shape: i, f, o before sigmoid, z before tanh."""
    c = f.sigmoid() * c + i.sigmoid() * z.tanh()
    return o.sigmoid() * c.tanh(), c


def one_hot(y: torch.Tensor, classes: int, like: torch.Tensor) -> torch.Tensor:
    """[...] -> [..., classes], in the type of ``like``. (torch's own cannot be mapped.)"""
    return (y[..., None] == torch.arange(classes, device=y.device)).to(like.dtype)


def gathering(params: Params, norm: Norm) -> torch.Tensor:
    """0, whose "gradient" in the running statistics moves them towards those of the batch seen.

    Added to a loss it changes no other gradient, so an algorithm that keeps the default
    ``meta_gradient`` gathers statistics too, and the engine may differentiate all tasks at once.
    """
    zero = next(iter(params.values())).new_zeros(())
    for name, g in gathered(params, norm).items():
        zero = zero + (g * (params[name] - params[name].detach())).sum()
    return zero
