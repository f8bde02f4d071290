"""Shortening: what need not be done at every call."""

from __future__ import annotations

from typing import Any

import torch

from metabench.tape.recorder import BLANKS, Step, Value, kind_of, mapped

as_strided = torch.ops.aten.as_strided.default


def shortened(
    steps: list[Step], inputs: list[Value], outputs: list[Any]
) -> tuple[list[Step], list[Any]]:
    """The steps that are left, and the outputs in their terms.

    Constants are not computed again, and equal ones are kept once; an operation on the same tensors
    is done once; a view of a view is one view, and none where it looks as the first tensor does;
    what no output depends on is left out. Memory that some step changes in place is left as it is.
    """
    given = set(inputs)
    changed = {value.memory for step in steps for value in step.changed}
    roots = {value.memory: value for value in inputs}  # the first tensor of each memory
    instead: dict[Value, Value] = {}
    done: dict[Any, list[Value]] = {}
    kept: list[Step] = []
    for step in steps:
        step.args, step.kwargs = renamed((step.args, step.kwargs), instead)
        lasting = changed.isdisjoint(value.memory for value in (*step.inputs, *step.made))
        constant = lasting and all(value.constant is not None for value in step.made)
        kind = kind_of(step.function)
        if not constant and kind.is_view and (views := views_of(step, roots, given)):
            for value, view in views:
                if isinstance(view, Value):
                    instead[value] = view
                elif (key := key_of(view)) in done:
                    instead[value] = done[key][0]
                else:
                    done[key] = [value]
                    kept.append(view)
            continue
        if lasting and not kind.is_random:
            if (key := key_of(step)) in done:
                for value, equal in zip(step.made, done[key], strict=True):
                    instead[value] = roots[value.memory] = equal
                continue
            done[key] = step.made
        if constant:
            continue
        for value in step.made:
            roots.setdefault(value.memory, value)
        kept.append(step)
    outputs = renamed(outputs, instead)
    return needed(kept, outputs), outputs


def views_of(
    step: Step, roots: dict[int, Value], given: set[Value]
) -> list[tuple[Value, Value | Step]]:
    """Each output of a view as one look at the first tensor of its memory, or as that tensor.

    Nothing where that cannot be: an input may begin anywhere in its own memory.
    """
    views: list[tuple[Value, Value | Step]] = []
    for value in step.made:
        root = roots[value.memory]
        moved = value.offset != root.offset
        if moved and root in given:
            return []
        look = (value.shape, value.stride, *([value.offset] if moved else []))
        same = look == (root.shape, root.stride)
        views.append((value, root if same else Step(as_strided, (root, *look), {}, [value])))
    return views


def needed(steps: list[Step], outputs: list[Any]) -> list[Step]:
    """The steps that outputs or changes in place depend on."""
    wanted = {value for value in outputs if isinstance(value, Value)}
    kept = []
    for step in reversed(steps):
        if step.changed or not wanted.isdisjoint(step.made):
            wanted.update(step.inputs)
            kept.append(step)
    return kept[::-1]


def renamed(nested: Any, instead: dict[Value, Value]) -> Any:
    """Nested arguments with tensors replaced."""
    return mapped(lambda leaf: instead.get(leaf, leaf) if isinstance(leaf, Value) else leaf, nested)


def key_of(step: Step) -> Any:
    """Equal for equal operations on the same tensors."""
    blank = step.made[0].constant if step.function in BLANKS else None

    def key(argument: Any) -> Any:
        if isinstance(argument, tuple | list):
            return tuple(map(key, argument))
        if isinstance(argument, Value):
            return argument if blank is None else None
        return (type(argument), repr(argument))

    named = {name: key(argument) for name, argument in step.kwargs.items()}
    look = () if blank is None else (blank.shape, blank.stride(), blank.dtype, blank.device)
    return (step.function, key(step.args), *named.items(), *look)
