"""Which plan computes a meta-gradient fastest, measured once and remembered.

Only a run that would take minutes, and many times the calls that measuring takes, is worth it. What
was chosen lies in a cache and is written in the result, so that a run that is started again
computes as it did before. Plans differ in the order in which gradients are added, hence by
rounding.
"""

from __future__ import annotations

import math
import statistics
import time
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from metabench.algorithm import Algorithm
from metabench.errors import MetabenchError
from metabench.files.cache import cache_folder
from metabench.files.whole import content_digest, read_json, write_json
from metabench.learning.engine import MetaGradient, Plan, default_plan, divisors
from metabench.tasks import Task
from metabench.trees import Params

WORTH_MEASURING = 180.0  # seconds that the whole run would take
SHARE = 0.05  # of a run's iterations, which measuring may take
WARM_UP, REPEATS = 3, 3  # calls: as it is, recorded, checked; and those that are timed
CANDIDATES = 4


def choose(
    algorithm: Algorithm,
    params: Params,
    tasks: Task,
    threads: int,
    what: str,
    memory_mb: float = math.inf,
) -> tuple[Plan, dict[str, float]]:
    """The plan for a run.

    Args:
        algorithm: of the run.
        params: phi.
        tasks: a meta-batch.
        threads: that may compute side by side.
        what: all that the choice depends on: equal for runs that share it.
        memory_mb: what the run may use, in 10^6 bytes.

    Returns:
        The plan, and what was measured: seconds a meta-iteration by "tasks at once x lanes".
    """
    file = cache_folder() / "plans" / f"{content_digest(what)}.json"
    if (known := remembered(file)) is not None:
        return known
    best = default_plan(tasks, threads, algorithm.overhead(params), memory_mb)
    seconds: dict[Plan, float] = {}
    while (expected := at_most(algorithm, params, tasks, best)) is None:
        best = smaller(best)
    others = candidates(tasks, best)
    if best.lanes > 1:  # a kernel on all threads may win, above all where lanes share unevenly
        others.append(default_plan(tasks, 1, algorithm.overhead(params), memory_mb))
    calls = len(others) * (WARM_UP + REPEATS)
    worth = expected > WORTH_MEASURING and calls < SHARE * algorithm.hp.iterations
    if len(others) > 1 and worth:
        seconds = measure(algorithm, params, tasks, others)
        best = fastest(seconds)
    told = {f"{p.tasks_at_once} x {p.lanes}": round(value, 6) for p, value in seconds.items()}
    with suppress(MetabenchError):  # a cache that cannot be written costs time and nothing else
        write_json(file, {"plan": asdict(best), "seconds": told, "what": what})
    return best, told


def remembered(file: Path) -> tuple[Plan, dict[str, float]] | None:
    """What was chosen and measured before; None where that is not known, or damaged."""
    try:
        known = read_json(file)
        return Plan(**known["plan"]), known["seconds"]
    except (MetabenchError, KeyError, TypeError):
        return None


def smaller(plan: Plan) -> Plan:
    """The next plan that needs less memory.

    Raises:
        MetabenchError: where there is none.
    """
    cuts = [n for n in divisors(plan.tasks_at_once) if n > 1]
    if not cuts:
        raise MetabenchError(
            "one task alone is too much for the memory of the device; lower train_query, "
            "train_shot or inner_steps, or set recompute where the algorithm has it; in "
            "pre-training on images, where a task is the whole minibatch, lower meta_batch"
        )
    return replace(plan, tasks_at_once=plan.tasks_at_once // cuts[0])


def at_most(algorithm: Algorithm, params: Params, tasks: Task, plan: Plan) -> float | None:
    """Seconds of the whole run if nothing were replayed; None where memory does not suffice."""
    if not algorithm.hp.iterations:
        return 0.0
    function = MetaGradient(algorithm, replace(plan, replayed=False))
    try:
        function(params, tasks)  # the first call loads parts of torch
    except torch.OutOfMemoryError:
        return None
    return timed(function, params, tasks) * int(algorithm.hp.iterations)


def candidates(tasks: Task, default: Plan) -> list[Plan]:
    """Plans of other sizes: the default's neighbours among the even cuts."""
    sizes = [n for n in divisors(len(tasks.support.x)) if n * default.lanes <= len(tasks.support.x)]
    if default.tasks_at_once * default.lanes < len(tasks.support.x):  # memory or the cache is full
        sizes = [n for n in sizes if n <= default.tasks_at_once]
    nearest = sorted(sizes, key=lambda n: abs(sizes.index(n) - sizes.index(default.tasks_at_once)))
    return [Plan(size, default.lanes) for size in sorted(nearest[:CANDIDATES])]


def measure(
    algorithm: Algorithm, params: Params, tasks: Task, plans: list[Plan]
) -> dict[Plan, float]:
    """Seconds of a meta-gradient by each plan: medians of interleaved runs."""
    functions = {plan: MetaGradient(algorithm, plan) for plan in plans}
    for plan, function in list(functions.items()):
        try:
            for _ in range(WARM_UP):
                function(params, tasks)
        except torch.OutOfMemoryError:
            del functions[plan]
    seconds: dict[Plan, list[float]] = {plan: [] for plan in functions}
    for _ in range(REPEATS):
        for plan, function in functions.items():
            seconds[plan].append(timed(function, params, tasks))
    return {plan: statistics.median(values) for plan, values in seconds.items()}


def fastest(seconds: dict[Plan, float]) -> Plan:
    """The plan that took the fewest seconds."""
    return min(seconds, key=lambda plan: seconds[plan])


def timed(function: Any, *inputs: Any) -> float:
    """Seconds of one call, until the device is done."""
    wait()
    begun = time.perf_counter()
    function(*inputs)
    wait()
    return time.perf_counter() - begun


def wait() -> None:
    """For whatever a GPU still computes."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
