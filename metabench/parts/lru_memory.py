"""An external memory that is read by content and written where it was least recently used.

Santoro et al. (2016), section 3, arXiv:1605.06065. Each head gives a key k and a gate a:

    w^w_t = a w^r_{t-1} + (1 - a) w^lu_{t-1}                  where it writes
    M_t   = M_{t-1} with the least used rows emptied + sum over heads of w^w_t k_t
    w^r_t = softmax over rows of cos(k_t, M_t),    r_t = w^r_t M_t
    w^u_t = gamma w^u_{t-1} + sum over heads of (w^r_t + w^w_t)

w^lu of head j is one-hot at the row with the j-th least usage, as in the reimplementation
tristandeleu/ntm-one-shot; that code empties the first of these rows alone, here all of them are.
"""

from __future__ import annotations

from typing import NamedTuple

import torch

from metabench.layers import one_hot
from metabench.parts.cosine import lengths

TINY = 1e-4  # added to lengths, squares to squares: the cosine with an empty row is 0


class Memory(NamedTuple):
    """The memory of each of n sequences."""

    rows: torch.Tensor  # M [n, rows, size]
    read: torch.Tensor  # w^r [n, heads, rows]
    usage: torch.Tensor  # w^u [n, rows]
    vectors: torch.Tensor  # r [n, heads, size]


def empty(rows: int, size: int, heads: int, like: torch.Tensor) -> Memory:
    """The memory of one sequence before its first element: all zero, in the type of ``like``."""
    shapes = ((rows, size), (heads, rows), (rows,), (heads, size))
    return Memory(*(like.new_zeros(1, *shape) for shape in shapes))


def access(memory: Memory, key: torch.Tensor, gate: torch.Tensor, gamma: float) -> Memory:
    """Write, then read.

    Args:
        memory: of n sequences, or of one that n have in common.
        key: k [n, heads, size].
        gate: a in [0, 1], [n, heads].
        gamma: the decay of usage.
    """
    least = least_used(memory.usage, key.shape[1])
    write = gate[..., None] * memory.read + (1 - gate[..., None]) * least
    kept = memory.rows * (1 - least.sum(1))[..., None]
    rows = kept + write.transpose(1, 2) @ key
    read = cosine(key, rows).softmax(-1)
    usage = gamma * memory.usage + (read + write).sum(1)
    return Memory(rows, read, usage, read @ rows)


def least_used(usage: torch.Tensor, heads: int) -> torch.Tensor:
    """w^lu [n, heads, rows]: for head j, one-hot at the row of usage [n, rows] with the j-th least.

    Of rows used equally little it is the first: a stable sort is the same on every device.
    """
    order = usage.detach().argsort(dim=-1, stable=True)[:, :heads]
    return one_hot(order, usage.shape[-1], usage)


def cosine(key: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    """The cosine of keys [n, heads, size] and rows [n, rows, size]: [n, heads, rows].

    The products are divided and not the rows, which are larger: heads are few.
    """
    by = lengths(key, TINY)[:, :, None] * lengths(rows, TINY)[:, None]
    return key @ rows.transpose(1, 2) / by
