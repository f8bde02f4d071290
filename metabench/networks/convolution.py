"""Convolution of channels-last images, closed under differentiation and mapped over tasks.

With x images, w weights and g a cotangent of the convolution x * w, the number <g, x * w> is linear
in each of the three. Its partial derivatives

    conv(x, w) = x * w,    to_input(g, w),    to_weight(x, g)

are therefore all that there is: the derivative of any of the three is made of the other two. A
network that is differentiated twice, as in MAML, runs through the kernels below and no others.

All three have an axis of tasks in front: x [T, n, H, W, C], w [T, F, k, k, C], g [T, n, H', W', F].
Under ``torch.func.vmap``, tasks that share their weights become more images of one convolution,
and tasks with weights of their own become more tasks. Those go through one batched matrix product
over patches where each has few of them, and otherwise through one convolution after another.
"""

from __future__ import annotations

import math
from typing import Any

import torch

FEW = 100_000  # numbers in a task's patches; more cost more to gather than they save


def convolve(x: torch.Tensor, w: torch.Tensor, stride: int = 1) -> torch.Tensor:
    """Convolve images [n, H, W, C] with weights [F, k, k, C], padded by k // 2.

    Returns:
        [n, ceil(H / stride), ceil(W / stride), F], differentiable any number of times.
    """
    y: torch.Tensor = Conv.apply(x.unsqueeze(0), w.unsqueeze(0), stride)
    return y.squeeze(0)


