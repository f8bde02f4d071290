"""The four-layer convolutional network that keeps its feature map, as relation networks need it.

``conv4map-64`` is the embedding of Sung et al. (2018), arXiv:1711.06025: four times 3x3
convolution, batch normalisation and ReLU, of which the first two blocks have no padding and 2x2 max
pooling, and the last two padding and no pooling. Images of 28x28 become 64 maps of 5x5, and of
84x84, 19x19. Features come flattened; ``map_shape`` says what they are.

As in ``conv4``, normalisation has a shift and no scale, whose place the relation module's weights
take, and convolutions have no bias. As in the code released with relation networks, weights have
He's variance by fan out, not in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from metabench.errors import MetabenchError
from metabench.networks.network import Network, Norm
from metabench.trees import Params

EPSILON = 1e-5  # of batch normalisation, as in that code
LAYERS, POOLED = 4, 2  # blocks, and the first of them that are pooled


@dataclass(frozen=True, kw_only=True)
class MapNetwork(Network):
    """A network whose features are a flattened map.

    Attributes:
        map_shape: (channels, height, width) of the map.
    """

    map_shape: tuple[int, int, int]


def network(name: str, input_shape: tuple[int, ...], outputs: int) -> MapNetwork:
    """``"64"``: the number of filters."""
    if not name.isdigit() or int(name) < 1:
        raise MetabenchError(f"backbone 'conv4map-{name}': known are conv4map-64 and such")
    filters = int(name)
    channels, *sides = input_shape
    for _ in range(POOLED):
        sides = [(side - 2) // 2 for side in sides]
    height, width = sides
    if min(sides) < 1:
        raise MetabenchError(f"backbone 'conv4map-{name}': images of {input_shape} are too small")

    def init(generator: torch.Generator) -> Params:
        params = {}
        for i in range(1, LAYERS + 1):
            inputs = channels if i == 1 else filters
            params[f"map{i}.kernel"] = he(generator, filters, inputs)
            params[f"map{i}.beta"] = torch.zeros(filters)
        return params

    def features(params: Params, x: torch.Tensor, norm: Norm) -> torch.Tensor:
        for i in range(1, LAYERS + 1):
            pooled = i <= POOLED
            x = convolve(x, params[f"map{i}.kernel"], padding=0 if pooled else 1)
            x = rectified(x, params, f"map{i}", norm, pooled)
        return x.flatten(1)

    size = filters * height * width
    return MapNetwork(
        init_backbone=init,
        features=features,
        feature_size=size,
        outputs=outputs,
        head_std=1 / math.sqrt(size),
        map_shape=(filters, height, width),
    )


def he(generator: torch.Generator, filters: int, inputs: int) -> torch.Tensor:
    """3x3 filters [filters, inputs, 3, 3] of variance 2 / fan out."""
    return torch.randn(filters, inputs, 3, 3, generator=generator) * math.sqrt(2 / (9 * filters))


def convolve(x: torch.Tensor, kernel: torch.Tensor, padding: int) -> torch.Tensor:
    """A convolution of x [n, c, h, w] with stride 1."""
    return torch.nn.functional.conv2d(x, kernel, padding=padding)


def rectified(x: torch.Tensor, params: Params, name: str, norm: Norm, pooled: bool) -> torch.Tensor:
    """Batch normalisation of x [n, c, h, w], ReLU, and 2x2 max pooling where ``pooled``.

    Normalisation without a scale of its own is increasing, and so is ReLU: the maximum may be
    taken before them, where it leaves them a quarter of the work.
    """
    mean, var = norm.statistics(params, name, x, (0, 2, 3))
    if pooled:
        x = torch.nn.functional.max_pool2d(x, 2)
    scale = torch.rsqrt(var + EPSILON)
    shift = params[f"{name}.beta"] - mean * scale
    return torch.relu(x * scale[:, None, None] + shift[:, None, None])
