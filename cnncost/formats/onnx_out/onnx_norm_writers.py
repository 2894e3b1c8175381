"""Normalisations, and what is learned a channel."""

from __future__ import annotations

from cnncost.formats.onnx_out.onnx_emitter import Emitter, Writers, field
from cnncost.network import Node


def _affine(emitter: Emitter, node: Node, count: int) -> list[str]:
    """Scale and shift; ones and zeros where nothing is learned."""
    if not field(node, "affine"):
        return [emitter.plain(1.0, count), emitter.plain(0.0, count)]
    return [emitter.parameter("weight", (count,), 1.0), emitter.parameter("bias", (count,), 0.0)]


def _batchnorm(emitter: Emitter, node: Node, x: list[str]) -> str:
    channels = node.inputs[0].channels
    statistics = [
        emitter.parameter(part, (channels,), middle)
        for part, middle in (("running_mean", 0.0), ("running_var", 1.0))
    ]
    return emitter.add("BatchNormalization", [*x, *_affine(emitter, node, channels), *statistics])


def _layernorm(emitter: Emitter, node: Node, x: list[str]) -> str:
    """Over the channels, which it has last."""
    made = _affine(emitter, node, node.inputs[0].channels)
    if node.inputs[0].is_vector:
        return emitter.add("LayerNormalization", [*x, *made], axis=-1)
    rank = len(node.inputs[0].dims) + 1
    turned = emitter.add("Transpose", x, perm=[0, *range(2, rank), 1])
    normed = emitter.add("LayerNormalization", [turned, *made], axis=-1)
    return emitter.add("Transpose", [normed], perm=[0, rank - 1, *range(1, rank - 1)])


def _instancenorm(emitter: Emitter, node: Node, x: list[str]) -> str:
    return _grouped(emitter, node, x, node.inputs[0].channels)


def _groupnorm(emitter: Emitter, node: Node, x: list[str]) -> str:
    return _grouped(emitter, node, x, field(node, "groups"))


def _grouped(emitter: Emitter, node: Node, x: list[str], groups: int) -> str:
    """InstanceNormalization of the groups in a row, then scale and shift a channel."""
    shape = node.inputs[0]
    row = emitter.add("Reshape", [*x, emitter.integers([1, groups, -1])])
    plain = [emitter.plain(value, groups) for value in (1.0, 0.0)]
    normed = emitter.add("InstanceNormalization", [row, *plain])
    made = emitter.add("Reshape", [normed, emitter.integers([1, *shape.dims])])
    if not field(node, "affine"):
        return made
    scaled = emitter.add("Mul", [made, emitter.by_channel(node, "weight", 1.0)])
    return emitter.add("Add", [scaled, emitter.by_channel(node, "bias", 0.0)])


def _lrn(emitter: Emitter, node: Node, x: list[str]) -> str:
    """Over channels; runtimes take maps of two axes only."""
    shape, size = node.inputs[0], field(node, "size")
    if len(shape.extents) == 2:
        return emitter.add("LRN", x, size=size)
    dims = [1, shape.channels, shape.positions, 1]
    flat = emitter.add("Reshape", [*x, emitter.integers(dims)])
    made = emitter.add("LRN", [flat], size=size)
    return emitter.add("Reshape", [made, emitter.integers([1, *shape.dims])])


def _prelu(emitter: Emitter, node: Node, x: list[str]) -> str:
    return emitter.add("PRelu", [*x, _factors(emitter, node, 0.25)])


def _scale(emitter: Emitter, node: Node, x: list[str]) -> str:
    return emitter.add("Mul", [*x, _factors(emitter, node, 1.0)])


def _factors(emitter: Emitter, node: Node, middle: float) -> str:
    """One a channel, or one in all."""
    return emitter.by_channel(node, "weight", middle, int(field(node, "shared")))


WRITERS: Writers = {
    "batchnorm": _batchnorm,
    "layernorm": _layernorm,
    "groupnorm": _groupnorm,
    "instancenorm": _instancenorm,
    "lrn": _lrn,
    "prelu": _prelu,
    "scale": _scale,
}
