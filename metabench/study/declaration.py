"""The dataclass of an algorithm's hyperparameters, checked as somebody wrote it.

What is wrong with it would otherwise show where a value is read, or never: a class without its
decorator has no fields of its own, and nobody would see that a default is out of its range.
"""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any, Literal, get_args, get_origin, get_type_hints

from metabench.errors import MetabenchError
from metabench.hyperparameters import Hyperparameters, parse, setting

KINDS = "int, float, bool, str, Literal of texts, or tuple[float, ...] and such"
BOUNDS = ("least", "most", "above")
OF_SETTING = setting(0, "").metadata.keys()


def check_declaration(cls: type[Hyperparameters], where: str) -> None:
    """Check that each field of ``cls`` is a ``setting`` whose default passes its own check.

    Args:
        cls: the dataclass of one algorithm.
        where: the file and key that name the algorithm, for the error.

    Raises:
        MetabenchError: naming the class and the field, and what would be right.
    """
    where = f"{where}: {cls.__name__}"
    derived = [base for base in cls.__mro__ if issubclass(base, Hyperparameters)]
    for base in derived:
        if inspect.get_annotations(base) and "__dataclass_fields__" not in vars(base):
            raise MetabenchError(f"{where}: write @dataclass(frozen=True) above {base.__name__}")
    try:
        types = get_type_hints(cls)
    except Exception as error:  # an annotation may be anything
        raise MetabenchError(f"{where}: a type in it is none ({error}); {KINDS} is right") from None
    for field in dataclasses.fields(cls):
        _check_field(field, types[field.name], f"{where}.{field.name}")
        for base in derived:
            if field.name in vars(base) and field.name not in inspect.get_annotations(base):
                raise MetabenchError(
                    f"{where}.{field.name}: without a type in {base.__name__}, where it changes "
                    f"nothing; write `{field.name}: {_words(types[field.name])} = setting(...)`"
                )
    defaults = {field.name: field.default for field in dataclasses.fields(cls)}
    parse(cls, defaults, f"{where}: default")


def _check_field(field: dataclasses.Field[Any], kind: Any, where: str) -> None:
    told = field.metadata
    if not told.keys() >= OF_SETTING or not isinstance(told["about"], str):
        default = "..." if field.default is dataclasses.MISSING else repr(field.default)
        raise MetabenchError(f'{where}: write setting({default}, "what it is")')
    if not _can_be_checked(kind):
        raise MetabenchError(f"{where}: its type is {_words(kind)}; {KINDS} is right")
    if told["budgeted"] and kind is not int:
        raise MetabenchError(f"{where}: budgeted, and {_words(kind)}; int is right")
    for bound in BOUNDS:
        if told[bound] is not None and type(told[bound]) not in (int, float):
            raise MetabenchError(f"{where}: {bound} is {told[bound]!r}; a number is right")


def _can_be_checked(kind: Any) -> bool:
    if get_origin(kind) is tuple:
        item, *rest = get_args(kind) or [None]
        return all(other in (item, ...) for other in rest) and _can_be_checked(item)
    if get_origin(kind) is Literal:
        return all(isinstance(choice, str) for choice in get_args(kind))
    return kind in (int, float, bool, str)


def _words(kind: Any) -> str:
    return inspect.formatannotation(kind)
