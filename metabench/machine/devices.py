"""The device that a run computes on."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Iterator

import torch

from metabench.errors import MetabenchError
from metabench.machine.leases import lease
from metabench.machine.memory import keep_freed_memory

KINDS = ("cpu", "cuda")  # torch knows more, such as mps, on which nothing here was ever tried


@contextlib.contextmanager
def open_device(name: str, precision: str = "float32") -> Iterator[torch.device]:
    """Yield the device called ``name``, and keep other runs off it where it is a GPU.

    "auto" is a GPU where there is one, "cuda" any GPU, "cuda:1" that one. Of several it is one
    that no other run holds; where all are held, it waits. Only those are seen that
    ``CUDA_VISIBLE_DEVICES`` lets be seen. A CPU is nobody's.

    Args:
        name: of the device.
        precision: "float32", or "tf32" to let a GPU round what it multiplies to 10 bits.

    Raises:
        MetabenchError: where it is not there, or neither a CPU nor a CUDA GPU.
    """
    keep_freed_memory()
    # torch's own default is float32 for products, and tf32 for convolutions.
    torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
    torch.backends.cudnn.allow_tf32 = precision == "tf32"
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    right = "auto, cpu, cuda or cuda:1 is right"
    try:
        device = torch.device(("cuda" if count else "cpu") if name == "auto" else name)
    except RuntimeError:
        raise MetabenchError(f"--device {name}: torch knows no such device; {right}") from None
    if device.type not in KINDS:
        raise MetabenchError(f"--device {name}: neither a CPU nor a CUDA GPU; {right}")
    if device.type == "cpu":
        yield device
        return
    numbers = [n for n in range(count) if device.index in (None, n)]
    if not numbers:
        seen = f"no CUDA GPU but 0 to {count - 1} is" if count else "no CUDA GPU is"
        raise MetabenchError(f"--device {name}: {seen} seen here; use 'cpu' or 'auto'")
    # A GPU's number depends on CUDA_VISIBLE_DEVICES; what it is called does not.
    names = [called(number) for number in numbers]
    with lease(names) as index, torch.cuda.device(numbers[index]):
        yield torch.device("cuda", numbers[index])


def called(number: int) -> str:
    """The name of a GPU that no other has, now and after a restart."""
    return f"GPU-{torch.cuda.get_device_properties(number).uuid}"


def about_gpu(device: torch.device) -> dict[str, dict[str, str]]:
    """What a result says of the GPU: which it was, and which the run was let see.

    The latter is there without the former where a cluster gave a GPU that torch cannot use.
    """
    about = {"used": called(device.index)} if device.type == "cuda" else {}
    if "CUDA_VISIBLE_DEVICES" in os.environ:
        about["visible"] = os.environ["CUDA_VISIBLE_DEVICES"]
    return {"gpu": about} if about else {}


def threads(device: torch.device) -> int:
    """How many threads may compute side by side."""
    return torch.get_num_threads() if device.type == "cpu" else 1


def memory_of(device: torch.device) -> float:
    """What a run may use of a device, in 10^6 bytes; of a CPU nobody has said."""
    if device.type != "cuda":
        return math.inf
    return 0.8 * torch.cuda.mem_get_info(device)[0] / 1e6
