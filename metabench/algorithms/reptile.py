"""Reptile.

Nichol, Achiam and Schulman (2018), "On first-order meta-learning algorithms", arXiv:1803.02999:

    theta = k steps of Adam on minibatches of the task, from phi,
    phi <- phi + epsilon mean over tasks of (theta - phi),

so the meta-gradient is phi - theta, followed by plain descent with the rate epsilon (annealed
linearly to 0). There are no queries in meta-training: all examples of a task serve the inner loop.

The inner optimiser is Adam with beta_1 = 0, as in the released code, where its second moments are
handed on from task to task in meta-training and every test task starts from the trained ones.
Here the tasks of a meta-batch run side by side, each from the second moments of the meta-batch
before, and their mean is handed on.

Its networks are `conv4-64-flat-scale` for Omniglot and nearly `conv4-32-pool-scale` for
miniImageNet, where pooling comes before normalisation and rounds up, so that there are 1,152
features, here 800.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from metabench.algorithm import Algorithm, Cost, Metrics, gradient_and_metrics, last, trainable
from metabench.hyperparameters import Hyperparameters, setting
from metabench.inner_loop import minibatches
from metabench.networks.network import RUNNING
from metabench.tasks import Batch, Task
from metabench.trees import Params, subtract

BETA_2, EPSILON = 0.999, 1e-8
MOMENT, STEPS = f"{RUNNING}adam.", f"{RUNNING}adam_steps"


@dataclass(frozen=True)
class ReptileHyperparameters(Hyperparameters):
    """Of Reptile."""

    train_query: int = setting(0, "queries of each class, which it does not look at", least=0)
    inner_lr: float = setting(1e-3, "step size of the inner Adam", above=0)
    inner_steps: int = setting(5, "k, inner steps in meta-training", least=1)
    inner_batch: int = setting(10, "examples of an inner step in meta-training", least=1)
    test_inner_steps: int = setting(50, "inner steps in meta-testing", least=0)
    test_inner_batch: int = setting(5, "examples of an inner step in meta-testing", least=1)


class Reptile(Algorithm):
    """phi <- phi - epsilon (phi - theta_k)."""

    hyperparameters = ReptileHyperparameters

    def init(self, generator: torch.Generator) -> Params:
        """phi, with the second moments of the inner Adam and its count of steps."""
        phi = super().init(generator)
        moments = {MOMENT + name: torch.zeros_like(value) for name, value in phi.items()}
        return {**phi, **moments, STEPS: torch.zeros(())}

    def path(self, params: Params, support: Batch) -> Iterator[Params]:
        """theta_0, theta_1, ..."""
        steps, size = self.hp.test_inner_steps, self.hp.test_inner_batch
        return (theta for theta, _ in adam(self, params, support, steps, size))

    def meta_gradient(self, params: Params, task: Task) -> tuple[Params, Metrics]:
        """phi - theta_k; the metrics are those of the last minibatch, before its step.

        They cost nothing there. On all examples of the task after the inner loop they would be a
        quarter of all work.
        """
        inner_loop = adam(self, params, task.support, self.hp.inner_steps, self.hp.inner_batch)
        theta, metrics = last(inner_loop)
        return subtract(params, theta), metrics

    def cost(self) -> Cost:
        """The inner gradients alone."""
        return Cost(self.hp.inner_steps * min(self.hp.inner_batch, self.support_size), 0)


def adam(
    algorithm: Algorithm, phi: Params, support: Batch, steps: int, size: int
) -> Iterator[tuple[Params, Metrics]]:
    """Adam with beta_1 = 0 (RMSProp with bias correction) on minibatches, from phi.

    With g the gradient on minibatch i: v <- beta_2 v + (1 - beta_2) g^2, and
    theta <- theta - lr g / (sqrt(v / (1 - beta_2^t)) + eps). Beside each theta are the metrics of
    the minibatch that led to it.
    """
    state: Params = phi
    yield state, {}
    for batch in minibatches(support, size, steps):
        t = state[STEPS] + 1
        g, metrics = gradient_and_metrics(algorithm, state, batch)
        moved = {STEPS: t}
        for name in trainable(state):
            v = BETA_2 * state[MOMENT + name] + (1 - BETA_2) * g[name].square()
            step = g[name] / ((v / (1 - BETA_2**t)).sqrt() + EPSILON)
            moved[name] = state[name] - algorithm.hp.inner_lr * step
            moved[MOMENT + name] = v
        state = moved
        yield state, metrics
