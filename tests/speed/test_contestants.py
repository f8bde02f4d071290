"""Whoever is timed computes the same."""

from importlib.util import find_spec

import pytest
import torch

from metabench.learning.engine import default_plan
from metabench.speed.contestants import contestants, differences
from metabench.speed.rivals.module import leaves, module
from metabench.speed.settings import workload

ALGORITHMS = ["maml", "fomaml", "imaml", "reptile", "protonet"]


@pytest.fixture(autouse=True)
def no_plan_is_measured(monkeypatch):
    """Which is the fastest plan is of no account here."""
    name = "metabench.speed.contestants.measured_plan"
    monkeypatch.setattr(name, lambda work, threads: default_plan(work.tasks, threads))


@pytest.mark.parametrize("name", ALGORITHMS)
@pytest.mark.parametrize("kind", ["mlp", "strided", "pooled"])
def test_all_contestants_have_the_same_meta_gradient(small_settings, kind, name):
    setting = small_settings[kind]
    if name not in setting.hyperparameters:
        pytest.skip("prototypical networks do not do regression")
    calls = contestants(workload(setting, name).double(2), 1)
    assert "loop" in calls
    assert ("higher" in calls) == (bool(find_spec("higher")) and name in ("maml", "fomaml"))
    assert ("torchopt" in calls) == (bool(find_spec("torchopt")) and name == "maml")
    for apart in differences(calls).values():
        assert apart < 1e-10


def test_a_rival_gives_the_same_at_every_call(small_settings):
    """What it does to its network is undone, so that every turn is of the same work."""
    for name in ("maml", "reptile"):
        calls = contestants(workload(small_settings["strided"], name).double(2), 1)
        for call in calls.values():
            first, second = call(), call()
            for key, value in first.items():
                torch.testing.assert_close(second[key], value, rtol=0, atol=0)


@pytest.mark.parametrize("kind", ["mlp", "strided", "pooled"])
def test_the_module_computes_what_the_network_does(small_settings, kind):
    work = workload(small_settings[kind], "maml").double(1)
    net = module(work.params, kind == "pooled")
    x = work.tasks.support.x[0]
    expected = work.algorithm.network(work.params, x)
    torch.testing.assert_close(net(x), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("kind", ["mlp", "strided", "pooled"])
def test_the_modules_tensors_in_our_layout_are_our_parameters(small_settings, kind):
    params = workload(small_settings[kind], "maml").params
    net = module(params, kind == "pooled")
    named = net.named([leaf.detach() for leaf in leaves(net)])
    assert named.keys() == params.keys()
    for name, value in params.items():
        torch.testing.assert_close(named[name], value, rtol=0, atol=0)
