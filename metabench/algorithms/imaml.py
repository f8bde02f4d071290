"""Implicit MAML.

Rajeswaran, Finn, Kakade and Levine (2019), "Meta-learning with implicit gradients",
arXiv:1909.04630. The inner problem is kept near phi,

    theta = argmin l_support(theta) + lambda / 2 ||theta - phi||^2,

so that at its solution grad l_support(theta) + lambda (theta - phi) = 0, and differentiating in
phi gives the meta-gradient without the path that led there:

    (I + H / lambda) g = grad l_query(theta),    H = the Hessian of l_support at theta.

H belongs to the loss without the proximal term, which the identity already stands for. g is found
by conjugate gradient, with one Hessian-vector product H v a step.

The inner loop is gradient descent with the proximal term in every step. The released code does
otherwise: see ``imaml_released``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch

from metabench.algorithm import Algorithm, Cost, Metrics, gradient_and_metrics
from metabench.hyperparameters import Hyperparameters, setting
from metabench.inner_loop import Iterative, gradient
from metabench.parts.conjugate_gradient import conjugate_gradient
from metabench.tasks import Batch, Task
from metabench.trees import Params, axpy, dot, subtract


@dataclass(frozen=True)
class IMAMLHyperparameters(Hyperparameters):
    """Of implicit MAML, the paper's and the released code's."""

    inner_lr: float = setting(0.1, "step size of the inner gradient descent", above=0)
    inner_steps: int = setting(16, "inner steps in meta-training", least=1)
    test_inner_steps: int = setting(16, "inner steps in meta-testing", least=0)
    lam: float = setting(2.0, "lambda, the strength of the pull towards phi", above=0)
    cg_steps: int = setting(5, "steps of conjugate gradient", least=1)
    cg_tolerance: float = setting(1e-6, "residual, relative to the gradient, to stop at", least=0)


class IMAML(Iterative):
    """phi <- phi - eta (I + H / lambda)^-1 grad l_query(theta)."""

    hyperparameters = IMAMLHyperparameters

    def steps(self, params: Params, support: Batch, count: int) -> Iterator[Params]:
        """theta <- theta - alpha (grad l_support(theta) + lambda (theta - phi)), from phi."""
        hp, theta = self.hp, params
        yield theta
        for _ in range(count):
            g = axpy(hp.lam, subtract(theta, params), gradient(self.loss, theta, support))
            theta = axpy(-hp.inner_lr, g, theta)
            yield theta

    def meta_gradient(self, params: Params, task: Task) -> tuple[Params, Metrics]:
        """g of (I + H / lambda) g = grad l_query(theta)."""
        theta = self.adapt(params, task.support)
        b, metrics = gradient_and_metrics(self, theta, task.query)
        g, H = gradient_and_hessian(self, theta, task.support)

        def product(v: Params) -> Params:  # (I + H / lambda) v
            return axpy(1 / self.hp.lam, H(v), v)

        # ||grad|| of the inner objective: the implicit gradient is exact only where it is 0.
        stationary = axpy(self.hp.lam, subtract(theta, params), g)
        metrics["inner_gradient_norm"] = dot(stationary, stationary).sqrt()
        return conjugate_gradient(product, b, self.hp.cg_steps, self.hp.cg_tolerance), metrics

    def cost(self) -> Cost:
        """The inner gradients, that at theta and the query's; one product a step of CG."""
        inner = (self.hp.inner_steps + 1) * self.support_size
        return Cost(inner + self.query_size, self.hp.cg_steps * self.support_size)


def gradient_and_hessian(
    algorithm: Algorithm, theta: Params, support: Batch
) -> tuple[Params, Callable[[Params], Params]]:
    """grad l_support(theta), and v -> H v, H being its Jacobian; H itself is never formed.

    The gradient is computed once for all products: H is symmetric, so that H v is v' H, one more
    pass backwards through what computed it.
    """
    g: Params
    g, times_H, *_ = torch.func.vjp(lambda theta: gradient(algorithm.loss, theta, support), theta)

    def product(v: Params) -> Params:
        Hv: Params = times_H(v)[0]
        return Hv

    return g, product
