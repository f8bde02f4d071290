"""Tensors in files: safetensors, written whole or not at all, which hold no code."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save

from metabench.errors import MetabenchError
from metabench.files.whole import atomic, canonical, content_digest
from metabench.trees import Params

SEAL = "sha256"  # of all tensors and of the rest of the metadata
SAID = "said"  # the one key of the metadata: the order of several is another each time


def save_params(path: Path, params: Params, metadata: dict[str, str] | None = None) -> None:
    """Write tensors atomically as safetensors, bit for bit."""
    tensors = {name: value.detach().cpu().contiguous() for name, value in params.items()}
    with atomic(path) as temporary:
        temporary.write_bytes(save(tensors, metadata))


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


def save_sealed(path: Path, params: Params, metadata: dict[str, str]) -> None:
    """The same with a digest inside, for a file that nothing else describes."""
    sealed = {**metadata, SEAL: _digest(params, metadata)}
    save_params(path, params, {SAID: canonical(sealed)})


def load_sealed(path: Path, device: torch.device | str) -> tuple[Params, dict[str, str]]:
    """The tensors and the metadata that ``save_sealed`` wrote.

    Raises:
        MetabenchError: where the file is damaged or altered.
    """
    params = load_params(path, device)
    with safe_open(path, framework="pt") as file:
        said = file.metadata() or {}
    if SAID not in said:
        raise MetabenchError(f"{path}: has no {SEAL} of its content: of another version, perhaps")
    try:
        metadata: dict[str, str] = json.loads(said[SAID])
        expected, found = metadata.pop(SEAL), _digest(params, metadata)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise MetabenchError(f"{path}: what it says of itself is damaged") from None
    if found != expected:
        raise MetabenchError(f"{path}: expected content sha256 {expected}, found {found}")
    return params, metadata


def _digest(params: Params, metadata: dict[str, str]) -> str:
    tensors = sorted(params.items())
    named = (part for name, value in tensors for part in (name, value.detach().cpu().numpy()))
    return content_digest(canonical(metadata), *named)
