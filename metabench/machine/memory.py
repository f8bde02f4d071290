"""Memory that is freed is kept for the next tensor instead of being given back to the system."""

from __future__ import annotations

import ctypes
import sys

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of mallopt(3)
LARGEST = 1 << 30  # bytes; the largest threshold that glibc takes as an int is a little more
NEVER = -1


def keep_freed_memory() -> None:
    """Tell glibc to keep what is freed, tensors below 1 GiB that is; elsewhere do nothing.

    Without it each large intermediate result of a network is mapped into memory, zeroed by the
    kernel page by page, and unmapped again, which a forward pass on a CPU notices.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # another C library has none
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, LARGEST)
        mallopt(M_TRIM_THRESHOLD, NEVER)
