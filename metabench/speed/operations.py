"""Floating-point operations that a meta-gradient takes, and how many a machine can do.

torch.utils.flop_counter counts those of matrix products and convolutions, two for a multiplication
and an addition, as they reach torch's kernels; what is done element by element is not counted. Of
ours they are what is left on the tape.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable

import torch
from torch.utils.flop_counter import FlopCounterMode

from metabench.speed.clock import interleaved

SIDE = 2048  # of the square matrices
IMAGES, PIXELS, CHANNELS = 16, 56, 64  # of the convolution, whose weights are 3x3


def counted(function: Callable[[], object]) -> int:
    """The operations of one call, on this thread."""
    with FlopCounterMode(display=False) as counter:
        function()
    return int(counter.get_total_flops())


def machine_rates(threads: int, rounds: int) -> dict[str, float]:
    """Operations a second of a large matrix product and a large channels-last convolution."""
    a, b = torch.randn(2, SIDE, SIDE)
    x = torch.randn(IMAGES, CHANNELS, PIXELS, PIXELS).to(memory_format=torch.channels_last)
    w = torch.randn(CHANNELS, CHANNELS, 3, 3).to(memory_format=torch.channels_last)
    calls: dict[str, Callable[[], object]] = {
        "matrix product": lambda: a @ b,
        "convolution": lambda: torch.conv2d(x, w, padding=1),
    }
    torch.set_num_threads(threads)
    with torch.no_grad():
        seconds = interleaved(calls, rounds)
    return {name: counted(call) / statistics.median(seconds[name]) for name, call in calls.items()}
