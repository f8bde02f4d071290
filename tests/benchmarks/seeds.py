"""Are three training seeds in one process, as one more mapped dimension, faster than in turn?

python tests/benchmarks/seeds.py sinusoid omniglot-5w1s
"""

from __future__ import annotations

import statistics
import sys

import torch

from metabench import tape
from metabench.learning.engine import MetaGradient, default_plan
from metabench.speed.clock import interleaved
from metabench.speed.settings import SETTINGS, workload
from metabench.tasks import Batch, Task

SEEDS, ROUNDS = 3, 15


def compare(name: str) -> None:
    """Print the times of a meta-gradient of MAML from every seed, and their quotient."""
    work = workload(SETTINGS[name], "maml")
    one = MetaGradient(work.algorithm, default_plan(work.tasks))
    params = {key: torch.stack([value] * SEEDS) for key, value in work.params.items()}
    tasks = Task(*(Batch(*(torch.stack([t] * SEEDS) for t in batch)) for batch in work.tasks))

    def of_seed(params, tasks):
        def loss(params):
            losses, metrics = torch.func.vmap(work.algorithm.meta_loss, in_dims=(None, 0))(
                params, tasks
            )
            return losses.mean(), metrics

        return torch.func.grad(loss, has_aux=True)(params)

    mapped = tape.Replayed(torch.func.vmap(of_seed))
    ways = {
        "in turn": lambda: [one(work.params, work.tasks) for _ in range(SEEDS)],
        "together": lambda: mapped(params, tasks),
    }
    for call in ways.values():
        for _ in range(4):  # as it is, recorded, checked, replayed
            call()
    seconds = interleaved(ways, ROUNDS, turn=0.1)
    turn, together = (statistics.median(seconds[way]) for way in ways)
    ratio = statistics.median(a / b for a, b in zip(*seconds.values(), strict=True))
    print(f"{name}: in turn {1e3 * turn:.3g} ms, together {1e3 * together:.3g} ms: {ratio:.2f} x")


if __name__ == "__main__":
    torch.set_num_threads(1)
    for setting in sys.argv[1:]:
        compare(setting)
