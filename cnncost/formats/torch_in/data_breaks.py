"""Programs that depend on data: read up to where the code asks for numbers that no trace has.

A trace of shapes alone ends where a module decides, loops or sizes something by what its tensors
hold. There it gives back what is alive, so that torch.export ends as with any other module.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncost.formats.torch_in.export_call import CallWay, find_user_line, run_export

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


def export_up_to_data(
    module: nn.Module, ways: Sequence[CallWay]
) -> tuple[ExportedProgram, DataBreak] | None:
    """The program of the first of these calls that only data ends, and where they do."""
    for way in ways:
        try:
            with _breaks_caught(module) as found:
                program = run_export(module, way)
        except Exception:  # what it is was said when the whole was exported
            continue
        if found:
            by = next(filter(is_unsized, program.graph.nodes), None)
            name = _operation_of(found[0]) if by is None else str(by.target).split(".")[1]
            return program, DataBreak(find_user_line(found[0]), name)
    return None


@contextmanager
def _breaks_caught(module: nn.Module) -> Iterator[list[Exception]]:
    """With a forward that returns the tensors alive where data ends it, and keeps what said so."""
    from torch.fx.experimental.proxy_tensor import get_proxy_mode

    plain, found = module.forward, list[Exception]()

    @functools.wraps(plain)
    def forward(*args: Any, **named: Any) -> Any:  # Any: what the user's code takes and makes
        tracer: Any = getattr(get_proxy_mode(), "tracer", None)  # of torch.fx, which has no types
        depth = len(tracer.module_stack)
        try:
            return plain(*args, **named)
        except Exception as error:
            if not _needs_data(error, tracer.graph):
                raise
            found.append(error)
            while len(tracer.module_stack) > depth:  # the modules that the error has left
                tracer.module_stack.popitem()
            return _tensors_alive(tracer)

    module.forward = forward
    try:
        yield found
    finally:
        del module.forward


def _tensors_alive(tracer: Any) -> tuple[Tensor, ...]:  # Any: as above
    """What operations made and the code still holds, in their order; a line that fails has left
    its frames, and their variables, in the error."""
    made = [(tensor, one.proxy.node) for tensor, one in tracer.tensor_tracker.items()]
    place = {node: number for number, node in enumerate(tracer.graph.nodes)}
    alive = [(tensor, node) for tensor, node in made if node.op == "call_function"]
    return tuple(tensor for tensor, _ in sorted(alive, key=lambda one: place[one[1]]))


def _needs_data(error: BaseException, graph: fx.Graph) -> bool:
    """Whether data ended a trace: it says so, or what it goes on with depends on data."""
    return any(
        type(one).__name__ in NEEDS_DATA or any(words in str(one) for words in SAID)
        for one in _chain_of(error)
    ) or any(map(is_unsized, graph.nodes))


def _chain_of(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _operation_of(error: Exception) -> str:
    """The operation that an error names."""
    for one in _chain_of(error):
        func = getattr(one, "func", None)
        if func is not None:
            return str(func).removeprefix("aten.").removesuffix(".default")
    return ""


def is_unsized(node: fx.Node) -> bool:
    """Whether the size of an operation's result depends on data."""
    made = node.meta.get("val")
    several = made if isinstance(made, list | tuple) else [made]
    return any(
        not isinstance(size, int) for one in several if hasattr(one, "shape") for size in one.shape
    )


class PartRead(NamedTuple):
    """What can be read of a program that data ends."""

    nodes: frozenset[fx.Node]
    outputs: tuple[fx.Node, ...]
    """In order: what is alive at the end, or goes into what depends on data."""


def find_part_before_data(graph: fx.Graph, learned: Mapping[str, str]) -> PartRead:
    """The operations that depend on no data, up to the first one that does, and behind it those
    that lead to a use of learned numbers, the placeholders that `learned` names.

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
        uses = bool(weighed.intersection(node.all_input_nodes)) and node in active
        wanted = uses or (number < first and _has_several_numbers(node))
        if node in kept or (wanted and node.users and node not in lost):
            kept |= {node, *node.all_input_nodes}
    ends = (n for n in nodes if n in kept and _is_tensor(n) and not kept.intersection(n.users))
    return PartRead(frozenset(kept), tuple(ends))


def _nodes_behind(nodes: Sequence[fx.Node], found: set[fx.Node]) -> set[fx.Node]:
    """These nodes, and those that depend on one of them."""
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
