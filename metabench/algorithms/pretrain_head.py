"""Pre-training, then a new linear head on frozen features: the baseline.

The network classifies all classes of the training split; for a task its head is replaced by one
fitted to the support set, and nothing else moves. "Baseline" of Chen et al. (2019), "A closer look
at few-shot classification", arXiv:1904.04232, with the fine-tuning of its released code: SGD with
momentum 0.9, dampening 0.9, weight decay 0.001, 100 epochs of minibatches of 4. The head starts at
zero rather than at random. Features are normalised by running statistics.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from metabench import pretraining
from metabench.algorithm import Algorithm, Cost, Metrics
from metabench.hyperparameters import Hyperparameters, setting
from metabench.inner_loop import minibatches
from metabench.networks.network import Norm, head
from metabench.tasks import Batch, Problem, Source, Task
from metabench.trees import Params, axpy, scale, zeros_like


@dataclass(frozen=True)
class PretrainHeadHyperparameters(Hyperparameters):
    """Of pre-training; `meta_batch` counts images."""

    head_lr: float = setting(0.01, "step size of the new head's SGD", above=0)
    head_momentum: float = setting(0.9, "momentum, and dampening", least=0, most=1)
    head_decay: float = setting(1e-3, "weight decay of the new head", least=0)
    head_epochs: int = setting(100, "passes over the support set", least=1)
    head_batch: int = setting(4, "examples of a step", least=1)


class PretrainHead(Algorithm):
    """A classifier of all training classes; a new head for each task."""

    hyperparameters = PretrainHeadHyperparameters
    running_statistics = True

    @classmethod
    def outputs(cls, problem: Problem) -> int:
        """One for each class of the training split."""
        return pretraining.outputs(problem)

    def draw(self, source: Source, keys: torch.Tensor) -> Task:
        """An image for each key, from any class."""
        return pretraining.draw(self, source, keys)

    def meta_gradient(self, params: Params, task: Task) -> tuple[Params, Metrics]:
        """The gradient of the classifier's loss."""
        return pretraining.pretraining_gradient(self, params, task)

    def adapt(self, params: Params, support: Batch) -> Params:
        """A new head, fitted to the features of the support set."""
        hp = self.hp
        features = self.network.features(params, support.x, Norm(running=True))
        fixed = pretraining.new_head(params, self.problem.way)
        weights = {name: fixed[name] for name in ("head.weight", "head.bias")}

        def loss(weights: Params, batch: Batch) -> torch.Tensor:
            return self.score(head(weights, batch.x), batch.y)

        velocity = zeros_like(weights)
        steps = hp.head_epochs * -(-features.shape[0] // hp.head_batch)
        for batch in minibatches(Batch(features, support.y, support.key), hp.head_batch, steps):
            g = axpy(hp.head_decay, weights, torch.func.grad(loss)(weights, batch))
            velocity = axpy(hp.head_momentum, velocity, scale(1 - hp.head_momentum, g))
            weights = axpy(-hp.head_lr, velocity, weights)
        return {**params, **weights}

    def predict(self, adapted: Params, x: torch.Tensor) -> torch.Tensor:
        """The new head on the frozen features."""
        return self.network(adapted, x, Norm(running=True))

    def cost(self) -> Cost:
        """One gradient of one image."""
        return Cost(gradients=1, hessian_vector_products=0)
