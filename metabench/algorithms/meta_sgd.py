"""Meta-SGD: MAML with a learned rate for every coordinate.

Li, Zhou, Chen and Li (2017), "Meta-SGD: learning to learn quickly for few-shot learning",
arXiv:1707.09835. alpha is a vector as long as phi, and o the product of their entries:

    theta_0 = phi,    theta_{i+1} = theta_i - alpha o grad l_support(theta_i),
    phi, alpha <- phi, alpha - eta grad mean over tasks of l_query(theta_k).

The paper takes one step. A rate may become negative: alpha is a direction too. All rates begin at
one number, drawn uniformly from `rate_low` to `rate_high` from the run's seed.

The inner loss is the mean. The shifts of batch normalisation stay in the inner loop, as in MAML,
so that with equal rates this is MAML exactly; the paper does not speak of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from metabench.algorithm import Cost
from metabench.hyperparameters import Hyperparameters, setting
from metabench.inner_loop import Iterative, all_but_norm, gradient, unrolled_cost
from metabench.tasks import Batch
from metabench.trees import Params

ALPHA = "alpha."  # alpha.<name> has the rates of the parameter <name>


@dataclass(frozen=True)
class MetaSGDHyperparameters(Hyperparameters):
    """Of Meta-SGD."""

    rate_low: float = setting(0.005, "lower end of what the first rate is drawn from", above=0)
    rate_high: float = setting(0.1, "upper end of what the first rate is drawn from", above=0)
    inner_steps: int = setting(1, "k, inner steps in meta-training", least=1)
    test_inner_steps: int = setting(1, "inner steps in meta-testing", least=0)


class MetaSGD(Iterative):
    """phi, alpha <- phi, alpha - eta grad l_query(theta_k(phi, alpha))."""

    hyperparameters = MetaSGDHyperparameters

    def init(self, generator: torch.Generator) -> Params:
        """phi, and rates that are all equal."""
        hp, phi = self.hp, super().init(generator)
        rate = hp.rate_low + (hp.rate_high - hp.rate_low) * torch.rand((), generator=generator)
        alpha = {
            ALPHA + name: rate * torch.ones_like(value)
            for name, value in phi.items()
            if all_but_norm(name)
        }
        return {**phi, **alpha}

    def steps(self, params: Params, support: Batch, count: int) -> Iterator[Params]:
        """theta <- theta - alpha o grad l_support(theta), from phi."""
        theta = params
        yield theta
        for _ in range(count):
            g = gradient(self.loss, theta, support, lambda name: ALPHA + name in params)
            theta = {**theta, **{n: theta[n] - params[ALPHA + n] * g[n] for n in g}}
            yield theta

    def cost(self) -> Cost:
        """That of the inner loop, differentiated, and of the queries."""
        return unrolled_cost(self)
