"""How tasks are mapped changes nothing but the speed."""

from functools import cache

import pytest
import torch

from metabench import random
from metabench.datasets.sinusoid import SinusoidSource
from metabench.datasets.store import load_split
from metabench.episodes.sampling import ImageSource
from metabench.hyperparameters import Hyperparameters
from metabench.learning import engine
from metabench.learning.assembly import make_algorithm
from metabench.learning.outer_loop import OuterLoop, rate
from metabench.tasks import Task

ALGORITHMS = {
    "metabench.algorithms.maml:MAML": {"inner_steps": 2, "inner_lr": 0.1},
    "metabench.algorithms.fomaml:FOMAML": {"inner_steps": 2, "inner_lr": 0.1},
    "metabench.algorithms.reptile:Reptile": {"inner_steps": 3, "inner_batch": 4},
    "metabench.algorithms.imaml:IMAML": {"inner_steps": 2, "cg_steps": 2},
    "metabench.algorithms.imaml_released:IMAMLReleased": {"inner_steps": 2, "cg_steps": 2},
    "metabench.algorithms.protonet:ProtoNet": {},
}


@pytest.fixture(scope="module")
def one_at_a_time(blobs, spec):
    """``one_at_a_time(name)``: an algorithm, its phi, three meta-batches of 6 tasks, and the
    meta-gradient of each task of the last."""
    source = ImageSource(load_split(blobs / "data/blobs/train"))

    @cache
    def computed(name):
        algorithm = make_algorithm(spec(name, train_query=2, **ALGORITHMS[name]), (1, 16, 16), 12)
        # In float64: Adam's first step is a sign, which rounding turns where a gradient is near 0.
        initial = algorithm.init(torch.Generator().manual_seed(0))
        params = {name: value.double() for name, value in initial.items()}
        batches = []
        for iteration in range(3):
            drawn = algorithm.draw(source, random.fold_range(random.key(iteration, "t"), 6))
            batches.append(Task(*(batch._replace(x=batch.x.double()) for batch in drawn)))
        tasks = [engine.task_at(batches[-1], i) for i in range(6)]
        return algorithm, params, batches, [algorithm.meta_gradient(params, task) for task in tasks]

    return computed


@pytest.mark.parametrize("name", ALGORITHMS)
@pytest.mark.parametrize("replayed", [False, True])
@pytest.mark.parametrize(("at_once", "lanes"), [(6, 1), (2, 1), (2, 2), (1, 1)])
def test_the_mapped_meta_gradient_is_the_mean_of_one_task_at_a_time(
    one_at_a_time, name, at_once, lanes, replayed
):
    algorithm, params, batches, alone = one_at_a_time(name)
    mean = engine.MetaGradient(algorithm, engine.Plan(at_once, lanes, replayed))
    for tasks in batches if replayed else batches[-1:]:  # recorded, checked, replayed
        mapped, metrics = mean(params, tasks)
    if replayed:
        assert mean.recorded.replays
        assert not mean.recorded.refused
    for key, value in mapped.items():
        expected = torch.stack([g[key] for g, _ in alone]).mean(0)
        torch.testing.assert_close(value, expected, rtol=1e-7, atol=1e-10)
    expected = torch.stack([m["loss"] for _, m in alone]).mean()
    torch.testing.assert_close(metrics["loss"], expected, rtol=1e-7, atol=1e-10)


def test_a_sinusoid_task_is_what_its_key_says():
    source = SinusoidSource({})
    keys = random.fold_range(random.key(0, "s"), 5000)
    amplitude, phase = source.tasks(keys).T
    task = source.episodes(keys, 1, 5, 7)
    for batch, n in ((task.support, 5), (task.query, 7)):
        assert batch.x.shape == batch.y.shape == (5000, n, 1)
        expected = amplitude[:, None, None] * torch.sin(batch.x - phase[:, None, None])
        torch.testing.assert_close(batch.y, expected)
    for values, (low, high) in (
        (amplitude, (0.1, 5)),
        (phase, (0, torch.pi)),
        (task.support.x, (-5, 5)),
    ):
        assert low <= values.min() < low + 0.01 * (high - low)
        assert high - 0.01 * (high - low) < values.max() <= high


