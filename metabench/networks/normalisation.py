"""Batch normalisation, with or without a scale, and ReLU, with two derivatives written out.

Over the L = n H W positions of a batch, for each channel,

    y = (x - mean x) r,    r = (var x + epsilon)^(-1/2),    z = relu(gamma y + beta).

With P a = a - mean a - y mean(a y), which is symmetric, and g' = g where z > 0, else 0:

    dx = gamma d,    d = r P g',    dbeta = sum g',    dgamma = sum g' y

and the derivative of <v, d> + <u, dbeta> + <w, dgamma> is

    in g: r P v + u + w y where z > 0, else 0;
    in x: -r (mean(g' y) r P v + mean(v y) d + y <v, d> / L) + w d.

Differentiating the definition twice gives the same with several times as many passes over memory,
which is what takes the time: on small images more than the convolutions do.

The axes are [T, L, C]: tasks, positions, channels. Statistics are those of each task. On a CPU,
torch's own kernels pass over memory the fewest times, and take one task; for tasks that are small
it costs less to take all together.
"""

from __future__ import annotations

from typing import Any

import torch

aten = torch.ops.aten

EPSILON = 1e-3  # as in the TensorFlow layer that MAML used
SMALL = 50_000


def norm_relu(
    x: torch.Tensor, beta: torch.Tensor, gamma: torch.Tensor | None = None
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Normalise x [n, H, W, C] over all but its channels, scale by gamma [C], add beta, rectify.

    Without gamma nothing is scaled.

    Returns:
        z [n, H, W, C], which can be differentiated twice, and the mean and variance [C] of the
        batch, which are constants.
    """
    scale = None if gamma is None else gamma[None, None]
    z, mean, r = NormRelu.apply(x.flatten(0, 2).unsqueeze(0), beta[None, None], scale)
    return z.view(x.shape), mean.flatten(), r.flatten() ** -2 - EPSILON


class NormRelu(torch.autograd.Function):
    """x [T, L, C], beta, gamma or None [T, 1, C] -> z [T, L, C], mean, r [T, 1, C].

    Mean and r are constants.
    """

    @staticmethod
    def forward(x: Any, beta: Any, gamma: Any) -> Any:
        shifted, mean, r = normalised(x, beta, gamma)
        return shifted.relu_(), mean, r

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        x, _, gamma = inputs
        ctx.save_for_backward(gamma, x, *output)

    @staticmethod
    def backward(ctx: Any, g: Any, *constants: Any) -> Any:
        gamma, *saved = ctx.saved_tensors
        d, dbeta, dgamma = First.apply(g, *saved)
        return (d, dbeta, None) if gamma is None else (gamma * d, dbeta, dgamma)

    @staticmethod
    def vmap(info: Any, dims: Any, *inputs: Any) -> Any:
        return over_tasks(NormRelu, info.batch_size, dims, inputs)


class First(torch.autograd.Function):
    """g, x, z [T, L, C], mean, r [T, 1, C] -> d [T, L, C], dbeta and dgamma [T, 1, C].

    z, mean and r are functions of x: what is said of a derivative in x counts all of them.
    """

    @staticmethod
    def forward(g: Any, x: Any, z: Any, mean: Any, r: Any) -> Any:
        return projected(where_positive(g, z), x, mean, r)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        d, _, dgamma = output
        ctx.save_for_backward(*inputs[1:], d, dgamma)
        ctx.set_materialize_grads(False)  # without a scale there is no w

    @staticmethod
    def backward(ctx: Any, v: Any, u: Any, w: Any) -> Any:
        x, z, mean, r, d, dgamma = ctx.saved_tensors
        v = torch.zeros_like(d) if v is None else v
        u = torch.zeros_like(r) if u is None else u
        in_g, in_x = Second.apply(v, u, x, z, mean, r, d, dgamma)
        if w is not None:
            in_g = in_g + where_positive(w * r * (x - mean), z)
            in_x = in_x + w * d
        return in_g, in_x, None, None, None

    @staticmethod
    def vmap(info: Any, dims: Any, *inputs: Any) -> Any:
        return over_tasks(First, info.batch_size, dims, inputs)


class Second(torch.autograd.Function):
    """v, u, x, z, mean, r, d, dgamma = sum g' y -> the derivatives of <v, d> + <u, dbeta>."""

    @staticmethod
    def forward(v: Any, u: Any, x: Any, z: Any, mean: Any, r: Any, d: Any, gy: Any) -> Any:
        rPv, _, vy = projected(v, x, mean, r)
        of_y = -r / v.shape[1]  # in front of gy r P v, of vy d, and of y <v, d>
        of_x = of_y * r * summed_product(v, d)
        in_x = torch.addcmul(-mean * of_x, x, of_x)
        in_x.addcmul_(rPv, gy * of_y).addcmul_(d, vy * of_y)
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


def over_tasks(function: Any, size: int, dims: Any, inputs: Any) -> Any:
    """Map a function of tensors [T, ...], or none, over one more axis, which joins the tasks."""
    tasks = []
    for t, dim in zip(inputs, dims, strict=True):
        if t is not None:
            t = t.expand(size, *t.shape) if dim is None else t.movedim(dim, 0)
        tasks.append(None if t is None else t.flatten(0, 1))
    outputs = function.apply(*tasks)
    return tuple(t.unflatten(0, (size, -1)) for t in outputs), (0,) * len(outputs)


# Kernels: of x and its like [T, L, C], of beta, mean, r and sums over positions [T, 1, C].


def normalised(
    x: torch.Tensor, beta: torch.Tensor, gamma: torch.Tensor | None
) -> tuple[torch.Tensor, ...]:
    """gamma y + beta, and the mean and r of x."""
    if one_by_one(x):
        scales = [None] * len(x) if gamma is None else gamma.squeeze(1)
        each = [
            aten.native_batch_norm(pixels(a), c, b, None, None, True, 0, EPSILON)
            for a, b, c in zip(x, beta.squeeze(1), scales, strict=True)
        ]
        return joined(each)
    mean = x.mean(1, keepdim=True)
    centred = x - mean
    r = torch.rsqrt((centred * centred).mean(1, keepdim=True) + EPSILON)
    return torch.addcmul(beta, centred, r if gamma is None else gamma * r), mean, r


def projected(
    a: torch.Tensor, x: torch.Tensor, mean: torch.Tensor, r: torch.Tensor
) -> tuple[torch.Tensor, ...]:
    """r P a [T, L, C], and sum a and sum a y [T, 1, C]."""
    if one_by_one(x):
        return joined([of_one(*t) for t in zip(a, x, mean.squeeze(1), r.squeeze(1), strict=True)])
    total = a.sum(1, keepdim=True)
    y = (x - mean).mul_(r)
    ay = (a * y).sum(1, keepdim=True)
    share = -r / a.shape[1]
    return torch.addcmul(total * share, a, r).addcmul_(y, ay * share), total, ay


def of_one(
    a: torch.Tensor, x: torch.Tensor, mean: torch.Tensor, r: torch.Tensor
) -> tuple[torch.Tensor, ...]:
    """r P a, sum a and sum a y of one task."""
    given = (pixels(a), pixels(x), None, None, None, mean, r, True, EPSILON, [True] * 3)
    rPa, ay, total = aten.native_batch_norm_backward(*given)
    return rPa, total, ay


def summed_product(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """sum a b [T, 1, C]."""
    return (a * b).sum(1, keepdim=True)


def where_positive(g: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
    """g where z > 0, and 0 elsewhere."""
    masked: torch.Tensor = aten.threshold_backward(g, z, 0)
    return masked


def one_by_one(x: torch.Tensor) -> bool:
    """Whether tasks are normalised one after another."""
    return x.device.type == "cpu" and x[0].numel() > SMALL


def pixels(x: torch.Tensor) -> torch.Tensor:
    """x [L, C] as an image of L x 1 pixels in torch's order of axes."""
    return x.t()[None, :, :, None]


def joined(each: list[tuple[torch.Tensor, ...]]) -> tuple[torch.Tensor, ...]:
    """Each task's images of L x 1 pixels, and its numbers for each channel, together."""
    if len(each) == 1:  # nothing is copied
        (image, *numbers), *_ = each
        return (image[0].permute(2, 1, 0), *(number[None, None] for number in numbers))
    images, *others = zip(*each, strict=True)
    whole = torch.stack([image[0, :, :, 0].t() for image in images])
    return (whole, *(torch.stack(numbers).unsqueeze(1) for numbers in others))
