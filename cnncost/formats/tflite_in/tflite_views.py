"""Reads other shapes and orders of the same numbers, positions added around a map, finer grids."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from cnncost.formats.importing import Inexpressible, dims_text, one_or_all, shorten_pads
from cnncost.formats.tflite_in.known_cost import KnownCost
from cnncost.formats.tflite_in.tflite_importer import TfliteImporter

if TYPE_CHECKING:
    from cnncost.formats.graph import Value as Argument
    from cnncost.formats.tensor_value import Value
    from cnncost.formats.tflite_in.tflite_model import Dims, TfliteStep

LONGEST = 32
"""Views in a row that are kept as such; networks have a handful."""


def view_reshape(importer: TfliteImporter, step: TfliteStep) -> None:
    """RESHAPE, SQUEEZE, EXPAND_DIMS: the shape that the file has, or the one that is asked for."""
    value = importer.get_value(step.find_input(0))
    dims = importer.recorded_dims(step.outputs[0]) or SHAPES[step.op](importer, step, value.shape)
    units = prod(value.shape)
    known = prod(n for n in dims if n != -1)
    if known < 1 or units % known or dims.count(-1) > 1 or (-1 not in dims and units != known):
        raise Inexpressible(f"{units:,} numbers do not fill {dims_text(dims)}")
    importer.values[step.outputs[0]] = value.reshape_to(
        tuple(units // known if n == -1 else n for n in dims)
    )


def _reshaped_dims(importer: TfliteImporter, step: TfliteStep, shape: Dims) -> Dims:
    given = step.find_input(1)
    dims = importer.read_numbers(given) if given >= 0 else step.lists.get("new_shape", ())
    return (1, *dims[1:]) if importer.batch > 1 and dims[:1] == (importer.batch,) else dims


def _squeezed_dims(importer: TfliteImporter, step: TfliteStep, shape: Dims) -> Dims:
    axes = {axis % len(shape) for axis in step.lists.get("squeeze_dims", ())}
    left = tuple(n for i, n in enumerate(shape) if n != 1 or (axes and i not in axes))
    return left or (1,)


def _expanded_dims(importer: TfliteImporter, step: TfliteStep, shape: Dims) -> Dims:
    axis = importer.read_numbers(step.find_input(1))[0] % (len(shape) + 1)
    return (*shape[:axis], 1, *shape[axis:])


SHAPES = {"RESHAPE": _reshaped_dims, "SQUEEZE": _squeezed_dims, "EXPAND_DIMS": _expanded_dims}
"""The shape that a step asks for, where the file's is of no use."""


def view_transpose(importer: TfliteImporter, step: TfliteStep) -> None:
    """TRANSPOSE: the axes in another order."""
    value = importer.get_value(step.find_input(0))
    order = importer.read_numbers(step.find_input(1))
    if sorted(order) != list(range(len(value.shape))):
        raise Inexpressible(f"axes {list(order)} of {len(value.shape)}")
    if len(value.steps) > LONGEST:
        raise Inexpressible("a long row of views")
    importer.values[step.outputs[0]] = value.permute_axes(order)


def emit_padding(importer: TfliteImporter, step: TfliteStep) -> None:
    """PAD and PADV2: zeros around a map, which the next convolution may take in."""
    value = importer.get_value(step.find_input(0))
    pairs = _padding_pairs(importer, step, len(value.shape))
    if not _adds_zeros(importer, step):
        _emit_other_padding(importer, step, value, pairs)
        return
    moved = [axis for axis, pair in enumerate(pairs) if any(pair)]
    rank = len(pairs)
    if not moved:
        importer.values[step.outputs[0]] = value
    elif 2 < rank < 6 and value.shape[0] == 1 and not {0, rank - 1} & set(moved):
        name, back = importer.open_map(step, value)
        made = importer.emit_layer(step, "pad", [name], amount=shorten_pads(pairs[1:-1]))
        importer.zeros.add(made.base)
        importer.values[step.outputs[0]] = back(made)
    else:
        importer.values[step.outputs[0]] = _pad_any_axes(importer, step, value, pairs, moved)


