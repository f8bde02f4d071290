"""metabench's networks as ``torch.nn.Module``, with the same weights and the same gradients.

The shifts of batch normalisation are tensors and no parameters, so that an optimiser that takes a
whole module leaves them where they are, as MAML's inner loop does.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from metabench.networks.normalisation import EPSILON
from metabench.trees import Params


class MLP(nn.Module):
    """``mlp-40-40``: linear layers with ReLU between them, and a linear head."""

    def __init__(self, params: Params) -> None:
        super().__init__()
        self.names = [name.removesuffix(".weight") for name in params if name.endswith(".weight")]
        self.layers = nn.ModuleList([linear(params, name) for name in self.names])
        self.shifts: list[torch.Tensor] = []

    def forward(self, x: torch.Tensor, shifts: Any = None) -> torch.Tensor:
        """Inputs [n, ...] -> outputs [n, outputs]."""
        x = x.flatten(1)
        for i, layer in enumerate(self.layers):
            x = layer(F.relu(x) if i else x)
        return x

    def named(self, tensors: list[torch.Tensor]) -> Params:
        """What belongs to ``leaves``, by metabench's names and in its layout."""
        values = iter(tensors)
        named: Params = {}
        for name in self.names:
            named[f"{name}.weight"] = next(values).T
            named[f"{name}.bias"] = next(values)
        return named


class Conv4(nn.Module):
    """``conv4-64`` and ``conv4-32-pool``; without a head, its outputs are features."""

    def __init__(self, params: Params, pooled: bool) -> None:
        super().__init__()
        self.pooled, self.layers = pooled, sum(name.startswith("conv") for name in params)
        self.convs = nn.ModuleList()
        self.shifts: list[torch.Tensor] = []
        for i in range(1, self.layers + 1):
            w = params[f"conv{i}.weight"].permute(0, 3, 1, 2).contiguous()  # [F, k, k, C]
            conv = nn.Conv2d(w.shape[1], w.shape[0], 3, 1 if pooled else 2, 1, bias=False)
            conv.weight = nn.Parameter(w.clone())
            self.convs.append(conv)
            self.shifts.append(params[f"norm{i}.beta"].clone().requires_grad_())
        self.scale = torch.ones_like(self.shifts[0])  # without it no second derivative
        self.filters = len(self.scale)
        self.head = linear(params, "head", self.filters) if "head.weight" in params else None

    def forward(self, x: torch.Tensor, shifts: Any = None) -> torch.Tensor:
        """Images [n, C, H, W] -> outputs, or features where there is no head."""
        for conv, beta in zip(self.convs, shifts or self.shifts, strict=True):
            x = F.batch_norm(conv(x), None, None, self.scale, beta, True, 0.0, EPSILON)
            x = F.relu(x)
            if self.pooled:
                x = F.max_pool2d(x, 2)
        x = x.flatten(1) if self.pooled else x.mean((2, 3))
        return x if self.head is None else self.head(x)

    def named(self, tensors: list[torch.Tensor]) -> Params:
        """What belongs to ``leaves``, by metabench's names and in its layout."""
        count = self.layers
        weights, shifts = tensors[:-count], tensors[-count:]
        named: Params = {}
        for i in range(count):
            named[f"conv{i + 1}.weight"] = weights[i].permute(0, 2, 3, 1)
            named[f"norm{i + 1}.beta"] = shifts[i]
        if self.head is not None:
            named["head.weight"] = positions_first(weights[count], self.filters).T
            named["head.bias"] = weights[count + 1]
        return named


Module = MLP | Conv4


def module(params: Params, pooled: bool) -> Module:
    """The module with the weights ``params``."""
    convolutional = any(name.startswith("conv") for name in params)
    return Conv4(params, pooled) if convolutional else MLP(params)


def leaves(net: Module) -> list[torch.Tensor]:
    """All that is meta-learned: the module's parameters, then its shifts."""
    return [*net.parameters(), *net.shifts]


def linear(params: Params, name: str, filters: int = 0) -> nn.Linear:
    """The layer of ``name``, its inputs in torch's order: channels before positions."""
    weight = params[f"{name}.weight"].T
    if filters:
        weight = weight.reshape(len(weight), -1, filters).transpose(1, 2).flatten(1)
    layer = nn.Linear(weight.shape[1], weight.shape[0])
    layer.weight = nn.Parameter(weight.contiguous().clone())
    layer.bias = nn.Parameter(params[f"{name}.bias"].clone())
    return layer


def positions_first(weight: torch.Tensor, filters: int) -> torch.Tensor:
    """The inverse of the order that ``linear`` gives: [outputs, features]."""
    return weight.reshape(len(weight), filters, -1).transpose(1, 2).flatten(1)
