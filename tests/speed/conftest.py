"""The settings that are timed, small enough for a test."""

from dataclasses import replace

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
