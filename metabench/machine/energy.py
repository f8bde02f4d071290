"""Energy, where a device counts it itself: of all that runs on it, not of one run alone.

Intel and AMD processors count the joules of each package, which Linux shows below
``/sys/class/powercap`` to those who may read them; NVIDIA's library counts those of a GPU since its
driver was loaded. Elsewhere nothing is estimated.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from metabench.machine.devices import called

POWERCAP = Path("/sys/class/powercap")
NVML = "libnvidia-ml.so.1"


@dataclass(frozen=True)
class Counter:
    """Something that counts energy, and begins again at 0 when it is full.

    Attributes:
        read: what it shows.
        joules: of one count.
        full: how many counts it knows; 0 where it never begins again.
    """

    read: Callable[[], int]
    joules: float
    full: int = 0


class Meter:
    """The energy between two readings."""

    def __init__(self, counters: list[Counter]) -> None:
        self.counters = counters
        self.last = [counter.read() for counter in counters]

    def spent(self) -> float | None:
        """Joules since the last reading, which must be no longer ago than a counter takes to fill.

        None where nothing counts, or no longer lets itself be read.
        """
        try:
            now = [counter.read() for counter in self.counters]
        except OSError:
            self.counters = []
        if not self.counters:
            return None
        each = zip(self.counters, now, self.last, strict=True)
        joules = [c.joules * ((b - a) % c.full if c.full else b - a) for c, b, a in each]
        self.last = now
        return sum(joules)


def open_meter(device: torch.device) -> Meter:
    """A meter of the processors, and of the GPU where that computes."""
    gpu = gpu_counters(called(device.index)) if device.type == "cuda" else []
    return Meter(processor_counters() + gpu)


def processor_counters() -> list[Counter]:
    """One for each processor package that may be read: microjoules."""
    counters = []
    for zone in sorted(POWERCAP.glob("*:*")):
        if not re.fullmatch(r"[a-z-]+:\d+", zone.name):  # a part of a package, such as its memory
            continue
        try:
            full = whole_number(zone / "max_energy_range_uj") + 1
            counter = Counter(partial(whole_number, zone / "energy_uj"), 1e-6, full)
            counter.read()
        except (OSError, ValueError):  # not for everyone to read
            continue
        counters.append(counter)
    return counters


def whole_number(file: Path) -> int:
    """The number in a file."""
    return int(file.read_text())


def gpu_counters(name: str) -> list[Counter]:
    """One for the GPU of that name: millijoules."""
    try:
        nvml = ctypes.CDLL(NVML)
        handle, shown = ctypes.c_void_p(), ctypes.c_ulonglong()
        find, count = nvml.nvmlDeviceGetHandleByUUID, nvml.nvmlDeviceGetTotalEnergyConsumption
        nvml.nvmlInit_v2()
    except (OSError, AttributeError):
        return []

    def read() -> int:
        if count(handle, ctypes.byref(shown)):
            raise OSError(f"{NVML}: the energy of {name} cannot be read")
        return shown.value

    known = find(name.encode(), ctypes.byref(handle)) == 0
    return [Counter(read, 1e-3)] if known and count(handle, ctypes.byref(shown)) == 0 else []
