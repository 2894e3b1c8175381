"""Reads sums and products of two tensors, of which one may be a constant."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING

from cnncost.formats.importing import Inexpressible, dims_text
from cnncost.formats.tflite_in.known_cost import KnownCost
from cnncost.formats.tflite_in.tflite_activations import emit_fused
from cnncost.formats.tflite_in.tflite_importer import (
    UNNAMED,
    TfliteImporter,
    channels_to_end,
)

if TYPE_CHECKING:
    from cnncost.formats.tensor_value import Value
    from cnncost.formats.tflite_in.tflite_model import Dims, TfliteStep

JOINED = {
    **dict.fromkeys(("ADD", "SUB", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE", "ADD_N"), "add"),
    **dict.fromkeys(("MUL", "DIV", "FLOOR_DIV", "POW", "FLOOR_MOD"), "mul"),
}
"""How two activations are joined. Those that are no sum or product cost the same: nothing."""

PLAIN = ("ADD", "MUL", "ADD_N")
"""Those that are what they are written as."""


def emit_arithmetic(importer: TfliteImporter, step: TfliteStep) -> None:
    """Emit a sum, a product, or what costs the same."""
    reads = [tensor for tensor in step.inputs if tensor in importer.values]
    others = [tensor for tensor in step.inputs if tensor not in importer.values]
    if others:
        made = _emit_with_constant(importer, step, importer.get_value(reads[0]), others[0])
    elif len(set(reads)) == 1:
        importer.notes.add_stand_in(f"{step.op} of a tensor and itself", "identity")
        made = _emit_identity(importer, step, importer.get_value(reads[0]))
    else:
        made = _emit_join(importer, step, [importer.get_value(tensor) for tensor in reads])
    importer.values[step.outputs[0]] = emit_fused(importer, step, made)


def _emit_identity(importer: TfliteImporter, step: TfliteStep, value: Value) -> Value:
    return replace(value, base=importer.emit_layer(step, "identity", [value.base]).base)


def _emit_with_constant(
    importer: TfliteImporter, step: TfliteStep, value: Value, constant: int
) -> Value:
    """Emit a sum or product with a constant: one number, one per channel, or others."""
    dims = importer.get_tensor(constant).dims or (1,)
    size, held = prod(dims), importer.find_source(constant).constant
    shape = broadcast_shape([value.shape, dims])
    if shape != value.shape or not held:
        return importer.emit_known(step, shape, KnownCost(extras=size if held else 0))
    if size == 1:
        importer.notes.add(f"{step.op} with one fixed number is written as identity")
        return _emit_identity(importer, step, value)
    if value.base not in importer.ops:
        importer.notes.add("the input's standardisation is written as identity")
        return _emit_identity(importer, step, value)
    if dims[-1] != size:
        return importer.emit_known(step, shape, KnownCost(extras=size))
    if step.op not in ("MUL", "DIV"):
        importer.notes.add("learned numbers that are added are written as scale")
    name, back = importer.open_map(step, value)
    return back(importer.emit_layer(step, "scale", [name], learned=constant))


def _emit_join(importer: TfliteImporter, step: TfliteStep, values: list[Value]) -> Value:
    """Emit the sum or product of activations; the smaller is repeated to the shape of both."""
    word, first = JOINED[step.op], values[0]
    shape = broadcast_shape([value.shape for value in values])
    if step.op not in PLAIN:
        importer.notes.add_stand_in(step.op, word)
    if all(value.steps == first.steps and value.made == first.made for value in values):
        made = importer.emit_layer(step, word, [value.base for value in values])
        return replace(first, base=made.base)
    ranked = [value.reshape_to(_pad_rank(value.shape, len(shape))) for value in values]
    whole = next((value for value in ranked if value.shape == shape), None)
    if whole is None or not all(_is_gate(value.shape, shape) for value in ranked):
        return importer.emit_known(step, shape, KnownCost())
    _, back = importer.open_map(step, whole)
    names = [importer.open_map(step, value)[0] for value in ranked]
    if word == "add":
        names = [_repeat_gate(importer, name, names[ranked.index(whole)]) for name in names]
    elif ranked[0].shape != shape:
        names.reverse()  # the map comes first
    return back(importer.emit_layer(step, word, names))


def _repeat_gate(importer: TfliteImporter, name: str, whole: str) -> str:
    """Repeat a map of one position to the extents of the other one."""
    extents = importer.shapes[whole].extents
    if importer.shapes[name].extents == extents:
        return name
    return importer.emit_layer(UNNAMED, "upsample", [name], size=extents).base


def _pad_rank(dims: Dims, rank: int) -> Dims:
    return (1,) * (rank - len(dims)) + dims


def _is_gate(dims: Dims, shape: Dims) -> bool:
    """Tell whether a tensor has the whole shape, or one position with all its channels."""
    one = all(n == 1 for n in dims[:-1]) and dims[-1] == shape[-1] and len(shape) > 2
    return dims == shape or (one and shape[0] == 1)


def broadcast_shape(shapes: list[Dims]) -> Dims:
    """Return the shape of a sum of tensors of these shapes.

    Raises:
        Inexpressible: they do not go together.
    """
    rank = max(map(len, shapes))
    found = []
    for sizes in zip(*(_pad_rank(shape, rank) for shape in shapes), strict=True):
        wide = {n for n in sizes if n != 1}
        if len(wide) > 1:
            raise Inexpressible(" and ".join(dims_text(shape) for shape in shapes))
        found.append(wide.pop() if wide else 1)
    return tuple(found)


REDUCED = {"MEAN": "global_avgpool", "REDUCE_MAX": "global_maxpool"}
REDUCED_ALIKE = {
    **dict.fromkeys(("SUM", "REDUCE_PROD"), "global_avgpool"),
    **dict.fromkeys(("REDUCE_MIN", "REDUCE_ANY", "REDUCE_ALL"), "global_maxpool"),
}
"""Reductions that the language has no words for: they cost the same, nothing."""


def emit_reduction(importer: TfliteImporter, step: TfliteStep) -> None:
    """Emit a mean or largest value over the map, or what stands for it; over other axes of a
    column."""
    value = importer.get_value(step.find_input(0))
    shape, rank = value.shape, len(value.shape)
    axes = sorted({axis % rank for axis in importer.read_numbers(step.find_input(1))})
    word = REDUCED.get(step.op) or REDUCED_ALIKE[step.op]
    if step.op not in REDUCED:
        importer.notes.add_stand_in(step.op, word)
    kept = [axis for axis in range(rank) if axis not in axes]
    if all(shape[axis] == 1 for axis in axes):
        made = _emit_identity(importer, step, value)
    elif shape[0] == 1 and axes == list(range(1, rank - 1)):
        name, _ = importer.open_map(step, value)
        made = channels_to_end(importer.emit_layer(step, word, [name]))
    else:
        column = value.permute_axes((*kept, *axes)).reshape_to(
            (prod(shape[axis] for axis in kept), prod(shape[axis] for axis in axes))
        )
        made = importer.emit_layer(step, word, [importer.emit_views(step, column)])
    dims = tuple(1 if axis in axes else n for axis, n in enumerate(shape))
    if not step.options["keep_dims"]:
        dims = tuple(shape[axis] for axis in kept)
    importer.values[step.outputs[0]] = made.reshape_to(dims or (1,))


OPERATIONS = {
    **dict.fromkeys(JOINED, emit_arithmetic),
    **dict.fromkeys((*REDUCED, *REDUCED_ALIKE), emit_reduction),
}
