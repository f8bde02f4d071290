"""The residual network of eighteen layers, as torchvision has it.

He, Zhang, Ren and Sun (2015), "Deep residual learning for image recognition", arXiv:1512.03385: a
7x7 convolution with stride 2 and 3x3 max pooling, then four stages of two blocks with 64, 128, 256
and 512 filters; a block is two 3x3 convolutions with batch normalisation, added to what goes in;
the mean over all positions ends it. The first block of the last three stages halves the size, with
a 1x1 convolution around it.

Chen et al. (2019), arXiv:1904.04232, use it on photographs of 224x224; those here are 84x84, and
its last feature maps 3x3. Their numbers with it are of another problem.
"""

from __future__ import annotations

import math

import torch

from metabench.errors import MetabenchError
from metabench.networks.layers import batch_norm, conv, new_kernel, new_norm
from metabench.networks.network import Network, Norm
from metabench.trees import Params

BLOCKS = 2  # of a stage


def network(name: str, input_shape: tuple[int, ...], outputs: int) -> Network:
    """``""``, or the width of the first stage (64), which each further one doubles."""
    if name and not (name.isdigit() and int(name)):
        raise MetabenchError(f"backbone 'resnet18-{name}': known is resnet18, and resnet18-8")
    first = int(name or 64)
    widths = [first * 2**stage for stage in range(4)]

    def init(generator: torch.Generator) -> Params:
        params: Params = {"stem.kernel": new_kernel(generator, input_shape[0], first, 7)}
        params |= new_norm(first, "stem.norm")
        before = first
        for stage, after in enumerate(widths, start=1):
            for number in range(1, BLOCKS + 1):
                block = f"stage{stage}.block{number}"
                params[f"{block}.kernel1"] = new_kernel(generator, before, after, 3)
                params |= new_norm(after, f"{block}.norm1")
                params[f"{block}.kernel2"] = new_kernel(generator, after, after, 3)
                params |= new_norm(after, f"{block}.norm2")
                if before != after:
                    params[f"{block}.around"] = new_kernel(generator, before, after, 1)
                    params |= new_norm(after, f"{block}.norm_around")
                before = after
        return params

    def features(params: Params, x: torch.Tensor, norm: Norm) -> torch.Tensor:
        x = torch.relu(batch_norm(conv(x, params, "stem.kernel", 2), params, "stem.norm", norm))
        x = torch.nn.functional.max_pool2d(x, 3, stride=2, padding=1)
        for stage in range(1, len(widths) + 1):
            for number in range(1, BLOCKS + 1):
                stride = 2 if stage > 1 and number == 1 else 1
                x = residual(params, f"stage{stage}.block{number}", x, norm, stride)
        return x.mean((2, 3))

    return Network(init, features, widths[-1], outputs, head_std=1 / math.sqrt(widths[-1]))


def residual(params: Params, block: str, x: torch.Tensor, norm: Norm, stride: int) -> torch.Tensor:
    """One block: [n, c, h, w] -> [n, filters, h / stride, w / stride]."""
    around = x
    if f"{block}.around" in params:
        around = conv(x, params, f"{block}.around", stride)
        around = batch_norm(around, params, f"{block}.norm_around", norm)
    x = batch_norm(conv(x, params, f"{block}.kernel1", stride), params, f"{block}.norm1", norm)
    x = batch_norm(conv(torch.relu(x), params, f"{block}.kernel2"), params, f"{block}.norm2", norm)
    return torch.relu(x + around)