def test_what_is_gathered_moves_by_its_gradient_and_the_rest_by_the_optimiser():
    params = {"w": torch.ones(2), "running.m": torch.ones(2)}
    outer = OuterLoop(Hyperparameters(outer_optimizer="sgd", outer_lr=0.1, clip=2.0), params)
    outer.step({"w": torch.tensor([1.0, 50.0]), "running.m": torch.tensor([0.25, 0.0])}, 0)
    torch.testing.assert_close(params["w"], torch.tensor([0.9, 0.8]))  # clipped elementwise at 2
    torch.testing.assert_close(params["running.m"], torch.tensor([0.75, 1.0]))


def test_the_first_step_of_adam_is_the_rate_times_g_over_its_size_and_epsilon():
    params, g = {"w": torch.zeros(3)}, torch.tensor([1e-3, -1.0, 0.0])
    OuterLoop(Hyperparameters(outer_lr=0.1, outer_epsilon=1e-3), params).step({"w": g}, 0)
    torch.testing.assert_close(params["w"], -0.1 * g / (g.abs() + 1e-3))


def test_momentum_and_weight_decay_are_those_of_sgd():
    """v <- m v + g + w phi, phi <- phi - eta v; what is gathered has neither."""
    hp = Hyperparameters(outer_optimizer="sgd", outer_lr=0.1, outer_momentum=0.9, weight_decay=0.5)
    params = {"w": torch.ones(1), "running.m": torch.ones(1)}
    outer, phi, v = OuterLoop(hp, params), 1.0, 0.0
    for iteration, g in enumerate((1.0, -2.0, 0.5)):
        outer.step({"w": torch.tensor([g]), "running.m": torch.zeros(1)}, iteration)
        v = 0.9 * v + g + 0.5 * phi
        phi -= 0.1 * v
        torch.testing.assert_close(params["w"], torch.tensor([phi]))
    assert params["running.m"].tolist() == [1.0]


@pytest.mark.parametrize("hp", [{"outer_optimizer": "sgd", "outer_momentum": 0.9}, {}])
def test_an_optimiser_that_is_restored_goes_on_as_it_would_have(hp):
    hp = Hyperparameters(outer_lr=0.1, weight_decay=0.01, **hp)
    gradients = [{"w": g} for g in torch.randn(4, 3, generator=torch.Generator().manual_seed(0))]
    params = {"w": torch.ones(3)}
    outer = OuterLoop(hp, params)
    for iteration, g in enumerate(gradients):
        if iteration == 2:
            again = {"w": params["w"].clone()}
            other = OuterLoop(hp, again)
            other.restore({name: tensor.clone() for name, tensor in outer.state().items()})
        outer.step(g, iteration)
        if iteration >= 2:
            other.step(g, iteration)
    assert torch.equal(params["w"], again["w"])


def test_the_outer_rate_follows_its_schedule():
    linear = Hyperparameters(iterations=10, outer_lr=1.0, outer_schedule="linear")
    assert [rate(linear, i) for i in (0, 5, 9)] == pytest.approx([1.0, 0.5, 0.1])
    cosine = Hyperparameters(iterations=12, outer_lr=1.0, outer_schedule="cosine", outer_lr_end=0.2)
    assert [rate(cosine, i) for i in (0, 4, 6, 8, 12)] == pytest.approx([1.0, 0.8, 0.6, 0.4, 0.2])
    halved = Hyperparameters(outer_lr=1.0, outer_schedule="halve", halve_every=100)
    assert [rate(halved, i) for i in (0, 99, 100, 250)] == [1.0, 1.0, 0.5, 0.25]


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.parametrize("of", ["gradient", "phi"])
def test_the_memory_layout_of_either_changes_nothing(optimizer, of):
    """A matrix product's gradient often comes transposed, and so may initial parameters."""
    w, g = torch.randn(2, 3, 5, 4, generator=torch.Generator().manual_seed(0))
    updated = []
    for layout in (torch.clone, lambda t: t.permute(2, 0, 1).contiguous().permute(1, 2, 0)):
        phi, gradient = (layout(w), g) if of == "phi" else (w.clone(), layout(g))
        outer = OuterLoop(Hyperparameters(outer_optimizer=optimizer), {"w": phi})
        outer.step({"w": gradient}, 0)
        updated.append(outer.params["w"])
    assert torch.equal(updated[0], updated[1])
    assert torch.equal((updated[0] - w).sign(), -g.sign())
