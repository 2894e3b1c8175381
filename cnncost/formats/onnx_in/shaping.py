"""Views, cuts, joins along an axis, padding and resizing: nothing is learned."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING

from cnncost.formats.onnx_in.importer import Importer
from cnncost.formats.onnx_in.inexpressible import Inexpressible
from cnncost.formats.onnx_in.joining import broadcast, natural, spread
from cnncost.formats.onnx_in.model import Step
from cnncost.formats.onnx_in.windows import alike, tidy
from cnncost.formats.torch_in.value import Value

if TYPE_CHECKING:
    from cnncost.formats.graph import Value as Argument


def reshape(importer: Importer, step: Step) -> None:
    """To given dimensions: 0 keeps one, -1 is what is left."""
    value = importer.see(step.inputs[0])
    if len(step.inputs) > 1:
        dims = importer.numbers(step.inputs[1])
    else:
        dims = list(step.attributes["shape"])
    if not step.attributes.get("allowzero", 0):
        dims = [value.shape[axis] if n == 0 else n for axis, n in enumerate(dims)]
    units = prod(value.shape)
    if importer.batch > 1 and dims[:1] == [importer.batch]:
        dims[0] = 1  # the file's batch is fixed; ours is one
    known = prod(n for n in dims if n != -1)
    if known < 1 or units % known or dims.count(-1) > 1 or (-1 not in dims and units != known):
        raise Inexpressible(f"{units} units reshaped to {dims}")
    importer.values[step.outputs[0]] = value.reshaped(
        tuple(units // known if n == -1 else n for n in dims)
    )


def flatten(importer: Importer, step: Step) -> None:
    """The axes before one, and those from it on."""
    value = importer.see(step.inputs[0])
    axis = step.attributes.get("axis", 1)
    axis += len(value.shape) if axis < 0 else 0
    importer.values[step.outputs[0]] = value.reshaped(
        (prod(value.shape[:axis]), prod(value.shape[axis:]))
    )


def transpose(importer: Importer, step: Step) -> None:
    """The axes in another order."""
    value = importer.see(step.inputs[0])
    order = tuple(step.attributes.get("perm") or reversed(range(len(value.shape))))
    if sorted(order) != list(range(len(value.shape))):
        raise Inexpressible(f"axes {list(order)} of {len(value.shape)}")
    importer.values[step.outputs[0]] = value.permuted(order)


def _axes(importer: Importer, step: Step) -> list[int] | None:
    if len(step.inputs) > 1 and step.inputs[1]:
        return importer.numbers(step.inputs[1])
    axes = step.attributes.get("axes")
    return None if axes is None else list(axes)


def squeeze(importer: Importer, step: Step) -> None:
    """Without axes of one."""
    value = importer.see(step.inputs[0])
    rank, axes = len(value.shape), _axes(importer, step)
    gone = {axis % rank for axis in axes} if axes is not None else set(range(rank))
    dims = tuple(n for axis, n in enumerate(value.shape) if axis not in gone or n != 1)
    importer.values[step.outputs[0]] = value.reshaped(dims or (1,))


def unsqueeze(importer: Importer, step: Step) -> None:
    """With axes of one."""
    value = importer.see(step.inputs[0])
    axes = _axes(importer, step) or []
    rank = len(value.shape) + len(axes)
    added = {axis % rank for axis in axes}
    old = iter(value.shape)
    importer.values[step.outputs[0]] = value.reshaped(
        tuple(1 if axis in added else next(old) for axis in range(rank))
    )


def concat(importer: Importer, step: Step) -> None:
    """Along an axis, which becomes the channels."""
    rank = len(importer.dims(step.inputs[0]))
    axis = step.attributes["axis"] % rank
    if not all(importer.known(t) for t in step.inputs):
        raise Inexpressible("constants beside activations")
    if len(step.inputs) == 1:
        importer.values[step.outputs[0]] = importer.see(step.inputs[0])
        return
    names = [importer.channels_first(step, t, axis) for t in step.inputs]
    importer.put(step, importer.emit(step, "concat", names), axis, rank)


def split(importer: Importer, step: Step) -> None:
    """Into parts along an axis."""
    value = importer.see(step.inputs[0])
    axis = step.attributes.get("axis", 0) % len(value.shape)
    parts = len(step.outputs)
    if len(step.inputs) > 1 and step.inputs[1]:
        sizes = importer.numbers(step.inputs[1])
    else:
        each = -(-value.shape[axis] // parts)
        left = value.shape[axis] - each * (parts - 1)
        sizes = list(step.attributes.get("split") or [each] * (parts - 1) + [left])
    if len(sizes) != parts or min(sizes) < 1 or sum(sizes) != value.shape[axis]:
        raise Inexpressible(f"{value.shape[axis]} split into {sizes}")
    start = 0
    for tensor, size in zip(step.outputs, sizes, strict=True):
        if importer.consumers.get(tensor) or tensor in importer.model.outputs:
            part = replace(step, outputs=(tensor,))
            importer.values[tensor] = cut(importer, part, value, axis, (start, start + size))
        start += size


def cut(importer: Importer, step: Step, value: Value, axis: int, span: tuple[int, int]) -> Value:
    """Some of an axis: a slice of the channels, or the map without its edges."""
    start, end = span
    if (start, end) == (0, value.shape[axis]):
        return value
    if axis == 0 and value.shape[0] == 1:
        raise Inexpressible("nothing of the batch")
    rank = len(value.shape)
    channel = natural(value)
    quiet = replace(step, name="")
    if axis != channel and rank > 2 and value.shape[0] == 1 and rank <= 5:
        order = (channel, *(other for other in range(1, rank) if other != channel))
        turned = value.permuted((0, *order))
        name = importer.solid(step, turned.reshaped(turned.shape[1:]))
        amount = tuple(
            (start, value.shape[axis] - end) if other == axis else (0, 0) for other in order[1:]
        )
        made = importer.emit(quiet, "crop", [name], amount=tidy(amount))
        return _back(made, order, rank)
    rest = [other for other in range(rank) if other != axis]
    first = value.permuted((axis, *rest))
    extents = tuple(first.shape[1:])
    inner = extents[1:] if extents[:1] == (1,) else extents
    if len(inner) > 3:
        inner = (prod(inner),)
    name = importer.solid(step, first.reshaped((value.shape[axis], *inner)))
    made = importer.emit(quiet, "slice", [name], span=(start, end))
    turned = made.reshaped((end - start, *extents))
    order = tuple(range(1, rank))
    return turned.permuted((*order[:axis], 0, *order[axis:]))


def _back(made: Value, order: tuple[int, ...], rank: int) -> Value:
    """What an operation made, its axes in the order of a tensor with a batch."""
    value = made.reshaped((1, *made.made))
    places = (0, *order)
    return value.permuted(tuple(places.index(axis) for axis in range(rank)))


def slices(importer: Importer, step: Step) -> None:
    """Slice: a span of each axis; a stride along the map is a pool of windows of one."""
    value = importer.see(step.inputs[0])
    rank = len(value.shape)
    if len(step.inputs) > 1:
        lists = [importer.numbers(t) if t else None for t in step.inputs[1:]]
    else:
        lists = [step.attributes.get(key) for key in ("starts", "ends", "axes")]
    lists += [None] * (4 - len(lists))
    starts, ends = lists[0] or [], lists[1] or []
    axes = lists[2] if lists[2] is not None else range(len(starts))
    strides = lists[3] if lists[3] is not None else [1] * len(starts)
    for axis, start, end, by in zip(axes, starts, ends, strides, strict=True):
        axis %= rank
        n = value.shape[axis]
        first, last, _ = slice(start, end, None).indices(n)
        if by < 1 or last <= first:
            raise Inexpressible(f"slice {start}:{end}:{by} of {n}")
        value = cut(importer, step, value, axis, (first, last))
        if by > 1 and last - first > 1:
            value = _strided(importer, step, value, axis, by)
    importer.values[step.outputs[0]] = value


def _strided(importer: Importer, step: Step, value: Value, axis: int, by: int) -> Value:
    rank, channel = len(value.shape), natural(value)
    if axis in (0, channel) or value.shape[0] != 1 or rank > 5:
        raise Inexpressible(f"every {by}th channel")
    order = (channel, *(other for other in range(1, rank) if other != channel))
    turned = value.permuted((0, *order))
    name = importer.solid(step, turned.reshaped(turned.shape[1:]))
    stride = alike(tuple(by if other == axis else 1 for other in order[1:]))
    made = importer.emit(replace(step, name=""), "maxpool", [name], kernel=1, stride=stride)
    return _back(made, order, rank)


def gather(importer: Importer, step: Step) -> None:
    """One index or a run of them along an axis; all of them in another shape."""
    value = importer.see(step.inputs[0])
    axis = step.attributes.get("axis", 0) % len(value.shape)
    indices = importer.numbers(step.inputs[1])
    n = value.shape[axis]
    indices = [index + n if index < 0 else index for index in indices]
    if not indices or indices != list(range(indices[0], indices[0] + len(indices))):
        raise Inexpressible("indices that are no run")
    if indices[-1] >= n:
        raise Inexpressible(f"index {indices[-1]} of {n}")
    if n == len(indices):
        part = value
    else:
        part = cut(importer, step, value, axis, (indices[0], indices[-1] + 1))
    dims = importer.constants[step.inputs[1]].dims
    importer.values[step.outputs[0]] = part.reshaped(
        (*value.shape[:axis], *dims, *value.shape[axis + 1 :])
    )


def pad(importer: Importer, step: Step) -> None:
    """Positions around the map; the next convolution or pool may take them in."""
    value = importer.see(step.inputs[0])
    rank = len(value.shape)
    given = step.attributes.get("pads") or step.attributes.get("paddings")
    amounts = list(given) if given else importer.numbers(step.inputs[1])
    axes = range(rank)
    if len(step.inputs) > 3 and step.inputs[3]:
        axes = [axis % rank for axis in importer.numbers(step.inputs[3])]  # type: ignore[assignment]  # a list serves
    half = len(amounts) // 2
    pairs = dict.fromkeys(range(rank), (0, 0))
    pairs.update(zip(axes, zip(amounts[:half], amounts[half:], strict=True), strict=True))
    if not any(sum(map(abs, pair)) for pair in pairs.values()):
        importer.values[step.outputs[0]] = value
        return
    channel = natural(value)
    if pairs[0] != (0, 0) or pairs[channel] != (0, 0) or value.shape[0] != 1:
        raise Inexpressible("channels padded")
    order = (channel, *(axis for axis in range(1, rank) if axis != channel))
    turned = value.permuted((0, *order))
    name = importer.solid(step, turned.reshaped(turned.shape[1:]))
    sides = tuple(pairs[axis] for axis in order[1:])
    quiet = replace(step, name="")
    cropped = tuple((max(0, -a), max(0, -b)) for a, b in sides)
    if any(a or b for a, b in cropped):
        name = importer.emit(quiet, "crop", [name], amount=tidy(cropped)).base
    added = tuple((max(0, a), max(0, b)) for a, b in sides)
    made = Value(name, importer.shapes[name].dims)
    if any(a or b for a, b in added):
        made = importer.emit(quiet, "pad", [name], amount=tidy(added))
    importer.values[step.outputs[0]] = _back(made, order, rank)


def resize(importer: Importer, step: Step) -> None:
    """Resize and the old Upsample: by whole factors, else to a size."""
    value = importer.see(step.inputs[0])
    rank = len(value.shape)
    channel = natural(value)
    order = (channel, *(axis for axis in range(1, rank) if axis != channel))
    sizes = _resized(importer, step, value.shape)
    if sizes == value.shape:
        importer.values[step.outputs[0]] = value
        return
    if sizes[0] != 1 or sizes[channel] != value.shape[channel]:
        raise Inexpressible("channels resized")
    turned = value.permuted((0, *order))
    name = importer.solid(step, turned.reshaped(turned.shape[1:]))
    pairs = [(sizes[axis], value.shape[axis]) for axis in order[1:]]
    given: dict[str, Argument] = {}
    if all(out % n == 0 for out, n in pairs):
        given["factor"] = alike(tuple(out // n for out, n in pairs))
    else:
        given["size"] = tuple(out for out, _ in pairs)
    mode = step.attributes.get("mode", "nearest")
    given["mode"] = "nearest" if mode == "nearest" else "bilinear"
    made = importer.emit(step, "upsample", [name], **given)  # type: ignore[arg-type]  # no weights
    importer.values[step.outputs[0]] = _back(made, order, rank)


def _resized(importer: Importer, step: Step, shape: tuple[int, ...]) -> tuple[int, ...]:
    if len(step.inputs) > 3 and step.inputs[3]:
        sizes = importer.numbers(step.inputs[3])
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


def depth_to_space(importer: Importer, step: Step) -> None:
    """DepthToSpace and SpaceToDepth."""
    word = "pixel_shuffle" if step.op == "DepthToSpace" else "space_to_depth"
    name = importer.channels_first(step, step.inputs[0])
    importer.put(step, importer.emit(step, word, [name], factor=step.attributes["blocksize"]))


def expand(importer: Importer, step: Step) -> None:
    """Repeated along axes of one."""
    value = importer.see(step.inputs[0])
    dims = broadcast([value.shape, tuple(importer.numbers(step.inputs[1]))])
    ranked = value.reshaped((1,) * (len(dims) - len(value.shape)) + value.shape)
    importer.values[step.outputs[0]] = spread(importer, step, ranked, dims)


OPERATIONS = {
    "Reshape": reshape,
    "Flatten": flatten,
    "Transpose": transpose,
    "Squeeze": squeeze,
    "Unsqueeze": unsqueeze,
    "Concat": concat,
    "Split": split,
    "Slice": slices,
    "Gather": gather,
    "Pad": pad,
    "Resize": resize,
    "Upsample": resize,
    "DepthToSpace": depth_to_space,
    "SpaceToDepth": depth_to_space,
    "Expand": expand,
}
