"""The settings that are timed, small enough for a test; and memory of a known size."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from mmap import PAGESIZE, mmap

import pytest

from metabench.speed.settings import MINIIMAGENET, OMNIGLOT_5, SINUSOID


@pytest.fixture
def small_settings():
    """One of each kind of network: a perceptron, with stride, with pooling."""
    strided = replace(OMNIGLOT_5, backbone="conv4-3", tasks=2)
    pooled = replace(
        MINIIMAGENET, backbone="conv4-3-pool", input_shape=(2, 32, 32), tasks=2, queries=2
    )
    return {"mlp": replace(SINUSOID, tasks=3), "strided": strided, "pooled": pooled}


@pytest.fixture
def held():
    """``held(megabytes)``: so many 10^6 bytes in use, none of which the process had before."""

    @contextmanager
    def of(megabytes: int) -> Iterator[None]:
        with mmap(-1, megabytes * 10**6) as block:
            for page in range(0, len(block), PAGESIZE):
                block[page] = 1
            yield

    return of
