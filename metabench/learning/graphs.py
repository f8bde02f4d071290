"""A function of tensors, recorded once as a flat list of operations and replayed.

A meta-gradient passes through layers of ``torch.func`` and autograd for every operation, which for
small networks takes longer than the operations. But it is the same list of operations at every
iteration: recorded once, it is replayed without those layers, with equal results to the bit.
Recording needs inputs of the same shapes and strides at every call, and a function whose course
does not depend on their values.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import torch
from torch.fx import Graph, GraphModule, Interpreter, Node
from torch.fx.experimental.proxy_tensor import make_fx
from torch.utils._pytree import tree_leaves

aten = torch.ops.aten

# Operations that only look at memory in another way, with the tensor they look at first.
VIEWS = {
    aten.alias.default,
    aten.detach.default,
    aten.expand.default,
    aten.permute.default,
    aten.select.int,
    aten.slice.Tensor,
    aten.squeeze.default,
    aten.squeeze.dim,
    aten.squeeze.dims,
    aten.t.default,
    aten.transpose.int,
    aten.unsqueeze.default,
    aten.view.default,
    aten._unsafe_view.default,
    aten.as_strided.default,
}

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


class Replayed:
    """A function that is recorded when it is first prepared, and replayed from then on.

    At the second preparation the replay is compared with the function itself on that call's
    inputs: where they differ, the function's course depends on values, and it is not replayed.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.replay: Callable[..., Any] | None = None
        self.checked = False

    def prepare(self, *inputs: Any) -> None:
        """Record, or check what was recorded."""
        if self.replay is None:
            self.replay = record(self.function, *inputs)
        elif not self.checked:
            self.checked = True
            with torch.no_grad():
                replayed = self.replay(*inputs)
            if not close(replayed, self.function(*inputs)):
                self.replay = self.function

    def __call__(self, *inputs: Any) -> Any:
        """What the function returns."""
        self.prepare(*inputs)
        return self.run(*inputs)

    def run(self, *inputs: Any) -> Any:
        """The same, after ``prepare``: several threads may do so at once."""
        if self.replay is None or self.replay is self.function:
            return self.function(*inputs)
        with torch.no_grad():
            return self.replay(*inputs)


def close(a: Any, b: Any) -> bool:
    """Whether two results are equal up to rounding."""
    pairs = zip(tree_leaves(a), tree_leaves(b), strict=True)
    return all(torch.allclose(x, y, rtol=1e-3, atol=1e-5, equal_nan=True) for x, y in pairs)


def record(function: Callable[..., Any], *inputs: Any) -> Callable[..., Any]:
    """``function`` as a graph of the operations that it runs on ``inputs``.

    Args:
        function: of tensors, or tuples and dicts of them, to the same.
        inputs: what it will be called with: other values, but the same shapes and strides.
    """
    graph = make_fx(lambda inputs: function(*inputs))(inputs)
    simplify(graph, inputs)
    return lambda *inputs: graph(inputs)


def simplify(graph: GraphModule, inputs: tuple[Any, ...]) -> None:
    """Drop what need not be done at every call; the results stay equal to the bit."""
    seen = Watch(graph)
    with torch.no_grad():
        seen.run(*tree_leaves(inputs))
    fold_constants(graph, seen)
    merge_views(graph.graph, seen)
    merge_equals(graph.graph, seen)
    graph.graph.eliminate_dead_code()
    for node in graph.graph.nodes:
        if node.op == "call_function":
            node.target = DIRECT.get(node.target, node.target)
    graph.recompile()


