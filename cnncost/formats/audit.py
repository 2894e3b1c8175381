"""The audit of an import: compare its shapes, and its count of learned numbers, with the
source's."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from cnncost.errors import Refused
from cnncost.formats.graph import Op
from cnncost.formats.importing import AXES, dims_text, fold_axes
from cnncost.layers import layer_type, read_layer
from cnncost.shape import Shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncost.formats.graph import Graph

UNREAD = "unread_parameters"
"""The operation that stands for learned numbers that no other one holds."""
BEYOND = "unread_operations"
"""The operation that stands for all behind the place where reading stopped."""
NAMED = 3
"""Owners of missing numbers that the line names."""


class Inferred(NamedTuple):
    """What a layer makes of its inputs by our formulas."""

    dims: tuple[int, ...]
    parameters: int


def audit_graph(graph: Graph) -> Graph:
    """Return the graph with each layer opaque whose shape or numbers are not the source's, and with
    one line for each group of learned numbers that it lacks.

    A layer is false if the language refuses it, or if it makes another shape than
    `graph.shapes` records. Numbers that `graph.held` names and no layer holds stand in an
    opaque layer behind the first output, unless `graph.unused` says that none needs them. So
    does all that follows where `graph.stop` says that reading stopped.
    """
    checked, counted = _check_layers(graph)
    held, unused = (
        sum(graph.held.values()),
        sum(count for name, count in graph.held.items() if name in graph.unused),
    )
    if graph.stop:
        why = "what follows where reading stopped"
        made = _add_unread_layer(checked, held - counted, BEYOND, why)
        return replace(made, audit=(_describe_stop(graph, counted, held),))
    if not graph.held:
        return checked
    if counted == held - unused:
        return replace(checked, audit=_unused_lines(graph, unused))
    line, why = (
        _describe_difference(graph, counted, held),
        "learned numbers that no other layer holds",
    )
    made = _add_unread_layer(checked, held - unused - counted, UNREAD, why)
    return replace(made, audit=(line,))


def _check_layers(graph: Graph) -> tuple[Graph, int]:
    """Return the graph with its false layers opaque, and the parameters that its layers hold."""
    dims, ops, lost = dict(graph.inputs), [], dict[str, str]()
    counted = 0
    for op in graph.ops:
        why, made = _judge_layer(
            op, [dims[name] for name in op.reads], graph.shapes.get(op.name), lost
        )
        if why:
            lost[op.name] = why
            op = opaque_op(op, graph.shapes[op.name])  # what stands for it
        counted += made.parameters
        dims[op.name] = made.dims
        ops.append(op)
    unknown = (*graph.unknown, *(f"{name}: {why}" for name, why in lost.items()))
    return replace(graph, ops=tuple(ops), unknown=unknown), counted


def _judge_layer(
    op: Op, reads: Sequence[tuple[int, ...]], wanted: tuple[int, ...] | None, lost: dict[str, str]
) -> tuple[str, Inferred]:
    """Return why a layer is false (empty if it is not), and what it makes then."""
    if op.shares in lost and wanted is not None:
        return f"{op.word}, which shares parameters with an opaque layer", Inferred(wanted, 0)
    try:
        made = infer_layer(op, reads)
    except Refused as refused:
        if wanted is None:
            raise
        return f"{op.word}: {refused.what}", Inferred(fold_axes(wanted), 0)
    if wanted is None or made.dims == wanted or (op.word == "opaque" and len(wanted) > AXES):
        return "", made
    here, there = map(dims_text, (made.dims, wanted))
    return f"{op.word}, which makes {here} here and {there} there", Inferred(fold_axes(wanted), 0)


def infer_layer(op: Op, reads: Sequence[tuple[int, ...]]) -> Inferred:
    """Infer the shape and the parameters of an operation's layer over inputs of these shapes.

    Raises:
        Refused: the language has no such layer.
    """
    xs = tuple(Shape(channels, tuple(extents)) for channels, *extents in reads)
    layer = read_layer(layer_type(op.word), op.arguments, xs[0])
    y = layer.infer_shape(xs)
    return Inferred(y.dims, 0 if op.shares else layer.parameters(xs[0]))


def opaque_op(op: Op, shape: tuple[int, ...]) -> Op:
    """Make the opaque operation that stands for one of which only its shape is known."""
    return Op(op.name, "opaque", {"output": fold_axes(shape), "op": op.word}, op.reads)


def _add_unread_layer(graph: Graph, missing: int, what: str, why: str) -> Graph:
    """Add a layer behind the first output that holds what no layer holds; its costs are unknown, so
    that no total of the network is taken for exact."""
    first, *others = graph.outputs
    shape = next((op for op in graph.ops if op.name == first), None)
    dims = _output_of(graph, shape) if shape else graph.inputs[first]
    name = f"{first}.{what}"
    given = {"weights": missing} if missing > 0 else {}
    op = Op(name, "opaque", {"output": dims, "op": what, **given}, (first,))
    unknown = (*graph.unknown, f"{name}: {why}")
    return replace(graph, ops=(*graph.ops, op), outputs=(name, *others), unknown=unknown)


def _output_of(graph: Graph, last: Op) -> tuple[int, ...]:
    dims = dict(graph.inputs)
    for op in graph.ops:
        dims[op.name] = infer_layer(op, [dims[name] for name in op.reads]).dims
    return dims[last.name]


def _describe_difference(graph: Graph, counted: int, held: int) -> str:
    text = f"the model holds {held:,} parameters, the graph {counted:,}"
    if counted > held:
        return f"{text}: some are counted more than once"
    owners = f" of {_owner_text(graph.unread)}" if graph.unread else ""
    return f"{text}: {held - counted:,}{owners} are unused or not understood"


def _describe_stop(graph: Graph, counted: int, held: int) -> str:
    """Describe where reading stopped, and the learned numbers that lie behind it or were not
    understood."""
    if counted > held:
        return f"{graph.stop}; {_describe_difference(graph, counted, held)}"
    if counted == held:
        return f"{graph.stop}; all {held:,} parameters are read"
    owners = _owner_text(graph.unread)
    return (
        f"{graph.stop}; {held - counted:,} of {held:,} parameters are not read, those of {owners}"
    )


def _unused_lines(graph: Graph, unused: int) -> tuple[str, ...]:
    if not unused:
        return ()
    names = [name for name in graph.held if name in graph.unused]
    held = sum(graph.held.values())
    return (
        f"the model holds {held:,} parameters, the graph {held - unused:,}: {unused:,} of "
        f"{_owner_text(names)} are unused: no output depends on them",
    )


def _owner_text(names: Sequence[str]) -> str:
    """List the modules that own parameters, each once; if all are of one module, that module."""
    modules = list(dict.fromkeys(name.rpartition(".")[0] or name for name in names))
    text = ", ".join(modules[:NAMED])
    return f"{text} and {len(modules) - NAMED:,} more" if len(modules) > NAMED else text
