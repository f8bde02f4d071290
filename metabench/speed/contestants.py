"""Who takes turns: metabench, a plain loop, and the libraries that are installed."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from importlib.util import find_spec

import torch

from metabench.learning import plans
from metabench.learning.engine import MetaGradient, Plan, default_plan
from metabench.speed.rivals.problem import difference, rival_problem
from metabench.speed.settings import Workload
from metabench.trees import Params

OURS = "metabench"
RIVALS = {"loop": "loop", "higher": "with_higher", "torchopt": "with_torchopt"}
TITLES = {OURS: "metabench", "loop": "plain loop", "higher": "higher", "torchopt": "TorchOpt"}
WARM_UP = plans.WARM_UP

Contestant = Callable[[], Params]


def ours(work: Workload, threads: int, plan: Plan) -> Contestant:
    """The meta-gradient as meta-training computes it, recorded and checked."""
    of_tasks = MetaGradient(work.algorithm, plan)

    def call() -> Params:
        torch.set_num_threads(threads)
        return of_tasks(work.params, work.tasks)[0]

    for _ in range(WARM_UP):
        call()
    return call


def measured_plan(work: Workload, threads: int) -> Plan:
    """The plan that a long run measures to be the fastest."""
    torch.set_num_threads(threads)
    others = plans.candidates(work.tasks, default_plan(work.tasks, threads))
    return plans.fastest(plans.measure(work.algorithm, work.params, work.tasks, others))


def rival(name: str, work: Workload, threads: int) -> Contestant | None:
    """The same meta-gradient by another program; nothing where it has no such algorithm."""
    if name != "loop" and find_spec(name) is None:
        return None
    module = importlib.import_module(f"metabench.speed.rivals.{RIVALS[name]}")
    function = getattr(module, work.algorithm_name, None)
    if function is None:
        return None
    net, problem = rival_problem(work)

    def call() -> Params:
        # What runs in another's threads may have changed the number for all.
        torch.set_num_threads(threads)
        return net.named(function(net, problem))

    return call


def contestants(work: Workload, threads: int) -> dict[str, Contestant]:
    """Everyone who has the algorithm; ours is recorded."""
    found: dict[str, Contestant] = {OURS: ours(work, threads, measured_plan(work, threads))}
    for name in RIVALS:
        call = rival(name, work, threads)
        if call is not None:
            found[name] = call
    return found


def differences(calls: dict[str, Contestant]) -> dict[str, float]:
    """How far each rival's meta-gradient is from ours, relative to its length."""
    gradient = calls[OURS]()
    return {name: difference(gradient, call()) for name, call in calls.items() if name != OURS}
