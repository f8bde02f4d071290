"""BOIL, "body only update in inner loop": MAML whose head stands still in the inner loop.

Oh, Yoo, Kim and Yun (2021), "BOIL: towards representation change for few-shot learning",
arXiv:2008.08882. With phi the body and w the head, both meta-learned,

    phi_0 = phi,    phi_{i+1} = phi_i - alpha grad_phi l_support(w, phi_i),
    phi, w <- phi, w - eta grad mean over tasks of l_query(w, phi_k),

which is MAML with the head's inner step size at 0. A head that knows no label cannot be right, so
the features must come to it. As in the released code, the body is everything but the head: the
shifts of batch normalisation move too, which in MAML's they do not. That code begins with PyTorch's
default weights, and has scales, which move as well. The inner loss is the mean.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from metabench.algorithm import Cost
from metabench.hyperparameters import Hyperparameters, setting
from metabench.inner_loop import Iterative, gradient_descent, unrolled_cost
from metabench.networks.network import is_head, is_optimised
from metabench.tasks import Batch
from metabench.trees import Params


@dataclass(frozen=True)
class BOILHyperparameters(Hyperparameters):
    """Of BOIL."""

    inner_lr: float = setting(0.5, "alpha, the body's step size in the inner loop", above=0)
    inner_steps: int = setting(1, "k, inner steps in meta-training", least=1)
    test_inner_steps: int = setting(1, "inner steps in meta-testing", least=0)


class BOIL(Iterative):
    """phi, w <- phi, w - eta grad l_query(w, phi_k(phi, w))."""

    hyperparameters = BOILHyperparameters

    def steps(self, params: Params, support: Batch, count: int) -> Iterator[Params]:
        """phi_0, phi_1, ... and w: gradient descent of the body."""
        return gradient_descent(self.loss, params, support, self.hp.inner_lr, count, is_body)

    def cost(self) -> Cost:
        """That of the inner loop, differentiated, and of the queries."""
        return unrolled_cost(self)


def is_body(name: str) -> bool:
    """Whether a parameter of this name belongs to the body."""
    return is_optimised(name) and not is_head(name)
