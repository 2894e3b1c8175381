"""Programs that depend on data: read up to where the code asks for numbers that no trace has.

A trace of shapes alone ends where a module decides, loops or sizes something by what its tensors
hold. There the module gives back what it made, so that torch.export ends as with any other.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import ref

from cnncost.formats.torch_in.export_call import CallWay, find_user_line, run_export
from cnncost.formats.torch_in.program_nodes import (
    changes_input,
    is_unsized,
    operation_name,
    writes_into_a_part,
)

if TYPE_CHECKING:
    from torch import Tensor, fx, nn
    from torch.export import ExportedProgram

NEEDS_DATA = (
    *("DataDependentOutputException", "DynamicOutputShapeException"),
    *("GuardOnDataDependentSymNode", "UnsupportedOperatorException"),
)
"""What PyTorch raises where a trace has no number, or no shape."""
SAID = (".numpy() is not supported", "Cannot copy out of meta tensor")
"""What it says where numbers leave PyTorch."""


class DataBreak(NamedTuple):
    """Where a program ends because it depends on data."""

    line: str
    """The user's line, with its file and number; empty if none is known."""
    operation: str
    """The first operation whose result depends on data; empty if none is known."""

    def describe(self) -> str:
        """Where reading stops and why, in one line."""
        place, _, code = self.line.partition(": ")
        at = f"at `{code}` ({place}), which" if code else "where it"
        by = f" ({self.operation})" if self.operation else ""
        return f"reading stops {at} depends on data{by}"


class TracedProgram(NamedTuple):
    """What torch.export makes of a module."""

    exported: ExportedProgram
    stop: DataBreak | None = None
    """Where it ends before the module does; its outputs are what can be read up to there."""


def export_whole(module: nn.Module, way: CallWay) -> TracedProgram:
    """Export a call that depends on no data; otherwise as `export_up_to_data`."""
    return TracedProgram(run_export(module, way))


def export_up_to_data(module: nn.Module, way: CallWay) -> TracedProgram:
    """Export the program of a call, up to where it depends on data.

    Raises:
        Exception: whatever else PyTorch or the user's code raises.
    """
    with _breaks_caught(module) as found:
        program = run_export(module, way)
    if not found:
        return TracedProgram(program)
    by = next(filter(is_unsized, program.graph.nodes), None)
    name = _operation_of(found[0]) if by is None else operation_name(by)
    _keep_part_before_data(program)
    return TracedProgram(program, DataBreak(find_user_line(found[0]), name))


@contextmanager
def _breaks_caught(module: nn.Module) -> Iterator[list[Exception]]:
    """Give the module a forward that returns the tensors made so far where data ends it; yield the
    errors that ended it."""
    from torch.fx.experimental.proxy_tensor import get_proxy_mode

    plain, found = module.forward, list[Exception]()

    @functools.wraps(plain)
    def forward(*args: Any, **named: Any) -> Any:  # Any: what the user's code takes and makes
        tracer: Any = getattr(get_proxy_mode(), "tracer", None)  # of torch.fx, which has no types
        depth, held = len(tracer.module_stack), list[Any]()
        try:
            with _hold_results(held):
                return plain(*args, **named)
        except Exception as error:
            if not needs_data(error) and not any(map(is_unsized, tracer.graph.nodes)):
                raise
            found.append(error)
            while len(tracer.module_stack) > depth:  # the modules that the error has left
                tracer.module_stack.popitem()
            return _take_results(tracer, held)

    module.forward = forward
    try:
        yield found
    finally:
        del module.forward


def _hold_results(held: list[Any]) -> Any:  # Any: what functions make; a mode of PyTorch's
    """Make a mode in which every result of a function is held, though the code may hold it no
    more."""
    from torch.overrides import TorchFunctionMode

    class Holder(TorchFunctionMode):  # type: ignore[misc]  # PyTorch's has no type
        def __torch_function__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:  # Any: as PyTorch has it
            held.append(func(*args, **(kwargs or {})))
            return held[-1]

    return Holder()


