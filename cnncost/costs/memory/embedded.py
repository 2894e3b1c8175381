"""Memory on a microcontroller in int8: activations lie in SRAM, parameters in flash."""

from __future__ import annotations

from typing import NamedTuple

from cnncost.costs.memory.inference import Lives
from cnncost.costs.memory.traits import Makes, find_traits
from cnncost.layers.convolution import Conv
from cnncost.network import Input, Network, Node

BIAS = 4
"""Bytes of a bias (int32); a weight has 1 byte (int8)."""


class Embedded(NamedTuple):
    """Bytes on a microcontroller."""

    sram: int
    """The most bytes of inputs and outputs that are alive at one layer."""
    sram_in_place: int
    """The same, if depthwise convolutions and additions write over their inputs."""
    flash: int


def measure_embedded(network: Network) -> Embedded:
    """Measure SRAM and flash in int8, with norms and activations folded into the layer before."""
    apart, over = (_find_sram_peak(network, in_place=word) for word in (False, True))
    return Embedded(apart, over, count_flash(network))


def count_flash(network: Network) -> int:
    """Count the bytes of the parameters: 1 per weight, 4 per bias. A norm becomes the bias of
    the layer before it."""
    return sum(_count_layer_flash(network, node) for node in network.layers if node.shares is None)


def _count_layer_flash(network: Network, node: Node) -> int:
    x = node.inputs[0]
    if node.layer.word != "batchnorm":
        return node.layer.weights(x) + node.layer.extras(x) + BIAS * node.layer.biases(x)
    before = network.nodes[node.reads[0]]
    has_bias = before.layer is not None and before.layer.biases(before.inputs[0]) > 0
    return 0 if has_bias else BIAS * x.channels


def _find_sram_peak(network: Network, *, in_place: bool) -> int:
    """Find the most bytes alive at one layer, in the program's order."""
    return max(lives_embedded(network, in_place=in_place).sum_live_bytes())


def lives_embedded(network: Network, *, in_place: bool = False) -> Lives:
    """Find when each int8 activation of a network is alive, in the program's order."""
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
    sizes = [node.output.units for node in nodes]
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
