"""Counter-based random numbers: what is drawn depends on a key and on nothing else.

A key is a 64-bit integer tensor. Iteration i of a stream has the key ``fold(key, i)``, task t of
that iteration ``fold(fold(key, i), t)``, and so on: no generator has a state, so a run that was
killed and resumed draws what an uninterrupted one draws, and a task draws the same whatever batch
it is computed in. Everything is integer arithmetic on tensors, hence equal to the bit on every
device, and works under ``torch.func.vmap``.

The generator is SplitMix64: Steele, Lea and Flood (2014), "Fast splittable pseudorandom number
generators", with Stafford's variant 13 of the finaliser.
"""

from __future__ import annotations

import hashlib

import torch


def _signed(value: int) -> int:
    """A 64-bit pattern as the signed integer that torch's int64 holds."""
    return value - (1 << 64) if value >= 1 << 63 else value


_GAMMA = _signed(0x9E3779B97F4A7C15)
_MIX_1 = _signed(0xBF58476D1CE4E5B9)
_MIX_2 = _signed(0x94D049BB133111EB)


def _shift(z: torch.Tensor, n: int) -> torch.Tensor:
    """Logical right shift: torch's own repeats the sign bit."""
    return (z >> n) & ((1 << (64 - n)) - 1)


def _mix(z: torch.Tensor) -> torch.Tensor:
    z = (z ^ _shift(z, 30)) * _MIX_1
    z = (z ^ _shift(z, 27)) * _MIX_2
    return z ^ _shift(z, 31)


def key(seed: int, stream: str, device: torch.device | str = "cpu") -> torch.Tensor:
    """The key of a named stream: int64, shape []. Streams of other names are independent."""
    digest = hashlib.sha256(f"{seed}/{stream}".encode()).digest()
    return torch.tensor(int.from_bytes(digest[:8], "little", signed=True), device=device)


def fold(key: torch.Tensor, index: torch.Tensor | int) -> torch.Tensor:
    """The key of item ``index`` of ``key``; the two broadcast."""
    step = (index + 1) * _GAMMA  # int64 tensors wrap around, and so must a Python integer
    return _mix(_mix(key + _GAMMA) + (_signed(step % 2**64) if isinstance(step, int) else step))


def fold_range(key: torch.Tensor, count: int) -> torch.Tensor:
    """The keys of items 0 to ``count`` - 1 of ``key``: shape [..., count]."""
    return fold(key[..., None], torch.arange(count, device=key.device))


def bits(key: torch.Tensor, count: int) -> torch.Tensor:
    """``count`` random int64 for each key: shape [..., count]."""
    return _mix(key[..., None] + _GAMMA * torch.arange(1, count + 1, device=key.device))


def uniform(key: torch.Tensor, count: int) -> torch.Tensor:
    """``count`` float32 in [0, 1) for each key: shape [..., count]."""
    return _shift(bits(key, count), 40).to(torch.float32) * 2.0**-24


def normal(key: torch.Tensor, count: int) -> torch.Tensor:
    """``count`` float32 of mean 0 and variance 1, by Box and Muller: shape [..., count].

    The integers behind them are the same on every device, their logarithms and cosines to rounding.
    """
    u = uniform(key, 2 * count)
    return (-2 * torch.log1p(-u[..., :count])).sqrt() * (2 * torch.pi * u[..., count:]).cos()


def permutation(key: torch.Tensor, count: int) -> torch.Tensor:
    """A random order of 0 to ``count`` - 1 for each key: shape [..., count]."""
    return bits(key, count).argsort(-1)


def choose(
    key: torch.Tensor, count: int, among: int, allowed: torch.Tensor | None = None
) -> torch.Tensor:
    """``count`` different numbers below ``among`` for each key, in random order.

    Args:
        key: [...].
        count: how many; at most the numbers allowed.
        among: the size of the range.
        allowed: bool [..., among], which numbers may be drawn; all where None.

    Returns:
        int64 [..., count].
    """
    scores = _shift(bits(key, among), 1)  # not negative, so that -1 is below every score
    if allowed is not None:
        scores = torch.where(allowed, scores, -1)
    return scores.topk(count, dim=-1).indices
