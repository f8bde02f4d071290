"""Arithmetic on parameters: a dict of tensors treated as one vector."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import torch

Params: TypeAlias = "dict[str, torch.Tensor]"
if TYPE_CHECKING:
    Scalar: TypeAlias = "torch.Tensor | float"


def axpy(a: Scalar, x: Params, y: Params) -> Params:
    """a x + y, for the entries of ``x``; what only ``y`` has is kept as it is."""
    return {**y, **{name: a * x[name] + y[name] for name in x}}


def subtract(x: Params, y: Params) -> Params:
    """x - y, for the entries of ``x``."""
    return {name: x[name] - y[name] for name in x}


def scale(a: Scalar, x: Params) -> Params:
    """a x."""
    return {name: a * value for name, value in x.items()}


def dot(x: Params, y: Params) -> torch.Tensor:
    """The inner product <x, y>: shape []."""
    return torch.stack([(x[name] * y[name]).sum() for name in x]).sum()


def zeros_like(x: Params) -> Params:
    """0, in the shape of ``x``."""
    return {name: torch.zeros_like(value) for name, value in x.items()}


def where(condition: torch.Tensor, x: Params, y: Params) -> Params:
    """x where the condition (shape []) holds, else y."""
    return {name: torch.where(condition, x[name], y[name]) for name in x}


def select(x: Params, keep: Callable[[str], bool]) -> Params:
    """The entries of ``x`` whose name ``keep`` accepts."""
    return {name: value for name, value in x.items() if keep(name)}


def clone(x: Params) -> Params:
    """A copy that later updates of ``x`` do not touch."""
    return {name: value.clone() for name, value in x.items()}


def restore(x: Params, saved: Params) -> None:
    """Write ``saved`` into the tensors of ``x``."""
    for name, value in saved.items():
        x[name].copy_(value)
