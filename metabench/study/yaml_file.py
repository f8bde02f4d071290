"""YAML as people expect it: one meaning for each key, and ``1e-3`` is a number.

Plain YAML 1.1 keeps the last of two equal keys without a word, and reads ``1e-3`` as a text
because its floats need a point. What a file holds goes to jobs as JSON, so there is nothing in it
that JSON has not: no sets, no keys that are numbers, nothing inside itself.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from metabench.errors import MetabenchError


def read_mapping(path: Path) -> dict[str, Any]:
    """The mapping that a YAML file holds.

    Raises:
        MetabenchError: naming the file, and the line where there is one.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise MetabenchError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise MetabenchError(
            f"{path}: is a folder; a file is right, such as config/config.yaml for a study"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise MetabenchError(f"{path}: cannot be read as UTF-8 text: {error}") from None
    try:
        value = yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise MetabenchError(f"{path}:{line}: {_explain(error)}") from None
    except RecursionError:
        raise MetabenchError(f"{path}: nested too deep to be read") from None
    except yaml.YAMLError as error:
        raise MetabenchError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(value, dict):
        raise MetabenchError(f"{path}: holds no keys; lines such as `key: value` are right")
    return value


TAG = "tag:yaml.org,2002:"
KINDS = ("str", "int", "float", "bool", "null", "seq", "map")  # of values: those of JSON


class _Loader(yaml.SafeLoader):
    """The safe loader, with an error for what cannot be meant."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self.deep_construct = True  # what is inside itself is then refused

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (yaml.YAMLError, RecursionError):
            raise
        except Exception:  # of Python, for a value that is not what its tag says
            kind = node.tag.removeprefix(TAG)
            raise yaml.constructor.ConstructorError(
                problem=f"not what !!{kind} says; leave !!{kind} out", problem_mark=node.start_mark
            ) from None

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: dict[str, int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            if key.tag.removeprefix(TAG) not in ("str", "merge"):
                raise yaml.constructor.ConstructorError(
                    problem=f"the key {key.value} is not a text; put it in quotes",
                    problem_mark=key.start_mark,
                )
            line = key.start_mark.line + 1
            if key.value in seen and key.value != "<<":
                raise yaml.constructor.ConstructorError(
                    problem=f"key '{key.value}' is there already, in line {seen[key.value]}; "
                    "keep one of the two",
                    problem_mark=key.start_mark,
                )
            seen.setdefault(key.value, line)
        return super().construct_mapping(node, deep)


# The floats of YAML 1.2: the point and the sign of the exponent may both be left out.
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.inf|\.nan")
_INTEGER = re.compile(r"[-+]?[0-9]+")

# Without YAML 1.1's 1:30 (ninety) and 010 (eight), a number is what it looks like; `no` is a word,
# and a date is text, for JSON has none.
_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern)
        for tag, pattern in resolvers
        if tag.removeprefix(TAG) not in ("int", "float", "bool", "timestamp")
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_BOOLEAN = re.compile("true|True|TRUE|false|False|FALSE")
for _tag, _pattern, _first in (
    ("int", _INTEGER, "-+.0123456789"),
    ("float", _FLOAT, "-+.0123456789"),
    ("bool", _BOOLEAN, "tTfF"),
):
    _Loader.add_implicit_resolver(
        f"{TAG}{_tag}", re.compile(f"^(?:{_pattern.pattern})$"), list(_first)
    )
_Loader.yaml_constructors = {
    tag: constructor
    for tag, constructor in yaml.SafeLoader.yaml_constructors.items()
    if tag and tag.removeprefix(TAG) in KINDS
}


def _refuse(loader: _Loader, node: yaml.Node) -> None:
    tag = node.tag.replace(TAG, "!!")
    raise yaml.constructor.ConstructorError(
        problem=f"{tag} is nothing that a file here holds; texts, numbers, true, false, null, "
        "lists, and keys with values are",
        problem_mark=node.start_mark,
    )


_Loader.add_constructor(None, _refuse)


def _whole(loader: _Loader, node: yaml.ScalarNode) -> int:
    """A whole number that fits into 64 bits, as seeds and counts must: Python's own have no end."""
    digits = node.value.lstrip("+-").lstrip("0")
    if len(digits) < 20 and abs(number := int(node.value)) < 2**63:
        return number
    shown = node.value if len(node.value) < 40 else f"{node.value[:20]}... ({len(digits)} digits)"
    raise yaml.constructor.ConstructorError(
        problem=f"{shown} is too large; a whole number of at most 2^63 - 1 is right",
        problem_mark=node.start_mark,
    )


_Loader.add_constructor(f"{TAG}int", _whole)


def _explain(error: yaml.MarkedYAMLError) -> str:
    problem = " ".join(str(error.problem or error.context).split())
    if "\\t" in problem or "'\t'" in str(error.problem):
        return "a tab; indent with spaces"
    if "recursive" in problem:
        return "an anchor (&) with itself inside; write out what is meant"
    if isinstance(error, yaml.constructor.ConstructorError):
        return problem
    return f"not YAML: {problem}"
