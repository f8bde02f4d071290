"""Model-agnostic meta-learning.

Finn, Abbeel and Levine (2017), "Model-agnostic meta-learning for fast adaptation of deep
networks", arXiv:1703.03400. With phi the initial parameters and theta a task's own,

    theta_0 = phi,    theta_{i+1} = theta_i - alpha grad l_support(theta_i),
    L(phi) = mean over tasks of l_query(theta_k),    phi <- phi - eta grad L(phi),

where grad L is taken through all k inner steps, second derivatives included.

As in the released code, and unlike the paper's text, the inner loss on images is the
cross-entropy summed over the classes (`inner_loss: sum over classes`), so that a rate of 0.4 on
5-way tasks is 2.0 on the usual mean; the shifts of batch normalisation do not move in the inner
loop; and the batch's own statistics normalise both support and queries.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch

from metabench.algorithm import Algorithm, Cost, last
from metabench.hyperparameters import setting
from metabench.inner_loop import Iterative, all_but_norm, gradient_descent, unrolled_cost
from metabench.parts.inner_loss import InnerLoopHyperparameters, of_the_mean
from metabench.tasks import Batch
from metabench.trees import Params


@dataclass(frozen=True)
class MAMLHyperparameters(InnerLoopHyperparameters):
    """Of MAML, which differentiates through its inner loop."""

    recompute: bool = setting(False, "inner steps keep no activations: less memory, more time")


class MAML(Iterative):
    """phi <- phi - eta grad_phi l_query(theta_k(phi))."""

    hyperparameters: ClassVar[type[InnerLoopHyperparameters]] = MAMLHyperparameters

    def steps(self, params: Params, support: Batch, count: int) -> Iterator[Params]:
        """theta_0, theta_1, ..., theta_count."""
        return inner_loop(self, params, support, count)

    def adapt(self, params: Params, support: Batch) -> Params:
        """theta_k, with activations held or not, as `recompute` says."""
        return last(inner_loop(self, params, support, self.hp.inner_steps, self.hp.recompute))

    # The meta-gradient is that of every algorithm by default: d/dphi of the query loss of
    # predict(adapt(phi, support)), through the inner loop.

    def cost(self) -> Cost:
        """That of the inner loop, differentiated, and of the queries."""
        return unrolled_cost(self)


def inner_loop(
    algorithm: Algorithm, phi: Params, support: Batch, steps: int, recompute: bool = False
) -> Iterator[Params]:
    """theta_0 = phi, theta_{i+1} = theta_i - alpha grad l_support(theta_i), for `steps` steps."""
    lr, times = algorithm.hp.inner_lr, of_the_mean(algorithm)

    def support_loss(theta: Params, support: Batch) -> torch.Tensor:
        return times * algorithm.loss(theta, support)

    return gradient_descent(support_loss, phi, support, lr, steps, all_but_norm, recompute)
