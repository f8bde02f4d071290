"""Memory-augmented neural networks.

Santoro, Bartunov, Botvinick, Wierstra and Lillicrap (2016), "One-shot learning with
memory-augmented neural networks", arXiv:1605.06065. A task is a sequence in which each label comes
one element late, (x_1, 0), (x_2, y_1), (x_3, y_2), ..., so that an image must be kept until its
label is there. An LSTM with hidden state h_t gives for each head a key k_t and a gate a_t, and

    w^w_t = sigmoid(a_t) w^r_{t-1} + (1 - sigmoid(a_t)) w^lu_{t-1}    where the head writes
    M_t   = M_{t-1}, its least used rows emptied, + sum over heads of w^w_t k_t
    w^r_t = softmax over rows of cos(k_t, M_t),    r_t = w^r_t M_t    what it reads
    w^u_t = gamma w^u_{t-1} + sum over heads of (w^r_t + w^w_t)       usage
    w^lu_t = the row with the least usage (head j: the one with the j-th least)

and the logits are linear in (h_t, r_t). The memory, the LSTM and the usage are reset before every
task. r_{t-1} is an input of the LSTM ("an additional input for the next controller state").

**Presentations.** In meta-training, support and query images are one shuffled sequence with a loss
on every element, as in the paper, which reports the accuracy at the k-th presentation of a class:
chance at the first, and so on. The benchmark's queries must not depend on each other: the support
set is presented with its labels, in random order, and then each query ALONE, from the state that
the support set left, with the label of the last support image and never with its own. With one shot
that is the second presentation of its class (the second instance of the paper), with K shots the
K+1st, except that here every class has been seen equally often. ``presentations`` gives the paper's
curve.

As in the paper the network sees pixels (``embedding: pixels``; there 20x20, here the data set's).
``embedding: backbone`` puts the study's backbone before it, normalised by running statistics.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch

from metabench import random
from metabench.algorithm import Algorithm, Metrics
from metabench.hyperparameters import Hyperparameters, setting
from metabench.layers import gathering, init_linear, linear, one_hot
from metabench.networks.network import Norm
from metabench.tasks import Batch, Problem, Task
from metabench.trees import Params

ORDER = 1001  # the stream of a task's key that shuffles its sequence
EPSILON = 1e-8  # added to squared norms: the cosine with an empty row is 0


@dataclass(frozen=True)
class MANNHyperparameters(Hyperparameters):
    """Of memory-augmented networks."""

    embedding: Literal["pixels", "backbone"] = setting("pixels", "what the controller sees")
    controller: int = setting(200, "units of the LSTM", least=1)
    rows: int = setting(128, "rows of the memory", least=1)
    row_size: int = setting(40, "numbers in a row", least=1)
    heads: int = setting(4, "heads that write and read", least=1)
    gamma: float = setting(0.95, "decay of the usage", least=0, most=1)
    key_strength: float = setting(1.0, "factor of the cosine; the paper has none", above=0)


class State(NamedTuple):
    """What one element leaves to the next, for n sequences (n is 1 until they part)."""

    memory: torch.Tensor  # M [n, rows, row_size]
    read: torch.Tensor  # w^r [n, heads, rows]
    usage: torch.Tensor  # w^u [n, rows]
    vectors: torch.Tensor  # r [n, heads, row_size]
    hidden: torch.Tensor  # h [n, controller]
    cell: torch.Tensor  # [n, controller]
    label: torch.Tensor  # y of the element before [n, way]


class Adapted(NamedTuple):
    """phi, and the state that the support set leaves."""

    params: Params
    state: State


class MANN(Algorithm):
    """An LSTM that writes to the least recently used rows of a memory, and reads by content."""

    hyperparameters = MANNHyperparameters
    running_statistics = True

    @classmethod
    def outputs(cls, problem: Problem) -> int:
        """The backbone, where there is one, has no head."""
        del problem
        return 0

    def init(self, generator: torch.Generator) -> Params:
        """The controller's parameters, and the backbone's where there is one."""
        hp, way, read = self.hp, self.problem.way, self.hp.heads * self.hp.row_size
        pixels = hp.embedding == "pixels"
        size = math.prod(self.problem.input_shape) if pixels else self.network.feature_size
        params = {} if pixels else super().init(generator)
        inputs = size + way + read + hp.controller
        return (
            params
            | init_linear(generator, "lstm", inputs, 4 * hp.controller)
            | init_linear(generator, "key", hp.controller, read)
            | init_linear(generator, "gate", hp.controller, hp.heads)
            | init_linear(generator, "logits", hp.controller + read, way)
        )

    def embed(self, params: Params, x: torch.Tensor, norm: Norm) -> torch.Tensor:
        """Images [n, ...] as the controller sees them [n, size]."""
        return (
            x.flatten(1)
            if self.hp.embedding == "pixels"
            else self.network.features(params, x, norm)
        )

    def adapt(self, params: Params, support: Batch) -> Adapted:
        """Present the support set, in random order."""
        embedded = self.embed(params, support.x, Norm(running=True))
        order = random.permutation(random.fold(support.key, ORDER), support.y.shape[0])
        return Adapted(params, self.sequence(params, embedded[order], support.y[order])[1])

    def predict(self, adapted: Adapted, x: torch.Tensor) -> torch.Tensor:
        """Each query as the next element, from the same state."""
        embedded = self.embed(adapted.params, x, Norm(running=True))
        return self.step(adapted.params, adapted.state, embedded)[0]

    def meta_loss(self, params: Params, task: Task) -> tuple[torch.Tensor, Metrics]:
        """The loss of every element of one shuffled sequence of support and queries."""
        norm = Norm(seen={})
        logits, y = self.shuffled(params, task, norm)
        loss, metrics = self.scored(logits, y)
        return loss + gathering(params, norm), metrics

    def shuffled(self, params: Params, task: Task, norm: Norm) -> tuple[torch.Tensor, torch.Tensor]:
        """The paper's sequence, support and queries shuffled together: logits, and labels."""
        x, y = (torch.cat([a, b]) for a, b in zip(task.support[:2], task.query[:2], strict=True))
        order = random.permutation(random.fold(task.query.key, ORDER), y.shape[0])
        embedded, y = self.embed(params, x, norm)[order], y[order]
        return self.sequence(params, embedded, y)[0], y

    def sequence(
        self, params: Params, x: torch.Tensor, y: torch.Tensor
    ) -> tuple[torch.Tensor, State]:
        """The logits for x [T, size], each before its label is there, and the state at the end."""
        labels, state, logits = one_hot(y, self.problem.way, x), self.reset(x), []
        for t in range(x.shape[0]):
            answer, state = self.step(params, state, x[t : t + 1])
            state = state._replace(label=labels[t : t + 1])
            logits.append(answer)
        return torch.cat(logits), state

    def reset(self, like: torch.Tensor) -> State:
        """The state before a task: all zero, in the type of ``like``."""
        hp = self.hp
        shapes = [(hp.rows, hp.row_size), (hp.heads, hp.rows), (hp.rows,), (hp.heads, hp.row_size)]
        shapes += [(hp.controller,), (hp.controller,), (self.problem.way,)]
        return State(*(like.new_zeros(1, *shape) for shape in shapes))

    def step(self, params: Params, state: State, x: torch.Tensor) -> tuple[torch.Tensor, State]:
        """One element x [n, size] of n sequences: its logits [n, way], and the next state."""
        hp, n = self.hp, x.shape[0]
        state = State(*(part.expand(n, *part.shape[1:]) for part in state))
        inputs = torch.cat([x, state.label, state.vectors.flatten(1), state.hidden], -1)
        forget, enter, leave, new = linear(params, "lstm", inputs).chunk(4, -1)
        cell = torch.sigmoid(forget) * state.cell + torch.sigmoid(enter) * torch.tanh(new)
        hidden = torch.sigmoid(leave) * torch.tanh(cell)
        key = torch.tanh(linear(params, "key", hidden)).view(n, hp.heads, hp.row_size)
        gate = torch.sigmoid(linear(params, "gate", hidden))[..., None]

        least = least_used(state.usage, hp.heads)  # w^lu [n, heads, rows]
        write = gate * state.read + (1 - gate) * least
        kept = state.memory * (1 - least.sum(1))[..., None]
        memory = kept + write.transpose(1, 2) @ key
        read = (hp.key_strength * cosine(key, memory)).softmax(-1)
        usage = hp.gamma * state.usage + (read + write).sum(1)
        vectors = read @ memory
        logits = linear(params, "logits", torch.cat([hidden, vectors.flatten(1)], -1))
        return logits, State(memory, read, usage, vectors, hidden, cell, state.label)


def least_used(usage: torch.Tensor, heads: int) -> torch.Tensor:
    """One-hot [n, heads, rows]: for head j the row of usage [n, rows] with the j-th least.

    Of rows used equally little, the first: a stable sort gives the same on every device.
    """
    order = usage.detach().argsort(dim=-1, stable=True)[:, :heads]
    return one_hot(order, usage.shape[-1], usage)


def cosine(key: torch.Tensor, memory: torch.Tensor) -> torch.Tensor:
    """The cosine of keys [n, heads, size] and rows [n, rows, size]: [n, heads, rows]."""
    norms = [(v.square().sum(-1) + EPSILON).sqrt() for v in (key, memory)]
    return key @ memory.transpose(1, 2) / (norms[0][:, :, None] * norms[1][:, None])


def presentations(y: torch.Tensor) -> torch.Tensor:
    """How often the class of each element of a sequence y [T] has been seen, itself included."""
    same = y[:, None] == y
    return same.tril().sum(-1)
