"""The LSTM meta-learner: the update rule and the start are learned.

Ravi and Larochelle (2017), "Optimization as a model for few-shot learning", ICLR 2017
(openreview.net/forum?id=rJY0-Kcll). The learner's parameters are the cell of an LSTM,

    theta_t = c_t = f_t c_{t-1} - i_t grad l_t,    theta_0 = c_0 learned,
    f_t = sigmoid(W_F [h_t, theta_{t-1}, f_{t-1}] + b_F),
    i_t = sigmoid(W_I [h_t, theta_{t-1}, i_{t-1}] + b_I),    f_0 = i_0 = 0,

where h_t is the output of an ordinary LSTM that reads gradient and loss as log and sign (p = 10).
With f = 1 and i constant it is gradient descent of the rate i; b_F begins high and b_I low. Every
coordinate has a memory of its own and shares all weights. The meta-loss is the query loss of
theta_T; losses and gradients count as constants in it, so no second derivatives appear.

Queries are normalised by statistics gathered over the episode's own steps (mode `running`: none
depends on another), begun anew in each; in meta-training by their own, as in the paper.

The released code (twitter-research/meta-learning-lstm) feeds the gates back before their sigmoid
and divides the gradient of a mean loss once more by the number of examples: `released: true`. It
goes through the support set in one order in every epoch; here each has an order of its own.

Memory, measured on Conv4-64's 112,000 coordinates with 20 units: 0.21 GB for each of the T steps of
one task (0.09 GB where the engine differentiates several at once): images have a meta-batch of one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from metabench.algorithm import Cost, Metrics, gradient_and_aux
from metabench.hyperparameters import Hyperparameters, setting
from metabench.inner_loop import Iterative, minibatches
from metabench.networks.network import Norm, is_optimised
from metabench.parts import coordinates
from metabench.parts.coordinates import blank, flatten, log_and_sign, lstm, unflatten
from metabench.tasks import Batch, Task
from metabench.trees import Params, select

META = "meta."  # names of the meta-learner's weights; the others are theta_0's
P = 10  # of the preprocessing


@dataclass(frozen=True)
class MetaLSTMHyperparameters(Hyperparameters):
    """Of the LSTM meta-learner."""

    hidden: int = setting(20, "units of the LSTM that reads gradients and losses", least=1)
    inner_steps: int = setting(12, "T, updates in meta-training", least=1)
    inner_batch: int = setting(25, "examples of an update; above the support set is all", least=1)
    test_inner_steps: int = setting(12, "updates in meta-testing", least=0)
    norm_momentum: float = setting(0.9, "share of the newest batch in statistics", above=0, most=1)
    released: bool = setting(False, "gates and gradients as in the released code")


class MetaLSTM(Iterative):
    """theta_t = f_t theta_{t-1} - i_t grad l_t, with f_t and i_t from an LSTM."""

    hyperparameters = MetaLSTMHyperparameters
    running_statistics = True

    def init(self, generator: torch.Generator) -> Params:
        """theta_0 and the meta-learner: gates that begin as slow gradient descent."""
        n = self.hp.hidden

        def uniform(low: float, high: float, *shape: int) -> torch.Tensor:  # as in the code
            return low + (high - low) * torch.rand(shape, generator=generator)

        small = coordinates.lstm_shapes(f"{META}lstm", 4, n)
        small |= {f"{META}forget.weight": (n + 2,), f"{META}input.weight": (n + 2,)}
        return {
            **super().init(generator),
            **{name: uniform(-0.01, 0.01, *shape) for name, shape in small.items()},
            f"{META}forget.bias": uniform(4, 5),
            f"{META}input.bias": uniform(-5, -4),
        }

    def steps(self, params: Params, support: Batch, count: int) -> Iterator[Params]:
        """theta_0, theta_1, ..., theta_count, each with the statistics gathered so far."""
        hp, state, theta_0 = self.hp, params, learner(params)
        c = flatten(theta_0)  # [P], as are f, i and g
        f, i, memory = torch.zeros_like(c), torch.zeros_like(c), blank(c, hp.hidden)
        yield state
        for batch in minibatches(support, hp.inner_batch, count):
            g, loss, statistics = observed(self, state, batch)
            read = log_and_sign(loss.expand_as(c), P), log_and_sign(g, P)
            memory = lstm(params, f"{META}lstm", torch.cat(read), memory)
            forget, admit = (
                gate(params, n, memory.h, c, x) for n, x in (("forget", f), ("input", i))
            )
            c = forget.sigmoid() * c - admit.sigmoid() * g
            f, i = (forget, admit) if hp.released else (forget.sigmoid(), admit.sigmoid())
            state = {**params, **unflatten(c, theta_0), **statistics}
            yield state

    def predict(self, adapted: Params, x: torch.Tensor) -> torch.Tensor:
        """The learner, normalised by what its episode has gathered."""
        return self.network(adapted, x, Norm(running=True))

    def meta_loss(self, params: Params, task: Task) -> tuple[torch.Tensor, Metrics]:
        """The query loss of theta_T, normalised by the queries."""
        theta = self.adapt(params, task.support)
        return self.scored(self.network(theta, task.query.x), task.query.y)

    def overhead(self, params: Params) -> int:
        """The memories of all coordinates."""
        return coordinates.in_examples(len(flatten(learner(params))), self.hp.hidden)

    def cost(self) -> Cost:
        """The gradients of T batches, and of the queries."""
        batch = min(self.hp.inner_batch, self.support_size)
        return Cost(self.hp.inner_steps * batch + self.query_size, hessian_vector_products=0)


def learner(params: Params) -> Params:
    """theta: what is neither the meta-learner's nor gathered."""
    return select(params, lambda name: is_optimised(name) and not name.startswith(META))


def gate(
    phi: Params, name: str, h: torch.Tensor, theta: torch.Tensor, before: torch.Tensor
) -> torch.Tensor:
    """W [h, theta, the gate before] + b, to be put through a sigmoid: [P]."""
    W, b = phi[f"{META}{name}.weight"], phi[f"{META}{name}.bias"]
    return W[:-2] @ h + W[-2] * theta + W[-1] * before + b


def observed(
    algorithm: MetaLSTM, state: Params, batch: Batch
) -> tuple[torch.Tensor, torch.Tensor, Params]:
    """Gradient [P] and loss [] of the learner, as constants, and the statistics moved on."""
    hp, fixed = algorithm.hp, {name: value.detach() for name, value in state.items()}

    def loss_of(theta: Params) -> tuple[torch.Tensor, tuple[torch.Tensor, Params]]:
        norm = Norm(seen={})
        loss = algorithm.score(algorithm.network(theta, batch.x, norm), batch.y)
        return loss, (loss, norm.seen or {})

    slope, (loss, seen) = gradient_and_aux(loss_of, learner(fixed))
    g = flatten(slope) / (len(batch.x) if hp.released else 1)
    return g, loss, {name: fixed[name].lerp(seen[name], hp.norm_momentum) for name in seen}
