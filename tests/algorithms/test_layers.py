"""Layers beside a backbone: what torch's own do, and a gradient that gathers statistics."""

import pytest
import torch

from metabench.algorithm import gathered, gradient_and_aux
from metabench.algorithms.cnp import CNP
from metabench.algorithms.mann import MANN
from metabench.algorithms.snail import SNAIL
from metabench.layers import gathering, init_lstm, init_mlp, linear, lstm, mlp, one_hot
from metabench.learning import engine
from metabench.networks.network import Norm
from metabench.tasks import Batch, Task

SMALL = {
    CNP: {"width": 8},
    MANN: {"embedding": "backbone", "controller": 6, "rows": 20, "row_size": 4, "heads": 2},
    SNAIL: {"embedding": 8, "filters": 4, "key_sizes": (4, 4, 4), "value_sizes": (4, 4, 4)},
}


@pytest.fixture(autouse=True)
def double():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def test_the_lstm_is_torchs():
    g = torch.Generator().manual_seed(0)
    params = init_lstm(g, "lstm", (1, 4), 3)
    x, hidden, cell = (torch.randn(4, n, generator=g) for n in (5, 3, 3))
    theirs = torch.nn.LSTMCell(5, 3)
    order = torch.tensor([3, 4, 5, 0, 1, 2, 9, 10, 11, 6, 7, 8])  # theirs: in, forget, new, out
    with torch.no_grad():
        theirs.weight_ih.copy_(params["lstm.weight"][:5].T[order])
        theirs.weight_hh.copy_(params["lstm.weight"][5:].T[order])
        theirs.bias_ih.copy_(params["lstm.bias"][order])
        theirs.bias_hh.zero_()
        expected = theirs(x, (hidden, cell))
    gates = linear(params, "lstm", torch.cat([x, hidden], -1))
    torch.testing.assert_close(lstm(gates, cell), expected)
    assert params["lstm.bias"].tolist() == [1.0] * 3 + [0.0] * 9


def test_a_perceptron_has_relu_between_its_layers_and_none_at_its_end():
    g = torch.Generator().manual_seed(0)
    params = init_mlp(g, "h", [4, 6, 2])
    x = torch.randn(9, 4, generator=g)
    expected = (x @ params["h1.weight"]).relu() @ params["h2.weight"]  # biases start at 0
    torch.testing.assert_close(mlp(params, "h", 2, x), expected)
    assert (expected < 0).any()


def test_one_hot_is_torchs_and_can_be_mapped():
    y = torch.tensor([[2, 0], [1, 1]])
    mapped = torch.func.vmap(lambda y: one_hot(y, 3, torch.zeros(1)))(y)
    assert torch.equal(mapped, torch.nn.functional.one_hot(y, 3).double())


def test_gathering_adds_nothing_to_a_loss_and_its_gradient_is_what_is_gathered():
    params = {"w": torch.tensor(3.0), "running.m": torch.tensor([1.0, 2.0])}
    norm = Norm(seen={"running.m": torch.tensor([5.0, 4.0]), "running.unknown": torch.zeros(1)})

    def loss(params):
        value = params["w"].square() + gathering(params, norm)
        return value, value

    gradient, value = gradient_and_aux(loss, params)
    assert value == 9
    assert gradient["w"] == 6
    assert torch.equal(gradient["running.m"], gathered(params, norm)["running.m"])
    assert gathering(params, Norm(seen={})) == 0


@pytest.mark.parametrize("cls", SMALL)
def test_the_mapped_meta_gradient_is_the_mean_of_one_task_at_a_time(conv, image_task, start, cls):
    algorithm = conv(cls, **SMALL[cls])
    phi = start(algorithm)

    def other(batch):
        return Batch(batch.x.flip(-1) + 0.1, batch.y, batch.key + 1)

    pair = (image_task, Task(*map(other, image_task)))
    tasks = Task(
        *(Batch(*map(torch.stack, zip(*both, strict=False))) for both in zip(*pair, strict=False))
    )
    mapped, metrics = engine.meta_gradient(algorithm, phi, tasks)
    alone = [algorithm.meta_gradient(phi, task) for task in pair]
    assert set(mapped) == set(phi)
    for name, value in mapped.items():
        torch.testing.assert_close(value, torch.stack([g[name] for g, _ in alone]).mean(0))
    torch.testing.assert_close(metrics["loss"], (alone[0][1]["loss"] + alone[1][1]["loss"]) / 2)
