"""From a run's specification to its algorithm and its device."""

from __future__ import annotations

import importlib

import torch

from metabench.algorithm import Algorithm
from metabench.errors import MetabenchError
from metabench.hyperparameters import parse
from metabench.learning.memory import keep_freed_memory
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
    network = build(spec.backbone, input_shape, cls.outputs(problem))
    cls.check_network(network)
    return cls(network, problem, hp)


def open_device(name: str) -> torch.device:
    """The device called ``name``; "auto" is a GPU where there is one.

    Raises:
        MetabenchError: where it is not there.
    """
    keep_freed_memory()
    torch.backends.cudnn.allow_tf32 = False  # matrix products have none by default
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    device = torch.device(name)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise MetabenchError(f"--device {name}: no CUDA GPU is seen here; use 'cpu' or 'auto'")
    return device
