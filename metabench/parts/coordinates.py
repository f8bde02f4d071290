"""A network's parameters as one vector of coordinates, and an LSTM that all coordinates share.

The optimisers that are learned (``meta_lstm``, ``learned_optimizer``) see a network as P
coordinates that have nothing but the weights of an LSTM in common: each has a hidden state of its
own and is updated from its own gradient, so one small LSTM serves networks of any size and
reordering the coordinates reorders the update.

Coordinates lie along the last axis, so that what belongs to one gate is contiguous.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch

from metabench.layers import lstm_cell
from metabench.trees import Params

KEPT_OF_A_UNIT = 8  # floats that one step of an LSTM holds for a unit: h, c, and what makes them
OF_AN_EXAMPLE = 50_000  # floats of one example's activations in Conv4-64


class Memory(NamedTuple):
    """The state of an LSTM: hidden h and cell c, each [units, P]."""

    h: torch.Tensor
    c: torch.Tensor


def flatten(params: Params) -> torch.Tensor:
    """All entries as one vector [P], in the order of ``params``."""
    return torch.cat([value.flatten() for value in params.values()])


def unflatten(vector: torch.Tensor, like: Params) -> Params:
    """The inverse of ``flatten``: names and shapes are those of ``like``."""
    parts = torch.split(vector, [value.numel() for value in like.values()])
    return {
        name: part.reshape(value.shape)
        for (name, value), part in zip(like.items(), parts, strict=True)
    }


def log_and_sign(x: torch.Tensor, p: float) -> torch.Tensor:
    """x [...] as two numbers of order 1, [2, ...], whatever its magnitude.

    (log|x| / p, sgn x) where |x| >= e^-p, else (-1, e^p x): Andrychowicz et al. (2016), appendix A.
    """
    return torch.stack([x.abs().clamp(min=math.exp(-p)).log() / p, (x * math.exp(p)).clamp(-1, 1)])


def lstm_shapes(name: str, inputs: int, units: int) -> dict[str, tuple[int, ...]]:
    """The shapes of the weights of the LSTM called ``name``, as ``lstm`` reads them."""
    return {
        f"{name}.input": (4 * units, inputs),
        f"{name}.hidden": (4 * units, units),
        f"{name}.bias": (4 * units,),
    }


def blank(coordinates: torch.Tensor, units: int) -> Memory:
    """The memory before the first step: zeros, for each of the coordinates [P]."""
    zeros = coordinates.new_zeros((units, coordinates.shape[0]))
    return Memory(zeros, zeros)


def lstm(params: Params, name: str, x: torch.Tensor, memory: Memory) -> Memory:
    """One step of the LSTM called ``name``, the same for each coordinate.

    i, f, z, o are W x + U h + b; see ``lstm_cell``.

    Args:
        params: ``<name>.input`` W, ``<name>.hidden`` U and ``<name>.bias`` b, whose first axis
            holds the gates in the order i, f, z, o, as in torch.
        name: the LSTM's.
        x: [inputs, P].
        memory: before the step.
    """
    gates = product(params[f"{name}.input"], x) + product(params[f"{name}.hidden"], memory.h)
    gates = gates + params[f"{name}.bias"][:, None]
    i, f, z, o = gates.reshape(4, *memory.h.shape).unbind()
    return Memory(*lstm_cell(i, f, z, o, memory.c))


def product(W: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """W x, [n, m] and [m, P] -> [n, P].

    A batch of one: mapped over tasks, a plain product would copy x to move the tasks into columns.
    """
    return torch.bmm(W[None], x[None]).squeeze(0)


def in_examples(coordinates: int, units: int) -> int:
    """What the memories of one task's coordinates weigh, in activations of an example."""
    return coordinates * units * KEPT_OF_A_UNIT // OF_AN_EXAMPLE
