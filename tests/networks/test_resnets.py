"""Residual networks: their structure, their three ways to normalise, their second derivatives."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from metabench.algorithms.maml import MAML, MAMLHyperparameters
from metabench.errors import MetabenchError
from metabench.networks import Network, build
from metabench.networks.network import RUNNING, Norm
from metabench.tasks import Batch, Problem, Task
from metabench.trees import Params

SMALL = ["resnet12-2-3-4-5", "resnet18-2"]


@pytest.fixture(params=SMALL)
def network(request: pytest.FixtureRequest) -> Network:
    return build(request.param, (3, 32, 32), 3)


@pytest.fixture
def params(network: Network) -> Params:
    """In float64, with statistics of a random kind."""
    g = torch.Generator().manual_seed(0)
    made = {name: value.double() for name, value in network.init(g).items()}
    for name in [n.removesuffix(".beta") for n in made if n.endswith(".beta")]:
        channels = made[f"{name}.beta"].shape
        made[f"{name}.beta"] = torch.randn(channels, generator=g).double() / 3
        made[f"{name}.gamma"] = 0.5 + torch.rand(channels, generator=g).double()
        made[f"{RUNNING}{name}.mean"] = torch.randn(channels, generator=g).double() / 3
        made[f"{RUNNING}{name}.var"] = 0.5 + torch.rand(channels, generator=g).double()
    return made


def inputs(n: int, seed: int = 1) -> torch.Tensor:
    return torch.rand(n, 3, 32, 32, generator=torch.Generator().manual_seed(seed)).double()


@pytest.mark.parametrize(
    ("name", "features", "count"),
    [
        # 3x3 kernels and 1x1 kernels around, and a shift and a scale for each of their outputs.
        ("resnet12", 512, 8_000_000),
        ("resnet12-wide", 640, 12_400_000),
        ("resnet18", 512, 11_176_512),
    ],
)
def test_a_published_network_has_its_number_of_parameters(
    name: str, features: int, count: int
) -> None:
    network = build(name, (3, 84, 84), 0)
    params = network.init(torch.Generator().manual_seed(0))
    assert network.feature_size == features
    assert sum(value.numel() for value in params.values()) == pytest.approx(count, rel=0.01)
    with torch.no_grad():
        assert network.features(params, torch.rand(2, 3, 84, 84), Norm()).shape == (2, features)


def test_resnet18_is_torchvisions() -> None:
    """With the same weights and statistics, the same features."""
    theirs = pytest.importorskip("torchvision").models.resnet18().double()
    theirs.fc = torch.nn.Identity()
    state, params = theirs.state_dict(), {}
    for module, inner in theirs.named_modules():
        name = module.replace("downsample.0", "around").replace("downsample.1", "norm_around")
        name = name.replace("layer", "stage").replace(".0.", ".block1.").replace(".1.", ".block2.")
        name = {"conv1": "stem.kernel", "bn1": "stem.norm"}.get(name, name)
        name = name.replace("conv", "kernel").replace("bn", "norm")
        if isinstance(inner, torch.nn.Conv2d):
            params[name] = state[f"{module}.weight"]
        if isinstance(inner, torch.nn.BatchNorm2d):
            torch.nn.init.normal_(inner.running_mean, 0, 0.1)
            torch.nn.init.uniform_(inner.running_var, 0.5, 1.5)
            params |= {f"{name}.gamma": inner.weight, f"{name}.beta": inner.bias}
            params[f"{RUNNING}{name}.mean"] = inner.running_mean.clone()
            params[f"{RUNNING}{name}.var"] = inner.running_var.clone()
    ours = build("resnet18", (3, 48, 48), 0)
    x = torch.rand(2, 3, 48, 48).double()
    with torch.no_grad():
        assert set(ours.init(torch.Generator())) <= set(params)
        found = ours.features(params, x, Norm(running=True))
        torch.testing.assert_close(found, theirs.eval()(x))
        torch.testing.assert_close(ours.features(params, x, Norm()), theirs.train()(x))


def test_with_running_statistics_an_image_is_alone(network: Network, params: Params) -> None:
    x = inputs(5)
    running = network.features(params, x, Norm(running=True))
    torch.testing.assert_close(network.features(params, x[2:3], Norm(running=True)), running[2:3])
    together = network.features(params, x, Norm())
    assert (network.features(params, x[:3], Norm()) - together[:3]).abs().max() > 1e-3


def test_statistics_seen_are_those_that_normalise(network: Network, params: Params) -> None:
    """Run with the statistics that were seen, the network is as it was on the batch."""
    norm, x = Norm(seen={}), inputs(5)
    features = network.features(params, x, norm)
    assert norm.seen is not None
    assert set(norm.seen) == {name for name in params if name.startswith(RUNNING)}
    running = network.features({**params, **norm.seen}, x, Norm(running=True))
    torch.testing.assert_close(running, features)


def maml(network: Network) -> MAML:
    hp = MAMLHyperparameters(inner_lr=0.005, inner_steps=2)
    return MAML(network, Problem("classification", 3, 2, (3, 32, 32), 0), hp)


def task(seed: int) -> Task:
    y = torch.tensor([0, 0, 1, 1, 2, 2])
    key = torch.tensor(seed)
    return Task(Batch(inputs(6, seed), y, key), Batch(inputs(6, seed + 100), y, key))


def test_gradients_through_an_inner_loop_are_mapped_over_tasks(
    network: Network, params: Params
) -> None:
    """vmap of MAML's second-order meta-gradient is that of each task, and a finite difference."""
    free = {name: value for name, value in params.items() if not name.startswith(RUNNING)}
    algorithm, tasks = maml(network), [task(1), task(2)]
    stacked = Task(
        *(
            Batch(*(torch.stack(parts) for parts in zip(*batches, strict=True)))
            for batches in zip(*tasks, strict=True)
        )
    )
    mapped, _ = torch.func.vmap(algorithm.meta_gradient, in_dims=(None, 0))(free, stacked)
    for row, one in enumerate(tasks):
        alone, _ = algorithm.meta_gradient(free, one)
        for name in free:
            torch.testing.assert_close(mapped[name][row], alone[name], rtol=1e-6, atol=1e-9)
    check_difference(lambda p: algorithm.meta_loss(p, tasks[0])[0], free, alone_of(mapped, 0))


