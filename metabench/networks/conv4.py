"""The four-layer convolutional network of the few-shot literature.

``conv4-64`` is MAML's Omniglot network: four times 3x3 convolution with stride 2, batch
normalisation, ReLU; then the mean over all positions. ``conv4-64-pool`` has stride 1 and 2x2 max
pooling after each ReLU instead, and flattens, as in matching and prototypical networks.

As in the code released with MAML, batch normalisation has a shift (beta) and no scale: the next
layer's weights take its place. The convolutions have no bias: normalisation would remove it.
Weights are drawn from a normal distribution with He's variance, 2 / fan in. That code has Glorot's,
which is 65 times smaller in the first layer. Normalisation makes the scale of the weights
irrelevant to what a layer computes, but an inner step of MAML then turns them 65 times further.
"""

from __future__ import annotations

import math

import torch

from metabench.errors import MetabenchError
from metabench.networks.network import RUNNING, Network, Norm
from metabench.trees import Params

EPSILON = 1e-3  # of batch normalisation, as in the TensorFlow layer that MAML used
LAYERS = 4


def network(name: str, input_shape: tuple[int, ...], outputs: int) -> Network:
    """``"64"`` or ``"64-pool"``: the number of filters, and whether to pool."""
    width, _, variant = name.partition("-")
    if not width.isdigit() or int(width) < 1 or variant not in ("", "pool"):
        raise MetabenchError(f"backbone 'conv4-{name}': known are conv4-64, conv4-32-pool and such")
    filters, pooled = int(width), variant == "pool"
    channels, height, width_in = input_shape

    def init(generator: torch.Generator) -> Params:
        params = {}
        for i in range(1, LAYERS + 1):
            inputs = channels if i == 1 else filters
            weight = torch.randn(filters, inputs, 3, 3, generator=generator)
            params[f"conv{i}.weight"] = weight * math.sqrt(2 / (9 * inputs))
            params[f"norm{i}.beta"] = torch.zeros(filters)
        return params

    def features(params: Params, x: torch.Tensor, norm: Norm) -> torch.Tensor:
        for i in range(1, LAYERS + 1):
            stride = 1 if pooled else 2
            x = torch.nn.functional.conv2d(x, params[f"conv{i}.weight"], stride=stride, padding=1)
            x = batch_norm(x, params, f"norm{i}", norm)
            x = torch.relu(x)
            if pooled:
                x = torch.nn.functional.max_pool2d(x, 2)
        return x.flatten(1) if pooled else x.mean((2, 3))

    sides = (height >> LAYERS) * (width_in >> LAYERS) if pooled else 1
    if not sides:
        raise MetabenchError(
            f"backbone 'conv4-{name}': images of {height}x{width_in} are too small"
        )
    size = filters * sides
    return Network(init, features, size, outputs, head_std=1 / math.sqrt(size))


def batch_norm(x: torch.Tensor, params: Params, name: str, norm: Norm) -> torch.Tensor:
    """Normalise ``x`` [n, c, h, w] over all but its channels, and add beta."""
    if norm.running:
        mean, var = params[f"{RUNNING}{name}.mean"], params[f"{RUNNING}{name}.var"]
    else:
        mean = x.mean((0, 2, 3))
        var = (x - mean[:, None, None]).square().mean((0, 2, 3))
    if norm.seen is not None:
        norm.seen[f"{RUNNING}{name}.mean"], norm.seen[f"{RUNNING}{name}.var"] = mean, var
    scale = torch.rsqrt(var + EPSILON)
    shift = params[f"{name}.beta"] - mean * scale
    return x * scale[:, None, None] + shift[:, None, None]
