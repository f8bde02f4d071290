"""The bound on the meta-gradient's norm."""

import pytest
import torch

from metabench.hyperparameters import Hyperparameters
from metabench.learning.outer_loop import OuterLoop


@pytest.mark.parametrize(("clip_norm", "factor"), [(0.0, 1.0), (2.5, 0.5), (7.0, 1.0)])
def test_a_meta_gradient_above_its_norm_is_shrunk_as_a_whole(clip_norm, factor):
    """The norm of (3, 4, 0) over two tensors is 5; what is gathered is neither in it nor shrunk."""
    params = {"v": torch.zeros(1), "w": torch.zeros(2), "running.m": torch.zeros(1)}
    hp = Hyperparameters(outer_optimizer="sgd", outer_lr=1.0, clip_norm=clip_norm)
    gradient = {"v": torch.tensor([3.0]), "w": torch.tensor([4.0, 0.0])}
    OuterLoop(hp, params).step({**gradient, "running.m": torch.tensor([100.0])}, 0)
    torch.testing.assert_close(params["v"], -factor * gradient["v"])
    torch.testing.assert_close(params["w"], -factor * gradient["w"])
    assert float(params["running.m"]) == -100.0


def test_a_meta_gradient_of_zero_moves_nothing():
    params = {"w": torch.ones(2)}
    hp = Hyperparameters(outer_optimizer="sgd", outer_lr=1.0, clip_norm=0.25)
    OuterLoop(hp, params).step({"w": torch.zeros(2)}, 0)
    assert params["w"].tolist() == [1.0, 1.0]
