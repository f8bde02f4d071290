"""Pre-training, then a new linear head on frozen features: the baseline.

The network classifies all classes of the training split; for a task its head is replaced by one
fitted to the support set, and nothing else moves. "Baseline" of Chen et al. (2019), "A closer look
at few-shot classification", arXiv:1904.04232, with the fine-tuning of its released code: SGD with
momentum 0.9, dampening 0.9, weight decay 0.001, 100 epochs of minibatches of 4. The head starts at
zero rather than at random. Features are normalised by running statistics.
"""

from __future__ import annotations

import torch

from metabench.networks.network import Norm, head
from metabench.parts.fitted_head import FittedHeadHyperparameters, fitted
from metabench.pretraining import PreTraining, new_head
from metabench.tasks import Batch
from metabench.trees import Params


class PretrainHead(PreTraining):
    """A classifier of all training classes; a new head for each task."""

    hyperparameters = FittedHeadHyperparameters

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
