"""The sizes of what every symbol of a network's equations stands for."""

from __future__ import annotations

from cnncost.study.backward.backward_pass import BackwardPass
from cnncost.study.backward.gradient_expression import ParameterSymbol, Symbol
from cnncost.study.backward.layer_use import SymbolSizes
from cnncost.study.backward.option_reader import Dims

UNSHARED = "locally_connected"


def list_symbol_sizes(found: BackwardPass) -> dict[Symbol, SymbolSizes]:
    """List the sizes of every activation, parameter, intermediate result and mask."""
    nodes = zip(found.values, found.network.nodes, strict=True)
    sizes = {symbol: SymbolSizes(node.output.dims) for symbol, node in nodes}
    for owned in found.parameters:
        sizes[owned.symbol] = SymbolSizes(parameter_dims(owned), shared=True)
    for equation in (*found.forward, *found.equations):
        base = equation.left.base
        if base not in sizes:
            x = equation.node.inputs[0].dims if equation.node.layer else ()
            sizes[base] = equation.sizes or SymbolSizes(x)
    return sizes | _mask_sizes(found, sizes)


def parameter_dims(owned: ParameterSymbol) -> Dims:
    """Return a parameter's sizes; a kernel of `connects` is whole, with zeros where it sees no
    map, and windows of their own are the matrix of all units by all units."""
    node = owned.node
    if node.layer.word == UNSHARED and owned.tensor == "weight":
        return (node.output.units, node.inputs[0].units)
    first, *rest = node.layer.tensor_shapes(node.inputs[0])[owned.tensor]
    if find_mask(owned):
        return (node.output.channels, node.inputs[0].channels, *rest)
    return (first // owned.parts, *rest)


def find_mask(owned: ParameterSymbol) -> Symbol | None:
    """Return the symbol of what weights see that are zero elsewhere: a kernel of `connects`, or
    windows of their own; None for any other parameter."""
    layer = owned.node.layer
    partial = layer.word == UNSHARED or getattr(layer, "connects", None)
    if owned.tensor != "weight" or not partial:
        return None
    return Symbol(word="M", of=owned.node.name)


def _mask_sizes(found: BackwardPass, known: dict[Symbol, SymbolSizes]) -> dict[Symbol, SymbolSizes]:
    """Size what dropping leaves, and the masks of kernels."""
    masks = {find_mask(owned): known[owned.symbol] for owned in found.parameters}
    sizes = {mask: size for mask, size in masks.items() if mask is not None}
    for node in found.network.layers:
        if node.layer.word in ("dropout", "drop_path"):
            # An example is dropped as a whole from a path.
            dims = (1,) if node.layer.word == "drop_path" else node.output.dims
            sizes[Symbol(word="m", of=node.name)] = SymbolSizes(dims)
    return sizes
