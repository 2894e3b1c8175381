"""How each node's output lies in memory in PyTorch: strides by layer type, and what is a view."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, cast

from cnncost.costs.gradients import gradients
from cnncost.costs.memory.still import moved, still
from cnncost.costs.memory.strides import (
    Dims,
    Laid,
    Strides,
    channels_last,
    contiguous,
    elementwise,
    flat_suggested,
    is_channels_last,
    is_contiguous,
    like,
    like_channels_last,
    reshaped,
    suggested,
)
from cnncost.network import Network, Node


class Lie(NamedTuple):
    """How an output lies."""

    laid: Laid
    view: bool = False
    """Whether in its first input's storage."""


Rule = Callable[[Node, Dims, Sequence[Laid]], Lie]
"""From a node, its output's extents and what it reads: how its output lies."""


def layouts(
    network: Network, batch: int, written: Sequence[bool], *, training: bool
) -> tuple[Lie, ...]:
    """How every node's output lies.

    Args:
        written: for each node whether it writes over its input.
        training: dropout makes outputs of its own then, and gradients are wanted.
    """
    wanted = gradients(network).outputs if training else [False] * len(network.nodes)
    found: list[Lie] = []
    for node in network.nodes:
        dims = (batch, *node.output.dims)
        xs = [found[i].laid for i in node.reads]
        if node.layer is None:
            found.append(Lie(Laid(dims, contiguous(dims))))
        elif written[node.index]:
            found.append(Lie(xs[0]))
        else:
            rule = _rule(node, training=training, wanted=wanted[node.reads[0]])
            found.append(rule(node, dims, xs))
    return tuple(found)


def _rule(node: Node, *, training: bool, wanted: bool) -> Rule:
    assert node.layer is not None
    word = node.layer.word
    if still(node):
        return _same if node.output == node.inputs[0] else _reshaped
    if word == "maxpool" and len(node.output.extents) == 1 and not wanted:
        return _first  # a kernel of its own, without the maxima's places
    return _same if word in IDLE and not training else RULES[word]


def may_view(node: Node) -> bool:
    """Whether an output that is its own in most layouts is a view in some: numbers that move
    between channels and positions happen to stay where the channels lie last. A channel shuffle
    never is one: its groups and their channels would have to lie within each other."""
    word = node.layer.word if node.layer else ""
    return word in ("pixel_shuffle", "space_to_depth") and not shuffles_itself(node)


IDLE = ("dropout", "drop_path")
"""Layers that hand on their input at inference."""


def _first(node: Node, dims: Dims, xs: Sequence[Laid]) -> Lie:
    """Channel by channel."""
    return Lie(Laid(dims, contiguous(dims)))


def _last(node: Node, dims: Dims, xs: Sequence[Laid]) -> Lie:
    """Position by position: a product or a norm along the last axis, turned back."""
    return Lie(Laid(dims, channels_last(dims)))


def _unit_by_unit(node: Node, dims: Dims, xs: Sequence[Laid]) -> Lie:
    return Lie(Laid(dims, elementwise(dims, xs)))


def _alike(node: Node, dims: Dims, xs: Sequence[Laid]) -> Lie:
    return Lie(Laid(dims, like(xs[0])))


def _scaled(node: Node, dims: Dims, xs: Sequence[Laid]) -> Lie:
    # A factor a channel, seen with an axis of one place for each of the map's.
    shape = (dims[1], *[1] * (len(dims) - 2))
    return Lie(Laid(dims, elementwise(dims, [xs[0], Laid(shape, contiguous(shape))])))


def _masked(node: Node, dims: Dims, xs: Sequence[Laid]) -> Lie:
    # A factor an example.
    shape = (dims[0], *[1] * (len(dims) - 1))
    return Lie(Laid(dims, elementwise(dims, [xs[0], Laid(shape, contiguous(shape))])))


def _divided(node: Node, dims: Dims, xs: Sequence[Laid]) -> Lie:
    """By a mean of squares, which lies channel by channel."""
    return Lie(Laid(dims, elementwise(dims, [xs[0], Laid(dims, contiguous(dims))])))


def _joined(node: Node, dims: Dims, xs: Sequence[Laid]) -> Lie:
    """Two by two, from the first on."""
    total = xs[0]
    for x in xs[1:]:
        both = tuple(map(max, total.dims, x.dims))
        total = Laid(both, elementwise(both, [total, x]))
    return Lie(total)


def _concatenated(node: Node, dims: Dims, xs: Sequence[Laid]) -> Lie:
    last = all(like_channels_last(x) for x in xs)
    return Lie(Laid(dims, channels_last(dims) if last else contiguous(dims)))


def _normed(node: Node, dims: Dims, xs: Sequence[Laid]) -> Lie:
    if is_contiguous(xs[0]):
        return _first(node, dims, xs)
    return _last(node, dims, xs) if is_channels_last(xs[0]) else _suggested(node, dims, xs)


