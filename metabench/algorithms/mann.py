"""Memory-augmented neural networks.

Santoro, Bartunov, Botvinick, Wierstra and Lillicrap (2016), "One-shot learning with
memory-augmented neural networks", arXiv:1605.06065. A task is a sequence in which each label comes
one element late, so that an image has to be kept until its label is there:

    (x_1, 0), (x_2, y_1), (x_3, y_2), ...    h_t = LSTM([x_t, y_{t-1}, r_{t-1}], h_{t-1})
    k_t = tanh(W_k h_t), a_t = sigmoid(W_a h_t)    a key and a gate for each head
    M_t, r_t = write to M_{t-1}, then read         ``lru_memory``
    logits_t = W [h_t, r_t]

Everything but the weights is reset before a task. The paper reports the accuracy at the k-th
presentation of a class within the sequence. Queries of the benchmark must not depend on each other:
the support set is presented with its labels, in random order, and then each query ALONE, in the
state that this leaves, with the label of the last support image and never its own: the K+1st
presentation of its class after K shots.

``training: sequence`` is the paper's: support and queries in one shuffled sequence, a loss on every
element. ``training: queries`` has the loss of the benchmark's queries. ``embedding: pixels`` is the
paper's (20x20 there); behind ``backbone`` there is the study's, normalised in meta-training by a
task's batch and in meta-testing by running statistics.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch

from metabench import random
from metabench.algorithm import Algorithm, Metrics
from metabench.hyperparameters import Hyperparameters, setting
from metabench.layers import gathering, init_linear, init_lstm, linear, lstm, one_hot
from metabench.networks.network import Norm
from metabench.parts.lru_memory import Memory, access, empty
from metabench.tasks import Batch, Task
from metabench.trees import Params

ORDER = 1001  # the stream of a task's key that shuffles its sequence


@dataclass(frozen=True)
class MANNHyperparameters(Hyperparameters):
    """Of memory-augmented networks."""

    embedding: Literal["pixels", "backbone"] = setting("pixels", "what the controller sees")
    controller: int = setting(200, "units of the LSTM", least=1)
    rows: int = setting(128, "rows of the memory", least=1)
    row_size: int = setting(40, "numbers in a row", least=1)
    heads: int = setting(4, "heads that write and read", least=1)
    training: Literal["sequence", "queries"] = setting("sequence", "which elements have a loss")
    gamma: float = setting(0.95, "decay of the usage of rows", least=0, most=1)


class State(NamedTuple):
    """What one element leaves to the next, for n sequences (n is 1 until queries part)."""

    memory: Memory
    hidden: torch.Tensor  # h [n, controller]
    cell: torch.Tensor  # [n, controller]
    label: torch.Tensor  # of the element before, one-hot or 0: [n, way]


class MANN(Algorithm):
    """An LSTM with a memory."""

    hyperparameters = MANNHyperparameters
    linear_head = False  # the memory follows what is seen
    running_statistics = True

    def init(self, generator: torch.Generator) -> Params:
        """The controller's parameters, and the backbone's where there is one."""
        hp, way, read = self.hp, self.problem.way, self.hp.heads * self.hp.row_size
        pixels = hp.embedding == "pixels"
        size = math.prod(self.problem.input_shape) if pixels else self.network.feature_size
        params = {} if pixels else super().init(generator)
        seen = torch.randn(size, 4 * hp.controller, generator=generator) / size**0.5
        params |= {"seen": seen, **init_lstm(generator, "lstm", (way, read), hp.controller)}
        params |= init_linear(generator, "key", hp.controller, read)
        params |= init_linear(generator, "gate", hp.controller, hp.heads)
        return params | init_linear(generator, "logits", hp.controller + read, way)

    def embed(self, params: Params, x: torch.Tensor, norm: Norm) -> torch.Tensor:
        """What images [n, ...] add to the controller's gates: [n, gates]."""
        pixels = self.hp.embedding == "pixels"
        features = x.flatten(1) if pixels else self.network.features(params, x, norm)
        return features @ params["seen"]

    def path(self, params: Params, support: Batch) -> Iterator[tuple[Params, State]]:
        """phi, and the state before anything was presented and after the support set.

        In the first a query is the first presentation of its class, in the second the K+1st.
        """
        x = self.embed(params, support.x, Norm(running=True))
        yield params, self.nothing(x)
        yield params, self.present(params, x, support.y, support.key)[2]

    def predict(self, adapted: tuple[Params, State], x: torch.Tensor) -> torch.Tensor:
        """Each query as the next element after the support set."""
        return self.step(*adapted, self.embed(adapted[0], x, Norm(running=True)))[0]

    def meta_loss(self, params: Params, task: Task) -> tuple[torch.Tensor, Metrics]:
        """The loss of all elements of the paper's sequence, or of the queries."""
        norm, (support, query), shots = Norm(seen={}), task, task.support.y.shape[0]
        x, y = torch.cat([support.x, query.x]), torch.cat([support.y, query.y])
        x = self.embed(params, x, norm)
        if self.hp.training == "sequence":
            logits, y, _ = self.present(params, x, y, query.key)
        else:
            state = self.present(params, x[:shots], support.y, support.key)[2]
            logits, y = self.step(params, state, x[shots:])[0], query.y
        loss, metrics = self.scored(logits, y)
        return loss + gathering(params, norm), metrics

    def present(
        self, params: Params, x: torch.Tensor, y: torch.Tensor, key: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, State]:
        """Present x [T, gates] in random order: logits, labels so ordered, and the last state."""
        logits = []
        order = random.permutation(random.fold(key, ORDER), y.shape[0])
        x, y, labels = x[order], y[order], one_hot(y[order], self.problem.way, x)
        state = self.nothing(x)
        for t in range(x.shape[0]):
            answer, state = self.step(params, state, x[t : t + 1])
            state = state._replace(label=labels[t : t + 1])  # not before the answer
            logits.append(answer)
        return torch.cat(logits), y, state

    def nothing(self, like: torch.Tensor) -> State:
        """The state before a task: an empty memory, and no label."""
        hp = self.hp
        sizes = (hp.controller, hp.controller, self.problem.way)
        memory = empty(hp.rows, hp.row_size, hp.heads, like)
        return State(memory, *(like.new_zeros(1, size) for size in sizes))

    def step(self, params: Params, state: State, x: torch.Tensor) -> tuple[torch.Tensor, State]:
        """The logits [n, way] of x [n, gates], the next of n sequences, and their states."""
        hp, n = self.hp, x.shape[0]
        before = (state.label, state.memory.vectors.flatten(1), state.hidden)
        remembered = torch.cat([part.expand(n, -1) for part in before], -1)
        hidden, cell = lstm(x + linear(params, "lstm", remembered), state.cell)
        key = torch.tanh(linear(params, "key", hidden)).reshape(n, hp.heads, hp.row_size)
        gate = torch.sigmoid(linear(params, "gate", hidden))
        memory = access(state.memory, key, gate, hp.gamma)
        logits = linear(params, "logits", torch.cat([hidden, memory.vectors.flatten(1)], -1))
        return logits, State(memory, hidden, cell, state.label)