def _take_results(tracer: Any, held: list[Any]) -> tuple[Tensor, ...]:  # Any: as above
    """Take from `held`, which is empty then, what operations made, in their order: what others
    read, what is read from an input or a parameter, and of the rest what the code itself still
    holds."""
    place = {node: number for number, node in enumerate(tracer.graph.nodes)}
    found, rest = [], []
    for tensor, one in tracer.tensor_tracker.items():
        node = one.proxy.node
        if node.op == "placeholder":
            continue
        if node.users or any(source.op == "placeholder" for source in node.all_input_nodes):
            found.append((place[node], tensor))
        else:
            rest.append((place[node], ref(tensor)))
        del tensor
    held.clear()
    found += [(number, kept) for number, seen in rest if (kept := seen()) is not None]
    return tuple(tensor for _, tensor in sorted(found, key=lambda one: one[0]))


def needs_data(error: BaseException) -> bool:
    """Whether an error says that a trace lacks data."""
    return any(
        type(one).__name__ in NEEDS_DATA or any(words in str(one) for words in SAID)
        for one in _chain_of(error)
    )


def _chain_of(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _operation_of(error: Exception) -> str:
    """Return the operation that an error names."""
    for one in _chain_of(error):
        func = getattr(one, "func", None)
        if func is not None:
            return str(func).removeprefix("aten.").removesuffix(".default")
    return ""


def _keep_part_before_data(program: ExportedProgram) -> None:
    """Leave of the program the operations that can be read; their results are its outputs."""
    from torch.export.graph_signature import OutputKind, OutputSpec, TensorArgument
    from torch.utils._pytree import tree_structure

    graph, signature = program.graph, program.module_call_graph[0].signature
    kept, ends = _find_part_before_data(graph, program.graph_signature.inputs_to_parameters)
    graph.output_node().args = (ends,)
    for node in reversed(graph.nodes):
        if node.op == "call_function" and node not in kept:
            graph.erase_node(node)
    program.graph_signature.output_specs = [
        OutputSpec(OutputKind.USER_OUTPUT, TensorArgument(node.name), None) for node in ends
    ]
    if signature is not None:  # the whole module has one
        signature.out_spec = tree_structure(ends)


def _find_part_before_data(
    graph: fx.Graph, learned: Mapping[str, str]
) -> tuple[set[fx.Node], tuple[fx.Node, ...]]:
    """Find the operations that depend on no data, up to the first one that does, and behind it
    those that lead to a use of learned numbers, the placeholders that `learned` names; and which of
    them are the outputs: those that the code holds at the end, or makes depend on data.

    Single numbers are left out unless something was learned for them: they are what the code
    decides by.
    """
    nodes = [node for node in graph.nodes if node.op == "call_function"]
    first = next((number for number, node in enumerate(nodes) if is_unsized(node)), len(nodes))
    lost = _nodes_behind(nodes, {node for node in nodes if is_unsized(node)})
    inputs = {node for node in graph.nodes if node.op == "placeholder"}
    weights = {node for node in inputs if node.name in learned}
    given = {node for node in inputs - weights if not node.name.startswith(("b_", "c_"))}
    active = _nodes_behind(nodes, given)
    weighed = _nodes_behind(nodes, weights) - active
    kept: set[fx.Node] = set()
    for number, node in reversed([*enumerate(nodes)]):
        learns = node in active and not weighed.isdisjoint(node.all_input_nodes)
        wanted = learns or (number < first and _has_several_numbers(node))
        used = node.users or changes_input(node)  # a result that nobody has any more is none
        if node in kept or (wanted and used and node not in lost):
            kept |= {node, *node.all_input_nodes}
    ends = (n for n in nodes if n in kept & active and _is_tensor(n) and kept.isdisjoint(n.users))
    return kept, tuple(n for n in ends if not writes_into_a_part(n))


def _nodes_behind(nodes: Sequence[fx.Node], found: set[fx.Node]) -> set[fx.Node]:
    """Return these nodes, and those that depend on one of them."""
    found = set(found)
    for node in nodes:
        if not found.isdisjoint(node.all_input_nodes):
            found.add(node)
    return found


def _is_tensor(node: fx.Node) -> bool:
    return hasattr(node.meta.get("val"), "shape")


def _has_several_numbers(node: fx.Node) -> bool:
    made = node.meta.get("val")
    return _is_tensor(node) and made.numel() > 1 if hasattr(made, "numel") else False
