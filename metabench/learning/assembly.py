"""From a run's specification to its algorithm."""

from __future__ import annotations

import importlib

from metabench.algorithm import Algorithm
from metabench.hyperparameters import parse
from metabench.networks import build
from metabench.spec import RunSpec
from metabench.tasks import Problem


def make_algorithm(
    spec: RunSpec, input_shape: tuple[int, ...], train_classes: int = 0
) -> Algorithm:
    """The algorithm of a run, with its network and hyperparameters.

    ``train_classes`` matters only to algorithms that classify all training classes.
    """
    module, _, name = spec.algorithm_class.partition(":")
    cls: type[Algorithm] = getattr(importlib.import_module(module), name)
    problem = Problem(spec.data.task, spec.way, spec.shot, input_shape, train_classes)
    hp = parse(cls.hyperparameters, spec.hyperparameters, f"algorithm '{spec.algorithm}'")
    return cls(build(spec.backbone, input_shape, cls.outputs(problem)), problem, hp)
