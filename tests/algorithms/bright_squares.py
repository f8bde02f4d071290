"""Images with a bright square whose place is the class's: a task that is learned in seconds."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from metabench import random
from metabench.algorithm import Algorithm
from metabench.datasets.store import Split
from metabench.episodes.sampling import ImageSource
from metabench.learning import engine
from metabench.learning.meta_testing import outputs_of_task, stated_modes
from metabench.learning.outer_loop import OuterLoop
from metabench.networks import build
from metabench.tasks import Problem
from metabench.trees import Params

WAY, SHOT, CLASSES = 3, 2, 12


def squares(side: int = 16, classes: int = CLASSES, seed: int = 0) -> ImageSource:
    """A split of ten noisy images of each class."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 60, (classes, 10, side, side, 1))
    for c, (row, column) in enumerate(rng.integers(0, side - 4, (classes, 2))):
        images[c, :, row : row + 4, column : column + 4] += 180
    labels = np.repeat(np.arange(classes, dtype=np.int32), 10)
    names = tuple(f"group/class{c:02d}" for c in range(classes))
    about = {"dataset": "squares", "split": str(seed)}
    flat = images.reshape(-1, side, side, 1).astype(np.uint8)
    return ImageSource(Split(flat, labels, names, about))


def learner(
    cls: type[Algorithm], backbone: str = "conv4-4", side: int = 16, **hp: Any
) -> Algorithm:
    """An algorithm for 3-way 2-shot episodes of squares."""
    problem = Problem("classification", WAY, SHOT, (1, side, side), CLASSES)
    network = build(backbone, (1, side, side), cls.outputs(problem))
    common = {"meta_batch": 4, "train_query": 4, "outer_lr": 0.01, "iterations": 40}
    return cls(network, problem, cls.hyperparameters(**{**common, **hp}))


def trained(algorithm: Algorithm, seed: int = 0) -> Params:
    """phi after all its iterations."""
    source = squares(algorithm.problem.input_shape[-1])
    outer = OuterLoop(algorithm.hp, algorithm.init(torch.Generator().manual_seed(seed)))
    stream = random.key(seed, "meta-training")
    for iteration in range(algorithm.hp.iterations):
        keys = random.fold_range(random.fold(stream, iteration), algorithm.hp.meta_batch)
        tasks = algorithm.draw(source, keys)
        gradient, _ = engine.meta_gradient(algorithm, outer.params, tasks)
        outer.step(gradient, iteration)
    return outer.params


def accuracy(algorithm: Algorithm, params: Params, mode: int = 0) -> float:
    """The share of right answers in 30 episodes of classes that were not trained on."""
    source = squares(algorithm.problem.input_shape[-1], classes=8, seed=1)
    tasks = source.episodes(random.fold_range(random.key(0, "test"), 30), WAY, SHOT, 4)
    function = outputs_of_task(algorithm, stated_modes(algorithm, params), ())
    with torch.no_grad():
        ends, _ = torch.func.vmap(function, in_dims=(None, 0))(params, tasks)
    return float((ends[mode].argmax(-1) == tasks.query.y).float().mean())


def equal(a: Params, b: Params) -> bool:
    """Whether they are the same to the bit."""
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)
