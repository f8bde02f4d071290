"""First-order MAML: MAML without second derivatives.

Finn, Abbeel and Levine (2017), section 5.2, arXiv:1703.03400. The derivative of theta_k in phi is
taken to be the identity, so the meta-gradient is the gradient of the query loss where the inner
loop ends:

    phi <- phi - eta mean over tasks of grad l_query(theta_k).

It is the same gradient as MAML's with every inner gradient detached, at the cost of none of them
being differentiated.
"""

from __future__ import annotations

from collections.abc import Iterator

from metabench.algorithm import Cost, Metrics, gradient_and_metrics
from metabench.algorithms.maml import inner_loop
from metabench.inner_loop import Iterative
from metabench.parts.inner_loss import InnerLoopHyperparameters
from metabench.tasks import Batch, Task
from metabench.trees import Params


class FOMAML(Iterative):
    """phi <- phi - eta grad l_query(theta_k)."""

    hyperparameters = InnerLoopHyperparameters

    def steps(self, params: Params, support: Batch, count: int) -> Iterator[Params]:
        """theta_0, theta_1, ..., as in MAML."""
        return inner_loop(self, params, support, count)

    def meta_gradient(self, params: Params, task: Task) -> tuple[Params, Metrics]:
        """grad l_query at theta_k."""
        return gradient_and_metrics(self, self.adapt(params, task.support), task.query)

    def cost(self) -> Cost:
        """The inner gradients, and the query's."""
        return Cost(self.hp.inner_steps * self.support_size + self.query_size, 0)
