"""What is timed: four settings of the literature, on images of noise.

Speed does not depend on what the images show, so nothing is downloaded.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
import torch

from metabench import random
from metabench.algorithm import Algorithm
from metabench.datasets.sinusoid import SinusoidSource
from metabench.datasets.store import Split
from metabench.episodes.sampling import ImageSource
from metabench.learning.assembly import make_algorithm
from metabench.learning.engine import task_at
from metabench.spec import DataSpec, RunSpec
from metabench.tasks import Batch, Source, Task
from metabench.trees import Params

CLASSES = {
    "maml": "metabench.algorithms.maml:MAML",
    "fomaml": "metabench.algorithms.fomaml:FOMAML",
    "imaml": "metabench.algorithms.imaml:IMAML",
    "reptile": "metabench.algorithms.reptile:Reptile",
    "protonet": "metabench.algorithms.protonet:ProtoNet",
}
NOISE_CLASSES = 64  # as many as miniImageNet has for meta-training


@dataclass(frozen=True)
class Setting:
    """A network, the tasks of a meta-batch, and the hyperparameters of each algorithm.

    MAML, FOMAML, iMAML and prototypical networks are given the same meta-batch. Reptile has no
    queries in meta-training and shots of its own: as many tasks, of the size that was published.
    On images iMAML takes 2 inner steps and 2 of conjugate gradient where 16 and 5 were published,
    and Reptile 3 inner steps where 5 to 10 were: their time is proportional to steps, for everyone.
    """

    name: str
    title: str
    task: str
    backbone: str
    input_shape: tuple[int, ...]
    way: int
    shot: int
    queries: int  # of each class
    tasks: int
    hyperparameters: dict[str, dict[str, Any]] = field(hash=False)

    def spec(self, algorithm: str) -> RunSpec:
        """The run whose meta-iterations are timed."""
        shared = {"meta_batch": self.tasks, "train_shot": self.shot, "train_query": self.queries}
        hp = {**shared, **self.hyperparameters[algorithm]}
        data = DataSpec(self.name, "", self.task)
        of_class, seed, published = CLASSES[algorithm], 0, 0
        where = (data, self.way, self.shot)
        return RunSpec("speed", *where, algorithm, of_class, seed, self.backbone, hp, published)

    def algorithm(self, name: str) -> Algorithm:
        """One of the setting's algorithms."""
        return make_algorithm(self.spec(name), self.input_shape, NOISE_CLASSES)

    def source(self) -> Source:
        """Sinusoids, or images of noise in as many classes as there can be."""
        if self.task == "regression":
            return cast(Source, SinusoidSource({}))
        per_class = 20  # enough for every protocol here, but little enough to be made in no time
        channels, height, width = self.input_shape
        shape = (NOISE_CLASSES * per_class, height, width, channels)
        images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
        labels = np.repeat(np.arange(NOISE_CLASSES, dtype=np.int32), per_class)
        names = tuple(f"noise/{n}" for n in range(NOISE_CLASSES))
        return ImageSource(Split(images, labels, names, {"dataset": self.name, "split": "train"}))


@dataclass(frozen=True)
class Workload:
    """One meta-iteration's input: an algorithm, phi and the tasks of a meta-batch."""

    setting: Setting
    algorithm_name: str
    algorithm: Algorithm
    params: Params
    tasks: Task

    def double(self, tasks: int) -> Workload:
        """The first tasks in float64, where different programs must agree to many digits."""
        params = {name: value.double() for name, value in self.params.items()}
        some = Task(*(as_double(batch) for batch in task_at(self.tasks, slice(tasks))))
        return replace(self, params=params, tasks=some)


def as_double(batch: Batch) -> Batch:
    """A batch in float64; class indices stay whole numbers."""
    y = batch.y.double() if batch.y.is_floating_point() else batch.y
    return batch._replace(x=batch.x.double(), y=y)


def workload(setting: Setting, algorithm: str) -> Workload:
    """A meta-batch and initial parameters; always the same."""
    made = setting.algorithm(algorithm)
    params = made.init(torch.Generator().manual_seed(0))
    keys = random.fold_range(random.key(0, "speed"), setting.tasks)
    return Workload(setting, algorithm, made, params, made.draw(setting.source(), keys))


SINUSOID = Setting(
    name="sinusoid",
    title="sinusoid, 25 tasks",
    task="regression",
    backbone="mlp-40-40",
    input_shape=(1,),
    way=1,
    shot=10,
    queries=10,
    tasks=25,
    hyperparameters={
        "maml": {"inner_lr": 0.01, "inner_steps": 1},
        "fomaml": {"inner_lr": 0.01, "inner_steps": 1},
        "imaml": {"inner_lr": 0.01, "inner_steps": 5, "lam": 0.5, "cg_steps": 5},
        "reptile": {"inner_lr": 0.01, "inner_steps": 5, "train_shot": 20, "train_query": 0},
    },
)
OMNIGLOT_5 = Setting(
    name="omniglot-5w1s",
    title="Omniglot 5-way, 32 tasks",
    task="classification",
    backbone="conv4-64",
    input_shape=(1, 28, 28),
    way=5,
    shot=1,
    queries=1,
    tasks=32,
    hyperparameters={
        "maml": {"inner_lr": 0.4, "inner_steps": 1, "inner_loss": "sum over classes"},
        "fomaml": {"inner_lr": 0.4, "inner_steps": 1, "inner_loss": "sum over classes"},
        "imaml": {"inner_lr": 0.1, "inner_steps": 2, "lam": 2.0, "cg_steps": 2},
        "reptile": {"inner_lr": 1e-3, "inner_steps": 3, "train_shot": 10, "train_query": 0},
        "protonet": {},
    },
)
OMNIGLOT_20 = Setting(
    name="omniglot-20w1s",
    title="Omniglot 20-way, 16 tasks",
    task="classification",
    backbone="conv4-64",
    input_shape=(1, 28, 28),
    way=20,
    shot=1,
    queries=1,
    tasks=16,
    hyperparameters={
        "maml": {"inner_lr": 0.1, "inner_steps": 5, "inner_loss": "sum over classes"},
        "fomaml": {"inner_lr": 0.1, "inner_steps": 5, "inner_loss": "sum over classes"},
        "imaml": {"inner_lr": 0.1, "inner_steps": 2, "lam": 2.0, "cg_steps": 2},
        "reptile": {
            "inner_lr": 5e-4,
            "inner_steps": 3,
            "inner_batch": 20,
            "train_shot": 10,
            "train_query": 0,
        },
        "protonet": {},
    },
)
MINIIMAGENET = Setting(
    name="miniimagenet-5w1s",
    title="miniImageNet 5-way, 4 tasks",
    task="classification",
    backbone="conv4-32-pool",
    input_shape=(3, 84, 84),
    way=5,
    shot=1,
    queries=15,
    tasks=4,
    hyperparameters={
        "maml": {"inner_lr": 0.01, "inner_steps": 5, "inner_loss": "sum over classes"},
        "fomaml": {"inner_lr": 0.01, "inner_steps": 5, "inner_loss": "sum over classes"},
        "imaml": {"inner_lr": 0.1, "inner_steps": 2, "lam": 2.0, "cg_steps": 2},
        "reptile": {"inner_lr": 1e-3, "inner_steps": 3, "train_shot": 15, "train_query": 0},
        "protonet": {},
    },
)
SETTINGS = {s.name: s for s in (SINUSOID, OMNIGLOT_5, OMNIGLOT_20, MINIIMAGENET)}
