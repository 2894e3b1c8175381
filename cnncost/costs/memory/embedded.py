"""Memory on a microcontroller: activations lie in SRAM, parameters in flash; in the types that a
network has, or in int8."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import NamedTuple

from cnncost.costs.memory.inference import Lives
from cnncost.costs.memory.traits import Makes, find_traits
from cnncost.errors import CnncostError
from cnncost.layers.convolution import Conv
from cnncost.network import Input, Network, Node
from cnncost.number_types import BITS, INT4, INT8, NumberTypes, count_tensor_bytes


class Embedded(NamedTuple):
    """Bytes on a microcontroller."""

    sram: int
    """The most bytes of inputs and outputs that are alive at one layer."""
    sram_in_place: int
    """The same, if depthwise convolutions and additions write over their inputs."""
    flash: int


def measure_embedded(network: Network) -> Embedded:
    """Measure SRAM and flash, with norms and activations folded into the layer before."""
    apart, over = (_find_sram_peak(network, in_place=word) for word in (False, True))
    return Embedded(apart, over, count_flash(network))


def find_types(network: Network) -> NumberTypes:
    """Find the types of a network's numbers: int8 with int32 biases where it does not say them."""
    return network.types or INT8


DTYPES_EMBEDDED = {"int8": INT8, "int4": INT4}
"""The types that a network can be asked for on a microcontroller, by the words of `--dtype`."""


def give_types(network: Network, dtype: str) -> Network:
    """Give a network the types that a word of `--dtype` names.

    Where the network says types of its own, int4 puts weights of four bits in place of those of
    eight, and int8 has to be what it says.

    Raises:
        CnncostError: the word names none, or the network's own types are others.
    """
    if dtype not in DTYPES_EMBEDDED:
        known = "int8, or int4: weights of 4 bits, activations of 8, biases of 32"
        raise CnncostError(f"--dtype {dtype} is none of a microcontroller's", known)
    own, wanted = network.types, DTYPES_EMBEDDED[dtype]
    if own is None:
        return network if wanted == INT8 else replace(network, types=wanted)
    if dtype == "int8" and (BITS[own.activations], own.weight_bits) == (8, 8):
        return network
    if dtype == "int4" and BITS[own.activations] == 8 and not own.other_bytes:
        return replace(network, types=own._replace(weights=wanted.weights))
    others = f", and {own.other_bytes:,} bytes more of others" if own.other_bytes else ""
    raise CnncostError(
        f"--dtype {dtype}: the numbers of {network.name} are {own.describe()}{others}",
        "leave --dtype out, or change 'types' in the spec that convert writes",
    )


def count_flash(network: Network) -> int:
    """Count the bytes of the parameters: in int8 1 per weight, 4 per bias. A norm becomes the bias
    of the layer before it. Each tensor fills whole bytes."""
    types = find_types(network)
    layers = (node for node in network.layers if node.shares is None)
    return sum(_count_flash_bytes(network, node, types) for node in layers) + types.other_bytes


def _count_flash_bytes(network: Network, node: Node, types: NumberTypes) -> int:
    if node.layer.word != "batchnorm":
        return count_parameter_bytes(node, types)
    return count_tensor_bytes(types.biases, _count_folded_biases(network, node))


def count_parameter_bytes(node: Node, types: NumberTypes) -> int:
    """Count the bytes of a layer's learned numbers in these types; those that are neither weights
    nor biases are of the weights' type."""
    x, layer = node.inputs[0], node.layer
    sizes = [layer.weights(x) + layer.extras(x)]
    if types.weight_bits % 8:
        shapes = layer.tensor_shapes(x).items()
        several = [prod(dims) for name, dims in shapes if not name.endswith("bias")]
        sizes = several if sum(several) == sizes[0] else sizes
    weights = sum(count_tensor_bytes(types.weights, size) for size in sizes)
    return weights + count_tensor_bytes(types.biases, layer.biases(x))


def _count_folded_biases(network: Network, node: Node) -> int:
    """Count the biases that a norm adds to the layer before it, which may have some itself."""
    before = network.nodes[node.reads[0]]
    has_bias = before.layer is not None and before.layer.biases(before.inputs[0]) > 0
    return 0 if has_bias else node.inputs[0].channels


def count_flash_bits(network: Network) -> int:
    """Count the bits of the parameters, of which a tensor's last byte may leave some unused: never
    more than flash has."""
    types = find_types(network)
    layers = (node for node in network.layers if node.shares is None)
    own = sum(_count_layer_bits(network, node, types) for node in layers)
    return own + 8 * types.other_bytes


def _count_layer_bits(network: Network, node: Node, types: NumberTypes) -> int:
    x, layer = node.inputs[0], node.layer
    if layer.word == "batchnorm":
        return types.bias_bits * _count_folded_biases(network, node)
    weights = layer.weights(x) + layer.extras(x)
    return types.weight_bits * weights + types.bias_bits * layer.biases(x)


def count_activation_bytes(network: Network, units: int) -> int:
    """Count the bytes of so many activations."""
    return find_types(network).activation_bytes * units


def _find_sram_peak(network: Network, *, in_place: bool) -> int:
    """Find the most bytes alive at one layer, in the program's order."""
    return max(lives_embedded(network, in_place=in_place).sum_live_bytes())


def lives_embedded(network: Network, *, in_place: bool = False) -> Lives:
    """Find when each activation of a network is alive, in the program's order."""
    nodes = network.nodes
    base: list[int] = []
    for node in nodes:
        base.append(base[node.reads[0]] if _lies_over_input(network, node) else node.index)
    last = list(range(len(nodes)))
    for node in nodes:
        for i in node.reads:
            last[base[i]] = node.index
    for i in network.outputs:
        last[base[i]] = len(nodes) - 1
    size = find_types(network).activation_bytes
    sizes = [size * node.output.units for node in nodes]
    saved = [0] * len(nodes)
    for node in nodes if in_place else ():
        if _may_overwrite(node):
            dying = [sizes[base[i]] for i in node.reads if last[base[i]] == node.index]
            saved[node.index] = -min(max(dying, default=0), sizes[node.index])
    return Lives(base, last, sizes, saved)


def _lies_over_input(network: Network, node: Input | Node) -> bool:
    if node.layer is None:
        return False
    rules = find_traits(node)
    source = node.reads[0]
    alone = len(network.readers[source]) == 1 and network.nodes[source].layer is not None
    return rules.makes is not Makes.NEW or (rules.folds and alone)


def _may_overwrite(node: Input | Node) -> bool:
    """Whether each output channel (or unit) reads only its own input channel (or unit)."""
    if node.layer is None:
        return False
    if isinstance(node.layer, Conv):
        return node.layer.groups == node.inputs[0].channels == node.output.channels
    return node.layer.word in ("add", "depthwise_conv")
