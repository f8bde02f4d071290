"""Meta-training and meta-testing in seconds, on tasks that are easy."""

from __future__ import annotations

import numpy as np
import torch

from metabench import random
from metabench.algorithm import Algorithm
from metabench.datasets.store import Split
from metabench.episodes.fixed import LABELS, EpisodeSet
from metabench.episodes.sampling import ImageSource
from metabench.learning import engine
from metabench.learning.meta_testing import modes, run_episodes
from metabench.learning.outer_loop import OuterLoop
from metabench.tasks import Source
from metabench.trees import Params


def squares(
    classes: int = 12, side: int = 16, drawings: int = 20, device: str = "cpu"
) -> ImageSource:
    """Noise with a bright square, whose place is the class's: a class is told by its place."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 60, (classes, drawings, side, side, 1))
    size = side // 4
    places = rng.permutation((side - size) ** 2)[:classes]
    for c, (row, column) in enumerate(zip(*divmod(places, side - size), strict=True)):
        images[c, :, row : row + size, column : column + size] += 180
    labels = np.repeat(np.arange(classes, dtype=np.int32), drawings)
    names = tuple(f"squares/{c:02d}" for c in range(classes))
    meta = {"dataset": "squares", "split": "train"}
    split = Split(images.reshape(-1, side, side, 1).astype(np.uint8), labels, names, meta)
    return ImageSource(split, device)


def meta_train(algorithm: Algorithm, source: Source, seed: int = 0) -> tuple[Params, list[float]]:
    """phi after `iterations` from a seed, and the loss of each."""
    params = algorithm.init(torch.Generator().manual_seed(seed))
    outer, losses = OuterLoop(algorithm.hp, params), []
    stream = random.key(seed, "meta-training")
    for iteration in range(algorithm.hp.iterations):
        keys = random.fold_range(random.fold(stream, iteration), algorithm.hp.meta_batch)
        tasks = algorithm.draw(source, keys)
        gradient, metrics = engine.meta_gradient(algorithm, params, tasks)
        outer.step(gradient, iteration)
        losses.append(float(metrics["loss"]))
    return params, losses


def episodes(
    source: Source, way: int, shot: int, queries: int, count: int, seed: int = 0
) -> EpisodeSet:
    """Episodes of a source, as meta-testing has them from files."""
    keys = random.fold_range(random.key(seed, "episodes"), count)
    meta = {"episodes": count, "sha256": "none"}
    if isinstance(source, ImageSource):
        arrays = dict(
            zip(("support", "query", LABELS), source.draw(keys, way, shot, queries), strict=True)
        )
        return EpisodeSet(meta, arrays, source.images)
    support, query = source.episodes(keys, way, shot, queries)
    arrays = {"support_x": support.x, "support_y": support.y, "query_x": query.x, LABELS: query.y}
    return EpisodeSet(meta, arrays, None)


def accuracy(algorithm: Algorithm, params: Params, source: Source, count: int = 40) -> float:
    """The share of right answers in the algorithm's own mode."""
    problem = algorithm.problem
    test = episodes(source, problem.way, problem.shot, 5, count, seed=1)
    outputs, _ = run_episodes(algorithm, params, test, modes(algorithm, params, test)[:1])
    return float((outputs[0].argmax(-1) == test.tasks(0, count).query.y).float().mean())
