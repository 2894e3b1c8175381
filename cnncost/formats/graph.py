"""A network between a file and a spec's text: operations in the words of a spec, in order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cnncost.errors import CnncostError, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from fractions import Fraction
    from typing import Any

    from cnncost.layers import Layer
    from cnncost.layers.kinds import FieldKind
    from cnncost.lite_program import LiteProgram
    from cnncost.network import Network, Node
    from cnncost.number_types import NumberTypes
    from cnncost.shape import Shape

    Value = int | Fraction | bool | str | tuple["Value", ...]
    """An argument as a spec would have it: a number, true or false, a keyword, a list."""


@dataclass(frozen=True)
class Op:
    """One operation: a layer type's word, its arguments, and what it reads.

    `arguments` holds every argument that differs from its default, the main one under its
    field's name (`filters` of conv); joins have none.
    """

    name: str
    """Unique in its graph; where the source has dotted or slashed paths, those, by dots."""
    word: str
    arguments: dict[str, Value]
    reads: tuple[str, ...]
    """Names of operations or inputs, in order."""
    shares: str = ""
    """The operation whose parameters it uses."""
    frozen: bool = False


@dataclass(frozen=True)
class Graph:
    """Operations in an order in which each comes after what it reads."""

    name: str
    inputs: dict[str, tuple[int, ...]]
    """Shapes by name, channels first, without the batch."""
    ops: tuple[Op, ...]
    outputs: tuple[str, ...]
    notes: str = ""
    source: str = ""
    """The citation of a spec."""
    published: tuple[tuple[str, str], ...] = ()
    """What the paper prints, figure by figure in its own words."""
    types: NumberTypes | None = None
    """The types of its numbers, where the source says them."""
    odd_weights: Mapping[str, str] = field(default_factory=dict)
    """The type of an operation's weights, by its name, where that is another than most have."""
    program: LiteProgram | None = None
    """The steps of the TensorFlow Lite file that it was read from; nodes are inputs, then `ops`."""
    unknown: tuple[str, ...] = field(default=())
    """What could not be expressed and became opaque, a line each: name, operation, why."""
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """What the source itself records or infers for an operation's result, by the operation's
    name, where it does: channels first, without the batch."""
    held: Mapping[str, int] = field(default_factory=dict)
    """The learned numbers that the source holds, by their owner's name, each owner once; empty
    where the source holds none, or nobody counted."""
    unread: tuple[str, ...] = ()
    """The owners of which no operation reads all numbers."""
    unused: tuple[str, ...] = ()
    """The owners that provably no output depends on: they are no part of the network's cost."""
    stop: str = ""
    """Why and where reading ended before the source does, in one line; empty where it did not."""
    audit: tuple[str, ...] = ()
    """What the audit found: a line on numbers that are not in the graph."""


def needed_operations(ops: Mapping[str, Op], outputs: Iterable[str]) -> list[Op]:
    """Return the operations, by name, that some output depends on or shares parameters with, in
    order."""
    needed, todo = set(outputs), list(outputs)
    while todo:
        op = ops.get(todo.pop())
        for name in (*op.reads, *([op.shares] if op.shares else [])) if op else ():
            if name not in needed:
                needed.add(name)
                todo.append(name)
    return [op for name, op in ops.items() if name in needed]


def graph_of(network: Network, paths: Sequence[str] = ()) -> Graph:
    """Make the graph of a network, with one operation per layer.

    `paths` are the layers' names in the source of an import, in order; without them the names
    of the spec are used.

    Raises:
        CnncostError: a layer's value has no form in a spec.
    """
    names = [node.name for node in network.nodes]
    inputs = {node.name for node in network.inputs}
    if inputs.isdisjoint(paths):
        for node, path in zip(network.layers, paths, strict=False):
            names[node.index] = path
    return Graph(
        name=network.name,
        inputs={node.name: node.output.dims for node in network.inputs},
        ops=tuple(_node_operation(node, names) for node in network.layers),
        outputs=tuple(names[index] for index in network.outputs),
        notes=network.notes.strip(),
        source=network.source.strip(),
        published=network.published,
        types=network.types,
    )


def _node_operation(node: Node, names: Sequence[str]) -> Op:
    return Op(
        name=names[node.index],
        word=node.layer.word,
        arguments=_nondefault_arguments(node.layer, node.inputs[0]),
        reads=tuple(names[index] for index in node.reads),
        shares="" if node.shares is None else names[node.shares],
        frozen=node.frozen,
    )


def _nondefault_arguments(layer: Layer, x: Shape) -> dict[str, Value]:
    """Return the arguments that differ from the defaults, each in its shortest form."""
    found: dict[str, Value] = {}
    for name, kind in layer.kinds.items():
        value = getattr(layer, name)
        if not _is_default(layer, kind, value, x):
            found[name] = _write_value(kind, value, x, f"{layer.word}: {name}")
    return found


def _is_default(
    layer: Layer, kind: FieldKind, value: Any, x: Shape
) -> bool:  # Any: each kind has its own
    """Whether a value is its field's default, which may be another field's value."""
    if isinstance(kind.default, str) and kind.default in layer.kinds:
        return bool(getattr(layer, kind.default) == value)
    return not kind.is_required and _reads_as(kind, kind.default, value, x)


def _write_value(kind: FieldKind, value: Any, x: Shape, what: str) -> Value:  # Any: as above
    for text in _value_forms(value):
        if _reads_as(kind, text, value, x):
            return text
    raise CnncostError(f"{what} has no form in a spec")


def _reads_as(kind: FieldKind, text: Value, value: Any, x: Shape) -> bool:  # Any: as above
    try:
        return bool(kind.read_value(text, x) == value)
    except Refused:
        return False


def _value_forms(value: Any) -> Iterator[Value]:  # Any: as above
    """List the ways to write a value, shortest first: one number, one per axis, all of it."""
    if isinstance(value, tuple) and value:
        first = value[0]
        if isinstance(first, tuple) and first:
            yield first[0]
            yield tuple(pair[0] for pair in value)
        yield first
        yield value
        if all(isinstance(part, int) for part in value):
            yield tuple(part + 1 for part in value)  # axes count from 1 in a spec
        return
    yield value
