"""Options of a data set, checked before anything is prepared."""

from __future__ import annotations

from typing import Any, NamedTuple

from metabench.errors import MetabenchError
from metabench.hyperparameters import suggest


class Between(NamedTuple):
    """Any number from ``low`` to ``high``, both included."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"a number from {self.low:g} to {self.high:g}"


class Whole(NamedTuple):
    """A whole number from ``low`` to ``high``, both included."""

    low: int
    high: int

    def __str__(self) -> str:
        return f"a whole number from {self.low} to {self.high}"


class OneOf(NamedTuple):
    """One of some values."""

    values: tuple[Any, ...]

    def __str__(self) -> str:
        return f"one of {', '.join(str(value).lower() for value in self.values)}"


class Kind(NamedTuple):
    """Any value of one type; what is in it is checked elsewhere."""

    kind: type
    said: str  # what is right, for people

    def __str__(self) -> str:
        return self.said


Rule = Between | Whole | OneOf | Kind
FLAG = OneOf((True, False))


def check_options(options: dict[str, Any], rules: dict[str, Rule], where: str) -> None:
    """Check every option by its rule.

    Args:
        options: what the data set's file says.
        rules: what each option may be.
        where: the file and key, for the error.

    Raises:
        MetabenchError: naming the option and what would be right.
    """
    for name, value in options.items():
        if name not in rules:
            raise MetabenchError(f"{where}: no option '{name}'; {suggest(name, rules)}")
        if not _allows(rules[name], value):
            raise MetabenchError(f"{where}: '{name}' is {value!r}; {rules[name]}")


def _allows(rule: Rule, value: Any) -> bool:
    if isinstance(rule, OneOf):
        # 1 == True in Python, and `rotations: 1` is still not a truth value.
        return any(type(value) is type(right) and value == right for right in rule.values)
    if isinstance(rule, Kind):
        return isinstance(value, rule.kind)
    kinds = (int,) if isinstance(rule, Whole) else (int, float)
    return type(value) in kinds and rule.low <= value <= rule.high
