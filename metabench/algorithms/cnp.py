"""Conditional neural processes.

Garnelo, Rosenbaum, Maddison, Ramalho, Saxton, Shanahan, Teh, Rezende and Eslami (2018),
"Conditional neural processes", arXiv:1807.01613. A task's own parameters are a code r of its
support set (the context), the same in whatever order it comes:

    r_i = h(x_i, y_i),    r = mean over i of r_i,    g(x, r) = the prediction at x.

On functions g gives a mean and a standard deviation, sigma = floor + (1 - floor) softplus, and the
loss is the negative log likelihood of a Gaussian on context and targets alike. A number of support
points drawn anew for every training task is the context, the rest are targets. Tables score the
squared error of the mean; only the training loss is a likelihood.

On images, as in the paper's Omniglot, h begins with convolutions (the study's backbone), r_i are
averaged within each class, and r is the codes of all classes side by side, so a model serves the
way it was trained with. g is told r and the target's own code. Meta-training normalises support and
queries in one batch, meta-testing by running statistics: no prediction depends on another query.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch

from metabench import random
from metabench.algorithm import Algorithm, Metrics
from metabench.hyperparameters import Hyperparameters, setting
from metabench.layers import gathering, init_mlp, mlp
from metabench.networks.network import Norm
from metabench.parts.prototypes import class_means
from metabench.tasks import Batch, Task
from metabench.trees import Params

CONTEXT = 1002  # the stream of a task's key that draws how many points are context


@dataclass(frozen=True)
class CNPHyperparameters(Hyperparameters):
    """Of conditional neural processes."""

    train_query: int = setting(15, "queries of each class; of a function, more targets", least=0)
    width: int = setting(128, "units of every layer, and size of a code", least=1)
    encoder_layers: int = setting(3, "layers of h", least=1)
    decoder_layers: int = setting(5, "layers of g", least=1)
    sigma_floor: float = setting(0.1, "the least standard deviation", above=0, most=1)


class Adapted(NamedTuple):
    """phi, and the code r of the context."""

    params: Params
    code: torch.Tensor


class CNP(Algorithm):
    """Encode, average, decode."""

    hyperparameters = CNPHyperparameters
    linear_head = False  # h and g follow the features
    running_statistics = True

    @property
    def regression(self) -> bool:
        """Whether tasks are functions, and not classes of images."""
        return self.problem.task == "regression"

    def init(self, generator: torch.Generator) -> Params:
        """h, g, and the backbone where inputs are images."""
        hp, way = self.hp, self.problem.way
        if self.regression:
            size = math.prod(self.problem.input_shape)
            params, inputs, target, code, outputs = {}, size + 1, size, hp.width, 2
        else:
            params, inputs = super().init(generator), self.network.feature_size
            target, code, outputs = hp.width, hp.width * way, way
        h = [inputs, *[hp.width] * hp.encoder_layers]
        g = [target + code, *[hp.width] * (hp.decoder_layers - 1), outputs]
        return params | init_mlp(generator, "h", h) | init_mlp(generator, "g", g)

    def adapt(self, params: Params, support: Batch) -> Adapted:
        """The code of the whole support set."""
        if self.regression:
            return self.encode_points(params, support, support.x.shape[0])
        codes = self.codes(params, support.x, Norm(running=True))
        return self.encode_classes(params, codes, support.y)

    def predict(self, adapted: Adapted, x: torch.Tensor) -> torch.Tensor:
        """The mean [n, 1] of values, or logits [n, way]."""
        if self.regression:
            return self.distribution(adapted, x)[0]
        return self.decode(adapted, self.codes(adapted.params, x, Norm(running=True)))

    def distribution(self, adapted: Adapted, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean and standard deviation of the value at each x: [n, 1] each."""
        mean, spread = self.decode(adapted, x.flatten(1)).chunk(2, -1)
        floor = self.hp.sigma_floor
        return mean, floor + (1 - floor) * torch.nn.functional.softplus(spread)

    def meta_loss(self, params: Params, task: Task) -> tuple[torch.Tensor, Metrics]:
        """The likelihood of all points given some, or the queries' cross-entropy."""
        support, query = task
        if self.regression:
            points = support.x.shape[0]
            u = random.uniform(random.fold(support.key, CONTEXT), 1)
            adapted = self.encode_points(params, support, 1 + (u * points).floor())
            mean, sigma = self.distribution(adapted, torch.cat([support.x, query.x]))
            loss = gaussian_nll(mean, sigma, torch.cat([support.y, query.y]))
            return loss, {"loss": loss.detach()}
        norm, shots = Norm(seen={}), support.y.shape[0]
        codes = self.codes(params, torch.cat([support.x, query.x]), norm)
        adapted = self.encode_classes(params, codes[:shots], support.y)
        loss, metrics = self.scored(self.decode(adapted, codes[shots:]), query.y)
        return loss + gathering(params, norm), metrics

    def codes(self, params: Params, x: torch.Tensor, norm: Norm) -> torch.Tensor:
        """h of each image: [n, width]."""
        features = self.network.features(params, x, norm)
        return mlp(params, "h", self.hp.encoder_layers, features)

    def encode_points(self, params: Params, support: Batch, count: torch.Tensor | int) -> Adapted:
        """r, the mean of h(x_i, y_i) over the first ``count`` points."""
        pairs = torch.cat([support.x.flatten(1), support.y], -1)
        codes = mlp(params, "h", self.hp.encoder_layers, pairs)
        member = torch.arange(codes.shape[0], device=codes.device) < count
        return Adapted(params, (member.to(codes.dtype) / member.sum()) @ codes)

    def encode_classes(self, params: Params, codes: torch.Tensor, y: torch.Tensor) -> Adapted:
        """r, the mean code of every class, side by side."""
        return Adapted(params, class_means(codes, y, self.problem.way).flatten())

    def decode(self, adapted: Adapted, targets: torch.Tensor) -> torch.Tensor:
        """g of each target [n, size], with r beside it."""
        code = adapted.code.expand(targets.shape[0], -1)
        x = torch.cat([targets, code], -1)
        return mlp(adapted.params, "g", self.hp.decoder_layers, x)


def gaussian_nll(mean: torch.Tensor, sigma: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """The mean of -log N(y; mean, sigma^2): shape []."""
    return (((y - mean) / sigma).square() / 2 + sigma.log()).mean() + math.log(2 * math.pi) / 2