def _suggested(node: Node, dims: Dims, xs: Sequence[Laid]) -> Lie:
    return Lie(Laid(dims, suggested(xs[0], dims)))


def _pooled(node: Node, dims: Dims, xs: Sequence[Laid]) -> Lie:
    return Lie(Laid(dims, flat_suggested(xs[0], dims)))


def _flat_pooled(node: Node, dims: Dims, xs: Sequence[Laid]) -> Lie:
    """As the input of up to two axes lies; of three channel by channel."""
    return (_first if len(dims) == 5 else _pooled)(node, dims, xs)


def _adaptive(node: Node, dims: Dims, xs: Sequence[Laid]) -> Lie:
    """To one position it is a plain mean, which takes maps of three axes as they lie."""
    whole = set(getattr(node.layer, "size", (1,))) == {1}
    return (_pooled if whole else _flat_pooled)(node, dims, xs)


def _convolved(node: Node, dims: Dims, xs: Sequence[Laid]) -> Lie:
    """Along one axis on a map that lies channel by channel, or on such a copy.

    Of three axes PyTorch's way, and with it the layout, depends on its threads and the sizes;
    this is what it does with more than one thread and a batch.
    """
    x = xs[0]
    if len(dims) == 3 and not is_contiguous(x):
        x = Laid(x.dims, contiguous(x.dims))
    return Lie(Laid(dims, flat_suggested(x, dims)))


def _same(node: Node, dims: Dims, xs: Sequence[Laid]) -> Lie:
    return Lie(xs[0], view=True)


def _cut(node: Node, dims: Dims, xs: Sequence[Laid]) -> Lie:
    return Lie(Laid(dims, xs[0].strides), view=True)


def _permuted(node: Node, dims: Dims, xs: Sequence[Laid]) -> Lie:
    axes = cast("tuple[int, ...]", vars(node.layer)["axes"])
    strides = tuple([xs[0].strides[axis] for axis in (0, *axes)])
    return Lie(Laid(dims, strides), view=True)


def _reshaped(node: Node, dims: Dims, xs: Sequence[Laid]) -> Lie:
    if dims == xs[0].dims:
        return _same(node, dims, xs)
    return _seen(dims, xs[0])


def _seen(dims: Dims, x: Laid) -> Lie:
    strides: Strides | None = reshaped(x, dims)
    return Lie(Laid(dims, strides or contiguous(dims)), view=strides is not None)


def _moved(node: Node, dims: Dims, xs: Sequence[Laid]) -> Lie:
    """Axes split, put in another order and merged: a view where they happen to fit."""
    sizes, order = moved(node)
    split = (dims[0], *sizes)
    apart = reshaped(xs[0], split) or contiguous(split)
    turned = (0, *(1 + axis for axis in order))
    return _seen(dims, Laid(*(tuple([s[axis] for axis in turned]) for s in (split, apart))))


def _shuffled(node: Node, dims: Dims, xs: Sequence[Laid]) -> Lie:
    return (_suggested if shuffles_itself(node) else _moved)(node, dims, xs)


def shuffles_itself(node: Node) -> bool:
    """Whether PyTorch has a kernel for a pixel shuffle or its inverse: of maps of two axes, by
    one factor for both. Others are written as axes moved."""
    factor = cast("tuple[int, ...]", vars(node.layer)["factor"])
    return len(factor) == 2 and len(set(factor)) == 1


RULES: dict[str, Rule] = {
    **dict.fromkeys(("conv", "depthwise_conv", "conv_transpose", "subsample"), _convolved),
    **dict.fromkeys(("dense", "matmul", "opaque", "softmax", "logsoftmax"), _first),
    **dict.fromkeys(("linear", "layernorm", "attention"), _last),
    **dict.fromkeys(("relu", "silu", "hardswish", "sigmoid", "hardsigmoid"), _unit_by_unit),
    **dict.fromkeys(("tanh", "gelu", "leaky_relu", "elu", "selu"), _unit_by_unit),
    **dict.fromkeys(("softplus", "mish", "dropout"), _unit_by_unit),
    **dict.fromkeys(("relu6", "prelu"), _alike),
    **dict.fromkeys(("add", "mul"), _joined),
    "scale": _scaled,
    "drop_path": _masked,
    "concat": _concatenated,
    "batchnorm": _normed,
    "groupnorm": _suggested,
    "instancenorm": _first,
    "lrn": _divided,
    "maxpool": _pooled,
    "avgpool": _flat_pooled,
    "global_avgpool": _adaptive,
    "adaptive_avgpool": _adaptive,
    **dict.fromkeys(("global_maxpool", "adaptive_maxpool"), _flat_pooled),
    **dict.fromkeys(("pad", "upsample"), _suggested),
    "identity": _same,
    "permute": _permuted,
    **dict.fromkeys(("slice", "crop"), _cut),
    **dict.fromkeys(("flatten", "reshape"), _reshaped),
    "channel_shuffle": _moved,
    **dict.fromkeys(("pixel_shuffle", "space_to_depth"), _shuffled),
}
"""An entry a type."""