class Conv(torch.autograd.Function):
    """x, w -> x * w."""

    @staticmethod
    def forward(x: Any, w: Any, stride: int) -> Any:
        k, sides = w.shape[2], out_sides(x.shape[2:4], stride)
        if by_patches(x, w, sides):
            y = torch.bmm(patches(x, k, stride), w.flatten(2).transpose(1, 2))
            return y.view(*x.shape[:2], *sides, -1)
        each = zip(nchw(x), nchw(w), strict=True)
        return joined([torch.conv2d(x, w, None, stride, k // 2) for x, w in each])

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        x, w, ctx.stride = inputs
        ctx.save_for_backward(x, w)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (x, w), needs, stride = ctx.saved_tensors, ctx.needs_input_grad, ctx.stride
        dx = ToInput.apply(g, w, x.shape[2:4], stride) if needs[0] else None
        dw = ToWeight.apply(x, g, w.shape[2], stride) if needs[1] else None
        return dx, dw, None

    @staticmethod
    def vmap(info: Any, dims: Any, x: Any, w: Any, stride: int) -> Any:
        return over_tasks(Conv, info, dims, x, w, stride, images_alone=True)


class ToInput(torch.autograd.Function):
    """g, w -> the derivative of <g, x * w> in x, which has ``sides`` (H, W)."""

    @staticmethod
    def forward(g: Any, w: Any, sides: Any, stride: int) -> Any:
        if by_patches(g, w, g.shape[2:4]):
            y = torch.bmm(g.flatten(1, 3), w.flatten(2))
            return from_patches(y, g, sides, w.shape[2], stride)
        like = nchw(g.new_empty(1, g.shape[1], *sides, w.shape[4]))[0]
        each = zip(nchw(g), nchw(w), strict=True)
        return joined([backward(g, like, w, stride, (True, False))[0] for g, w in each])

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        g, w, _, ctx.stride = inputs
        ctx.save_for_backward(g, w)

    @staticmethod
    def backward(ctx: Any, v: Any) -> Any:
        (g, w), needs, stride = ctx.saved_tensors, ctx.needs_input_grad, ctx.stride
        dg = Conv.apply(v, w, stride) if needs[0] else None
        dw = ToWeight.apply(v, g, w.shape[2], stride) if needs[1] else None
        return dg, dw, None, None

    @staticmethod
    def vmap(info: Any, dims: Any, g: Any, w: Any, *rest: Any) -> Any:
        return over_tasks(ToInput, info, dims, g, w, *rest, images_alone=True)


class ToWeight(torch.autograd.Function):
    """x, g -> the derivative of <g, x * w> in w, which has sides ``k``."""

    @staticmethod
    def forward(x: Any, g: Any, k: int, stride: int) -> Any:
        shape = (len(x), g.shape[-1], k, k, x.shape[-1])
        like = x.new_empty(1, *shape[1:])
        if by_patches(x, like, g.shape[2:4]):
            p, g = patches(x, k, stride), g.flatten(1, 3)
            if p.shape[2] < g.shape[2]:
                return torch.bmm(p.transpose(1, 2), g).transpose(1, 2).reshape(shape)
            return torch.bmm(g.transpose(1, 2), p).view(shape)
        each = zip(nchw(x), nchw(g), strict=True)
        return joined([backward(g, x, nchw(like)[0], stride, (False, True))[1] for x, g in each])

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        x, g, _, ctx.stride = inputs
        ctx.save_for_backward(x, g)

    @staticmethod
    def backward(ctx: Any, v: Any) -> Any:
        (x, g), needs, stride = ctx.saved_tensors, ctx.needs_input_grad, ctx.stride
        dx = ToInput.apply(g, v, x.shape[2:4], stride) if needs[0] else None
        dg = Conv.apply(x, v, stride) if needs[1] else None
        return dx, dg, None, None

    @staticmethod
    def vmap(info: Any, dims: Any, x: Any, g: Any, *rest: Any) -> Any:
        return over_tasks(ToWeight, info, dims, x, g, *rest, images_alone=False)


def over_tasks(
    function: Any, info: Any, dims: Any, a: Any, b: Any, *rest: Any, images_alone: bool
) -> Any:
    """Map a function of a [T, n, ...] and b [T, ...] over one more axis of either.

    Where ``a`` alone has it and is a batch of images for one b, the axis joins its images;
    otherwise it joins the tasks.
    """
    size = info.batch_size
    if dims[1] is None and images_alone:
        a = a.movedim(dims[0], 1)  # [T, size, n, ...]
        y = function.apply(a.flatten(1, 2), b, *rest)
        return y.unflatten(1, (size, -1)), 1
    a, b = (
        t.expand(size, *t.shape) if dim is None else t.movedim(dim, 0)
        for t, dim in zip((a, b), dims, strict=False)
    )
    y = function.apply(a.flatten(0, 1), b.flatten(0, 1), *rest)
    return y.unflatten(0, (size, -1)), 0


# Kernels.


def out_sides(sides: Any, stride: int) -> tuple[int, int]:
    """H', W' from H, W, for padding by k // 2 with odd k."""
    height, width = sides
    return (height - 1) // stride + 1, (width - 1) // stride + 1


def by_patches(images: torch.Tensor, w: torch.Tensor, sides: Any) -> bool:
    """Whether matrix products over patches are faster than convolutions, outputs having ``sides``.

    On a GPU all weights of their own go that way: a kernel for each task would be launched alone.
    """
    few = images.shape[1] * math.prod(sides) * w[0, 0].numel() <= FEW
    return len(images) > 1 and (few or images.device.type != "cpu")


def patches(x: torch.Tensor, k: int, stride: int) -> torch.Tensor:
    """The k x k patches around each output: [T, n, H, W, C] -> [T, n H' W', k k C]."""
    p = k // 2
    x = torch.nn.functional.pad(x, (0, 0, p, p, p, p)).contiguous()
    tasks, n, height, width, channels = x.stride()
    shape = (*x.shape[:2], *out_sides((x.shape[2] - 2 * p, x.shape[3] - 2 * p), stride))
    strides = (tasks, n, stride * height, stride * width, height, width, channels)
    return x.as_strided((*shape, k, k, x.shape[4]), strides).flatten(4).flatten(1, 3)


def from_patches(
    y: torch.Tensor, like: torch.Tensor, sides: Any, k: int, stride: int
) -> torch.Tensor:
    """The transpose of ``patches``: [T, n H' W', k k C] -> [T, n, H, W, C], overlaps added."""
    (tasks, n, *out), (height, width), p = like.shape[:4], sides, k // 2
    taps = y.view(tasks, n, *out, k * k, -1).unbind(4)
    x = y.new_zeros(tasks, n, height + 2 * p, width + 2 * p, taps[0].shape[-1])
    a, b, c, d, e = x.stride()
    for tap, part in enumerate(taps):
        offset = tap // k * c + tap % k * d
        x.as_strided(part.shape, (a, b, stride * c, stride * d, e), offset).add_(part)
    return x[:, :, p : p + height, p : p + width]


def nchw(x: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Each task's images or weights as torch's convolutions see them: C before H and W."""
    return x.permute(0, 1, 4, 2, 3).unbind(0)


def joined(each: list[torch.Tensor]) -> torch.Tensor:
    """The inverse of ``nchw``."""
    together = torch.cat(each) if len(each) > 1 else each[0]
    together = together.permute(0, 2, 3, 1)
    return together.reshape(len(each), -1, *together.shape[1:])


def backward(
    g: torch.Tensor, x: torch.Tensor, w: torch.Tensor, stride: int, of: tuple[bool, bool]
) -> Any:
    """torch's derivatives of one convolution in x and w: those that ``of`` names."""
    pad = w.shape[2] // 2
    return torch.ops.aten.convolution_backward(
        g, x, w, None, [stride] * 2, [pad] * 2, [1, 1], False, [0, 0], 1, [*of, False]
    )
