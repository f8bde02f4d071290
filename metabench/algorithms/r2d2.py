"""R2-D2: a ridge regression head.

Bertinetto, Henriques, Torr and Vedaldi (2019), "Meta-learning with differentiable closed-form
solvers", arXiv:1805.08136. With X [n, d] the embedded support set and Y [n, way] its labels,

    W = argmin ||X W - Y||^2 + lambda ||W||^2 = X^T (X X^T + lambda I)^-1 Y,

the Woodbury form, which solves n equations and not d; and for queries X'

    logits = alpha X' W + beta.

lambda, alpha and beta are learned with the embedding, through cross-entropy. As in the released
code (bertinetto/r2d2), X has a column of ones, so that W holds a bias, and the squared error is a
mean over examples: lambda stands for n lambda, and means the same with 60 classes and with 5.
That code leaves lambda at 50 unless told to learn it, where the paper learns it: here its logarithm
is learned, from 50, since lambda must stay positive. Its own backbone, whose features are those of
the last two layers, is not built: the study's is used, with running statistics in meta-testing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch

from metabench.algorithm import Metrics
from metabench.episodic import Episodic, EpisodicHyperparameters, embed, episodic_loss
from metabench.hyperparameters import setting
from metabench.layers import one_hot
from metabench.tasks import Batch, Task
from metabench.trees import Params


@dataclass(frozen=True)
class R2D2Hyperparameters(EpisodicHyperparameters):
    """Of R2-D2."""

    initial_lambda: float = setting(50.0, "lambda before meta-training", above=0)
    initial_alpha: float = setting(10.0, "alpha before meta-training", above=0)


class Adapted(NamedTuple):
    """phi, and W [d + 1, way]."""

    params: Params
    W: torch.Tensor


class R2D2(Episodic):
    """Ridge regression on a learned embedding."""

    hyperparameters = R2D2Hyperparameters
    running_statistics = True

    def init(self, generator: torch.Generator) -> Params:
        """phi, with lambda, alpha and beta."""
        return {
            **super().init(generator),
            "log_lambda": torch.tensor(math.log(self.hp.initial_lambda)),
            "alpha": torch.tensor(float(self.hp.initial_alpha)),
            "beta": torch.tensor(0.0),
        }

    def adapt(self, params: Params, support: Batch) -> Adapted:
        """W of the support set."""
        X = embed(self, params, support.x)
        return Adapted(params, fit(params, X, one_hot(support.y, self.problem.way, X)))

    def predict(self, adapted: Adapted, x: torch.Tensor) -> torch.Tensor:
        """alpha X' W + beta."""
        return logits(adapted.params, embed(self, adapted.params, x), adapted.W)

    def meta_loss(self, params: Params, task: Task) -> tuple[torch.Tensor, Metrics]:
        """The queries' cross-entropy, which is differentiated through the solution."""

        def head(params: Params, support: Batch, x: torch.Tensor) -> tuple[torch.Tensor, Metrics]:
            W = fit(params, support.x, one_hot(support.y, self.train_way, x))
            return logits(params, x, W), {}

        return episodic_loss(self, params, task, head)


def fit(params: Params, X: torch.Tensor, Y: torch.Tensor) -> torch.Tensor:
    """W of ridge regression on X and a column of ones: [d + 1, way]."""
    return ridge(with_ones(X), Y, len(X) * params["log_lambda"].exp())


def logits(params: Params, X: torch.Tensor, W: torch.Tensor) -> torch.Tensor:
    """alpha [X, 1] W + beta."""
    return params["alpha"] * with_ones(X) @ W + params["beta"]


def ridge(X: torch.Tensor, Y: torch.Tensor, lam: torch.Tensor) -> torch.Tensor:
    """argmin ||X W - Y||^2 + lam ||W||^2 for X [n, d] and Y [n, way]: W [d, way].

    The smaller of two systems is solved: n equations (Woodbury), or d (the normal equations).
    """
    n, d = X.shape
    if n <= d:
        return X.T @ solve(X @ X.T, lam, Y)
    return solve(X.T @ X, lam, X.T @ Y)


def solve(A: torch.Tensor, lam: torch.Tensor, B: torch.Tensor) -> torch.Tensor:
    """(A + lam I)^-1 B; the matrix is positive definite, so whether it can be is not asked."""
    eye = torch.eye(len(A), dtype=A.dtype, device=A.device)
    solution: torch.Tensor = torch.linalg.solve_ex(A + lam * eye, B)[0]
    return solution


def with_ones(X: torch.Tensor) -> torch.Tensor:
    """[X, 1]."""
    return torch.cat([X, torch.ones_like(X[:, :1])], 1)
