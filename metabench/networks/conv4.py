"""The four-layer convolutional network of the few-shot literature.

``conv4-64`` is MAML's Omniglot network: four times 3x3 convolution with stride 2, batch
normalisation, ReLU; then the mean over all positions. ``conv4-64-flat`` keeps the positions apart,
as do the Omniglot networks of Reptile and of iMAML. ``conv4-64-pool`` has stride 1 and 2x2 max
pooling after each ReLU instead, and flattens, as in matching and prototypical networks.

As in the code released with MAML, batch normalisation has a shift (beta) and no scale: the next
layer's weights take its place. Where none follows, as in prototypical networks, nothing does:
``-scale`` after any of these names gives every layer one (gamma), as torch's own layer has it.
The convolutions have no bias: normalisation would remove it.
Weights are drawn from a normal distribution with He's variance, 2 / fan in. That code has Glorot's,
which is 65 times smaller in the first layer, and draws the head of this network with a standard
deviation of 1, where ours has 1/8. Normalisation makes the scale of the weights
irrelevant to what a layer computes, but an inner step of MAML then turns them 65 times further.
"""

from __future__ import annotations

import math
import re

import torch

from metabench.errors import MetabenchError
from metabench.networks.network import Network, Norm
from metabench.trees import Params

LAYERS = 4
NAME = re.compile("([1-9][0-9]*)(?:-(flat|pool))?(-scale)?")


def network(name: str, input_shape: tuple[int, ...], outputs: int) -> Network:
    """``"64"``, ``"64-flat"``, ``"64-pool-scale"``: the number of filters, and the variant."""
    words = NAME.fullmatch(name)
    if not words:
        asked = f"conv4-{name}" if name else "conv4"
        raise MetabenchError(
            f"backbone '{asked}': known are conv4-64, conv4-64-flat, conv4-32-pool-scale and such"
        )
    filters, variant, scaled = int(words[1]), words[2], bool(words[3])
    pooled = variant == "pool"
    channels, height, width = input_shape

    def init(generator: torch.Generator) -> Params:
        params = {}
        for i in range(1, LAYERS + 1):
            inputs = channels if i == 1 else filters
            weight = torch.randn(filters, inputs, 3, 3, generator=generator)
            weight = weight.permute(0, 2, 3, 1).contiguous()  # [filters, 3, 3, inputs]
            params[f"conv{i}.weight"] = weight * math.sqrt(2 / (9 * inputs))
            params[f"norm{i}.beta"] = torch.zeros(filters)
            if scaled:
                params[f"norm{i}.gamma"] = torch.ones(filters)
        return params

    def features(params: Params, x: torch.Tensor, norm: Norm) -> torch.Tensor:
        # Not above: it loads torch, and a study is checked without that.
        from metabench.networks.convolution import convolve
        from metabench.networks.pooling import max_pool

        x = x.movedim(1, -1)  # channels last
        for i in range(1, LAYERS + 1):
            x = convolve(x, params[f"conv{i}.weight"], stride=1 if pooled else 2)
            x = batch_norm_relu(x, params, f"norm{i}", norm)
            if pooled:
                x = max_pool(x, 2)
        return x.flatten(1) if variant else x.mean((1, 2))

    # Pooling rounds a side down, a stride rounds it up.
    high, wide = (side >> LAYERS if pooled else -(-side >> LAYERS) for side in (height, width))
    positions = high * wide if variant else 1
    if not positions:
        raise MetabenchError(f"backbone 'conv4-{name}': images of {height}x{width} are too small")
    size = filters * positions
    return Network(init, features, size, outputs, head_std=1 / math.sqrt(size))


def batch_norm_relu(x: torch.Tensor, params: Params, name: str, norm: Norm) -> torch.Tensor:
    """Normalise ``x`` [n, h, w, c] over all but its channels, scale, shift, and rectify."""
    from metabench.networks.normalisation import EPSILON, norm_relu

    beta, gamma = params[f"{name}.beta"], params.get(f"{name}.gamma")
    if not norm.running:
        x, mean, var = norm_relu(x, beta, gamma)
        norm.note(name, mean, var)
        return x
    mean, var = norm.statistics(params, name, x, (0, 1, 2))
    scale = torch.rsqrt(var + EPSILON) * (1 if gamma is None else gamma)
    return torch.relu((x - mean) * scale + beta)
