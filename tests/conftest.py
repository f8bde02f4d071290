"""What all tests share.

One thread: the tensors of these tests are too small for two, which would wait for each other. And
a cache of their own: what was measured on other days must not decide how they compute.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

import pytest

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["METABENCH_CACHE"] = tempfile.mkdtemp(prefix="metabench-cache-")
atexit.register(shutil.rmtree, os.environ["METABENCH_CACHE"], ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that run whole studies first: no process is left alone with a long one at the end."""
    marks = ("slurm", "workflow")
    items.sort(key=lambda item: [item.get_closest_marker(mark) is None for mark in marks])
