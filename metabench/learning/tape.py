"""A function of tensors, recorded once as a flat list of operations, a tape, and replayed.

A meta-gradient passes each operation through layers of ``torch.func`` and autograd, which for
small networks takes many times longer than the operation. But the operations are the same at every
iteration. The tape is what a function did once, below all those layers; it is shortened by what
need not be done again, written down as one Python function, and replayed with results that are
equal to the bit.

Recording needs the same shapes and strides at every call, and a function whose course does not
depend on the values of its inputs. What is no input and was not computed from one is a constant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_leaves, tree_unflatten

aten = torch.ops.aten
INFINITY = float("inf")


@dataclass
class Step:
    """One operation: what was called with what, and its outputs."""

    function: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    outputs: list[Any]  # a tensor, or nothing, for each output
    several: bool  # whether it returns a tuple or list

    @property
    def key(self) -> Any:
        """Equal for equal operations on the same tensors."""
        leaves, structure = tree_flatten((self.args, self.kwargs))
        named = [id(x) if isinstance(x, torch.Tensor) else (type(x), repr(x)) for x in leaves]
        return (self.function, *named, str(structure))

    @property
    def inputs(self) -> Iterator[torch.Tensor]:
        """The tensors among its arguments."""
        return tensors((self.args, self.kwargs))

    @property
    def changed(self) -> Iterator[torch.Tensor]:
        """The arguments that it changes in place."""
        pairs = zip(self.function._schema.arguments, self.args, strict=False)
        return tensors([a for s, a in pairs if s.alias_info and s.alias_info.is_write])

    @property
    def is_view(self) -> bool:
        """Whether its outputs are other looks at an input's memory, and nothing is computed."""
        schema = self.function._schema
        return not schema.is_mutable and any(r.alias_info for r in schema.returns)


class UnreplayableError(Exception):
    """The function's course depends on values."""


class Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Writes down every operation that runs under it."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.steps: list[Step] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run the operation, and note it."""
        if func is aten._local_scalar_dense.default:
            raise UnreplayableError("a value was read while a function was recorded")
        out = func(*args, **(kwargs or {}))
        several = isinstance(out, tuple | list)
        self.steps.append(Step(func, args, kwargs or {}, [*out] if several else [out], several))
        return out


class Replayed:
    """A function that runs as it is once, is then recorded, and replayed from then on.

    That is so for each shape of inputs. At the third call the replay is compared with the function
    itself: where they differ, its course depends on values, and it is not replayed.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.calls: dict[Any, int] = {}
        self.replays: dict[Any, Callable[..., Any]] = {}

    def __call__(self, *inputs: Any) -> Any:
        """What the function returns."""
        self.prepare(*inputs)
        return self.run(*inputs)

    def prepare(self, *inputs: Any) -> None:
        """Record or check, where it is time to."""
        shape = shape_of(inputs)
        self.calls[shape] = calls = self.calls.get(shape, 0) + 1
        if calls == 2:
            try:
                self.replays[shape] = record(self.function, *inputs)
            except UnreplayableError:
                self.replays[shape] = self.function
        if calls == 3:
            with torch.no_grad():
                replayed = self.replays[shape](*inputs)
            if not close(replayed, self.function(*inputs)):
                self.replays[shape] = self.function

    def run(self, *inputs: Any) -> Any:
        """The function's result after ``prepare``: several threads may do so at once."""
        replay = self.replays.get(shape_of(inputs), self.function)
        if replay == self.function:
            return self.function(*inputs)
        with torch.no_grad():
            return replay(*inputs)


def shape_of(values: Any) -> Any:
    """What a recording depends on of its inputs."""
    leaves, structure = tree_flatten(values)
    return (structure, *(leaf.shape for leaf in leaves))


def close(a: Any, b: Any) -> bool:
    """Whether two results are equal up to rounding."""
    pairs = zip(tree_leaves(a), tree_leaves(b), strict=True)
    return all(torch.allclose(x, y, rtol=1e-3, atol=1e-5, equal_nan=True) for x, y in pairs)


def record(function: Callable[..., Any], *inputs: Any) -> Callable[..., Any]:
    """``function`` as a replay of what it does on ``inputs``.

    Args:
        function: of tensors, or tuples and dicts of them, to the same.
        inputs: what it will be called with: other values, but the same shapes and strides.

    Raises:
        UnreplayableError: if the function looks at a value.
    """
    recorder = Recorder()
    with recorder:
        result = function(*inputs)
    given, outputs = tree_leaves(inputs), tree_leaves(result)
    replay = written(shortened(recorder.steps, given, outputs), given, outputs)
    structure = tree_flatten(result)[1]
    return lambda *inputs: tree_unflatten(replay(*tree_leaves(inputs)), structure)


def tensors(values: Any) -> Iterator[torch.Tensor]:
    """The tensors in nested values."""
    return (value for value in tree_leaves(values) if isinstance(value, torch.Tensor))


def memory(tensor: torch.Tensor) -> int:
    """What a tensor and its views have in common."""
    return int(tensor.untyped_storage()._cdata)


# Shortening. Recorded tensors are all alive, so that each is known by its id.

# Of their tensors these read no values, but the kind and shape.
BLANKS = {
    aten.new_empty.default,
    aten.new_ones.default,
    aten.new_zeros.default,
    aten.ones_like.default,
    aten.zeros_like.default,
    aten.full_like.default,
}


