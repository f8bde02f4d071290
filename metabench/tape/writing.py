"""Writing: steps as one Python function."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

from metabench.tape.recorder import Step, Value

aten = torch.ops.aten

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


def written(steps: list[Step], inputs: list[Value], outputs: list[Any]) -> Callable[..., Any]:
    """A function of the inputs that takes the steps, and lets go of each tensor after its last use.

    The text is made of names and numbers of ours alone: whatever else a step holds is handed to it
    under a name.
    """
    names: dict[Any, str] = {value: f"i{n}" for n, value in enumerate(inputs)}
    given: dict[str, Any] = {}

    def name(argument: Any) -> str:
        if isinstance(argument, tuple | list):
            return "(" + "".join(f"{name(item)}, " for item in argument) + ")"
        finite = type(argument) in (int, float) and math.isfinite(argument)
        if argument is None or isinstance(argument, bool) or finite:
            return repr(argument)
        key = argument if isinstance(argument, Value) else id(argument)
        if key not in names:
            names[key] = f"c{len(given)}"
            given[names[key]] = argument.constant if isinstance(argument, Value) else argument
        return names[key]

    last = {value: n for n, step in enumerate(steps) for value in (*step.inputs, *step.made)}
    lasting = {value for value in outputs if isinstance(value, Value)}
    lines = []
    for n, step in enumerate(steps):
        arguments = [name(argument) for argument in step.args]
        arguments += [f"{key}={name(argument)}" for key, argument in step.kwargs.items()]
        function = name(DIRECT.get(step.function, step.function))
        for k, value in enumerate(step.made):
            names.setdefault(value, f"t{n}_{k}")
        made = ", ".join("_" if value is None else names[value] for value in step.outputs)
        lines.append(f"{made}{',' * step.several} = {function}({', '.join(arguments)})")
        over = {value for value in (*step.inputs, *step.made) if last[value] == n} - lasting
        gone = sorted(names[value] for value in over if names[value].startswith("t"))
        lines += [f"del {', '.join(gone)}"] if gone else []
    header = f"def replay({', '.join(f'i{n}' for n in range(len(inputs)))}):"
    text = "\n    ".join([header, *lines, f"return {name(tuple(outputs))}"])
    exec(compile(text, "<tape>", "exec"), given)
    replay: Callable[..., Any] = given["replay"]
    return replay
