"""Prototypical networks.

Snell, Swersky and Zemel (2017), "Prototypical networks for few-shot learning", arXiv:1703.05175:

    c_n = mean of f_phi(x) over the support examples of class n,
    p(y = n | x) = softmax_n(-||f_phi(x) - c_n||^2).

Squared Euclidean distance, no temperature. In meta-training support and queries are normalised in
one batch, and in meta-testing by running statistics, as in the released code. What scale distances
have is that of the last batch normalisation, which only networks such as `conv4-64-pool-scale`
can learn; that code's has one.
"""

from __future__ import annotations

from typing import NamedTuple

import torch

from metabench.algorithm import Metrics
from metabench.episodic import Episodic, embed, episodic_loss
from metabench.parts.prototypes import class_means, negative_squared_distance
from metabench.tasks import Batch, Task
from metabench.trees import Params


class Adapted(NamedTuple):
    """phi, and the prototypes c [way, features]."""

    params: Params
    prototypes: torch.Tensor


class ProtoNet(Episodic):
    """Nearest class mean in a learned embedding."""

    running_statistics = True

    def adapt(self, params: Params, support: Batch) -> Adapted:
        """The class means of the embedded support set."""
        embedded = embed(self, params, support.x)
        return Adapted(params, class_means(embedded, support.y, self.problem.way))

    def predict(self, adapted: Adapted, x: torch.Tensor) -> torch.Tensor:
        """-||f(x) - c_n||^2."""
        embedded = embed(self, adapted.params, x)
        return negative_squared_distance(embedded, adapted.prototypes)

    def meta_loss(self, params: Params, task: Task) -> tuple[torch.Tensor, Metrics]:
        """The queries' cross-entropy, all examples embedded in one batch."""

        def head(
            params: Params, support: Batch, queries: torch.Tensor
        ) -> tuple[torch.Tensor, Metrics]:
            prototypes = class_means(support.x, support.y, self.train_way)
            return negative_squared_distance(queries, prototypes), {}

        return episodic_loss(self, params, task, head)
