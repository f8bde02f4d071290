"""Pre-training with a cosine classifier, then a new one on frozen features: Baseline++.

Chen, Liu, Kira, Wang and Huang (2019), "A closer look at few-shot classification",
arXiv:1904.04232: with f the features and v_k one direction for each class,

    logits_k = s g_k cos(f(x), v_k),

in pre-training over all classes of the training split, and in a task over its own, by a head that
is fitted to the support set as the one of ``pretrain_head`` is. The paper has no g: it is the norm
of weight normalisation in the released code, learned for each class. s is 2 for up to 200 classes
and 10 for more, in the new head as in the old one. A head starts at random, since 0 has no
direction: uniformly, as that code's does, with g the norm that comes out. Features are normalised
by running statistics.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from metabench import random
from metabench.episodic import embed
from metabench.hyperparameters import setting
from metabench.networks.network import Norm
from metabench.parts.cosine import cosine
from metabench.parts.fitted_head import FittedHeadHyperparameters, fitted
from metabench.pretraining import PreTraining
from metabench.tasks import Batch
from metabench.trees import Params

DIRECTION, NORM = "cosine.direction", "cosine.norm"  # v [d, classes], g [classes]
NEW_HEAD = 1001  # the stream of a task's key that the new head is drawn from
FEW_CLASSES = 200


@dataclass(frozen=True)
class PretrainCosineHyperparameters(FittedHeadHyperparameters):
    """Of pre-training with a cosine classifier."""

    few_scale: float = setting(2.0, "s of a head of up to 200 classes", above=0)
    many_scale: float = setting(10.0, "s of a head of more classes", above=0)


class PretrainCosine(PreTraining):
    """A cosine classifier of all training classes; a new one for each task."""

    hyperparameters = PretrainCosineHyperparameters
    linear_head = False  # a cosine layer takes its place

    def init(self, generator: torch.Generator) -> Params:
        """phi, with a direction and a norm for each class of the training split."""
        size, classes = self.network.feature_size, self.problem.train_classes
        drawn = torch.rand(size, classes, generator=generator)
        return {**super().init(generator), **new_head(drawn)}

    def pretrained(self, params: Params, x: torch.Tensor, norm: Norm) -> torch.Tensor:
        """Images -> logits of all classes of the training split: [n, classes]."""
        return self.logits(params, self.network.features(params, x, norm))

    def adapt(self, params: Params, support: Batch) -> Params:
        """A new head, fitted to the features of the support set."""
        features = embed(self, params, support.x)
        size, way = features.shape[1], self.problem.way
        drawn = random.uniform(random.fold(support.key, NEW_HEAD), size * way)
        head = new_head(drawn.to(features.dtype).reshape(size, way))

        def loss(head: Params, batch: Batch) -> torch.Tensor:
            return self.score(self.logits(head, batch.x), batch.y)

        return {**params, **fitted(head, loss, support._replace(x=features), self.hp)}

    def predict(self, adapted: Params, x: torch.Tensor) -> torch.Tensor:
        """The new head on the frozen features."""
        return self.logits(adapted, embed(self, adapted, x))

    def logits(self, head: Params, features: torch.Tensor) -> torch.Tensor:
        """s g_k cos(f, v_k): [n, classes]."""
        v, g = head[DIRECTION], head[NORM]
        s = self.hp.few_scale if v.shape[1] <= FEW_CLASSES else self.hp.many_scale
        logits: torch.Tensor = s * g * cosine(features, v.T)
        return logits


def new_head(drawn: torch.Tensor) -> Params:
    """v, uniform within 1 / sqrt(d) of 0, and g = ||v_k||, from numbers in [0, 1) [d, classes]."""
    v = (2 * drawn - 1) / len(drawn) ** 0.5
    return {DIRECTION: v, NORM: v.square().sum(0).sqrt()}