class Watch(Interpreter):
    """Runs a graph once and keeps each node's tensor, hence the memory that it lies in."""

    def __init__(self, graph: GraphModule) -> None:
        super().__init__(graph, garbage_collect_values=False)
        self.values: dict[Node, torch.Tensor] = {}

    def run_node(self, n: Node) -> Any:
        """The node's value."""
        value = super().run_node(n)
        if isinstance(value, torch.Tensor):
            self.values[n] = value
        return value

    def memory(self, node: Node) -> int:
        """Where the node's tensor lies: equal for a tensor and its views."""
        return self.values[node].untyped_storage().data_ptr()

    def look(self, node: Node) -> tuple[Any, ...]:
        """How the node's tensor looks at its memory."""
        value = self.values[node]
        return tuple(value.shape), value.stride(), value.storage_offset()

    def changed(self) -> set[int]:
        """The memory that some operation changes in place."""
        return {
            self.memory(argument)
            for node in self.values
            for argument in changes(node)
            if argument in self.values
        }


def changes(node: Node) -> list[Node]:
    """The arguments that an operation changes in place."""
    schema = getattr(node.target, "_schema", None)
    if schema is None or not schema.is_mutable:
        return []
    pairs = zip(schema.arguments, node.args, strict=False)
    return [a for s, a in pairs if s.alias_info and s.alias_info.is_write and isinstance(a, Node)]


def fold_constants(graph: GraphModule, seen: Watch) -> None:
    """What depends on no input is computed once."""
    changed, constant = seen.changed(), set()
    for node in list(graph.graph.nodes):
        fixed = node.op == "get_attr" or (
            node.op == "call_function" and all(a in constant for a in node.all_input_nodes)
        )
        if fixed and node in seen.values and seen.memory(node) not in changed:
            constant.add(node)
    for node in constant:
        if node.op == "get_attr" or all(user in constant for user in node.users):
            continue
        name = f"constant_{node.name}"
        graph.register_buffer(name, seen.values[node].clone(), persistent=False)
        with graph.graph.inserting_before(node):
            known = graph.graph.get_attr(name)
        node.replace_all_uses_with(known)
        seen.values[known] = getattr(graph, name)
    graph.graph.eliminate_dead_code()


def merge_views(graph: Graph, seen: Watch) -> None:
    """A view of a view is one view, and none where it looks as the first tensor does."""
    known: dict[Any, Node] = {}
    for node in list(graph.nodes):
        if not is_view(node) or node not in seen.values:
            continue
        base = node.args[0] if node.target is not operator.getitem else node.args[0].args[0]
        if seen.memory(node) != seen.memory(base):
            continue
        *look, offset = seen.look(node)
        *base_look, base_offset = seen.look(base)
        if base.op == "call_function" and base.target is aten.as_strided.default:
            base = base.args[0]
            *base_look, base_offset = seen.look(base)
        if base.op == "placeholder" and offset != base_offset:
            continue  # an input may begin anywhere in its own memory
        if (look, offset) == (base_look, base_offset):
            node.replace_all_uses_with(base)
            continue
        key = (base, str(look), offset)
        if key not in known:
            arguments = (base, *look, *([] if offset == base_offset else [offset]))
            with graph.inserting_before(node):
                known[key] = graph.call_function(aten.as_strided.default, arguments)
            seen.values[known[key]] = seen.values[node]
        node.replace_all_uses_with(known[key])
    graph.eliminate_dead_code()


def is_view(node: Node) -> bool:
    """Whether the node's value is another look at its first argument."""
    if node.target is operator.getitem:
        return node.args[0].target is aten.unbind.int  # type: ignore[union-attr]
    return node.op == "call_function" and node.target in VIEWS


def merge_equals(graph: Graph, seen: Watch) -> None:
    """The same operation on the same tensors is done once."""
    changed = seen.changed()
    known: dict[Any, Node] = {}
    for node in list(graph.nodes):
        involved = [*node.all_input_nodes, node]
        if node.op != "call_function" or any(
            n not in seen.values or seen.memory(n) in changed for n in involved
        ):
            continue
        key = (node.target, str(node.args), str(node.kwargs))
        if key in known:
            node.replace_all_uses_with(known[key])
        else:
            known[key] = node
