"""Every algorithm of config/algorithms that has a class, small: none is left out of the tests."""

from __future__ import annotations

import dataclasses
import importlib
from pathlib import Path
from typing import Any

from small_training import squares

import metabench.networks
from metabench.algorithm import Algorithm
from metabench.datasets.sinusoid import SinusoidSource
from metabench.errors import MetabenchError
from metabench.networks import build
from metabench.study.catalogue import Algorithm as Entry
from metabench.study.catalogue import Catalogue
from metabench.tasks import Problem, Source

CONFIG = Path(__file__).resolve().parents[2] / "config"
CATALOGUE = Catalogue([CONFIG])
ENTRIES = [
    CATALOGUE.algorithm(file.stem, str(file))
    for file in sorted((CONFIG / "algorithms").glob("*.yaml"))
]
CASES = {
    f"{entry.name}-{task}": (entry, task)
    for entry in ENTRIES
    if entry.algorithm_class
    for task in entry.tasks
}
WAY, SHOT = 3, 2
MOST = {"iterations": 2, "meta_batch": 2, "train_way": WAY, "train_shot": 3, "train_query": 2}


def small(entry: Entry, task: str) -> dict[str, Any]:
    """The published hyperparameters, where they count something no more than a few."""
    cls = entry.hyperparameters
    assert cls is not None
    place = {"dataset": "glyphs", "task": task, "way": WAY, "shot": SHOT, "backbone": "conv4-64"}
    values = {field.name: field.default for field in dataclasses.fields(cls)}
    values |= entry.published(place)
    for name, value in values.items():
        most = 2 if name.endswith(("_steps", "_epochs")) else MOST.get(name)
        if most is not None:
            values[name] = min(value, most)
    entry.check(values, entry.name)
    return values


def backbones(task: str) -> list[str]:
    """Small backbones, the usual one first; one of every module there is."""
    if task == "regression":
        return ["mlp-8-8"]
    folder = Path(metabench.networks.__file__).parent
    return ["conv4-8", *(f"{file.stem}-8" for file in sorted(folder.glob("*.py")))]


def prepared(case: str, device: str = "cpu") -> tuple[Algorithm, Source]:
    """The algorithm of a case, small, on the first backbone that it does not refuse; its tasks."""
    entry, task = CASES[case]
    images = task != "regression"
    source = squares(side=28, device=device) if images else SinusoidSource({}, device)
    return make(entry, task, source), source


def make(entry: Entry, task: str, source: Source) -> Algorithm:
    """The algorithm of a file, as ``prepared`` says."""
    module, _, name = entry.algorithm_class.partition(":")
    cls: type[Algorithm] = getattr(importlib.import_module(module), name)
    way = 1 if task == "regression" else WAY
    problem = Problem(task, way, SHOT, tuple(source.input_shape), source.train_classes)
    hp = cls.hyperparameters(**small(entry, task))
    refusals = []
    for backbone in backbones(task):
        try:
            return cls(build(backbone, problem.input_shape, cls.outputs(problem)), problem, hp)
        except MetabenchError as refused:
            refusals.append(str(refused))
    raise AssertionError(f"{entry.name} takes no backbone: {refusals}")


#: Those of the cases that are meta-trained.
TRAINED = [case for case, (entry, task) in CASES.items() if small(entry, task)["iterations"]]
