"""Meta-iterations a second, ours and others', with the same weights, batch and machine."""

from __future__ import annotations

import statistics
import sys
from typing import Any

import torch

from metabench.speed import clock
from metabench.speed.contestants import OURS, contestants, differences
from metabench.speed.operations import counted, machine_rates
from metabench.speed.settings import Setting, workload

BUDGET = 3.0  # seconds for the turns of one algorithm, unless the fewest rounds take longer
CHECKED = 2  # tasks whose meta-gradient is compared in float64


def measure(setting: Setting, rounds: int) -> dict[str, Any]:
    """Every algorithm of the setting, on one thread and on all."""
    counts = sorted({1, torch.get_num_threads()})
    return {
        "machine": [{"threads": n, **machine_rates(n, rounds)} for n in counts],
        "iterations": [
            row
            for name in setting.hyperparameters
            for row in algorithm_rows(setting, name, counts, rounds)
        ],
    }


def algorithm_rows(
    setting: Setting, name: str, counts: list[int], rounds: int
) -> list[dict[str, Any]]:
    """A row for each contestant and each number of threads."""
    work = workload(setting, name)
    exact = differences(contestants(work.double(CHECKED), 1))
    operations, rows = 0, []
    for threads in counts:
        calls = contestants(work, threads)
        apart = differences(calls)
        operations = operations or counted(calls[OURS])  # the first is on this thread alone
        seconds = clock.interleaved(calls, rounds, budget=BUDGET)
        for contestant, values in seconds.items():
            low, high = clock.spread(values)
            rows.append(
                {
                    "setting": setting.name,
                    "algorithm": name,
                    "threads": threads,
                    "contestant": contestant,
                    "seconds": statistics.median(values),
                    "seconds_low": low,
                    "seconds_high": high,
                    "rounds": len(values),
                    "times_ours": clock.ratio(values, seconds[OURS]),
                    "operations": operations,
                    "difference_float32": apart.get(contestant, 0.0),
                    "difference_float64": exact.get(contestant, 0.0),
                }
            )
            print(describe(rows[-1]), file=sys.stderr, flush=True)
    return rows


def describe(row: dict[str, Any]) -> str:
    """A row as a line for people who wait."""
    return (
        f"{row['setting']} {row['algorithm']} {row['threads']} threads {row['contestant']}: "
        f"{1e3 * row['seconds']:.1f} ms, {row['times_ours']:.2f} x ours; gradients differ by "
        f"{row['difference_float32']:.1e} (float32), {row['difference_float64']:.1e} (float64)"
    )
