"""Max pooling of channels-last images, closed under differentiation and mapped over tasks.

Pooling takes the largest number of each window, and its derivative puts numbers back to where those
were taken from. Both are linear once the places are known, and each is the derivative of the other,
any number of times. The kernels are torch's own and are mapped by torch's own rules; the second
derivative that torch has for them is not, with torch 2.11 and channels that come last.
"""

from __future__ import annotations

from typing import Any

import torch

aten = torch.ops.aten


def max_pool(x: torch.Tensor, size: int) -> torch.Tensor:
    """The largest numbers of windows of ``size`` x ``size`` that do not overlap.

    Returns:
        [n, H // size, W // size, C] for x [n, H, W, C], differentiable any number of times.
    """
    y: torch.Tensor = MaxPool.apply(x, size)[0]
    return y


class MaxPool(torch.autograd.Function):
    """x [n, H, W, C] -> y [n, H', W', C], and the places in x's H W that its numbers come from."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Any, size: int) -> Any:
        y, places = aten.max_pool2d_with_indices(nchw(x), [size, size])
        return nhwc(y), nhwc(places)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        x, ctx.size = inputs
        ctx.sides = x.shape[1:3]
        ctx.mark_non_differentiable(output[1])
        ctx.save_for_backward(output[1])

    @staticmethod
    def backward(ctx: Any, g: Any, _: Any) -> Any:
        return PutBack.apply(g, *ctx.saved_tensors, ctx.sides, ctx.size), None


class PutBack(torch.autograd.Function):
    """g, places [n, H', W', C] -> [n, H, W, C], zero but at the places."""

    generate_vmap_rule = True

    @staticmethod
    def forward(g: Any, places: Any, sides: Any, size: int) -> Any:
        like = g.new_empty(len(g), *sides, g.shape[-1])
        window: Any = ([size, size], [], [0, 0], [1, 1], False)
        return nhwc(
            aten.max_pool2d_with_indices_backward(nchw(g), nchw(like), *window, nchw(places))
        )

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        _, places, ctx.sides, ctx.size = inputs
        ctx.save_for_backward(places)

    @staticmethod
    def backward(ctx: Any, v: Any) -> Any:
        return Taken.apply(v, *ctx.saved_tensors, ctx.size), None, None, None


class Taken(torch.autograd.Function):
    """v [n, H, W, C], places [n, H', W', C] -> what v has at the places."""

    generate_vmap_rule = True

    @staticmethod
    def forward(v: Any, places: Any, size: int) -> Any:
        return v.flatten(1, 2).gather(1, places.flatten(1, 2)).view(places.shape)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        v, places, ctx.size = inputs
        ctx.sides = v.shape[1:3]
        ctx.save_for_backward(places)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return PutBack.apply(g, *ctx.saved_tensors, ctx.sides, ctx.size), None, None


def nchw(x: torch.Tensor) -> torch.Tensor:
    """Images as torch's kernels see them: C before H and W."""
    return x.movedim(-1, 1)


def nhwc(x: torch.Tensor) -> torch.Tensor:
    """The inverse of ``nchw``."""
    return x.movedim(1, -1)
