"""Normalisations, as steps of their own and as exporters write them out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cnncost.formats.onnx_in.inexpressible import OnnxInexpressible
from cnncost.formats.onnx_in.node_names import is_parameter_name
from cnncost.formats.onnx_in.onnx_axes import along
from cnncost.formats.onnx_in.onnx_importer import OnnxImporter
from cnncost.formats.onnx_in.onnx_model import OnnxNode
from cnncost.formats.tensor_value import Value

if TYPE_CHECKING:
    from cnncost.formats.graph import Value as Argument


def batchnorm(importer: OnnxImporter, step: OnnxNode) -> None:
    """BatchNormalization: the channels are the second axis."""
    rank = len(importer.dims(step.inputs[0]))
    name = importer.channels_first(step, step.inputs[0])
    importer.put(step, _affine(importer, step, "batchnorm", name), 1, rank)


def layernorm(importer: OnnxImporter, step: OnnxNode) -> None:
    """LayerNormalization over the last axis; over more there is no word."""
    value = importer.see(step.inputs[0])
    rank = len(value.shape)
    axis = step.attributes.get("axis", -1) % rank
    if any(n != 1 for n in value.shape[axis : rank - 1]):
        _learned(importer, step)  # what it does not learn is left out
        raise OnnxInexpressible(f"a norm over {rank - axis} axes")
    name, back = along(importer, step, step.inputs[0], rank - 1)
    importer.values[step.outputs[0]] = back(_affine(importer, step, "layernorm", name))


def instancenorm(importer: OnnxImporter, step: OnnxNode) -> None:
    """InstanceNormalization; over channels folded into groups it is a group norm."""
    value = importer.see(step.inputs[0])
    groups, dims = value.shape[1], value.made
    folded = dims[0] != groups and dims[0] % groups == 0
    if folded and not any(_learned(importer, step)) and not any(s.order for s in value.steps):
        norm = importer.emit(step, "groupnorm", [value.base], groups=groups, affine=False)
        importer.values[step.outputs[0]] = replace(value, base=norm.base)
        return
    name = importer.channels_first(step, step.inputs[0])
    importer.put(step, _affine(importer, step, "instancenorm", name))


def groupnorm(importer: OnnxImporter, step: OnnxNode) -> None:
    """GroupNormalization, whose scale is one a channel."""
    name = importer.channels_first(step, step.inputs[0])
    groups = step.attributes["num_groups"]
    importer.put(step, _affine(importer, step, "groupnorm", name, groups=groups))


def _affine(importer: OnnxImporter, step: OnnxNode, word: str, name: str, groups: int = 0) -> Value:
    """The norm with what it learns: factors and terms, or one of them as a layer of its own."""
    weights, biases = _learned(importer, step)
    given: dict[str, Argument] = {"groups": groups} if groups else {}
    if weights and biases:
        return importer.emit(step, word, [name], learned=weights, shifts=biases, **given)
    made = importer.emit(step, word, [name], affine=False, **given)  # type: ignore[arg-type]  # groups alone
    if not weights and not biases:
        return made
    if biases:
        importer.notes["learned numbers that are added are written as scale"] = None
    return importer.emit(replace(step, name=""), "scale", [made.base], learned=weights or biases)


def _learned(importer: OnnxImporter, step: OnnxNode) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The factors and the terms that a norm learns."""
    parts = []
    for tensor, usual in zip(step.inputs[1:3], (1, 0), strict=False):
        plain = bool(tensor) and _is_usual(importer, tensor, usual)
        if plain:
            importer.left_out.update(importer.owners.sources([tensor]))
        parts.append((tensor,) if tensor and not plain else ())
    return (*parts, (), ())[:2]  # type: ignore[return-value]  # two of them


def _is_usual(importer: OnnxImporter, tensor: str, usual: int) -> bool:
    """Whether factors are one, or terms zero: what exporters write where nothing is learned.

    A network that was never trained has them too, but by its parameters' names.
    """
    item = importer.constants.get(tensor)
    if item is None or item.values is None:
        return False
    if any(is_parameter_name(name) for name in (tensor, *item.sources)):
        return False
    return bool((item.values == usual).all())


def lrn(importer: OnnxImporter, step: OnnxNode) -> None:
    """Local response normalisation."""
    name = importer.channels_first(step, step.inputs[0])
    importer.put(step, importer.emit(step, "lrn", [name], size=step.attributes["size"]))


def plain(importer: OnnxImporter, step: OnnxNode) -> None:
    """MeanVarianceNormalization over the positions: an instance norm without parameters."""
    name = importer.channels_first(step, step.inputs[0])
    importer.put(step, importer.emit(step, "instancenorm", [name], affine=False))


def by_parts(importer: OnnxImporter, step: OnnxNode) -> bool:
    """(x - mean) / sqrt(variance + eps): a norm over the axes of the mean. Its scale and shift
    follow as a product and a sum, which the norm then takes in."""
    centred = importer.producers.get(step.inputs[0])
    root = importer.producers.get(step.inputs[1])
    if centred is None or root is None or centred.op != "Sub" or root.op != "Sqrt":
        return False
    mean = importer.producers.get(centred.inputs[1])
    if mean is None or mean.op != "ReduceMean" or mean.inputs[0] != centred.inputs[0]:
        return False
    source = centred.inputs[0]
    value = importer.see(source)
    rank = len(value.shape)
    from cnncost.formats.onnx_in.onnx_reductions import axes_of

    axes = axes_of(importer, mean, rank)
    if len(axes) == 1 and (axes[0] or rank == 1):
        name, back = along(importer, step, source, axes[0])
        made = importer.emit(step, "layernorm", [name], affine=False)
        importer.values[step.outputs[0]] = back(made)
        return True
    if axes != tuple(range(2, rank)):
        return False
    name = importer.channels_first(step, source, 1)
    importer.put(step, importer.emit(step, "instancenorm", [name], affine=False), 1, rank)
    return True


OPERATIONS = {
    "BatchNormalization": batchnorm,
    "LayerNormalization": layernorm,
    "InstanceNormalization": instancenorm,
    "GroupNormalization": groupnorm,
    "LRN": lrn,
    "MeanVarianceNormalization": plain,
}
