"""A layer beside the same layer with its weights shared, unshared, and connected to everything."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from cnncost.costs.count import Convention, LayerCount, count_layer
from cnncost.errors import CnncostError
from cnncost.layers.convolution import Conv, DepthwiseConv
from cnncost.layers.dense import Dense
from cnncost.layers.unshared import LocallyConnected

if TYPE_CHECKING:
    from cnncost.layers import Layer
    from cnncost.network import Node

SHARED, UNSHARED, DENSE = "conv", "locally_connected", "dense"
FORMS = (UNSHARED, DENSE)
"""What `--against` takes: the last form that a layer is set beside."""


class LayerForm(NamedTuple):
    """One form of a layer: the same units, computed from the same input."""

    row: LayerCount
    parameters_factor: Fraction
    """Its parameters over those of the layer itself."""


def list_forms(node: Node, against: str) -> list[LayerForm]:
    """List a layer as it is, and its forms with less sharing, up to `against`.

    Raises:
        CnncostError: the layer shares nothing, or has no such form.
    """
    layers: list[Layer] = [node.layer]
    if isinstance(node.layer, (Conv, DepthwiseConv)) and not getattr(node.layer, "connects", None):
        layers.append(_make_unshared(node.layer, node))
    elif not isinstance(node.layer, LocallyConnected):
        raise CnncostError(
            f"{node.name} is {_describe_layer(node)}: it has no locally connected or dense form",
            "--against takes conv, depthwise_conv and locally_connected",
        )
    elif against == UNSHARED:
        raise CnncostError(f"{node.name} is {UNSHARED} itself", "--against dense")
    if against == DENSE:
        layers.append(Dense(node.output.units, node.layer.bias))
    counts = [_count_form(node, layer) for layer in layers]
    least = max(1, counts[0].parameters)
    return [LayerForm(count, Fraction(count.parameters, least)) for count in counts]


def _describe_layer(node: Node) -> str:
    connects = bool(getattr(node.layer, "connects", None))
    return f"{node.layer.word}{' with connects' if connects else ''}"


def _make_unshared(layer: Conv | DepthwiseConv, node: Node) -> LocallyConnected:
    groups = node.inputs[0].channels if isinstance(layer, DepthwiseConv) else layer.groups
    return LocallyConnected(
        node.output.channels, layer.kernel, layer.stride, layer.padding, layer.dilation, groups,
        layer.bias,
    )  # fmt: skip


def _count_form(node: Node, layer: Layer) -> LayerCount:
    """Count a form; it is a layer of its own, even where the layer shares another's weights."""
    output = layer.infer_shape(node.inputs)
    return count_layer(replace(node, layer=layer, output=output, shares=None), Convention())
