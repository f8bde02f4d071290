"""From a run's specification to its algorithm and its files."""

from __future__ import annotations

import importlib
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from metabench.algorithm import Algorithm
from metabench.errors import MetabenchError
from metabench.files import atomic
from metabench.hyperparameters import parse
from metabench.networks import build
from metabench.spec import RunSpec
from metabench.tasks import Problem
from metabench.trees import Params


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


def save_params(path: Path, params: Params, metadata: dict[str, str] | None = None) -> None:
    """Write tensors atomically as safetensors, bit for bit."""
    with atomic(path) as temporary:
        tensors = {name: value.detach().cpu().contiguous() for name, value in params.items()}
        save_file(tensors, temporary, metadata)


def load_params(path: Path, device: torch.device | str = "cpu") -> Params:
    """The tensors of a safetensors file.

    Raises:
        MetabenchError: where the file is damaged.
    """
    try:
        return load_file(path, device=str(device))
    except Exception as error:  # safetensors has no public error class of its own
        raise MetabenchError(
            f"{path}: not a whole safetensors file ({error}); delete it and run again"
        ) from None
