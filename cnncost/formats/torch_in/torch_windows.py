"""Convolutions, pooling, resizing and padding of a traced program."""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

from cnncost.formats.importing import AXES, classify_convolution
from cnncost.formats.tensor_value import Constant, Shape, Value
from cnncost.formats.torch_in.torch_importer import TorchCall, TorchImporter, subject_of

Sizes = int | tuple[int, ...]


def one_or_each(sizes: Any, default: int, axes: int) -> Sizes:  # Any: an int, a list or none
    """Return one number where all axes have the same, else a tuple of them."""
    listed = per_axis_numbers(sizes, default, axes)
    return listed[0] if len(set(listed)) == 1 else listed


def per_axis_numbers(sizes: Any, default: int, axes: int) -> tuple[int, ...]:  # Any: as above
    """Return one number for each axis."""
    if sizes is None or sizes == []:
        return (default,) * axes
    listed = [sizes] * axes if isinstance(sizes, int) else list(sizes)
    return tuple(listed * axes if len(listed) == 1 else listed)


def nondefault_arguments(
    values: dict[str, tuple[Any, Any]],
) -> dict[str, Any]:  # Any: arguments of all kinds
    """Return the arguments that differ from their defaults."""
    return {name: value for name, (value, default) in values.items() if value != default}


class WindowedMap(NamedTuple):
    """What a window slides over: channels and extents, the examples of a batch as a further
    extent in front."""

    seen: Value
    examples: int
    """How many; 0 where the program has no axis for them."""
    axes: int
    """Spatial axes of the program's own."""

    @property
    def is_folded(self) -> bool:
        """Whether examples are an extent."""
        return self.examples > 1

    def window_sizes(self, sizes: Any, default: int) -> Sizes:  # Any: as for `one_or_each`
        """Return a window's sizes, with one over the examples."""
        listed = per_axis_numbers(sizes, default, self.axes)
        return one_or_each(
            (default, *listed) if self.is_folded else listed, default, self.axes + self.is_folded
        )

    def layer_dims(self, shape: Shape) -> Shape:
        """Return a result's shape as the layer has it."""
        plain = shape if self.examples == 0 else shape[1:]
        return (plain[0], self.examples, *plain[1:]) if self.is_folded else plain

    def unfold_result(self, made: Value, shape: Shape) -> Value:
        """Return the result in the shape that the program has."""
        if self.is_folded:
            return made.permute_axes((1, 0, *range(2, len(made.shape)))).reshape_to(shape)
        return made.reshape_to(shape)


def map_of(b: TorchImporter, call: TorchCall, x: Value, axes: int) -> WindowedMap | None:
    """Return the input of a window over that many axes as a spec's map; None where that has too few
    axes."""
    x = b.emit_whole(call, x)
    if len(x.shape) == axes + 1:
        return WindowedMap(x, 0, axes)
    count, *rest = x.shape
    if count == 1:
        return WindowedMap(x.reshape_to(tuple(rest)), 1, axes)
    if len(x.shape) > AXES:
        return None
    return WindowedMap(x.permute_axes((1, 0, *range(2, len(x.shape)))), count, axes)


