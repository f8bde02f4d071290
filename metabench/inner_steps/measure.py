"""One way and number of inner steps, in a process of its own: what one meta-iteration takes.

Memory is the most that this process ever had in use, less what it had with the tasks, phi and, from
one small call, the code that torch loads late; so a process measures one thing and ends. All tasks
are mapped at once on one thread, nothing is recorded for replay, and freed memory goes back to the
system: what is left is what the algorithm needs.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from metabench.files.whole import write_json
from metabench.inner_steps.names import SETTING, TASKS, WAYS
from metabench.learning.engine import MetaGradient, Plan
from metabench.machine import provenance
from metabench.machine.peak import in_use_mb, peak_mb
from metabench.speed.clock import seconds_of, spread
from metabench.speed.settings import SETTINGS, Setting, Workload, workload

TURNS = 3  # timed meta-gradients, after one that is not


def write_measurement(way: str, steps: int, out: Path) -> None:
    """Measure, and write JSON with what it was measured on."""
    about = {
        "processor": provenance.device_name(torch.device("cpu")),
        "versions": provenance.versions(),
        "git_commit": provenance.git_commit(),
    }
    write_json(out, about | measure(way, steps, replace(SETTINGS[SETTING], tasks=TASKS)))


def measure(way: str, steps: int, setting: Setting) -> dict[str, Any]:
    """Seconds and memory of one meta-gradient.

    Args:
        way: one of ``names.WAYS``.
        steps: inner steps.
        setting: network and tasks.

    Returns:
        ``seconds`` (median of the turns, with their quartiles) and ``megabytes`` (10^6 bytes).
    """
    torch.set_num_threads(1)
    meta_gradient(with_steps(replace(setting, tasks=1), way, 1))()
    call = meta_gradient(with_steps(setting, way, steps))
    before = in_use_mb()
    call()
    seconds = [seconds_of(call) for _ in range(TURNS)]
    low, high = spread(seconds)
    return {
        "way": way,
        "steps": steps,
        "setting": setting.name,
        "tasks": setting.tasks,
        "seconds": statistics.median(seconds),
        "seconds_low": low,
        "seconds_high": high,
        "megabytes": peak_mb() - before,
    }


def meta_gradient(work: Workload) -> Callable[[], object]:
    """The mean meta-gradient of a meta-batch, to be called."""
    of_tasks = MetaGradient(work.algorithm, Plan(work.setting.tasks, replayed=False))
    return lambda: of_tasks(work.params, work.tasks)


def with_steps(setting: Setting, way: str, steps: int) -> Workload:
    """A meta-batch for one way with ``steps`` inner steps, and the same weights for all."""
    algorithm, more = WAYS[way]
    hp = {**setting.hyperparameters[algorithm], "inner_lr": 0.1, "inner_steps": steps, **more}
    return workload(replace(setting, hyperparameters={algorithm: hp}), algorithm)
