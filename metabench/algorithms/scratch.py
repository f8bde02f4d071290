"""No meta-training at all: a network at random, trained on the support set alone.

What the architecture and the support set can do by themselves; whatever claims to have learned to
learn must beat it. The step size is chosen on validation episodes from `test_lrs`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from metabench.algorithm import Algorithm, Cost
from metabench.hyperparameters import Hyperparameters, setting
from metabench.inner_loop import LR, gradient_descent, tune_lr
from metabench.tasks import Batch
from metabench.trees import Params


@dataclass(frozen=True)
class ScratchHyperparameters(Hyperparameters):
    """Of training from scratch."""

    iterations: int = setting(0, "there is no meta-training", least=0, most=0)
    test_lrs: tuple[float, ...] = setting((0.01, 0.1), "step sizes to choose from", above=0)
    test_inner_steps: int = setting(50, "steps on the support set", least=0)


class Scratch(Algorithm):
    """Gradient descent on the support set from a random start."""

    hyperparameters = ScratchHyperparameters

    def path(self, params: Params, support: Batch) -> Iterator[Params]:
        """theta_0 at random, theta_1, ..."""
        lr = params.get(LR, self.hp.test_lrs[0])
        return gradient_descent(self.loss, params, support, lr, self.hp.test_inner_steps)

    def tune(self, params: Params, validate: Callable[[Params], float]) -> Params:
        """The step size that does best on the validation episodes."""
        return tune_lr(params, self.hp.test_lrs, validate)

    def cost(self) -> Cost:
        """Nothing."""
        return Cost(gradients=0, hessian_vector_products=0)