def emit_convolution(b: TorchImporter, call: TorchCall) -> Value:
    """Emit a convolution or a transposed one; the examples of a batch become a further extent."""
    a = call.arguments
    weight, bias, x = a["weight"], a.get("bias"), a["input"]
    axes = len(weight.shape) - 2
    transposed = "transpose" in call.target
    over = map_of(b, call, x, axes) if isinstance(x, Value) else None
    if not isinstance(weight, Constant) or over is None or isinstance(bias, Value):
        uses = prod((x if transposed else call).shape) * prod(weight.shape[1:])
        return b.emit_costed(
            call, call.target, call.read_values(), call.shape, uses, call.read_constants()
        )
    padding = a.get("padding")
    if isinstance(padding, str) and over.is_folded:
        padding = _same_padding_zeros(
            weight.shape[2:], per_axis_numbers(a.get("dilation"), 1, axes), padding
        )
    arguments = nondefault_arguments(
        {
            "stride": (over.window_sizes(a.get("stride"), 1), 1),
            "padding": (padding if isinstance(padding, str) else over.window_sizes(padding, 0), 0),
            "output_padding": (over.window_sizes(a.get("output_padding"), 0), 0),
            "dilation": (over.window_sizes(a.get("dilation"), 1), 1),
            "bias": (bias is not None, True),
        }
    )
    dims = over.layer_dims(call.shape)
    groups = a.get("groups") or 1
    word, widths = classify_convolution(over.seen.shape[0], dims[0], groups)
    if transposed:
        word, widths = (
            "conv_transpose",
            {"filters": dims[0], **nondefault_arguments({"groups": (groups, 1)})},
        )
    own, gains = split_gains(weight, dims[0])
    made = b.emit_layer(
        call, word, [over.seen], dims, learned=[own, bias],
        kernel=over.window_sizes(weight.shape[2:], 1), **widths, **arguments,
    )  # fmt: skip
    return over.unfold_result(emit_gains(b, call, made, gains), call.shape)


