"""Read positions added around a map, and maps on another grid."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cnncost.formats.importing import Inexpressible, dims_text, one_or_all, shorten_pads
from cnncost.formats.onnx_in.onnx_axes import emit_as_positions
from cnncost.formats.onnx_in.onnx_importer import OnnxImporter
from cnncost.formats.onnx_in.onnx_model import OnnxNode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnncost.formats.graph import Value as Argument


def emit_padding(importer: OnnxImporter, step: OnnxNode) -> None:
    """Emit positions around the map; the next convolution or pool may take them in."""
    value = importer.emit_value(step.inputs[0])
    pairs = _padding_amounts(importer, step, len(value.shape))
    out = step.outputs[0]
    if not pairs:
        importer.values[out] = value
        return
    if not _adds_zeros(importer, step):
        _emit_opaque_padding(importer, step, pairs)
        return
    for word, sign in (("crop", -1), ("pad", 1)):
        sides = {axis: (max(0, sign * a), max(0, sign * b)) for axis, (a, b) in pairs.items()}
        moved = [axis for axis, pair in sides.items() if any(pair)]
        if moved:
            name, positions, back = emit_as_positions(importer, step, value, moved)
            amount = shorten_pads(tuple(sides.get(axis, (0, 0)) for axis in positions))
            value = back(importer.emit_layer(replace(step, name=""), word, [name], amount=amount))
    importer.values[out] = value


LOWEST = -1e30
"""A number that no maximum is: padding before a max pool has it in place of zero."""


def _adds_zeros(importer: OnnxImporter, step: OnnxNode) -> bool:
    """Whether it adds zeros, or what a maximum leaves out; not the map's own numbers."""
    if step.attributes.get("mode", "constant") != "constant":
        return False
    number = step.attributes.get("value", 0.0)
    if len(step.inputs) > 2 and step.inputs[2]:
        given = importer.constants.get(step.inputs[2])
        number = float(given.values.reshape(-1)[0]) if given and given.values is not None else 0.0
    return bool(number == 0 or number < LOWEST)


def _emit_opaque_padding(
    importer: OnnxImporter, step: OnnxNode, pairs: Mapping[int, tuple[int, int]]
) -> None:
    """Emit positions that are no zeros, and no padding of the layer behind: they cost nothing."""
    dims = importer.tensor_dims(step.inputs[0])
    sizes = tuple(n + sum(pairs.get(axis, (0, 0))) for axis, n in enumerate(dims))
    if min(sizes) < 1:
        raise Inexpressible(f"{dims_text(dims)} less its edges is nothing")
    importer.emit_opaque(step, sizes, "")


def _padding_amounts(
    importer: OnnxImporter, step: OnnxNode, rank: int
) -> dict[int, tuple[int, int]]:
    """Return how many positions are added before and after each axis that changes."""
    given = step.attributes.get("pads") or step.attributes.get("paddings")
    amounts = list(given) if given else importer.constant_numbers(step.inputs[1])
    axes = list(range(rank))
    if len(step.inputs) > 3 and step.inputs[3]:
        axes = [axis % rank for axis in importer.constant_numbers(step.inputs[3])]
    half = len(amounts) // 2
    if half != len(axes) or len(amounts) % 2:
        raise Inexpressible(f"{len(amounts)} amounts for {len(axes)} axes")
    pairs = zip(axes, zip(amounts[:half], amounts[half:], strict=True), strict=True)
    return {axis: pair for axis, pair in pairs if any(pair)}


def emit_resize(importer: OnnxImporter, step: OnnxNode) -> None:
    """Resize and the old Upsample: by whole factors, else to a size."""
    value = importer.emit_value(step.inputs[0])
    sizes = _resized_shape(importer, step, value.shape)
    moved = [a for a, (n, m) in enumerate(zip(value.shape, sizes, strict=True)) if n != m]
    if not moved:
        importer.values[step.outputs[0]] = value
        return
    name, positions, back = emit_as_positions(importer, step, value, moved)
    pairs = [(sizes[axis], value.shape[axis]) for axis in positions]
    given: dict[str, Argument] = {}
    if all(out % n == 0 for out, n in pairs):
        given["factor"] = one_or_all(tuple(out // n for out, n in pairs))
    else:
        given["size"] = tuple(out for out, _ in pairs)
    mode = step.attributes.get("mode", "nearest")
    given["mode"] = "nearest" if mode == "nearest" else "bilinear"
    made = importer.emit_layer(step, "upsample", [name], learned=(), shifts=(), **given)
    importer.values[step.outputs[0]] = back(made)


def _resized_shape(
    importer: OnnxImporter, step: OnnxNode, shape: tuple[int, ...]
) -> tuple[int, ...]:
    if len(step.inputs) > 3 and step.inputs[3]:
        sizes = importer.constant_numbers(step.inputs[3])
        return (1, *sizes[1:]) if len(sizes) == len(shape) else (*shape[: -len(sizes)], *sizes)
    which = step.inputs[2] if len(step.inputs) > 2 else (step.inputs[1:] or ("",))[0]
    if which:
        constant = importer.constants.get(which)
        if constant is None or constant.values is None:
            raise Inexpressible("a size that is not known before the network runs")
        scales = [float(n) for n in constant.values.reshape(-1)]
    else:
        scales = list(step.attributes["scales"])
    return tuple(int(n * scale) for n, scale in zip(shape, scales, strict=True))


OPERATIONS = {"Pad": emit_padding, "Resize": emit_resize, "Upsample": emit_resize}