def shortened(steps: list[Step], given: list[Any], outputs: list[Any]) -> list[Step]:
    """What is left to do at every call; ``outputs`` is brought up to date."""
    changed = {memory(tensor) for step in steps for tensor in step.changed}
    inputs = {id(tensor) for tensor in given}
    depends = set(inputs)  # ids of what an input has a share in
    roots = {memory(tensor): tensor for tensor in given}  # the first tensor of each memory
    instead: dict[int, torch.Tensor] = {}  # by id, the tensor to use in place of another
    done: dict[Any, list[Any]] = {}
    kept: list[Step] = []
    for step in steps:
        step.args, step.kwargs = renamed((step.args, step.kwargs), instead)
        made = [tensor for tensor in step.outputs if tensor is not None]
        random = torch.Tag.nondeterministic_seeded in step.function.tags
        lasting = not random and not changed & set(map(memory, (*step.inputs, *made)))
        if lasting and (
            step.function in BLANKS or not any(id(tensor) in depends for tensor in step.inputs)
        ):
            continue  # its outputs are constants
        depends.update(map(id, made))
        for tensor in made if step.is_view else []:
            root = roots[memory(tensor)]
            offset = tensor.storage_offset() - root.storage_offset()
            if offset and id(root) in inputs:
                break  # an input may begin anywhere in its own memory
            look = (tensor.shape, tensor.stride(), *([tensor.storage_offset()] if offset else []))
            view = Step(aten.as_strided.default, (root, *look), {}, [tensor], False)
            if (root.shape, root.stride()) == look:
                instead[id(tensor)] = root
            elif view.key in done:
                instead[id(tensor)] = done[view.key][0]
            else:
                done[view.key] = view.outputs
                kept.append(view)
        else:
            if step.is_view:
                continue
        if lasting and step.key in done:
            for tensor, equal in zip(made, done[step.key], strict=True):
                instead[id(tensor)] = roots[memory(tensor)] = equal
            continue
        for tensor in made:
            roots.setdefault(memory(tensor), tensor)
        done[step.key] = made
        kept.append(step)
    outputs[:] = renamed(outputs, instead)
    return needed(kept, outputs)


def needed(steps: list[Step], outputs: list[Any]) -> list[Step]:
    """The steps that outputs or changes in place depend on."""
    wanted = set(map(id, outputs))
    kept = []
    for step in reversed(steps):
        if any(id(tensor) in wanted for tensor in step.outputs) or [*step.changed]:
            wanted.update(map(id, step.inputs))
            kept.append(step)
    return kept[::-1]


def renamed(values: Any, instead: dict[int, torch.Tensor]) -> Any:
    """Nested values with tensors replaced."""
    leaves, structure = tree_flatten(values)
    return tree_unflatten([instead.get(id(leaf), leaf) for leaf in leaves], structure)


# Writing down.

# torch's own functions cost a third of what its table of operations costs to call.
DIRECT: dict[Any, Callable[..., Any]] = {
    aten.add.Tensor: torch.add,
    aten.add_.Tensor: torch.Tensor.add_,
    aten.addcmul.default: torch.addcmul,
    aten.as_strided.default: torch.as_strided,
    aten.bmm.default: torch.bmm,
    aten.cat.default: torch.cat,
    aten.clone.default: torch.clone,
    aten.convolution.default: torch.convolution,
    aten.div.Scalar: torch.div,
    aten.div.Tensor: torch.div,
    aten.mean.dim: torch.mean,
    aten.mm.default: torch.mm,
    aten.mul.Scalar: torch.mul,
    aten.mul.Tensor: torch.mul,
    aten.mul_.Tensor: torch.Tensor.mul_,
    aten.neg.default: torch.neg,
    aten.relu.default: torch.relu,
    aten.relu_.default: torch.relu_,
    aten.rsqrt.default: torch.rsqrt,
    aten.stack.default: torch.stack,
    aten.sub.Tensor: torch.sub,
    aten.sum.dim_IntList: torch.sum,
    aten.where.self: torch.where,
}


def written(steps: list[Step], given: list[Any], outputs: list[Any]) -> Callable[..., Any]:
    """The steps as one Python function of the inputs, which lets go of each tensor after use."""
    names = {id(tensor): f"i{n}" for n, tensor in enumerate(given)}
    known: dict[str, Any] = {}

    def name(value: Any) -> str:
        if isinstance(value, tuple | list):
            return "(" + "".join(f"{name(item)}, " for item in value) + ")"
        if value is None or (type(value) in (int, float, bool) and value == value):
            return repr(value) if value not in (INFINITY, -INFINITY) else f"float('{value}')"
        if id(value) not in names:
            names[id(value)] = f"c{len(known)}"
            known[names[id(value)]] = value
        return names[id(value)]

    last = {
        id(tensor): n for n, step in enumerate(steps) for tensor in (*step.inputs, *step.outputs)
    }
    lines = []
    for n, step in enumerate(steps):
        arguments = [name(value) for value in step.args]
        arguments += [f"{key}={name(value)}" for key, value in step.kwargs.items()]
        function = name(DIRECT.get(step.function, step.function))
        for k, tensor in enumerate(step.outputs):
            names.setdefault(id(tensor), f"t{n}_{k}")
        made = ", ".join("_" if t is None else names[id(t)] for t in step.outputs)
        lines.append(f"{made}{',' * step.several} = {function}({', '.join(arguments)})")
        over = {id(t) for t in (*step.inputs, *step.outputs) if t is not None and last[id(t)] == n}
        gone = [names[i] for i in over - set(map(id, outputs)) if names[i].startswith("t")]
        lines += [f"del {', '.join(sorted(gone))}"] if gone else []
    result = name(tuple(outputs))
    header = f"def replay({', '.join(f'i{n}' for n in range(len(given)))}):"
    text = "\n    ".join([header, *lines, f"return {result}"])
    exec(compile(text, "<tape>", "exec"), known)
    replay: Callable[..., Any] = known["replay"]
    return replay