def alone_of(mapped: Params, row: int) -> Params:
    return {name: value[row] for name, value in mapped.items()}


def check_difference(
    f: Callable[[Params], torch.Tensor], params: Params, gradient: Params, t: float = 1e-7
) -> None:
    g = torch.Generator().manual_seed(2)
    v = {n: torch.randn(p.shape, generator=g).double() for n, p in params.items()}
    ahead = f({n: p + t * v[n] for n, p in params.items()})
    behind = f({n: p - t * v[n] for n, p in params.items()})
    slope = sum((gradient[n] * v[n]).sum() for n in params)
    torch.testing.assert_close(slope, (ahead - behind) / (2 * t), rtol=1e-4, atol=1e-6)


def test_scale_and_shift_stay_in_the_inner_loop(network: Network, params: Params) -> None:
    free = {name: value for name, value in params.items() if not name.startswith(RUNNING)}
    theta = maml(network).adapt(free, task(1).support)
    for name in free:
        moved = not torch.equal(theta[name], free[name])
        assert moved != name.endswith((".gamma", ".beta")), name


@pytest.mark.parametrize(
    "name", ["resnet12-narrow", "resnet12-1-2-3", "resnet12-8-x-8-8-8", "resnet18-wide"]
)
def test_a_network_that_there_is_not_is_named(name: str) -> None:
    with pytest.raises(MetabenchError, match=f"backbone '{name}': known"):
        build(name, (3, 84, 84), 5)


def test_an_image_that_is_too_small_is_refused() -> None:
    with pytest.raises(MetabenchError, match="images of 8x8 are too small"):
        build("resnet12", (3, 8, 8), 5)
