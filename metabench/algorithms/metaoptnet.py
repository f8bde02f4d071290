"""MetaOptNet: a support vector machine as the head.

Lee, Maji, Ravichandran and Soatto (2019), "Meta-learning with differentiable convex optimization",
arXiv:1904.03758. With f the embedding, a task's head is the multi-class SVM of Crammer and Singer,

    w = argmin 1/2 sum_k ||w_k||^2 + C sum_i xi_i
        subject to  w_{y_i} . f(x_i) - w_k . f(x_i) >= 1 - 1[k = y_i] - xi_i  for all i, k,

without a bias, and for a query x the logits are gamma w_k . f(x), gamma learned with the embedding
through cross-entropy. The dual is solved, and differentiated, as ``crammer_singer`` says.

The released code (kjunelee/MetaOptNet) adds 1 to the diagonal of the kernel in the dual, against
failures of its solver, which is a penalty ||alpha||^2 / 2 that the paper's equation does not have:
`dual_ridge`. There gamma starts at 1 under SGD with a rate of 0.1; Adam moves it by its own rate in
a step, whatever the gradient, so a short run begins nearer to where it goes: `initial_gamma`. The
code's smoothed labels, DropBlock and weight decay are not built; that it crops, mirrors and colours
training images at random, which a study's `augment` does, is not among its values here. Support and
queries of an episode are normalised in one batch in meta-training, where that code has the supports
of all 8 episodes in one and their queries in another, and by running statistics in meta-testing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch

from metabench.algorithm import Metrics
from metabench.episodic import Episodic, EpisodicHyperparameters, embed, episodic_loss
from metabench.hyperparameters import setting
from metabench.layers import one_hot
from metabench.parts import crammer_singer
from metabench.tasks import Batch, Task
from metabench.trees import Params


@dataclass(frozen=True)
class MetaOptNetHyperparameters(EpisodicHyperparameters):
    """Of MetaOptNet."""

    C: float = setting(0.1, "what a violated margin costs", above=0)
    dual_ridge: float = setting(0.0, "added to the dual's kernel; 1 in the released code", least=0)
    initial_gamma: float = setting(1.0, "gamma before meta-training", above=0)
    solver_steps: int = setting(15, "interior point steps; see the metric duality_gap", least=1)


class Adapted(NamedTuple):
    """phi, the task's w [d, way], and the gap of the solution (see ``duality_gap``): []."""

    params: Params
    w: torch.Tensor
    gap: torch.Tensor


class MetaOptNet(Episodic):
    """A maximum-margin classifier on a learned embedding."""

    hyperparameters = MetaOptNetHyperparameters
    running_statistics = True

    def init(self, generator: torch.Generator) -> Params:
        """phi, with gamma."""
        return {**super().init(generator), "gamma": torch.tensor(float(self.hp.initial_gamma))}

    def adapt(self, params: Params, support: Batch) -> Adapted:
        """The machine of the support set."""
        embedded = Batch(embed(self, params, support.x), support.y, support.key)
        return self.machine(params, embedded, self.problem.way)

    def predict(self, adapted: Adapted, x: torch.Tensor) -> torch.Tensor:
        """gamma w_k . f(x): [n, way]."""
        return adapted.params["gamma"] * embed(self, adapted.params, x) @ adapted.w

    def meta_loss(self, params: Params, task: Task) -> tuple[torch.Tensor, Metrics]:
        """The queries' cross-entropy, which is differentiated through the solution."""

        def head(params: Params, support: Batch, x: torch.Tensor) -> tuple[torch.Tensor, Metrics]:
            fitted = self.machine(params, support, self.train_way)
            return params["gamma"] * x @ fitted.w, {"duality_gap": fitted.gap.detach()}

        return episodic_loss(self, params, task, head)

    def machine(self, params: Params, support: Batch, way: int) -> Adapted:
        """w = X^T alpha of an embedded support set."""
        hp, X = self.hp, support.x
        eye = torch.eye(len(X), dtype=X.dtype, device=X.device)
        Q = hp.C * (X @ X.T + hp.dual_ridge * eye)
        Y = one_hot(support.y, way, X)
        P = crammer_singer.solve(Q, Y, hp.solver_steps)
        gap = crammer_singer.duality_gap(Q.double(), Y.double(), P).to(X.dtype)
        return Adapted(params, X.T @ (hp.C * (Y - P.to(X.dtype))), gap)
