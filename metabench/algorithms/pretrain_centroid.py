"""Pre-training, then the nearest centroid in its features: nothing is fitted but class means.

The classifier of all training classes is that of ``pretrain_head``, whose model it shares. For a
task the head is dropped, and a query belongs to the class whose mean feature is nearest. Wang,
Chao, Weinberger and van der Maaten (2019), "SimpleShot: revisiting nearest-neighbor classification
for few-shot learning", arXiv:1911.04623, name the two forms here UN (features as they are) and L2N
(features of length 1); their CL2N, which subtracts the mean feature of the training split first,
needs what a shared model does not hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch

from metabench.episodic import embed
from metabench.hyperparameters import Hyperparameters, setting
from metabench.parts.cosine import unit
from metabench.parts.prototypes import class_means, negative_squared_distance
from metabench.pretraining import PreTraining
from metabench.tasks import Batch
from metabench.trees import Params


@dataclass(frozen=True)
class PretrainCentroidHyperparameters(Hyperparameters):
    """Of pre-training; `meta_batch` counts images."""

    unit_length: bool = setting(True, "whether features are scaled to length 1 (L2N)")


class Adapted(NamedTuple):
    """phi, and the centroids [way, d]."""

    params: Params
    centroids: torch.Tensor


class PretrainCentroid(PreTraining):
    """A classifier of all training classes; class means for each task."""

    hyperparameters = PretrainCentroidHyperparameters

    def adapt(self, params: Params, support: Batch) -> Adapted:
        """The class means of the support set's features."""
        features = self.features(params, support.x)
        return Adapted(params, class_means(features, support.y, self.problem.way))

    def predict(self, adapted: Adapted, x: torch.Tensor) -> torch.Tensor:
        """-||f(x) - c_n||^2: [n, way]."""
        return negative_squared_distance(self.features(adapted.params, x), adapted.centroids)

    def features(self, params: Params, x: torch.Tensor) -> torch.Tensor:
        """f(x): [n, d], of length 1 if so asked."""
        embedded = embed(self, params, x)
        return unit(embedded) if self.hp.unit_length else embedded
