"""The residual network of the few-shot literature: twelve convolutions in four blocks.

A block is three 3x3 convolutions, each with batch normalisation, and a 1x1 convolution with batch
normalisation around them; leaky ReLU of slope 0.1 after the first two and after the sum; then 2x2
max pooling. The mean over all positions ends it. ``resnet12`` has 64, 128, 256 and 512 filters as
in TADAM (Oreshkin, Rodriguez Lopez and Lacoste 2018, arXiv:1805.10123), ``resnet12-wide`` has 64,
160, 320 and 640 as in MetaOptNet (Lee, Maji, Ravichandran and Soatto 2019, arXiv:1904.03758).

MetaOptNet drops blocks of features at random in training (DropBlock) and flattens the last feature
maps instead of taking their mean. Neither is done here: a network has no key to draw from, and the
mean makes one network of both data sets' sizes. Numbers with DropBlock are not reproduced by it.
"""

from __future__ import annotations

import math

import torch

from metabench.errors import MetabenchError
from metabench.networks.layers import batch_norm, conv, new_kernel, new_norm
from metabench.networks.network import Network, Norm
from metabench.trees import Params

WIDTHS = {"": (64, 128, 256, 512), "wide": (64, 160, 320, 640)}
CONVOLUTIONS = 3  # of a block
SLOPE = 0.1  # of the leaky ReLU, below 0


def network(name: str, input_shape: tuple[int, ...], outputs: int) -> Network:
    """``""`` or ``"wide"``; or four widths of your own, ``"8-16-32-64"``."""
    widths = WIDTHS.get(name) or tuple(int(w) if w.isdigit() else 0 for w in name.split("-"))
    if len(widths) != 4 or not all(widths):
        raise MetabenchError(f"backbone 'resnet12-{name}': known are resnet12 and resnet12-wide")
    channels, height, width = input_shape
    if min(height, width) < 16:
        raise MetabenchError(
            f"backbone 'resnet12-{name}': images of {height}x{width} are too small"
        )
    inputs = (channels, *widths[:-1])

    def init(generator: torch.Generator) -> Params:
        params: Params = {}
        for block, (before, after) in enumerate(zip(inputs, widths, strict=True), start=1):
            for i in range(1, CONVOLUTIONS + 1):
                kernel = new_kernel(generator, before if i == 1 else after, after, 3, SLOPE)
                params[f"block{block}.kernel{i}"] = kernel
                params |= new_norm(after, f"block{block}.norm{i}")
            params[f"block{block}.around"] = new_kernel(generator, before, after, 1, SLOPE)
            params |= new_norm(after, f"block{block}.norm_around")
        return params

    def features(params: Params, x: torch.Tensor, norm: Norm) -> torch.Tensor:
        for block in range(1, len(widths) + 1):
            x = residual(params, f"block{block}", x, norm)
        return x.mean((2, 3))

    return Network(init, features, widths[-1], outputs, head_std=1 / math.sqrt(widths[-1]))


def residual(params: Params, block: str, x: torch.Tensor, norm: Norm) -> torch.Tensor:
    """One block: [n, c, h, w] -> [n, filters, h / 2, w / 2]."""
    around = batch_norm(conv(x, params, f"{block}.around"), params, f"{block}.norm_around", norm)
    for i in range(1, CONVOLUTIONS + 1):
        x = batch_norm(conv(x, params, f"{block}.kernel{i}"), params, f"{block}.norm{i}", norm)
        if i == CONVOLUTIONS:
            x = x + around
        x = torch.nn.functional.leaky_relu(x, SLOPE)
    return torch.nn.functional.max_pool2d(x, 2)
