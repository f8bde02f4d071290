"""Class means, and how near an example is to each of them."""

from __future__ import annotations

import torch

from metabench.layers import one_hot


def class_means(embedded: torch.Tensor, y: torch.Tensor, way: int) -> torch.Tensor:
    """The mean of ``embedded`` [n, d] over each class of ``y`` [n]: [way, d]."""
    member = one_hot(y, way, embedded)  # [n, way]
    return member.T @ embedded / member.sum(0)[:, None]


def negative_squared_distance(x: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
    """-||x_i - c_n||^2 for x [q, d] and c [way, d]: [q, way]."""
    return 2 * x @ c.T - x.square().sum(-1)[:, None] - c.square().sum(-1)
