"""A step that keeps its inputs alone and is computed again where its derivative is asked for.

Differentiating through k inner steps as they are holds the activations of all k. Recomputed, it
holds the k parameters and the activations of one step at a time, for one more pass through each:
gradient checkpointing (Chen, Xu, Zhang and Guestrin 2016, "Training deep nets with sublinear memory
cost", arXiv:1604.06174), which torch's own does not do under ``torch.func``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from metabench.trees import Params


def recomputed(step: Callable[..., Params], moved: list[str]) -> Callable[..., Params]:
    """``step``: parameters, and constants -> those of them that ``moved`` names, moved.

    It is differentiable in the parameters alone, and may use no tensor that it is not given.
    """

    def again(theta: Params, *constants: torch.Tensor) -> Params:
        outputs = Recomputed.apply(step, tuple(theta), *theta.values(), *constants)
        return dict(zip(moved, outputs, strict=True))

    return again


class Recomputed(torch.autograd.Function):
    """The step as autograd sees it."""

    generate_vmap_rule = True

    @staticmethod
    def forward(step: Any, names: Any, *tensors: Any) -> Any:
        return run(step, names, tensors)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.step, ctx.names, *tensors = inputs
        ctx.save_for_backward(*tensors)

    @staticmethod
    def backward(ctx: Any, *cotangents: Any) -> Any:
        count = len(ctx.names)
        # Copies: a tape does an operation on the same tensors once, by keeping what it made.
        theta = tuple(value.clone() for value in ctx.saved_tensors[:count])
        constants = ctx.saved_tensors[count:]

        def values(*theta: Any) -> Any:
            return run(ctx.step, ctx.names, (*theta, *constants))

        pull = torch.func.vjp(values, *theta)[1]
        return (None, None, *pull(cotangents), *[None] * len(constants))


def run(step: Any, names: tuple[str, ...], tensors: tuple[Any, ...]) -> tuple[Any, ...]:
    """What the step returns, in a row, of parameters in a row in front of the constants."""
    theta = dict(zip(names, tensors, strict=False))
    return tuple(step(theta, *tensors[len(names) :]).values())