def _pad_any_axes(
    importer: TfliteImporter,
    step: TfliteStep,
    value: Value,
    pairs: tuple[tuple[int, int], ...],
    moved: list[int],
) -> Value:
    """Pad axes that are no positions of a map: what stays as it is makes up the channels."""
    if len(moved) > 3:
        raise Inexpressible(f"{len(moved)} axes padded at once")
    kept = [axis for axis in range(len(pairs)) if axis not in moved]
    order = (*kept, *moved)
    turned = value.permute_axes(order)
    sizes = turned.shape[: len(kept)]
    name = importer.emit_views(step, turned.reshape_to((prod(sizes), *turned.shape[len(kept) :])))
    amount = shorten_pads(tuple(pairs[axis] for axis in moved))
    made = importer.emit_layer(step, "pad", [name], amount=amount)
    whole = made.reshape_to((*sizes, *made.made[1:]))
    return whole.permute_axes(tuple(order.index(axis) for axis in range(len(order))))


def _padding_pairs(
    importer: TfliteImporter, step: TfliteStep, rank: int
) -> tuple[tuple[int, int], ...]:
    amounts = importer.read_numbers(step.find_input(1))
    if len(amounts) != 2 * rank or min(amounts, default=0) < 0:
        raise Inexpressible(f"{len(amounts)} amounts for {rank} axes")
    return tuple(zip(amounts[::2], amounts[1::2], strict=True))


def _adds_zeros(importer: TfliteImporter, step: TfliteStep) -> bool:
    """Tell whether what is added stands for zero."""
    if step.op == "MIRROR_PAD":
        return False
    if step.op == "PAD":
        return True
    number = importer.get_tensor(step.find_input(2))
    return number.values is not None and number.values[:1] == (number.zero_point,)


def _emit_other_padding(
    importer: TfliteImporter, step: TfliteStep, value: Value, pairs: tuple[tuple[int, int], ...]
) -> None:
    """Emit positions that are no zeros, which no window can take in: they cost nothing."""
    sizes = tuple(n + a + b for n, (a, b) in zip(value.shape, pairs, strict=True))
    importer.values[step.outputs[0]] = importer.emit_known(step, sizes, KnownCost())


def emit_resizing(importer: TfliteImporter, step: TfliteStep) -> None:
    """RESIZE_BILINEAR and RESIZE_NEAREST_NEIGHBOR: by whole factors, else to a size."""
    value = importer.get_value(step.find_input(0))
    name, back = importer.open_map(step, value)
    recorded = importer.recorded_dims(step.outputs[0])
    sizes = recorded[1:3] if recorded else importer.read_numbers(step.find_input(1))
    extents = importer.shapes[name].extents
    if len(extents) != 2 or len(sizes) != 2 or min(sizes) < 1:
        raise Inexpressible(f"{dims_text(value.shape)} resized to {dims_text(sizes)}")
    if all(out % n == 0 for n, out in zip(extents, sizes, strict=True)):
        factors = [out // n for n, out in zip(extents, sizes, strict=True)]
        given: dict[str, Argument] = {"factor": one_or_all(factors)}
    else:
        given = {"size": sizes}
    mode = "nearest" if step.op == "RESIZE_NEAREST_NEIGHBOR" else "bilinear"
    importer.values[step.outputs[0]] = back(
        importer.emit_layer(step, "upsample", [name], learned=-1, shift=-1, mode=mode, **given)
    )


def emit_block_move(importer: TfliteImporter, step: TfliteStep) -> None:
    """SPACE_TO_DEPTH and DEPTH_TO_SPACE."""
    word = "space_to_depth" if step.op == "SPACE_TO_DEPTH" else "pixel_shuffle"
    name, back = importer.open_map(step, importer.get_value(step.find_input(0)))
    made = importer.emit_layer(step, word, [name], factor=step.options["block_size"])
    importer.values[step.outputs[0]] = back(made)


OPERATIONS = {
    **dict.fromkeys(SHAPES, view_reshape),
    "TRANSPOSE": view_transpose,
    **dict.fromkeys(("PAD", "PADV2", "MIRROR_PAD"), emit_padding),
    **dict.fromkeys(("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"), emit_resizing),
    **dict.fromkeys(("SPACE_TO_DEPTH", "DEPTH_TO_SPACE"), emit_block_move),
}
