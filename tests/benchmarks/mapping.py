"""How fast is a meta-iteration of MAML on 25 sinusoid tasks, mapped and one task after another?

python tests/benchmarks/mapping.py

Both are timed in turn in one process, on one thread; medians and their ratio are printed.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch

from metabench import random, tape
from metabench.datasets.sinusoid import SinusoidSource
from metabench.learning import engine
from metabench.learning.assembly import make_algorithm
from metabench.learning.outer_loop import OuterLoop
from metabench.spec import DataSpec, RunSpec

TASKS, ROUNDS, ITERATIONS = 25, 15, 40
HYPERPARAMETERS = {"meta_batch": TASKS, "train_shot": 10, "train_query": 10}


def main() -> None:
    """Print milliseconds a meta-iteration, mapped and looped, and the ratio."""
    torch.set_num_threads(1)
    data = DataSpec("sinusoid", "metabench.datasets.sinusoid", "regression")
    maml = "metabench.algorithms.maml:MAML"
    spec = RunSpec("speed", data, 1, 5, "maml", maml, 0, "mlp-40-40", HYPERPARAMETERS, 1)
    source, algorithm = SinusoidSource({}), make_algorithm(spec, (1,))
    outer = OuterLoop(algorithm.hp, algorithm.init(torch.Generator().manual_seed(0)))
    key = random.key(0, "speed")
    gradient = engine.MetaGradient(algorithm, engine.Plan(TASKS))
    draw = tape.Replayed(
        lambda i: algorithm.draw(source, random.fold_range(random.fold(key, i), TASKS))
    )

    def mapped(iteration: int) -> None:
        tasks = draw(torch.tensor(iteration))
        outer.step(gradient(outer.params, tasks)[0], iteration)

    def looped(iteration: int) -> None:
        tasks = algorithm.draw(source, random.fold_range(random.fold(key, iteration), TASKS))
        each = [engine.task_at(tasks, i) for i in range(TASKS)]
        gradients = [algorithm.meta_gradient(outer.params, task)[0] for task in each]
        mean = {n: torch.stack([g[n] for g in gradients]).mean(0) for n in outer.params}
        outer.step(mean, iteration)

    seconds: dict[str, list[float]] = {"mapped": [], "looped": []}
    for _ in range(ROUNDS):
        seconds["mapped"].append(timed(mapped, ITERATIONS))
        seconds["looped"].append(timed(looped, ITERATIONS // 10))
    for name, values in seconds.items():
        print(f"{name}: {1e3 * statistics.median(values):.2f} ms a meta-iteration of {TASKS} tasks")
    pairs = zip(seconds["looped"], seconds["mapped"], strict=True)
    print(f"looped / mapped: {statistics.median(a / b for a, b in pairs):.1f}")


def timed(function: Callable[[int], None], count: int) -> float:
    """Seconds of one call, over ``count`` of them."""
    begun = time.perf_counter()
    for iteration in range(count):
        function(iteration)
    return (time.perf_counter() - begun) / count


if __name__ == "__main__":
    main()
