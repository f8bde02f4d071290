"""A new head that is fitted to the features of a support set: SGD with momentum.

As in the code released with Chen et al. (2019), "A closer look at few-shot classification",
arXiv:1904.04232: passes in minibatches, momentum, dampening and weight decay.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from metabench.hyperparameters import Hyperparameters, setting
from metabench.inner_loop import passes
from metabench.tasks import Batch
from metabench.trees import Params, axpy, scale


@dataclass(frozen=True)
class FittedHeadHyperparameters(Hyperparameters):
    """Of pre-training with a new head."""

    meta_batch: int = setting(4, "images in one outer update", least=1)
    head_lr: float = setting(0.01, "step size of the new head's SGD", above=0)
    head_momentum: float = setting(0.9, "momentum, and dampening", least=0, most=1)
    head_decay: float = setting(1e-3, "weight decay of the new head", least=0)
    head_epochs: int = setting(100, "passes over the support set", least=1)
    head_batch: int = setting(4, "examples of a step", least=1)


def fitted(
    weights: Params,
    loss: Callable[[Params, Batch], torch.Tensor],
    examples: Batch,
    hp: FittedHeadHyperparameters,
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
