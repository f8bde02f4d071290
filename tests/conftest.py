"""What all tests share.

One thread: the tensors of these tests are too small for two, which would wait for each other. And
a cache of their own: what was measured on other days must not decide how they compute.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from mmap import PAGESIZE, mmap

import pytest

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["METABENCH_CACHE"] = tempfile.mkdtemp(prefix="metabench-cache-")
atexit.register(shutil.rmtree, os.environ["METABENCH_CACHE"], ignore_errors=True)


@pytest.fixture
def held() -> Callable[[int], AbstractContextManager[None]]:
    """``held(megabytes)``: so many 10^6 bytes in use, none of which the process had before."""

    @contextmanager
    def of(megabytes: int) -> Iterator[None]:
        with mmap(-1, megabytes * 10**6) as block:
            for page in range(0, len(block), PAGESIZE):
                block[page] = 1
            yield

    return of


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that run whole studies first: no process is left alone with a long one at the end."""
    marks = ("slurm", "workflow")
    items.sort(key=lambda item: [item.get_closest_marker(mark) is None for mark in marks])
