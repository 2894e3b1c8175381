"""Normalisations, as steps of their own and as exporters write them out."""

from __future__ import annotations

from dataclasses import replace

from cnncost.formats.onnx_in.axes import along
from cnncost.formats.onnx_in.importer import Importer
from cnncost.formats.onnx_in.inexpressible import Inexpressible
from cnncost.formats.onnx_in.model import Step
from cnncost.formats.onnx_in.node_names import module_of


def batchnorm(importer: Importer, step: Step) -> None:
    """BatchNormalization: the channels are the second axis."""
    value = importer.see(step.inputs[0])
    name = importer.channels_first(step, step.inputs[0])
    if _trivial(importer, step):
        made = importer.emit(step, "batchnorm", [name], affine=False)
    else:
        made = importer.emit(
            step, "batchnorm", [name], learned=step.inputs[1:2], shifts=step.inputs[2:3]
        )
    importer.put(step, made, 1, len(value.shape))


def layernorm(importer: Importer, step: Step) -> None:
    """LayerNormalization over the last axis; over more there is no word."""
    value = importer.see(step.inputs[0])
    rank = len(value.shape)
    axis = step.attributes.get("axis", -1) % rank
    if any(n != 1 for n in value.shape[axis : rank - 1]):
        raise Inexpressible(f"a norm over {rank - axis} axes")
    name, back = along(importer, step, step.inputs[0], rank - 1)
    weights = step.inputs[1:2]
    if _trivial(importer, step):
        made = importer.emit(step, "layernorm", [name], affine=False)
    elif len(step.inputs) > 2 and step.inputs[2]:
        made = importer.emit(step, "layernorm", [name], learned=weights, shifts=step.inputs[2:3])
    else:  # factors alone are half of what a norm learns
        norm = importer.emit(step, "layernorm", [name], affine=False).base
        made = importer.emit(replace(step, name=""), "scale", [norm], learned=weights)
    importer.values[step.outputs[0]] = back(made)


def instancenorm(importer: Importer, step: Step) -> None:
    """InstanceNormalization; over channels folded into groups it is a group norm."""
    value = importer.see(step.inputs[0])
    groups, dims = value.shape[1], value.made
    trivial, folded = _trivial(importer, step), dims[0] != groups and dims[0] % groups == 0
    if trivial and folded and not any(s.order for s in value.steps):
        norm = importer.emit(step, "groupnorm", [value.base], groups=groups, affine=False)
        importer.values[step.outputs[0]] = replace(value, base=norm.base)
        return
    name = importer.channels_first(step, step.inputs[0])
    if trivial:
        made = importer.emit(step, "instancenorm", [name], affine=False)
    else:
        weights, biases = step.inputs[1:2], step.inputs[2:3]
        made = importer.emit(step, "instancenorm", [name], learned=weights, shifts=biases)
    importer.put(step, made)


def _trivial(importer: Importer, step: Step) -> bool:
    """Whether scales are one and shifts zero: what exporters write where nothing is learned.

    A network that was never trained has them too, but by its parameters' names.
    """
    if len(step.inputs) < 3 or module_of(step.inputs[1]):
        return False
    scale, shift = (importer.constants.get(t) for t in step.inputs[1:3])
    if scale is None or shift is None or scale.values is None or shift.values is None:
        return False
    trivial = bool((scale.values == 1).all() and (shift.values == 0).all())
    if trivial:
        importer.left_out.update(importer.owners.sources(step.inputs[1:3]))
    return trivial


def groupnorm(importer: Importer, step: Step) -> None:
    """GroupNormalization, whose scale is one a channel."""
    groups = step.attributes["num_groups"]
    name = importer.channels_first(step, step.inputs[0])
    weights, biases = step.inputs[1:2], step.inputs[2:3]
    made = importer.emit(step, "groupnorm", [name], learned=weights, shifts=biases, groups=groups)
    importer.put(step, made)


def lrn(importer: Importer, step: Step) -> None:
    """Local response normalisation."""
    name = importer.channels_first(step, step.inputs[0])
    importer.put(step, importer.emit(step, "lrn", [name], size=step.attributes["size"]))


def plain(importer: Importer, step: Step) -> None:
    """MeanVarianceNormalization over the positions: an instance norm without parameters."""
    name = importer.channels_first(step, step.inputs[0])
    importer.put(step, importer.emit(step, "instancenorm", [name], affine=False))


def by_parts(importer: Importer, step: Step) -> bool:
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
    from cnncost.formats.onnx_in.reducing import axes_of

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
