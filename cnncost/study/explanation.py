"""The working of every number: run the counting formulas over terms that remember operations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cnncost.costs import Convention, LayerCount, Report
from cnncost.errors import CnncostError, did_you_mean
from cnncost.layers import Layer
from cnncost.network import Input, Network, Node
from cnncost.shape import AXES, Shape
from cnncost.term import Term, trace_layer, trace_shape


@dataclass(frozen=True)
class Working:
    """One quantity and the term that computes it; a plain int if there is nothing to compute."""

    quantity: str
    number: int
    note: str = ""


@dataclass(frozen=True)
class Explanation:
    """The workings of all numbers of one layer."""

    node: Node
    workings: tuple[Working, ...]


def explain_layers(report: Report, name: str = "", *, every: bool = False) -> list[Explanation]:
    """Explain the layer or block called `name`, or all layers that have weights.

    Raises:
        CnncostError: nothing is called so.
    """
    nodes = report.network.nodes
    rows = _choose_rows(report, name) if name else [r for r in report.layers if r.counted or every]
    explained = []
    for row in rows:
        owner = None if row.node.shares is None else nodes[row.node.shares]
        workings = tuple(_work_out_layer(row, owner, report.convention))
        explained.append(Explanation(row.node, workings))
    return explained


def explain_totals(report: Report) -> tuple[Working, ...]:
    """Explain the totals as sums over the layers that contribute."""
    quantities = ("units", "weights", "biases", "parameters", "connections")
    return tuple(_sum_layers(report, quantity) for quantity in quantities)


def find_layers(network: Network, name: str) -> list[Node]:
    """Find the layer of that name, or all layers of the block of that name.

    Raises:
        CnncostError: nothing is called so.
    """
    found = [node for node in network.layers if node.name == name]
    found = found or [node for node in network.layers if node.name.startswith(f"{name}.")]
    if not found:
        names = [node.name for node in network.layers]
        known = f"cnncost table --all lists its {len(names):,} layers"
        raise CnncostError(
            f"{network.name} has no layer called {name!r}", did_you_mean(name, names, known)
        )
    return found


def _choose_rows(report: Report, name: str) -> list[LayerCount]:
    indices = {node.index for node in find_layers(report.network, name)}
    return [row for row in report.layers if row.node.index in indices]


def _work_out_layer(
    row: LayerCount, owner: Input | Node | None, convention: Convention
) -> Iterator[Working]:
    node = row.node
    xs = tuple(trace_shape(x) for x in node.inputs)
    layer = trace_layer(node.layer)
    yield from _work_out_shape(node, layer, xs)
    y = trace_shape(node.output)
    yield Working("units", y.units)
    if owner is not None:
        yield Working("parameters", 0, f"those of {owner.name}, counted there")
    elif layer.learns:
        yield from _work_out_parameters(row, layer, xs[0])
    if row.counted and layer.known:
        yield from _work_out_connections(layer, xs[0], y, convention)


def _work_out_shape(node: Node, layer: Layer, xs: tuple[Shape, ...]) -> Iterator[Working]:
    """Show how the output's channels and extents follow from the input's."""
    y = layer.infer_shape(xs)
    if isinstance(y.channels, Term) and y.channels.op:
        yield Working("channels", y.channels)
    same: dict[str, list[str]] = {}
    worked: dict[str, int] = {}
    for axis, extent in zip(AXES[len(y.extents)], y.extents, strict=True):
        if isinstance(extent, Term) and extent.op:
            same.setdefault(repr(_term_tree(extent)), []).append(axis)
            worked.setdefault(repr(_term_tree(extent)), extent)
    for key, axes in same.items():
        yield Working(", ".join(axes), worked[key])


def _term_tree(number: int) -> object:
    """Turn a term into nested tuples of plain numbers, which are equal for equal workings."""
    if not isinstance(number, Term) or not number.op:
        return int(number)
    return (number.op, *(_term_tree(arg) for arg in number.args))


def _work_out_parameters(row: LayerCount, layer: Layer, x: Shape) -> Iterator[Working]:
    if row.weights:
        yield Working("weights", layer.weights(x))
    if row.biases:
        yield Working("biases", layer.biases(x))
    if row.parameters != row.weights:
        alone = not row.weights and not row.biases
        yield Working("parameters", layer.extras(x) if alone else layer.parameters(x))


def _work_out_connections(
    layer: Layer, x: Shape, y: Shape, convention: Convention
) -> Iterator[Working]:
    uses = layer.inside_connections if convention.exclude_padding else layer.connections
    connections = uses(x, y)
    biases = layer.bias_connections(x, y) if convention.biases else 0
    if not biases:
        yield Working("connections", connections)
        return
    yield Working("uses of weights", connections)
    yield Working("uses of biases", biases)
    both = Term(connections, name="uses of weights") + Term(biases, name="uses of biases")
    yield Working("connections", both)


def _sum_layers(report: Report, quantity: str) -> Working:
    rows = report.layers if quantity == "parameters" else [r for r in report.layers if r.counted]
    parts = [Term(value) for row in rows if (value := int(getattr(row, quantity)))]
    return Working(f"{quantity} in all", sum(parts))
