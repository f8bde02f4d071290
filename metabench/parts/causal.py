"""Causal layers of a sequence: element t sees elements up to t alone.

Mishra et al. (2018), section 3, arXiv:1707.03141. Each appends its output to its input:

    dense block of dilation d    tanh(W_f [s_t, s_{t-d}] + b_f) * sigmoid(W_g [s_t, s_{t-d}] + b_g)
    attention                    sum_{u <= t} softmax_u(q(s_t) . k(s_u) / sqrt(d_k)) v(s_u)

They are given a sequence s [T, c] and queries q [n, c], each of which is element T + 1 of a
sequence of its own that begins with s. What they do with s is the same for all queries, so that is
done once: equal to n sequences of T + 1 elements, at the price of T + n elements.
"""

from __future__ import annotations

import math

import torch

from metabench.layers import linear
from metabench.trees import Params


def dense(
    params: Params, name: str, s: torch.Tensor, q: torch.Tensor, dilation: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """A gated causal convolution of two taps, for s [T, c] and for each of q [n, c] behind it."""
    start = s.new_zeros(dilation, s.shape[1])
    before = torch.cat([start, s])  # element t - d for t = 0 ... T + d - 1

    def appended(now: torch.Tensor, then: torch.Tensor) -> torch.Tensor:
        f, g = linear(params, name, torch.cat([now, then], -1)).chunk(2, -1)
        return torch.cat([now, torch.tanh(f) * torch.sigmoid(g)], -1)

    T = s.shape[0]
    return appended(s, before[:T]), appended(q, before[T].expand_as(q))


def attention(
    params: Params, name: str, s: torch.Tensor, q: torch.Tensor, keys: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Attention of s [T, c] to what is not later, and of each of q [n, c] to s and to itself."""
    projected = linear(params, name, torch.cat([s, q]))
    sizes = [keys, keys, projected.shape[-1] - 2 * keys]
    query, key, value = torch.split(projected, sizes, -1)
    T = s.shape[0]
    later = torch.ones(T, T, dtype=torch.bool, device=s.device).triu(1)
    scores = query @ key[:T].T / math.sqrt(keys)  # [T + n, T]: of everything to the support set
    among = scores[:T].masked_fill(later, -math.inf).softmax(-1) @ value[:T]
    itself = (query[T:] * key[T:]).sum(-1, keepdim=True) / math.sqrt(keys)
    weights = torch.cat([scores[T:], itself], -1).softmax(-1)
    behind = weights[:, :T] @ value[:T] + weights[:, T:] * value[T:]
    return torch.cat([s, among], -1), torch.cat([q, behind], -1)
