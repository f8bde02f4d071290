"""What MAML's inner loop descends, and that of its next of kin: the mean loss, or a sum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from metabench.algorithm import Algorithm
from metabench.hyperparameters import Hyperparameters, setting


@dataclass(frozen=True)
class InnerLoopHyperparameters(Hyperparameters):
    """Of MAML's inner loop, which others have too."""

    inner_lr: float = setting(0.01, "alpha, the step size of the inner loop", above=0)
    inner_steps: int = setting(1, "k, inner steps in meta-training", least=1)
    test_inner_steps: int = setting(10, "inner steps in meta-testing", least=0)
    inner_loss: Literal["mean", "sum over classes"] = setting("mean", "what alpha multiplies")


def of_the_mean(algorithm: Algorithm) -> int:
    """How many times the mean loss of its examples the inner loss is."""
    return algorithm.problem.way if algorithm.hp.inner_loss == "sum over classes" else 1
