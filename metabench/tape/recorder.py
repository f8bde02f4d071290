"""Recording: every operation that runs, below autograd and ``torch.func``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.weak import WeakTensorKeyDictionary

aten = torch.ops.aten

NESTS = (tuple, list, dict)  # of an operation's arguments

# Of the tensors that these are given they read no values, but the kind and shape.
BLANKS = {
    aten.new_empty.default,
    aten.new_ones.default,
    aten.new_zeros.default,
    aten.ones_like.default,
    aten.zeros_like.default,
    aten.full_like.default,
}


@dataclass(eq=False)
class Value:
    """A tensor of the tape, known by identity. It is not kept, unless it is a constant.

    Attributes:
        shape: its shape.
        stride: its strides.
        offset: where it begins in its memory.
        memory: equal for a tensor and its views.
        constant: the tensor itself, where it depends on no input.
    """

    shape: tuple[int, ...]
    stride: tuple[int, ...]
    offset: int
    memory: int
    constant: torch.Tensor | None = None


@dataclass(frozen=True)
class Kind:
    """What the schema of an operation says.

    Attributes:
        changes: which of its arguments it changes in place.
        is_view: whether its outputs are other looks at an input's memory, and nothing is computed.
        is_random: whether it draws anew at every call.
    """

    changes: tuple[int, ...]
    is_view: bool
    is_random: bool


@cache
def kind_of(function: Any) -> Kind:
    """The kind of an operation; there are a few dozen, and thousands of steps."""
    schema = function._schema
    infos = [argument.alias_info for argument in schema.arguments]
    return Kind(
        tuple(i for i, info in enumerate(infos) if info and info.is_write),
        not schema.is_mutable and any(r.alias_info for r in schema.returns),
        torch.Tag.nondeterministic_seeded in function.tags,
    )


@dataclass
class Step:
    """One operation: what was called with what, and its outputs."""

    function: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    outputs: list[Value | None]
    several: bool = False  # whether it returns a tuple or list

    @property
    def inputs(self) -> Iterator[Value]:
        """The tensors among its arguments."""
        return values((self.args, self.kwargs))

    @property
    def made(self) -> list[Value]:
        """The tensors among its outputs."""
        return [value for value in self.outputs if value is not None]

    @property
    def changed(self) -> list[Value]:
        """The arguments that it changes in place."""
        changes = kind_of(self.function).changes
        return [*values([self.args[i] for i in changes if i < len(self.args)])]


class UnreplayableError(Exception):
    """The function's course depends on values."""


class Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Writes down what runs under it, as ``steps``."""

    def __init__(self, inputs: list[torch.Tensor]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.steps: list[Step] = []
        self.known: MutableMapping[torch.Tensor, Value] = WeakTensorKeyDictionary()
        self.memories = 0
        self.changed: set[int] = set()  # the memory that was changed in place so far
        self.inputs = [self.new(tensor, {}) for tensor in inputs]

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run the operation, and note it."""
        if func is aten._local_scalar_dense.default:
            raise UnreplayableError("a value was read while a function was recorded")
        kwargs = kwargs or {}
        given = {id(t): t for t in leaves((args, kwargs)) if isinstance(t, torch.Tensor)}
        seen = {key: self.value(tensor) for key, tensor in given.items()}
        memories = {storage(tensor): seen[key].memory for key, tensor in given.items()}
        out = func(*args, **kwargs)
        several = isinstance(out, tuple | list)
        args, kwargs = mapped(lambda leaf: seen.get(id(leaf), leaf), (args, kwargs))
        step = Step(func, args, kwargs, [], several)
        self.changed.update(value.memory for value in step.changed)
        anew = kind_of(func).is_random or any(map(self.varies, seen.values()))
        fixed = func in BLANKS or not anew
        for tensor in out if several else [out]:
            value = None
            if isinstance(tensor, torch.Tensor):
                value = self.known.get(tensor) or self.new(tensor, memories, fixed)
            step.outputs.append(value)
        self.steps.append(step)
        return out

    def varies(self, value: Value) -> bool:
        """Whether it may be another at the next call."""
        return value.constant is None or value.memory in self.changed

    def value(self, tensor: torch.Tensor) -> Value:
        """The tensor's place on the tape; one from elsewhere is a constant."""
        return self.known.get(tensor) or self.new(tensor, {}, fixed=True)

    def new(self, tensor: torch.Tensor, memories: dict[int, int], fixed: bool = False) -> Value:
        """A place for a tensor that was not seen before."""
        self.memories += 1
        memory = memories.get(storage(tensor), self.memories)
        constant = tensor.detach() if fixed else None
        offset = int(tensor.storage_offset())
        self.known[tensor] = Value(tuple(tensor.shape), tensor.stride(), offset, memory, constant)
        return self.known[tensor]


def values(nested: Any) -> Iterator[Value]:
    """The places of tensors in nested arguments."""
    return (leaf for leaf in leaves(nested) if isinstance(leaf, Value))


def leaves(nested: Any) -> list[Any]:
    """What lies in tuples, lists and dicts, which is all that operations are given."""
    if isinstance(nested, dict):
        nested = nested.values()
    found = []
    for item in nested:
        if isinstance(item, NESTS):
            found += leaves(item)
        else:
            found.append(item)
    return found


def mapped(function: Callable[[Any], Any], nested: Any) -> Any:
    """The same with a function of each."""
    if isinstance(nested, dict):
        return dict(zip(nested, mapped(function, [*nested.values()]), strict=True))
    items = [mapped(function, x) if isinstance(x, NESTS) else function(x) for x in nested]
    return items if isinstance(nested, list) else tuple(items)


def storage(tensor: torch.Tensor) -> int:
    """What a tensor and its views have in common, as long as they live."""
    return int(tensor.untyped_storage()._cdata)
