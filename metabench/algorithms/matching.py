"""Matching networks.

Vinyals, Blundell, Lillicrap, Kavukcuoglu and Wierstra (2016), "Matching networks for one shot
learning", arXiv:1606.04080. A query's label is the mean of the support labels under an attention,

    p(y | x, S) = sum_i a(x, x_i) y_i,    a(x, x_i) = softmax_i(tau cos(f(x), g(x_i))).

Without full context embeddings f = g = the backbone. With them (appendix A) an example is embedded
in view of the whole support set, f' = g' = the backbone:

    g(x_i, S) = h_i forwards + h_i backwards + g'(x_i),    the states of two LSTMs over S,
    h^_k, c_k = LSTM(f'(x), [h_{k-1}, r_{k-1}], c_{k-1}),  h_k = h^_k + f'(x),
    r_k = sum_i softmax_i(h_k . g(x_i)) g(x_i),            f(x, S) = h_K.

Where the paper is silent: the LSTMs read S in the order of the episode, class after class (which
class comes first is random), and h^_0 = 0, c_0 = 0, so h_0 = f'(x).

The paper has no tau. A softmax of cosines, which lie between -1 and 1, cannot give one of N
examples more than e^2 / (e^2 + N - 1), so implementations multiply them: by 100, after a ReLU, in
the code of Chen et al. (2019), arXiv:1904.04232. Here tau is a hyperparameter, without a ReLU. In
meta-training support and queries are normalised in one batch, and in meta-testing by running
statistics.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch

from metabench.algorithm import Metrics
from metabench.episodic import Episodic, EpisodicHyperparameters, embed, episodic_loss
from metabench.hyperparameters import setting
from metabench.layers import lstm, one_hot
from metabench.parts.cosine import cosine
from metabench.tasks import Batch, Task
from metabench.trees import Params


@dataclass(frozen=True)
class MatchingHyperparameters(EpisodicHyperparameters):
    """Of matching networks."""

    temperature: float = setting(10.0, "tau, what multiplies the cosines; 1 in the paper", above=0)
    context: bool = setting(False, "full context embeddings")
    context_steps: int = setting(3, "K, reads of the support set by a query's LSTM", least=0)


class Adapted(NamedTuple):
    """phi, and the support set in its context: g [n, d] and Y [n, way]."""

    params: Params
    g: torch.Tensor
    Y: torch.Tensor


class Matching(Episodic):
    """The labels of the support set under an attention."""

    hyperparameters = MatchingHyperparameters
    running_statistics = True

    def init(self, generator: torch.Generator) -> Params:
        """phi, with three LSTMs where there is context."""
        phi, d = super().init(generator), self.network.feature_size
        recurrent = {"forwards": d, "backwards": d, "attention": 2 * d}  # the state h, or [h, r]
        for name, width in recurrent.items() if self.hp.context else ():
            for what, shape in {"input": (d, 4 * d), "state": (width, 4 * d)}.items():
                weight = 2 * torch.rand(shape, generator=generator) - 1
                phi[f"{name}.{what}"] = weight / math.sqrt(shape[0])
            phi[f"{name}.bias"] = torch.zeros(4 * d)
        return phi

    def adapt(self, params: Params, support: Batch) -> Adapted:
        """The support set in its context."""
        embedded = Batch(embed(self, params, support.x), support.y, support.key)
        return self.in_context(params, embedded, self.problem.way)

    def predict(self, adapted: Adapted, x: torch.Tensor) -> torch.Tensor:
        """log p(y | x, S): [n, way]."""
        return self.log_probabilities(adapted, embed(self, adapted.params, x))

    def meta_loss(self, params: Params, task: Task) -> tuple[torch.Tensor, Metrics]:
        """-log p(y | x, S)."""

        def head(params: Params, support: Batch, x: torch.Tensor) -> tuple[torch.Tensor, Metrics]:
            return self.log_probabilities(self.in_context(params, support, self.train_way), x), {}

        return episodic_loss(self, params, task, head)

    def in_context(self, params: Params, embedded: Batch, way: int) -> Adapted:
        """g(x_i, S) and labels of an embedded support set."""
        g = embedded.x
        if self.hp.context:
            forwards = read_in_order(params, "forwards", embedded.x)
            backwards = read_in_order(params, "backwards", embedded.x.flip(0)).flip(0)
            g = forwards + backwards + embedded.x
        return Adapted(params, g, one_hot(embedded.y, way, g))

    def log_probabilities(self, adapted: Adapted, f: torch.Tensor) -> torch.Tensor:
        """log sum_i a(x, x_i) y_i for embedded queries f' [n, d]: [n, way]."""
        if self.hp.context:
            f = attention_lstm(adapted.params, f, adapted.g, self.hp.context_steps)
        log_a = (self.hp.temperature * cosine(f, adapted.g)).log_softmax(-1)  # [n, support]
        log_p: torch.Tensor = (log_a[:, :, None] + adapted.Y.log()).logsumexp(1)
        return log_p


def read_in_order(params: Params, name: str, x: torch.Tensor) -> torch.Tensor:
    """The states h of an LSTM that reads the rows of x [n, d] in their order: [n, d]."""
    h = c = torch.zeros_like(x[0])
    states = []
    for step in x @ params[f"{name}.input"]:
        h, c = lstm(step + h @ params[f"{name}.state"] + params[f"{name}.bias"], c)
        states.append(h)
    return torch.stack(states)


def attention_lstm(params: Params, f: torch.Tensor, g: torch.Tensor, steps: int) -> torch.Tensor:
    """h_K for each query f' [n, d], which reads the support set g [m, d] at every step."""
    h, c = f, torch.zeros_like(f)
    for _ in range(steps):
        r = (h @ g.T).softmax(-1) @ g
        state = torch.cat([h, r], -1) @ params["attention.state"]
        h, c = lstm(f @ params["attention.input"] + state + params["attention.bias"], c)
        h = h + f
    return h
