"""Pre-training, then a new linear head on frozen features: the baseline.

The network classifies all classes of the training split; for a task its head is replaced by one
fitted to the support set, and nothing else moves. "Baseline" of Chen et al. (2019), "A closer look
at few-shot classification", arXiv:1904.04232, with the fine-tuning of its released code: SGD with
momentum 0.9, dampening 0.9, weight decay 0.001, 100 epochs of minibatches of 4. The head starts at
zero rather than at random. Features are normalised by running statistics.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from metabench.hyperparameters import Hyperparameters, setting
from metabench.inner_loop import passes
from metabench.networks.network import Norm, head
from metabench.pretraining import PreTraining, new_head
from metabench.tasks import Batch
from metabench.trees import Params, axpy, scale


@dataclass(frozen=True)
class PretrainHeadHyperparameters(Hyperparameters):
    """Of pre-training; `meta_batch` counts images."""

    head_lr: float = setting(0.01, "step size of the new head's SGD", above=0)
    head_momentum: float = setting(0.9, "momentum, and dampening", least=0, most=1)
    head_decay: float = setting(1e-3, "weight decay of the new head", least=0)
    head_epochs: int = setting(100, "passes over the support set", least=1)
    head_batch: int = setting(4, "examples of a step", least=1)


class PretrainHead(PreTraining):
    """A classifier of all training classes; a new head for each task."""

    hyperparameters = PretrainHeadHyperparameters

    def adapt(self, params: Params, support: Batch) -> Params:
        """A new head, fitted to the features of the support set."""

        def loss(weights: Params, batch: Batch) -> torch.Tensor:
            return self.score(head(weights, batch.x), batch.y)

        features = self.network.features(params, support.x, Norm(running=True))
        new = new_head(params, self.problem.way)
        return {**params, **fitted(new, loss, support._replace(x=features), self.hp)}

    def predict(self, adapted: Params, x: torch.Tensor) -> torch.Tensor:
        """The new head on the frozen features."""
        return self.network(adapted, x, Norm(running=True))


def fitted(
    weights: Params,
    loss: Callable[[Params, Batch], torch.Tensor],
    examples: Batch,
    hp: PretrainHeadHyperparameters,
) -> Params:
    """A head after SGD on minibatches of features, with momentum, dampening and weight decay."""
    velocity: Params = {}
    for batch in passes(examples, hp.head_batch, hp.head_epochs):
        g = axpy(hp.head_decay, weights, torch.func.grad(loss)(weights, batch))
        # The first gradient is not dampened, as in PyTorch.
        first = not velocity
        velocity = g if first else axpy(hp.head_momentum, velocity, scale(1 - hp.head_momentum, g))
        weights = axpy(-hp.head_lr, velocity, weights)
    return weights
