"""Batch normalisation with a shift and ReLU, with its first and second derivatives written out.

Over the L = n H W positions of a batch, for each channel,

    y = (x - mean x) r,    r = (var x + epsilon)^(-1/2),    z = relu(y + beta).

With P a = a - mean a - y mean(a y), which is symmetric, and g' = g where z > 0, else 0:

    dx = r P g',    dbeta = sum g'

and the derivative of <v, dx> + <u, dbeta> is

    in g: r P v + u where z > 0, else 0;
    in x: -r (mean(g' y) r P v + mean(v y) dx + y <v, dx> / L).

Differentiating the definition twice gives the same with several times as many passes over memory,
which is what takes the time: on small images more than the convolutions do.

The axes are [T, L, C]: tasks, positions, channels. Statistics are those of each task.
"""

from __future__ import annotations

from typing import Any

import torch

EPSILON = 1e-3  # as in the TensorFlow layer that MAML used


def norm_relu(
    x: torch.Tensor, beta: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Normalise x [n, H, W, C] over all but its channels, add beta [C], and rectify.

    Returns:
        z [n, H, W, C], which can be differentiated twice, and the mean and variance [C] of the
        batch, which are constants.
    """
    z, _, r, mean = NormRelu.apply(x.flatten(0, 2).unsqueeze(0), beta[None, None])
    return z.view(x.shape), mean.flatten(), r.flatten() ** -2 - EPSILON


class NormRelu(torch.autograd.Function):
    """x [T, L, C], beta [T, 1, C] -> z, y [T, L, C], r, mean [T, 1, C]; all but z constant."""

    @staticmethod
    def forward(x: Any, beta: Any) -> Any:
        mean = x.mean(1, keepdim=True)
        y = x - mean
        r = torch.rsqrt((y * y).mean(1, keepdim=True) + EPSILON)
        y = y.mul_(r)
        return (y + beta).relu_(), y, r, mean

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        z, y, r, _ = output
        ctx.save_for_backward(inputs[0], z, y, r)

    @staticmethod
    def backward(ctx: Any, g: Any, *constants: Any) -> Any:
        dx, dbeta, _ = First.apply(g, *ctx.saved_tensors)
        return dx, dbeta

    @staticmethod
    def vmap(info: Any, dims: Any, *inputs: Any) -> Any:
        return over_tasks(NormRelu, info.batch_size, dims, inputs)


class First(torch.autograd.Function):
    """g, x, z, y [T, L, C], r [T, 1, C] -> dx [T, L, C], dbeta and mean(g' y) [T, 1, C].

    z, y and r are functions of x: what is said of a derivative in x counts all of them.
    """

    @staticmethod
    def forward(g: Any, x: Any, z: Any, y: Any, r: Any) -> Any:
        return scaled_projection(where_positive(g, z), y, r)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        dx, _, gy = output
        ctx.save_for_backward(*inputs[2:], dx, gy)

    @staticmethod
    def backward(ctx: Any, v: Any, u: Any, *constants: Any) -> Any:
        return (*Second.apply(v, u, *ctx.saved_tensors), None, None, None)

    @staticmethod
    def vmap(info: Any, dims: Any, *inputs: Any) -> Any:
        return over_tasks(First, info.batch_size, dims, inputs)


class Second(torch.autograd.Function):
    """v, z, y, dx [T, L, C], u, r, gy [T, 1, C] -> the derivatives of <v, dx> + <u, dbeta>."""

    @staticmethod
    def forward(v: Any, u: Any, z: Any, y: Any, r: Any, dx: Any, gy: Any) -> Any:
        rPv, _, vy = scaled_projection(v, y, r)
        inner = (v * dx).sum(1, keepdim=True) / v.shape[1]
        in_x = torch.addcmul(inner * y, gy, rPv).addcmul_(vy, dx).mul_(-r)
        return where_positive(rPv.add_(u), z), in_x

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        pass

    @staticmethod
    def backward(ctx: Any, *cotangents: Any) -> Any:
        raise NotImplementedError("batch normalisation has no third derivative here")

    @staticmethod
    def vmap(info: Any, dims: Any, *inputs: Any) -> Any:
        return over_tasks(Second, info.batch_size, dims, inputs)


def scaled_projection(a: torch.Tensor, y: torch.Tensor, r: torch.Tensor) -> Any:
    """r P a [T, L, C], and sum a and mean(a y) [T, 1, C]."""
    total = a.sum(1, keepdim=True)
    ay = (a * y).mean(1, keepdim=True)
    return torch.addcmul(a - total / a.shape[1], y, ay, value=-1).mul_(r), total, ay


def where_positive(g: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
    """g where z > 0, and 0 elsewhere."""
    masked: torch.Tensor = torch.ops.aten.threshold_backward(g, z, 0)
    return masked


def over_tasks(function: Any, size: int, dims: Any, inputs: Any) -> Any:
    """Map a function of tensors [T, ...] over one more axis, which joins the tasks."""
    tasks = (
        t.expand(size, *t.shape) if dim is None else t.movedim(dim, 0)
        for t, dim in zip(inputs, dims, strict=True)
    )
    outputs = function.apply(*(t.flatten(0, 1) for t in tasks))
    return tuple(t.unflatten(0, (size, -1)) for t in outputs), (0,) * len(outputs)
