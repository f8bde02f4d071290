"""Hyperparameters: frozen dataclasses whose fields are their own documentation and check.

Nothing here imports torch, so that a study is checked in milliseconds before any job starts.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from metabench.errors import MetabenchError


def setting(
    default: Any,
    about: str,
    *,
    least: float | None = None,
    most: float | None = None,
    above: float | None = None,
    budgeted: bool = False,
) -> Any:
    """A field of a hyperparameter dataclass: its default, what it is, and its range.

    Args:
        default: the value where nothing else is given.
        about: one line of documentation, with the unit where there is one.
        least: the smallest value allowed.
        most: the largest value allowed.
        above: the value must be larger than this.
        budgeted: whether a study's `budget` shortens it together with the iterations, as it must
            what a schedule counts in them. A whole number.
    """
    bounds = {"least": least, "most": most, "above": above}
    metadata = {"about": about, **bounds, "budgeted": budgeted}
    return dataclasses.field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Hyperparameters:
    """What every algorithm has: the meta-training loop around it."""

    iterations: int = setting(1000, "meta-iterations (outer updates)", least=0)
    meta_batch: int = setting(4, "tasks in one outer update", least=1)
    outer_optimizer: Literal["adam", "sgd"] = setting("adam", "optimizer of the outer loop")
    outer_lr: float = setting(1e-3, "step size of the outer loop", above=0)
    outer_epsilon: float = setting(1e-8, "epsilon of the outer loop's Adam", above=0)
    outer_momentum: float = setting(0.0, "momentum of the outer loop's SGD", least=0, most=1)
    weight_decay: float = setting(0.0, "this times phi is added to the meta-gradient", least=0)
    outer_schedule: Literal["constant", "linear", "cosine", "halve"] = setting(
        "constant",
        "outer step size: constant, linear or cosine to `outer_lr_end`, halved every `halve_every`",
    )
    outer_lr_end: float = setting(0.0, "outer step size that linear and cosine end at", least=0)
    halve_every: int = setting(
        2000, "iterations between two halvings of the outer step", least=1, budgeted=True
    )
    clip: float = setting(0.0, "bound on each element of the meta-gradient; 0 is none", least=0)
    clip_norm: float = setting(0.0, "bound on the meta-gradient's norm; 0 is none", least=0)
    train_shot: int = setting(0, "shots of a training episode; 0 is the setting's", least=0)
    train_query: int = setting(15, "queries of each class in a training episode", least=1)
    augment: Literal["none", "affine", "crop+flip", "crop+flip+colour"] = setting(
        "none", "how training images are altered at random: metabench/episodes/augmentation.py"
    )
    validate_every: int = setting(500, "iterations between two validations", least=1)
    checkpoint: Literal["last", "best-on-validation"] = setting(
        "best-on-validation", "which iterate is tested"
    )
    precision: Literal["float32", "tf32"] = setting(
        "float32", "of products and convolutions on a GPU; tf32 is faster and has 10 bits"
    )


T = TypeVar("T", bound=Hyperparameters)


def names(cls: type[Hyperparameters]) -> list[str]:
    """The names of all hyperparameters of ``cls``."""
    return [field.name for field in dataclasses.fields(cls)]


def parse(cls: type[T], values: dict[str, Any], where: str) -> T:
    """The hyperparameters that ``values`` sets, checked by name, type and range.

    Args:
        cls: the dataclass of one algorithm.
        values: hyperparameters by name, as read from YAML or JSON.
        where: the file that they come from, for the error.

    Raises:
        MetabenchError: naming the file, the key, and what would be right.
    """
    types = _types(cls)  # type: ignore[arg-type]  # a class is hashable; mypy looks at instances
    fields = {field.name: field for field in dataclasses.fields(cls)}
    checked = {}
    for name, value in values.items():
        if name not in fields:
            raise MetabenchError(f"{where}: no hyperparameter '{name}'; {suggest(name, fields)}")
        checked[name] = _checked(value, types[name], fields[name].metadata, f"{where}: '{name}'")
    return cls(**checked)


def suggest(name: str, known: Any) -> str:
    """The end of an error about an unknown name: the nearest known one, or all of them."""
    names = {str(one).lower(): str(one) for one in known}
    near = get_close_matches(str(name).lower(), names, n=1)
    if near:
        return f"did you mean '{names[near[0]]}'?"
    return f"known: {', '.join(sorted(map(str, known)))}"


@cache
def _types(cls: type[Hyperparameters]) -> dict[str, Any]:
    """The types of all fields of ``cls``, whose annotations are texts that take long to read."""
    return get_type_hints(cls)


def _checked(value: Any, kind: Any, bounds: Any, where: str) -> Any:
    if get_origin(kind) is Literal:
        if value not in get_args(kind):
            raise MetabenchError(f"{where} is {value!r}; one of {', '.join(get_args(kind))}")
        return value
    if get_origin(kind) is tuple:
        if not isinstance(value, list | tuple) or not value:
            raise MetabenchError(f"{where} is {value!r}; a list of numbers, such as [0.01, 0.1]")
        return tuple(_checked(item, get_args(kind)[0], bounds, where) for item in value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not kind:
        raise MetabenchError(
            f"{where} is {value!r} ({type(value).__name__}); {_range(kind, bounds)}"
        )
    if kind in (int, float):
        fine = (
            math.isfinite(value)
            and (bounds["least"] is None or value >= bounds["least"])
            and (bounds["most"] is None or value <= bounds["most"])
            and (bounds["above"] is None or value > bounds["above"])
        )
        if not fine:
            raise MetabenchError(f"{where} is {value!r}; {_range(kind, bounds)}")
    return value


def _range(kind: Any, bounds: Any) -> str:
    words = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}[kind]
    limits = {"least": "at least", "most": "at most", "above": "above"}
    parts = [f"{limits[k]} {bounds[k]:g}" for k in limits if bounds[k] is not None]
    return " ".join([words, " and ".join(parts)]).strip()
