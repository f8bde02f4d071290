"""SNAIL: a simple neural attentive meta-learner.

Mishra, Rohaninejad, Chen and Abbeel (2018), "A simple neural attentive meta-learner",
arXiv:1707.03141. A task is a sequence, the support set in random order with its labels and then ONE
query without, which a causal network reads:

    (f(x_1), y_1), ..., (f(x_T), y_T), (f(x), 0)  ->  logits of the last element.

Its blocks (``causal``) are attention, temporal convolution, attention, temporal convolution,
attention, and a linear layer. A temporal convolution is dense blocks of dilations 1, 2, 4, ...,
until all T + 1 elements are seen.

Causality makes the support set's part of every layer the same for all queries: it is computed once,
and each query is one more element behind it, of a sequence of its own.

Dilations begin at 1, so that L blocks see 2^L elements; the paper's pseudo-code has 2^i for i from
1, which begins at 2, as does the reimplementation eambutu/snail-pytorch. The embedding f is the
study's backbone and a linear layer; meta-training normalises support and queries in one batch and
meta-testing by running statistics, so no prediction depends on another query. Labels are one-hot: a
model serves the way that it was trained with.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch

from metabench import random
from metabench.algorithm import Algorithm, Metrics
from metabench.hyperparameters import Hyperparameters, setting
from metabench.layers import gathering, init_linear, linear, one_hot
from metabench.networks.network import Norm
from metabench.parts.causal import attention, dense
from metabench.tasks import Batch, Task
from metabench.trees import Params

ORDER = 1001  # the stream of a task's key that shuffles its support set


@dataclass(frozen=True)
class SNAILHyperparameters(Hyperparameters):
    """Of SNAIL."""

    embedding: int = setting(64, "size of the embedding f(x)", least=1)
    filters: int = setting(128, "filters of a dense block", least=1)
    key_sizes: tuple[int, ...] = setting((64, 256, 512), "keys of the attention blocks", least=1)
    value_sizes: tuple[int, ...] = setting((32, 128, 256), "values of the same", least=1)


class Adapted(NamedTuple):
    """phi, and the support set as a sequence [T, embedding + way]."""

    params: Params
    sequence: torch.Tensor


class SNAIL(Algorithm):
    """Meta-learning as a sequence: temporal convolutions and causal attention."""

    hyperparameters = SNAILHyperparameters
    linear_head = False  # SNAIL follows the features
    running_statistics = True

    @property
    def dilations(self) -> list[int]:
        """1, 2, 4, ...: of the dense blocks that see all T + 1 elements of a test sequence."""
        length = self.problem.way * self.problem.shot + 1
        return [2**i for i in range(math.ceil(math.log2(length)))]

    def init(self, generator: torch.Generator) -> Params:
        """The backbone's parameters and SNAIL's own."""
        hp, way = self.hp, self.problem.way
        params = super().init(generator)
        params |= init_linear(generator, "embed", self.network.feature_size, hp.embedding)
        size = hp.embedding + way
        for i, (keys, values) in enumerate(zip(hp.key_sizes, hp.value_sizes, strict=True)):
            for d in self.dilations if i else ():
                params |= init_linear(generator, f"dense{i}-{d}", 2 * size, 2 * hp.filters)
                size += hp.filters
            params |= init_linear(generator, f"attention{i}", size, 2 * keys + values)
            size += values
        return params | init_linear(generator, "logits", size, way)

    def adapt(self, params: Params, support: Batch) -> Adapted:
        """The support set as a sequence."""
        features = self.network.features(params, support.x, Norm(running=True))
        return self.present(params, features, support)

    def present(self, params: Params, features: torch.Tensor, support: Batch) -> Adapted:
        """(f(x_t), y_t) in random order: in the order given, the place would tell the label."""
        order = random.permutation(random.fold(support.key, ORDER), support.y.shape[0])
        labels = one_hot(support.y, self.problem.way, features)
        return Adapted(params, torch.cat([linear(params, "embed", features), labels], -1)[order])

    def predict(self, adapted: Adapted, x: torch.Tensor) -> torch.Tensor:
        """Each query's logits, behind the support set and apart from the other queries."""
        return self.answer(adapted, self.network.features(adapted.params, x, Norm(running=True)))

    def answer(self, adapted: Adapted, features: torch.Tensor) -> torch.Tensor:
        """The same for queries of which the backbone's features are given."""
        params, s = adapted
        x = linear(params, "embed", features)
        q = torch.cat([x, x.new_zeros(x.shape[0], self.problem.way)], -1)
        for i, keys in enumerate(self.hp.key_sizes):
            for d in self.dilations if i else ():
                s, q = dense(params, f"dense{i}-{d}", s, q, d)
            s, q = attention(params, f"attention{i}", s, q, keys)
        return linear(params, "logits", q)

    def meta_loss(self, params: Params, task: Task) -> tuple[torch.Tensor, Metrics]:
        """The queries' loss, all examples of the task normalised in one batch."""
        norm, shots = Norm(seen={}), task.support.y.shape[0]
        features = self.network.features(params, torch.cat([task.support.x, task.query.x]), norm)
        adapted = self.present(params, features[:shots], task.support)
        loss, metrics = self.scored(self.answer(adapted, features[shots:]), task.query.y)
        return loss + gathering(params, norm), metrics
