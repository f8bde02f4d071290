"""Learning to learn by gradient descent by gradient descent: the optimiser is an LSTM.

Andrychowicz et al. (2016), "Learning to learn by gradient descent by gradient descent",
arXiv:1606.04474. A recurrent network m with weights phi proposes the updates of an optimisee theta,

    [g_t; h_{t+1}] = m(grad f(theta_t), h_t; phi),    theta_{t+1} = theta_t + g_t,
    L(phi) = mean over tasks of the sum of w_t f(theta_t), t = 1 ... T.

m is a two-layer LSTM with a linear output, scaled by a constant, that every coordinate of theta
runs with a memory of its own and with the same weights; it reads each gradient as log and sign.
The optimisee's gradients are taken as constants (the paper drops the derivative of grad f in phi),
so no second derivatives appear.

Here f is one thing where it drives the optimiser and another where it is judged: gradients are of
the support loss, and L is the query loss along the trajectory. T is at most the 20 steps over
which the paper unrolls before it cuts the gradient, so nothing is cut.

As in the paper, every task's theta_0 is random and only the optimiser is learned (`start: random`):
each tensor from a normal distribution with the variance that the network's own start has, drawn on
the task's key. `start: learned` learns one theta_0 for all tasks too, which the paper does not.

p is 10 in the paper and 5 in the released code (google-deepmind/learning-to-learn); the paper is
followed. The scale 0.01, 20 units and Adam's 0.001 are the code's; so is the initial bias of 1 in
the forget gates, and weights of standard deviation 1 / sqrt(inputs), there truncated at two of it.

Batch normalisation is by the batch at hand. Memory, measured on Conv4-64's 112,000 coordinates:
0.36 GB for each of the T steps of a task (0.15 GB where the engine differentiates several at once).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch

from metabench import random
from metabench.algorithm import Cost, Metrics
from metabench.hyperparameters import Hyperparameters, setting
from metabench.inner_loop import Iterative, gradient
from metabench.networks.network import RUNNING
from metabench.parts import coordinates
from metabench.parts.coordinates import blank, flatten, log_and_sign, lstm, unflatten
from metabench.tasks import Batch, Task
from metabench.trees import Params, select

M = "optimizer."  # names of m's weights; where theta_0 is learned, the others are its
SPREAD = f"{RUNNING}spread."  # where it is random, its standard deviations, which stay
DRAWS = 100  # random starts from which they are measured
START = 1003  # the stream of a task's key that theta_0 is drawn from


@dataclass(frozen=True)
class LearnedOptimizerHyperparameters(Hyperparameters):
    """Of the learned optimiser."""

    hidden: int = setting(20, "units of each of the two LSTM layers", least=1)
    output_scale: float = setting(0.01, "factor of the optimiser's output", above=0)
    p: float = setting(10.0, "p of the gradients' preprocessing", above=0)
    inner_steps: int = setting(20, "T, steps in meta-training", least=1)
    test_inner_steps: int = setting(20, "steps in meta-testing", least=0)
    start: Literal["random", "learned"] = setting("random", "theta_0: each task's own, or shared")
    judged: Literal["all steps", "last step"] = setting("all steps", "steps with w_t = 1, not 0")


class LearnedOptimizer(Iterative):
    """theta_{t+1} = theta_t + m(grad l_support(theta_t))."""

    hyperparameters = LearnedOptimizerHyperparameters

    def init(self, generator: torch.Generator) -> Params:
        """m, and theta_0 or what it is drawn from."""
        n, m = self.hp.hidden, {}
        for layer, inputs in ((f"{M}lstm1", 2), (f"{M}lstm2", n)):
            for name, shape in coordinates.lstm_shapes(layer, inputs, n).items():
                m[name] = torch.randn(shape, generator=generator) / math.sqrt(inputs + n)
            m[f"{layer}.bias"][n : 2 * n] += 1  # the forget gates
        m[f"{M}output.weight"] = torch.randn(n, generator=generator) / math.sqrt(n)
        m[f"{M}output.bias"] = torch.randn((), generator=generator) / math.sqrt(n)
        if self.hp.start == "learned":
            return {**self.network.init(generator), **m}
        drawn = [self.network.init(generator) for _ in range(DRAWS)]
        for name, value in drawn[0].items():
            square = torch.stack([theta[name].square().mean() for theta in drawn]).mean()
            m[SPREAD + name] = square.sqrt().expand_as(value).clone()
        return m

    def steps(self, params: Params, support: Batch, count: int) -> Iterator[Params]:
        """theta_0, theta_1, ..., theta_count."""
        hp, theta = self.hp, theta_0(self, params, support.key)
        vector = flatten(theta)  # [P]
        first = second = blank(vector, hp.hidden)
        yield theta
        for _ in range(count):
            fixed = {name: value.detach() for name, value in theta.items()}
            g = flatten(gradient(self.loss, fixed, support))
            first = lstm(params, f"{M}lstm1", log_and_sign(g, hp.p), first)
            second = lstm(params, f"{M}lstm2", first.h, second)
            proposed = params[f"{M}output.weight"] @ second.h + params[f"{M}output.bias"]
            vector = vector + hp.output_scale * proposed
            theta = unflatten(vector, theta)
            yield theta

    def meta_loss(self, params: Params, task: Task) -> tuple[torch.Tensor, Metrics]:
        """The sum of w_t l_query(theta_t); the metrics are of theta_T."""
        _, *path = self.steps(params, task.support, self.hp.inner_steps)
        judged = path if self.hp.judged == "all steps" else path[-1:]
        scored = [self.scored(self.predict(theta, task.query.x), task.query.y) for theta in judged]
        return torch.stack([loss for loss, _ in scored]).sum(), scored[-1][1]

    def overhead(self, params: Params) -> int:
        """The memories of all coordinates, in two layers."""
        count = sum(value.numel() for name, value in params.items() if not name.startswith(M))
        return coordinates.in_examples(count, 2 * self.hp.hidden)

    def cost(self) -> Cost:
        """A gradient of the support set a step, and of the queries at each that is judged."""
        judged = self.hp.inner_steps if self.hp.judged == "all steps" else 1
        inner = self.hp.inner_steps * self.support_size
        return Cost(gradients=inner + judged * self.query_size, hessian_vector_products=0)


def theta_0(algorithm: LearnedOptimizer, phi: Params, key: torch.Tensor) -> Params:
    """theta_0: that of phi, or one drawn on ``key``."""
    if algorithm.hp.start == "learned":
        return select(phi, lambda name: not name.startswith(M))
    # Sorted, so that a model read from a file draws as the one in memory. Detached: nobody learns
    # the deviations.
    spread = {n.removeprefix(SPREAD): phi[n].detach() for n in sorted(phi) if n.startswith(SPREAD)}
    deviations = flatten(spread)
    normal = random.normal(random.fold(key, START), len(deviations))
    return unflatten(deviations * normal, spread)
