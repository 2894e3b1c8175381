"""Normalisations, and what is learned a channel."""

from __future__ import annotations

from cnncost.formats.onnx_out.onnx_emitter import Emitter, Writers, field_of
from cnncost.network import Node


def _write_affine(emitter: Emitter, node: Node, count: int) -> list[str]:
    """Scale and shift; ones and zeros where nothing is learned."""
    if not field_of(node, "affine"):
        return [emitter.add_equal_numbers(1.0, count), emitter.add_equal_numbers(0.0, count)]
    return [
        emitter.add_parameter("weight", (count,), 1.0),
        emitter.add_parameter("bias", (count,), 0.0),
    ]


def _write_batchnorm(emitter: Emitter, node: Node, x: list[str]) -> str:
    channels = node.inputs[0].channels
    statistics = [
        emitter.add_parameter(part, (channels,), middle)
        for part, middle in (("running_mean", 0.0), ("running_var", 1.0))
    ]
    return emitter.add_step(
        "BatchNormalization", [*x, *_write_affine(emitter, node, channels), *statistics]
    )


def _write_layernorm(emitter: Emitter, node: Node, x: list[str]) -> str:
    """Over the channels, which it has last."""
    made = _write_affine(emitter, node, node.inputs[0].channels)
    if node.inputs[0].is_vector:
        return emitter.add_step("LayerNormalization", [*x, *made], axis=-1)
    rank = len(node.inputs[0].dims) + 1
    turned = emitter.add_step("Transpose", x, perm=[0, *range(2, rank), 1])
    normed = emitter.add_step("LayerNormalization", [turned, *made], axis=-1)
    return emitter.add_step("Transpose", [normed], perm=[0, rank - 1, *range(1, rank - 1)])


def _write_instancenorm(emitter: Emitter, node: Node, x: list[str]) -> str:
    return _write_grouped_norm(emitter, node, x, node.inputs[0].channels)


def _write_groupnorm(emitter: Emitter, node: Node, x: list[str]) -> str:
    return _write_grouped_norm(emitter, node, x, field_of(node, "groups"))


def _write_grouped_norm(emitter: Emitter, node: Node, x: list[str], groups: int) -> str:
    """InstanceNormalization of the groups in a row, then scale and shift a channel."""
    shape = node.inputs[0]
    row = emitter.add_step("Reshape", [*x, emitter.add_integers([1, groups, -1])])
    plain = [emitter.add_equal_numbers(value, groups) for value in (1.0, 0.0)]
    normed = emitter.add_step("InstanceNormalization", [row, *plain])
    made = emitter.add_step("Reshape", [normed, emitter.add_integers([1, *shape.dims])])
    if not field_of(node, "affine"):
        return made
    scaled = emitter.add_step("Mul", [made, emitter.add_channel_parameter(node, "weight", 1.0)])
    return emitter.add_step("Add", [scaled, emitter.add_channel_parameter(node, "bias", 0.0)])


def _write_lrn(emitter: Emitter, node: Node, x: list[str]) -> str:
    """Over channels; runtimes take maps of two axes only."""
    shape, size = node.inputs[0], field_of(node, "size")
    if len(shape.extents) == 2:
        return emitter.add_step("LRN", x, size=size)
    dims = [1, shape.channels, shape.positions, 1]
    flat = emitter.add_step("Reshape", [*x, emitter.add_integers(dims)])
    made = emitter.add_step("LRN", [flat], size=size)
    return emitter.add_step("Reshape", [made, emitter.add_integers([1, *shape.dims])])


def _write_prelu(emitter: Emitter, node: Node, x: list[str]) -> str:
    return emitter.add_step("PRelu", [*x, _write_factors(emitter, node, 0.25)])


def _write_scale(emitter: Emitter, node: Node, x: list[str]) -> str:
    return emitter.add_step("Mul", [*x, _write_factors(emitter, node, 1.0)])


def _write_factors(emitter: Emitter, node: Node, middle: float) -> str:
    """One a channel, or one in all."""
    return emitter.add_channel_parameter(node, "weight", middle, int(field_of(node, "shared")))


WRITERS: Writers = {
    "batchnorm": _write_batchnorm,
    "layernorm": _write_layernorm,
    "groupnorm": _write_groupnorm,
    "instancenorm": _write_instancenorm,
    "lrn": _write_lrn,
    "prelu": _write_prelu,
    "scale": _write_scale,
}
