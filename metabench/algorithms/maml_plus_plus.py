"""MAML++: MAML with what makes it easier to train.

Antoniou, Edwards and Storkey (2019), "How to train your MAML", arXiv:1810.09502. For k steps,

    theta_0 = phi,    theta_i = theta_{i-1} - alpha_i o grad l_support(theta_{i-1}),
    L(phi, alpha) = mean over tasks of sum_i w_i l_query(theta_i),    sum_i w_i = 1.

- Multi-step loss: the weights w are equal at first; all but the last fall linearly to 0.
- Learned rates: alpha_i is one number for each layer (weights and biases apart) and each step.
- Batch normalisation: each step has shifts of its own, and gathers running statistics of its own.
- Derivative-order annealing: inner gradients count as constants at first.
- Cosine annealing of eta: `outer_schedule: cosine`.

A step's shifts serve the support loss before its update and the query loss after it, and neither
they nor the statistics move in the inner loop. The released code gathers the statistics but always
normalises by the batch at hand, as is done here; `statistics: running` uses them in meta-testing
(a model of 200 iterations on glyphs, 72 % right by the batch, is 34 % right so). Its released
configurations switch derivative-order annealing off (`first_order_to_second_order_epoch: -1`), and
it holds early weights above 3 % of what they were: see maml_plus_plus_released.yaml. Its batch
normalisation has scales too, one for each step; those of `conv4-48-pool-scale` are one for all.
Its gradients are clipped on miniImageNet, but for those of the rates; here those too. Annealing
lasts for a share of the iterations, so a shorter run has all of it; a loss of weight 0 is still
computed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch

from metabench.algorithm import Algorithm, Cost, Metrics, gathered, gradient_and_aux, last
from metabench.hyperparameters import Hyperparameters, setting
from metabench.inner_loop import all_but_norm
from metabench.networks.network import RUNNING, Network, Norm
from metabench.tasks import Batch, Problem, Task
from metabench.trees import Params, select, where

ALPHA = "alpha."  # alpha.<name> [k] has the rates of the parameter <name>
ITERATION = f"{RUNNING}iteration"  # meta-iterations done


@dataclass(frozen=True)
class MAMLPlusPlusHyperparameters(Hyperparameters):
    """Of MAML++."""

    inner_lr: float = setting(0.01, "every alpha at first", above=0)
    inner_steps: int = setting(5, "k, inner steps in meta-training and meta-testing", least=1)
    multi_step: float = setting(0.15, "share of iterations with multi-step loss", least=0, most=1)
    multi_step_floor: float = setting(0.0, "what early weights stay above", least=0, most=1)
    first_order: float = setting(0.5, "share of iterations of first order", least=0, most=1)
    statistics: Literal["batch", "running"] = setting("batch", "what normalises in meta-testing")


class MAMLPlusPlus(Algorithm):
    """phi, alpha <- phi, alpha - eta grad sum_i w_i l_query(theta_i(phi, alpha))."""

    hyperparameters = MAMLPlusPlusHyperparameters

    def __init__(self, network: Network, problem: Problem, hp: MAMLPlusPlusHyperparameters) -> None:
        super().__init__(network, problem, hp)
        self.running_statistics = hp.statistics == "running"

    def init(self, generator: torch.Generator) -> Params:
        """phi with a row for each step of what a step has for itself, and alpha."""
        k, phi = self.hp.inner_steps, super().init(generator)
        rows = {name: value.repeat(k, 1) for name, value in phi.items() if is_per_step(name)}
        alpha = {ALPHA + n: torch.full((k,), self.hp.inner_lr) for n in phi if all_but_norm(n)}
        return {**phi, **rows, **alpha, ITERATION: torch.zeros(())}

    def adapt(self, params: Params, support: Batch) -> Params:
        """theta_k."""
        return last(self.path(params, support))

    def path(self, params: Params, support: Batch) -> Iterator[Params]:
        """theta_0, theta_1, ..., theta_k, each with the row of its step."""
        theta = params
        yield at_step(theta, 0)
        for i in range(self.hp.inner_steps):
            theta, _ = self.step(theta, support, i, self.running_statistics)
            yield at_step(theta, i)

    def step(self, theta: Params, batch: Batch, i: int, running: bool) -> tuple[Params, Params]:
        """theta - alpha_i o grad l_support(theta), and the statistics of the support set."""

        def support_loss(free: Params) -> tuple[torch.Tensor, Params]:
            norm = Norm(running, seen={})
            outputs = self.network(at_step({**theta, **free}, i), batch.x, norm)
            return self.score(outputs, batch.y), norm.seen or {}

        g, seen = gradient_and_aux(support_loss, select(theta, lambda name: ALPHA + name in theta))
        second = done(theta) >= self.hp.first_order * self.hp.iterations
        g = where(second, g, {name: value.detach() for name, value in g.items()})
        return {**theta, **{n: theta[n] - theta[ALPHA + n][i] * g[n] for n in g}}, seen

    def predict(self, adapted: Params, x: torch.Tensor) -> torch.Tensor:
        """The network with the shifts and the statistics of its step."""
        return self.network(adapted, x, Norm(running=self.running_statistics))

    def meta_gradient(self, params: Params, task: Task) -> tuple[Params, Metrics]:
        """The gradient of the multi-step loss, and the metrics of the last step."""
        gradient, (metrics, statistics) = gradient_and_aux(
            lambda params: self.multi_step_loss(params, task), params
        )
        one_more = -torch.ones_like(params[ITERATION])
        return {**gradient, **statistics, ITERATION: one_more}, metrics

    def multi_step_loss(
        self, params: Params, task: Task
    ) -> tuple[torch.Tensor, tuple[Metrics, Params]]:
        """sum_i w_i l_query(theta_i), the last step's metrics, and where the statistics go."""
        theta, losses, rows = params, [], []
        for i in range(self.hp.inner_steps):
            theta, seen = self.step(theta, task.support, i, running=False)
            norm = Norm(seen={})
            outputs = self.network(at_step(theta, i), task.query.x, norm)
            loss, metrics = self.scored(outputs, task.query.y)
            losses.append(loss)
            rows.append({name: (seen[name] + x) / 2 for name, x in (norm.seen or {}).items()})
        statistics = {name: torch.stack([row[name] for row in rows]) for name in rows[0]}
        total = self.weights(done(params)) @ torch.stack(losses)
        return total, (metrics, gathered(params, Norm(seen=statistics)))

    def weights(self, iteration: torch.Tensor) -> torch.Tensor:
        """w_1, ..., w_k at a meta-iteration."""
        hp, k = self.hp, self.hp.inner_steps
        annealed = hp.multi_step * hp.iterations
        left = 1 - iteration / annealed if annealed else 0 * iteration
        early = torch.where(left > 0, left.clamp(min=hp.multi_step_floor), 0.0) / k
        return torch.cat([early.expand(k - 1), (1 - (k - 1) * early)[None]])

    def cost(self) -> Cost:
        """Every step has a gradient of support set and queries, whatever its weight."""
        inner = self.hp.inner_steps * self.support_size
        return Cost(inner + self.hp.inner_steps * self.query_size, hessian_vector_products=inner)


def at_step(params: Params, i: int) -> Params:
    """The network's parameters at step i: the row i of what each step has for itself."""
    return {name: value[i] if is_per_step(name) else value for name, value in params.items()}


def is_per_step(name: str) -> bool:
    """Whether each step has its own: shifts and running statistics."""
    return not all_but_norm(name) and name != ITERATION


def done(params: Params) -> torch.Tensor:
    """The meta-iterations done; averaging over tasks may have left a rounding error."""
    return params[ITERATION].round()
