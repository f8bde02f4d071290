"""What the studies here ask for can be begun: a small meta-iteration of each kind of run."""

from __future__ import annotations

import dataclasses
import importlib
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from metabench import random
from metabench.datasets.store import Split
from metabench.episodes.sampling import ImageSource
from metabench.learning.assembly import make_algorithm
from metabench.learning.engine import MetaGradient, Plan
from metabench.spec import DataSpec, RunSpec
from metabench.study.config import load
from metabench.tasks import Source

CONFIG = Path(__file__).resolve().parents[2] / "config"
STUDIES = [load(file, CONFIG) for file in sorted(CONFIG.glob("*.yaml"))]
LESS = {"meta_batch": 2, "inner_steps": 2, "cg_steps": 2, "train_way": 6, "train_query": 5}
LESS |= {"train_shot": 5}


def kind(run: RunSpec) -> tuple[str, ...]:
    """What decides which code a first iteration runs."""
    hp = run.hyperparameters
    backbone = re.sub(r"-\d+", "", run.backbone)  # whatever its filters
    queries = "queries" if hp["train_query"] else "no queries"
    return (run.algorithm, run.data.task, backbone, hp["augment"], queries, hp["precision"])


# Those that train nothing have no iteration.
KINDS = {
    "-".join(kind(run)): run
    for study in STUDIES
    for run in study.models
    if run.algorithm_class and run.hyperparameters["iterations"]
}


@pytest.fixture(scope="module")
def images() -> ImageSource:
    """Noise in colour, of 8 classes with 12 images."""
    pixels = np.random.default_rng(0).integers(0, 256, (96, 48, 48, 3), dtype=np.uint8)
    labels = np.repeat(np.arange(8, dtype=np.int32), 12)
    classes = tuple(f"noise/{c}" for c in range(8))
    return ImageSource(Split(pixels, labels, classes, {"dataset": "noise", "split": "train"}))


def source_of(data: DataSpec, images: ImageSource) -> Source:
    if data.task == "classification":
        return images
    source: Source = importlib.import_module(data.module).source(data.options)
    return source


@pytest.mark.parametrize("run", KINDS.values(), ids=KINDS.keys())
def test_a_meta_gradient_is_finite(run: RunSpec, images: ImageSource) -> None:
    """With fewer tasks, steps, classes and filters than the study has, and nothing else changed."""
    hp = run.hyperparameters
    run = dataclasses.replace(
        run,
        way=min(run.way, 6),
        backbone=re.sub(r"-\d+", "-4", run.backbone),
        hyperparameters=hp | {name: min(hp[name], LESS[name]) for name in LESS if name in hp},
    )
    source = source_of(run.data, images)
    algorithm = make_algorithm(run, source.input_shape, source.train_classes)
    phi = algorithm.init(torch.Generator().manual_seed(0))
    keys = random.fold_range(random.key(0, "test"), algorithm.hp.meta_batch)
    tasks = algorithm.draw(source.augmented(algorithm.hp.augment), keys)
    gradient, _ = MetaGradient(algorithm, Plan(tasks_at_once=2, replayed=False))(phi, tasks)
    assert gradient
    assert all(torch.isfinite(g).all() for g in gradient.values())
