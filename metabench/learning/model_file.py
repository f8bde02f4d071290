"""A model's file: phi, and what it takes to make its algorithm again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import torch

from metabench.errors import MetabenchError
from metabench.files.whole import canonical
from metabench.learning.params import load_sealed, save_sealed
from metabench.spec import RunSpec
from metabench.trees import Params

FILE = "model.safetensors"


class Saved(NamedTuple):
    """What a model's file holds.

    Attributes:
        spec: the run that trained it.
        params: phi.
        input_shape: of one input, (channels, height, width) or (features,).
        normalise: what a split's ``meta.json`` says of how its pixels are normalised.
    """

    spec: RunSpec
    params: Params
    input_shape: tuple[int, ...]
    normalise: Any


def save_model(folder: Path, model: Saved, diverged: str = "") -> None:
    """Write ``model.safetensors``.

    Args:
        folder: of the run.
        model: what to write.
        diverged: where and how meta-training did; such a model is not read again.
    """
    said = {
        "spec": model.spec.to_json(),
        "input_shape": canonical(list(model.input_shape)),
        "normalise": canonical(model.normalise),
        "diverged": diverged,
    }
    save_sealed(folder / FILE, model.params, said)


def read_model(file: Path, device: torch.device | str) -> Saved:
    """What ``save_model`` wrote.

    Raises:
        MetabenchError: where the file is damaged, says nothing of itself, or is of a meta-training
            that diverged.
    """
    params, said = load_sealed(file, device)
    if "diverged" not in said:
        raise MetabenchError(f"{file}: does not say what it is of; train it again")
    if said["diverged"]:
        raise MetabenchError(f"{file}: its meta-training diverged: {said['diverged']}")
    shape, normalise = tuple(json.loads(said["input_shape"])), json.loads(said["normalise"])
    return Saved(RunSpec.from_json(said["spec"]), params, shape, normalise)
