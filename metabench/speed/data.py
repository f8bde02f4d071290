"""What drawing tasks takes of a meta-iteration, and how long meta-testing takes."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any

import torch

from metabench import random
from metabench.episodes.fixed import LABELS, EpisodeSet
from metabench.episodes.sampling import ImageSource
from metabench.learning.drawing import MetaBatches
from metabench.learning.engine import MetaGradient, default_plan
from metabench.learning.evaluation import recorded_steps
from metabench.learning.meta_testing import modes, run_episodes
from metabench.learning.outer_loop import OuterLoop
from metabench.speed.clock import interleaved
from metabench.speed.contestants import WARM_UP
from metabench.speed.operations import counted
from metabench.speed.settings import OMNIGLOT_5, SETTINGS, Setting, workload
from metabench.tasks import Task

EPISODES, WAY, SHOT, QUERIES = 600, 5, 1, 15
COUNTED = 6  # episodes whose operations are counted


def measure(rounds: int) -> dict[str, Any]:
    """Shares of a meta-iteration of MAML in every setting, and meta-testing on Conv4."""
    threads = torch.get_num_threads()
    return {
        "shares": [shares(setting, threads, rounds) for setting in SETTINGS.values()],
        "meta_testing": [
            {"algorithm": name, "threads": threads, **row}
            for name in ("protonet", "maml")
            for row in meta_testing(name, EPISODES)
        ],
    }


def shares(setting: Setting, threads: int, rounds: int) -> dict[str, Any]:
    """Seconds of each part of a meta-iteration, as ``training.Run.iterate`` has them."""
    work = workload(setting, "maml")
    algorithm, source, keys = work.algorithm, setting.source(), random.key(0, "meta-training")

    def tasks(iteration: torch.Tensor) -> Task:
        of_tasks = random.fold_range(random.fold(keys, iteration), setting.tasks)
        return algorithm.draw(source, of_tasks)

    meta_batch, iterations = MetaBatches(tasks, work.tasks), count()
    of_tasks = MetaGradient(algorithm, default_plan(work.tasks, threads))
    outer = OuterLoop(algorithm.hp, {name: p.clone() for name, p in work.params.items()})
    for _ in range(WARM_UP):
        gradient = of_tasks(work.params, work.tasks)[0]
    for _ in range(WARM_UP * meta_batch.count):
        meta_batch(next(iterations))
    parts: dict[str, Callable[[], object]] = {
        "draw": lambda: meta_batch(next(iterations)),
        "meta_gradient": lambda: of_tasks(work.params, work.tasks),
        "update": lambda: outer.step(gradient, 0),
    }
    seconds = interleaved(parts, rounds, turn=0.1)
    return {
        "setting": setting.name,
        "threads": threads,
        **{name: statistics.median(values) for name, values in seconds.items()},
    }


def meta_testing(name: str, number: int) -> list[dict[str, Any]]:
    """The first mode alone, and all that a job of meta-testing predicts."""
    algorithm = OMNIGLOT_5.algorithm(name)
    params = algorithm.init(torch.Generator().manual_seed(0))
    episodes, few = noise_episodes(number), noise_episodes(COUNTED)
    in_modes = modes(algorithm, params, episodes)
    recorded = recorded_steps(algorithm, params, episodes)
    rows = []
    for title, asked, steps in (
        (in_modes[0], in_modes[:1], []),
        ("all that a job predicts", in_modes, recorded),
    ):
        begun = time.perf_counter()
        run_episodes(algorithm, params, episodes, asked, steps)
        seconds = time.perf_counter() - begun
        of_few = counted(partial(run_episodes, algorithm, params, few, asked, steps))
        rows.append({"mode": title, "seconds": seconds, "operations": of_few * number // len(few)})
    return rows


def noise_episodes(number: int) -> EpisodeSet:
    """Fixed episodes of Omniglot's shape."""
    source = OMNIGLOT_5.source()
    assert isinstance(source, ImageSource)
    keys = random.fold_range(random.key(0, "episodes"), number)
    support, query, labels = source.draw(keys, WAY, SHOT, QUERIES)
    arrays = {"support": support, "query": query, LABELS: labels}
    return EpisodeSet({"episodes": number, "sha256": "noise"}, arrays, source.images)