def _same_padding_zeros(
    kernel: Shape, dilation: tuple[int, ...], word: str
) -> Any:  # Any: a spec's padding
    """Return the zeros before and behind that keep an extent at stride one."""
    if word == "valid":
        return 0
    return [d * (k - 1) // 2 for k, d in zip(kernel, dilation, strict=True)]


def split_gains(weight: Constant, filters: int) -> tuple[Constant, list[Constant]]:
    """Return a weight and its gains, one number per filter, apart where the weight is a product of
    both."""
    sizes = dict(weight.parts)
    main = [name for name, size in sizes.items() if size == weight.size]
    gains = [name for name in sizes if name not in main[:1]]
    if weight.place or not main or weight.work or {sizes[n] for n in gains} - {filters, 1}:
        return weight, []
    own = Constant.from_parameter(weight.shape, main[0])
    return own, [Constant.from_parameter((sizes[name],), name) for name in gains]


def emit_gains(b: TorchImporter, call: TorchCall, made: Value, gains: list[Constant]) -> Value:
    """Emit learned gains on the weights, one number per filter, as a scale behind the
    convolution."""
    for gain in gains:
        b.notes.add_stand_in("a gain on a layer's weights", "scale")
        given = {"shared": True} if gain.size == 1 and made.shape[0] > 1 else {}
        made = b.emit_layer(call, "scale", [made], made.shape, learned=[gain], **given)
    return made


def emit_pool(b: TorchImporter, call: TorchCall) -> Any:  # Any: a value, or values and their places
    """Emit a max_pool or avg_pool over one to three axes."""
    a = call.arguments
    axes = int(call.target.partition("_pool")[2][0])
    over = map_of(b, call, a["self"], axes)
    if over is None:
        return b.emit_moved(call, call.target, call.read_values(), call.shape)
    kernel = over.window_sizes(a["kernel_size"], 1)
    arguments = nondefault_arguments(
        {
            "stride": (over.window_sizes(a.get("stride") or a["kernel_size"], 1), kernel),
            "padding": (over.window_sizes(a.get("padding"), 0), 0),
            "dilation": (over.window_sizes(a.get("dilation"), 1), 1),
            "ceil": (bool(a.get("ceil_mode")), False),
        }
    )
    word = "maxpool" if "max" in call.target else "avgpool"
    made = b.emit_layer(
        call, word, [over.seen], over.layer_dims(call.shape), kernel=kernel, **arguments
    )
    return _with_places(call, over.unfold_result(made, call.shape))


def _with_places(call: TorchCall, made: Value) -> Any:  # Any: as above
    """Return a maximum, and beside it where it was found if the call gives that too."""
    return [made, made] if len(call.shapes) > 1 else made


def emit_adaptive_pool(b: TorchImporter, call: TorchCall) -> Any:  # Any: as above
    """Emit a pool to a given size; to one position it is a global pool."""
    axes = int(call.target[-2])
    over = map_of(b, call, call.arguments["self"], axes)
    kind = "max" if "max" in call.target else "avg"
    if over is None:
        return b.emit_moved(call, call.target, call.read_values(), call.shape)
    dims = over.layer_dims(call.shape)
    if prod(dims[1:]) == 1:
        made = b.emit_layer(call, f"global_{kind}pool", [over.seen], dims)
    else:
        size = one_or_each(dims[1:], 1, len(dims) - 1)
        made = b.emit_layer(call, f"adaptive_{kind}pool", [over.seen], dims, size=size)
    return _with_places(call, over.unfold_result(made, call.shape))


def emit_upsample(b: TorchImporter, call: TorchCall) -> Value:
    """Emit an upsampling by a factor where all axes have the same, else to a size."""
    x = subject_of(call)
    over = map_of(b, call, x, len(x.shape) - 2)
    if over is None:
        return b.emit_moved(call, call.target, [x], call.shape)
    mode = next((m for m in ("nearest", "bilinear", "bicubic") if m in call.target), "bilinear")
    given = nondefault_arguments({"mode": ("bilinear" if mode == "bicubic" else mode, "nearest")})
    dims = over.layer_dims(call.shape)
    before, after = over.seen.shape[1:], dims[1:]
    factors = {new // old for old, new in zip(before, after, strict=True)}
    if len(factors) == 1 and all(n % o == 0 for o, n in zip(before, after, strict=True)):
        made = b.emit_layer(call, "upsample", [over.seen], dims, factor=factors.pop(), **given)
    else:
        made = b.emit_layer(call, "upsample", [over.seen], dims, size=after, **given)
    return over.unfold_result(made, call.shape)


def emit_pad(b: TorchImporter, call: TorchCall) -> Value:
    """Emit a padding by pairs from the last axis on; negative amounts are cropped."""
    x = b.emit_whole(call, call.arguments["self"])
    flat: list[int] = list(call.arguments["pad"])
    pairs = [(flat[i], flat[i + 1]) for i in range(0, len(flat), 2)][::-1]
    pairs = [(0, 0)] * (len(x.shape) - len(pairs)) + pairs
    if not any(amount for pair in pairs for amount in pair):
        return x
    if x.shape[0] == 1 and not any(pairs[0]):
        seen, pairs = x.reshape_to(x.shape[1:]), pairs[1:]
    else:
        seen = x
    if any(pairs[0]) or not 2 <= len(seen.shape) <= AXES:
        return b.emit_moved(call, "pad", [x], call.shape)
    return _emit_padded(b, call, _emit_cropped(b, call, seen, pairs[1:]), pairs[1:]).reshape_to(
        call.shape
    )


def _emit_cropped(
    b: TorchImporter, call: TorchCall, x: Value, pairs: list[tuple[int, int]]
) -> Value:
    """Emit the crop that negative amounts of a padding are."""
    cut = tuple((max(0, -before), max(0, -after)) for before, after in pairs)
    if not any(sum(pair) for pair in cut):
        return x
    extents = (size - sum(pair) for size, pair in zip(x.shape[1:], cut, strict=True))
    return b.emit_layer(call, "crop", [x], (x.shape[0], *extents), amount=cut)


def _emit_padded(
    b: TorchImporter, call: TorchCall, x: Value, pairs: list[tuple[int, int]]
) -> Value:
    added = tuple((max(0, before), max(0, after)) for before, after in pairs)
    if not any(sum(pair) for pair in added):
        return x
    extents = (size + sum(pair) for size, pair in zip(x.shape[1:], added, strict=True))
    mode, value = call.arguments.get("mode", "constant"), call.arguments.get("value")
    given = {} if mode == "constant" else {"stands_for": mode}
    made = b.emit_layer(call, "pad", [x], (x.shape[0], *extents), amount=added, **given)
    if mode == "constant" and not value:
        b.zeros.add(made.base)
    return made
