"""Multi-layer perceptrons: ``mlp-40-40`` is the sinusoid network of MAML, section 5.1."""

from __future__ import annotations

import math
from itertools import pairwise

import torch

from metabench.errors import MetabenchError
from metabench.networks.network import Network, Norm
from metabench.trees import Params


def network(widths: str, input_shape: tuple[int, ...], outputs: int) -> Network:
    """Hidden layers of the given widths ("40-40") with ReLU between them.

    Weights are drawn from a normal distribution with Glorot's variance, 2 / (fan in + fan out), and
    biases start at 0. (The code released with MAML draws weights of standard deviation 0.01.)
    """
    try:
        hidden = [int(width) for width in widths.split("-")]
    except ValueError:
        raise MetabenchError(
            f"backbone 'mlp-{widths}': widths are whole numbers, as in mlp-40-40"
        ) from None
    sizes = [math.prod(input_shape), *hidden]

    def init(generator: torch.Generator) -> Params:
        params = {}
        for i, (fan_in, fan_out) in enumerate(pairwise(sizes), start=1):
            weight = torch.randn(fan_in, fan_out, generator=generator)
            params[f"layer{i}.weight"] = weight * math.sqrt(2 / (fan_in + fan_out))
            params[f"layer{i}.bias"] = torch.zeros(fan_out)
        return params

    def features(params: Params, x: torch.Tensor, norm: Norm) -> torch.Tensor:
        x = x.flatten(1)
        for i in range(1, len(sizes)):
            weight, bias = params[f"layer{i}.weight"], params[f"layer{i}.bias"]
            x = torch.relu(x @ weight + bias)
        return x

    return Network(
        init, features, sizes[-1], outputs, head_std=math.sqrt(2 / (sizes[-1] + outputs))
    )
