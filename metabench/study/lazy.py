"""Classes and modules named in configuration files, without the seconds that torch takes to load.

A module of an algorithm imports torch and uses it inside functions only. While it is imported for
the names and ranges of its hyperparameters, torch is a stand-in that turns into the real module
when something first looks into it.
"""

from __future__ import annotations

import importlib
import inspect
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from metabench.errors import MetabenchError
from metabench.hyperparameters import Hyperparameters, suggest
from metabench.study.declaration import check_declaration

T = TypeVar("T")


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
    except SystemExit:  # it would end the check without a word
        raise MetabenchError(
            f"{where}: {module} cannot be imported: SystemExit; keep what runs under "
            "if __name__ == '__main__'"
        ) from None
    except Exception as error:  # a user's file may fail in any way
        raise MetabenchError(f"{where}: {module} cannot be imported: {_told(error)}") from None


def call(where: str, function: Callable[..., T], *arguments: Any) -> T:
    """What somebody's function returns.

    Raises:
        MetabenchError: its own, as it is, or one that says ``where`` and what else it raised.
    """
    try:
        return function(*arguments)
    except MetabenchError:
        raise
    except (Exception, SystemExit) as error:
        name = ".".join(str(getattr(function, of, "?")) for of in ("__module__", "__qualname__"))
        place = f"{where}: " if where else ""
        raise MetabenchError(f"{place}{name} failed: {_told(error)}") from None


def _told(error: BaseException) -> str:
    """An error of somebody's code on one line, with the line of their module that it came by."""
    ours = (__file__, importlib.__file__)
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename not in ours and not frame.filename.startswith("<")
    ]
    place = f" ({Path(frames[0].filename).name}, line {frames[0].lineno})" if frames else ""
    return " ".join(f"{type(error).__name__}: {error}".split()) + place


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
    if not issubclass(algorithm, import_lazily("metabench.algorithm", where).Algorithm):
        raise MetabenchError(
            f"{where}: {path} is no algorithm; a class derived from metabench.algorithm.Algorithm "
            "is right there"
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
    call(where, check_declaration, dataclass, where)
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
