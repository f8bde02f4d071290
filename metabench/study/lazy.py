"""Classes and modules named in configuration files, without the seconds that torch takes to load.

A module of an algorithm imports torch and uses it inside functions only. While it is imported for
the names and ranges of its hyperparameters, torch is a stand-in that turns into the real module
when something first looks into it.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from metabench.errors import MetabenchError
from metabench.hyperparameters import Hyperparameters, suggest


def import_lazily(module: str, where: str) -> ModuleType:
    """Import ``module`` with a stand-in for torch.

    Raises:
        MetabenchError: where it is not there or cannot be imported.
    """
    try:
        with torch_unloaded():
            return importlib.import_module(module)
    except ModuleNotFoundError as error:
        right = "a module that Python finds is (PYTHONPATH names the folders it looks in)"
        missing = error.name or module
        if module == missing or module.startswith(f"{missing}."):
            raise MetabenchError(f"{where}: no module '{module}'; {right}") from None
        raise MetabenchError(
            f"{where}: {module} needs the module '{missing}', which is not installed"
        ) from None
    except MetabenchError:
        raise
    except Exception as error:  # a user's file may fail in any way
        told = " ".join(f"{type(error).__name__}: {error}".split())
        raise MetabenchError(f"{where}: {module} cannot be imported: {told}") from None


def class_of(path: str, where: str) -> Any:
    """The algorithm class that ``package.module:Class`` names."""
    module_name, _, class_name = path.partition(":")
    module = import_lazily(module_name, where)
    algorithm = getattr(module, class_name, None)
    if not inspect.isclass(algorithm):
        classes = [n for n, value in vars(module).items() if issubclass(type(value), type)]
        raise MetabenchError(
            f"{where}: {module_name} has no class '{class_name}'; {suggest(class_name, classes)}"
        )
    return algorithm


def hyperparameters_of(path: str, where: str) -> type[Hyperparameters]:
    """The hyperparameter dataclass of the algorithm class that ``package.module:Class`` names."""
    dataclass = getattr(class_of(path, where), "hyperparameters", None)
    if not inspect.isclass(dataclass) or not issubclass(dataclass, Hyperparameters):
        raise MetabenchError(
            f"{where}: {path} has no `hyperparameters`; a frozen dataclass derived from "
            "metabench.hyperparameters.Hyperparameters is right there"
        )
    return dataclass


class _StandIn(ModuleType):
    """Looks like torch to `import torch`; loads it when something is looked for inside.

    ``importlib.util.LazyLoader`` will not do: a second `import torch` looks for the module's
    ``__spec__``, and that is enough for it to load.
    """

    def __getattr__(self, name: str) -> Any:
        if sys.modules.get("torch") is self:
            del sys.modules["torch"]
        return getattr(importlib.import_module("torch"), name)


@contextmanager
def torch_unloaded() -> Iterator[None]:
    """What is imported in this block gets a stand-in for torch."""
    stand_in = sys.modules.setdefault("torch", _StandIn("torch"))
    try:
        yield
    finally:
        if isinstance(stand_in, _StandIn) and sys.modules.get("torch") is stand_in:
            del sys.modules["torch"]
