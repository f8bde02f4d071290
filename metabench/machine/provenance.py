"""Where a result comes from: versions, code, device, and what it cost."""

from __future__ import annotations

import platform
import subprocess
from pathlib import Path
from typing import Any

import metabench
from metabench.machine.peak import peak_mb
from metabench.sources import source_digest


def versions() -> dict[str, str]:
    """Of Python and the libraries that numbers depend on."""
    import numpy
    import torch

    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": numpy.__version__,
        "metabench": metabench.__version__,
    }


def git_commit() -> str:
    """The commit of the source tree, with "-dirty" where tracked files differ; "" outside git."""
    folder = Path(__file__).parent
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        told = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return told.stdout.strip()


def engine_code() -> str:
    """The digest of the code that trains and tests every algorithm."""
    return source_digest("metabench.learning.training", "metabench.learning.evaluation")


def device_name(device: Any) -> str:
    """The name of the processor that computed."""
    import torch

    return torch.cuda.get_device_name(device) if device.type == "cuda" else processor_name()


def processor_name() -> str:
    """The name of this machine's CPU."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def peak_memory_mb(device: Any) -> float:
    """The largest memory so far: of the device, or of this process on a CPU, in 10^6 bytes."""
    import torch

    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 1e6
    return peak_mb()
