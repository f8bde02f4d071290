"""The cosine of two vectors, for all pairs of two sets of them."""

from __future__ import annotations

import torch

TINY = 1e-5  # added to lengths, squares to squares: ReLU may leave nothing of an image


def cosine(x: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
    """cos(x_i, c_j) of x [n, d] and c [m, d]: [n, m]."""
    return unit(x) @ unit(c).T


def unit(x: torch.Tensor) -> torch.Tensor:
    """Rows of length 1; a row of zeros stays as it is."""
    return x / lengths(x, TINY)[..., None]


def lengths(x: torch.Tensor, tiny: float) -> torch.Tensor:
    """||x_i|| of the rows of x [..., d], ``tiny`` where a row is all zero: [...]."""
    return (x.square().sum(-1) + tiny**2).sqrt()
