"""Turn a network that was read back into a graph, as imports make it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncost.errors import CnncostError, Refused
from cnncost.formats.graph import Graph, Op

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from cnncost.formats.graph import Value
    from cnncost.layers import Layer
    from cnncost.layers.kinds import FieldKind
    from cnncost.network import Network, Node
    from cnncost.shape import Shape


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
            return text  # type: ignore[no-any-return]  # as it was yielded
    raise CnncostError(f"{what} has no form in a spec")


def _reads_as(kind: FieldKind, text: Any, value: Any, x: Shape) -> bool:  # Any: as above
    try:
        return bool(kind.read_value(text, x) == value)
    except Refused:
        return False


def _value_forms(value: Any) -> Iterator[Any]:  # Any: as above
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
