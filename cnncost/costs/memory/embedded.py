"""Memory on a microcontroller, int8: activations in SRAM, parameters in flash."""

from __future__ import annotations

from typing import NamedTuple

from cnncost.costs.memory.inference import Lives
from cnncost.costs.memory.traits import Makes, find_traits
from cnncost.network import Input, Network, Node

BIAS = 4
"""Bytes of an int32 bias; a weight takes one."""


class Embedded(NamedTuple):
    """Bytes on a microcontroller."""

    sram: int
    """Inputs and outputs alive at each layer, at most."""
    sram_in_place: int
    """The same with depthwise convolutions and additions over their inputs."""
    flash: int


def measure_embedded(network: Network) -> Embedded:
    """SRAM and flash of a network in int8; norms and activations folded into what is before."""
    apart, over = (_find_sram_peak(network, in_place=word) for word in (False, True))
    return Embedded(apart, over, count_flash(network))


def count_flash(network: Network) -> int:
    """Bytes of the parameters: 1 a weight, 4 a bias; a norm is the bias of the layer before."""
    return sum(_count_layer_flash(network, node) for node in network.layers if node.shares is None)


def _count_layer_flash(network: Network, node: Node) -> int:
    x = node.inputs[0]
    if node.layer.word != "batchnorm":
        return node.layer.weights(x) + node.layer.extras(x) + BIAS * node.layer.biases(x)
    before = network.nodes[node.reads[0]]
    has_bias = before.layer is not None and before.layer.biases(before.inputs[0]) > 0
    return 0 if has_bias else BIAS * x.channels


def _find_sram_peak(network: Network, *, in_place: bool) -> int:
    """The most bytes alive at a layer, in the program's order."""
    return max(lives_embedded(network, in_place=in_place).sum_live_bytes())


def lives_embedded(network: Network, *, in_place: bool = False) -> Lives:
    """When the int8 activations of a network live, in the program's order."""
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
    """Whether each output channel needs its own input channel alone, or its own unit."""
    if node.layer is None:
        return False
    channels = node.inputs[0].channels
    depthwise = getattr(node.layer, "groups", 1) == channels == node.output.channels
    return node.layer.word in ("add", "depthwise_conv") or (node.layer.word == "conv" and depthwise)
