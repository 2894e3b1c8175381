"""Reads normalisations, as steps of their own and as exporters write them out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cnncost.formats.importing import Inexpressible
from cnncost.formats.onnx_in.node_names import is_parameter_name
from cnncost.formats.onnx_in.onnx_axes import emit_as_channels
from cnncost.formats.onnx_in.onnx_importer import OnnxImporter
from cnncost.formats.onnx_in.onnx_model import OnnxNode
from cnncost.formats.onnx_in.onnx_reductions import read_axes
from cnncost.formats.tensor_value import Value

if TYPE_CHECKING:
    from cnncost.formats.graph import Value as Argument


def emit_batchnorm(importer: OnnxImporter, step: OnnxNode) -> None:
    """BatchNormalization: the channels are the second axis."""
    rank = len(importer.tensor_dims(step.inputs[0]))
    name = importer.emit_channels_first(step, step.inputs[0])
    importer.set_output(step, _emit_affine(importer, step, "batchnorm", name), 1, rank)


def emit_layernorm(importer: OnnxImporter, step: OnnxNode) -> None:
    """LayerNormalization over the last axis; over more there is no word."""
    value = importer.emit_value(step.inputs[0])
    rank = len(value.shape)
    axis = step.attributes.get("axis", -1) % rank
    if any(n != 1 for n in value.shape[axis : rank - 1]):
        _find_learned(importer, step)  # what it does not learn is left out
        raise Inexpressible(f"a norm over {rank - axis} axes")
    name, back = emit_as_channels(importer, step, step.inputs[0], rank - 1)
    importer.values[step.outputs[0]] = back(_emit_affine(importer, step, "layernorm", name))


def emit_rmsnorm(importer: OnnxImporter, step: OnnxNode) -> None:
    """RMSNormalization over the last axis; over more there is no word."""
    value = importer.emit_value(step.inputs[0])
    rank = len(value.shape)
    axis = step.attributes.get("axis", -1) % rank
    if any(n != 1 for n in value.shape[axis : rank - 1]):
        raise Inexpressible(f"a norm over {rank - axis} axes")
    name, back = emit_as_channels(importer, step, step.inputs[0], rank - 1)
    weights, _ = _find_learned(importer, step)
    made = importer.emit_layer(step, "rmsnorm", [name], learned=weights, affine=bool(weights))
    importer.values[step.outputs[0]] = back(made)


def emit_instancenorm(importer: OnnxImporter, step: OnnxNode) -> None:
    """InstanceNormalization; over channels folded into groups it is a group norm."""
    value = importer.emit_value(step.inputs[0])
    groups, dims = value.shape[1], value.made
    folded = dims[0] != groups and dims[0] % groups == 0
    if folded and not any(_find_learned(importer, step)) and not any(s.order for s in value.steps):
        norm = importer.emit_layer(step, "groupnorm", [value.base], groups=groups, affine=False)
        importer.values[step.outputs[0]] = replace(value, base=norm.base)
        return
    name = importer.emit_channels_first(step, step.inputs[0])
    importer.set_output(step, _emit_affine(importer, step, "instancenorm", name))


def emit_groupnorm(importer: OnnxImporter, step: OnnxNode) -> None:
    """GroupNormalization, whose scale is one a channel."""
    name = importer.emit_channels_first(step, step.inputs[0])
    groups = step.attributes["num_groups"]
    importer.set_output(step, _emit_affine(importer, step, "groupnorm", name, groups=groups))


def _emit_affine(
    importer: OnnxImporter, step: OnnxNode, word: str, name: str, groups: int = 0
) -> Value:
    """Emit a norm with what it learns: factors and terms, or one of them as a layer of its own."""
    weights, biases = _find_learned(importer, step)
    given: dict[str, Argument] = {"groups": groups} if groups else {}
    if weights and biases:
        return importer.emit_layer(step, word, [name], learned=weights, shifts=biases, **given)
    made = importer.emit_layer(step, word, [name], affine=False, learned=(), shifts=(), **given)
    if not weights and not biases:
        return made
    if biases:
        importer.notes.add("learned numbers that are added are written as scale")
    return importer.emit_layer(
        replace(step, name=""), "scale", [made.base], learned=weights or biases
    )


def _find_learned(
    importer: OnnxImporter, step: OnnxNode
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the constants of the factors and of the terms that a norm learns, none if it has
    none."""
    return (
        _leave_out_usual(importer, step.inputs[1:2], 1),
        _leave_out_usual(importer, step.inputs[2:3], 0),
    )


def _leave_out_usual(
    importer: OnnxImporter, tensors: tuple[str, ...], usual: int
) -> tuple[str, ...]:
    """Return the tensors, or none if they are what exporters write where nothing is learned."""
    given = tuple(t for t in tensors if t)
    if not any(_is_usual(importer, tensor, usual) for tensor in given):
        return given
    importer.left_out.update(importer.owners.file_tensors(given))
    return ()


def _is_usual(importer: OnnxImporter, tensor: str, usual: int) -> bool:
    """Tell whether factors are one, or terms zero, as exporters write them where nothing is
    learned.

    A network that was never trained has them too, but by its parameters' names.
    """
    item = importer.constants.get(tensor)
    if item is None or item.values is None:
        return False
    if any(is_parameter_name(name) for name in (tensor, *item.sources)):
        return False
    return bool((item.values == usual).all())


def emit_lrn(importer: OnnxImporter, step: OnnxNode) -> None:
    """Emit local response normalisation."""
    name = importer.emit_channels_first(step, step.inputs[0])
    importer.set_output(
        step, importer.emit_layer(step, "lrn", [name], size=step.attributes["size"])
    )


def emit_plain_norm(importer: OnnxImporter, step: OnnxNode) -> None:
    """MeanVarianceNormalization over the positions: an instance norm without parameters."""
    name = importer.emit_channels_first(step, step.inputs[0])
    importer.set_output(step, importer.emit_layer(step, "instancenorm", [name], affine=False))


def emit_norm_by_parts(importer: OnnxImporter, step: OnnxNode) -> bool:
    """Emit (x - mean) / sqrt(variance + eps) as a norm over the axes of the mean, and return
    whether the step is one. The norm takes in the product and the sum that follow as its scale and
    shift."""
    centred = importer.producers.get(step.inputs[0])
    root = importer.producers.get(step.inputs[1])
    if centred is None or root is None or centred.op != "Sub" or root.op != "Sqrt":
        return False
    mean = importer.producers.get(centred.inputs[1])
    if mean is None or mean.op != "ReduceMean" or mean.inputs[0] != centred.inputs[0]:
        return False
    source = centred.inputs[0]
    value = importer.emit_value(source)
    rank = len(value.shape)
    axes = read_axes(importer, mean, rank)
    if len(axes) == 1 and (axes[0] or rank == 1):
        name, back = emit_as_channels(importer, step, source, axes[0])
        made = importer.emit_layer(step, "layernorm", [name], affine=False)
        importer.values[step.outputs[0]] = back(made)
        return True
    if axes != tuple(range(2, rank)):
        return False
    name = importer.emit_channels_first(step, source, 1)
    importer.set_output(
        step, importer.emit_layer(step, "instancenorm", [name], affine=False), 1, rank
    )
    return True


OPERATIONS = {
    "BatchNormalization": emit_batchnorm,
    "LayerNormalization": emit_layernorm,
    "RMSNormalization": emit_rmsnorm,
    "InstanceNormalization": emit_instancenorm,
    "GroupNormalization": emit_groupnorm,
    "LRN": emit_lrn,
    "MeanVarianceNormalization": emit_plain_norm,
}
