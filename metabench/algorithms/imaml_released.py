"""Implicit MAML as its released code does it, which is not what the paper says.

Rajeswaran et al. (2019); the code is aravindr93/imaml_dev (implicit_maml/learner_model.py and
examples/omniglot_implicit_maml.py). It differs from the paper, and from ``imaml``, in that

- the inner steps are plain gradient descent without the proximal term, followed by ONE gradient
  step of the same size on lambda / 2 ||theta - phi||^2, which moves theta by the share
  alpha lambda (20 % with the released values) back towards phi;
- conjugate gradient solves ((1 + damping) I + H / (lambda + 10)) g = grad l_query(theta): with
  damping 1 and lambda 2 that is 2 (I + H / 24) g, an effective lambda of 24 and a factor 1/2,
  which Adam sees: its epsilon is 1e-3 (`outer_epsilon`);
- in meta-testing lambda is 0: the published command adapts without any pull.

Its network is `conv4-64-flat-scale`, but for batch normalisation's epsilon of 1e-5 (here 1e-3, as
MAML's), weights drawn uniformly by Xavier's rule with a gain of 1.73, and biases of the head that
start between 0 and 0.05; its conjugate gradient ends where the squared residual is 1e-10, and not
where curvature is negative.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from metabench.algorithm import Metrics, gradient_and_metrics
from metabench.algorithms.imaml import IMAML, IMAMLHyperparameters, gradient_and_hessian
from metabench.hyperparameters import setting
from metabench.inner_loop import gradient_descent
from metabench.parts.conjugate_gradient import conjugate_gradient
from metabench.tasks import Batch, Task
from metabench.trees import Params, axpy, scale, subtract

LAMBDA_OFFSET = 10.0  # added to lambda in the released code's product


@dataclass(frozen=True)
class IMAMLReleasedHyperparameters(IMAMLHyperparameters):
    """Those of implicit MAML and the code's own."""

    cg_damping: float = setting(1.0, "added to the identity in the linear system", least=0)


class IMAMLReleased(IMAML):
    """phi <- phi - eta ((1 + damping) I + H / (lambda + 10))^-1 grad l_query(theta)."""

    hyperparameters = IMAMLReleasedHyperparameters

    def steps(self, params: Params, support: Batch, count: int) -> Iterator[Params]:
        """Plain descent, which is all of it in meta-testing, where lambda is 0."""
        return gradient_descent(self.loss, params, support, self.hp.inner_lr, count)

    def adapt(self, params: Params, support: Batch) -> Params:
        """Plain descent, then one step back towards phi."""
        theta = super().adapt(params, support)
        return axpy(-self.hp.inner_lr * self.hp.lam, subtract(theta, params), theta)

    def meta_gradient(self, params: Params, task: Task) -> tuple[Params, Metrics]:
        """g of ((1 + damping) I + H / (lambda + 10)) g = grad l_query(theta)."""
        hp = self.hp
        theta = self.adapt(params, task.support)
        b, metrics = gradient_and_metrics(self, theta, task.query)
        _, H = gradient_and_hessian(self, theta, task.support)
        share = 1 + hp.cg_damping  # of the identity in the system

        def product(v: Params) -> Params:
            return axpy(1 / (hp.lam + LAMBDA_OFFSET), H(v), scale(share, v))

        return conjugate_gradient(product, b, hp.cg_steps, hp.cg_tolerance, share), metrics
