"""Convolutions, dense layers, pooling, resizing and padding of a traced program."""

from __future__ import annotations

from math import prod
from typing import Any

from cnncost.formats.torch_in.builder import Builder, Call, subject
from cnncost.formats.value import Constant, Value

Sizes = int | tuple[int, ...]


def alike(sizes: Any, default: int, axes: int) -> Sizes:  # Any: an int, a list or none
    """One number where all axes have the same, as a spec would have it."""
    if sizes is None or sizes == []:
        return default
    listed = [sizes] * axes if isinstance(sizes, int) else list(sizes)
    listed = listed * axes if len(listed) == 1 else listed
    return listed[0] if len(set(listed)) == 1 else tuple(listed)


def changed(values: dict[str, tuple[Any, Any]]) -> dict[str, Any]:  # Any: arguments of all kinds
    """The arguments that differ from their defaults, of pairs of both."""
    return {name: value for name, (value, default) in values.items() if value != default}


def convolution(b: Builder, call: Call) -> Value:
    """conv1d to conv3d and their transposes, from a parameter or one normed or scaled first."""
    a = call.arguments
    weight, bias, x = a["weight"], a.get("bias"), a["input"]
    if not isinstance(weight, Constant) or len(call.shapes[0]) != len(weight.shape):
        return b.opaque(call, call.target, call.values(), call.shape)
    axes = len(weight.shape) - 2
    transposed = "transpose" in call.target
    padding = a.get("padding")
    arguments = changed(
        {
            "stride": (alike(a.get("stride"), 1, axes), 1),
            "padding": (padding if isinstance(padding, str) else alike(padding, 0, axes), 0),
            "output_padding": (alike(a.get("output_padding"), 0, axes), 0),
            "dilation": (alike(a.get("dilation"), 1, axes), 1),
            "groups": (a.get("groups") or 1, 1),
            "bias": (bias is not None, True),
        }
    )
    kernel = alike(weight.shape[2:], 1, axes)
    word = "conv_transpose" if transposed else "conv"
    own, *others = weight.sources or ("",)
    weights = Constant(weight.shape, (own,) if own else ())
    made = b.layer(
        call, word, [x], call.shape, learned=[weights, bias], fixed=not own,
        filters=call.shape[0], kernel=kernel, **arguments,
    )  # fmt: skip
    return _gained(b, call, made, others)


def _gained(b: Builder, call: Call, made: Value, others: list[str]) -> Value:
    """A learned gain on the weights has a number a filter: it stands as a scale behind."""
    for source in others:
        gain = Constant((made.shape[0],), (source,))
        b.standing_in("a gain on a convolution's weights", "scale")
        made = b.layer(call, "scale", [made], made.shape, learned=[gain])
    return made


def linear(b: Builder, call: Call) -> Value:
    """A product with a matrix along the last axis."""
    a = call.arguments
    x, weight, bias = a["input"], a["weight"], a.get("bias")
    if not isinstance(weight, Constant) or not isinstance(x, Value):
        return b.opaque(call, call.target, call.values(), call.shape)
    features = weight.shape[0]
    given = changed({"bias": (bias is not None, True)})
    last = len(x.shape) - 1
    if last == 0:
        return b.layer(
            call, "dense", [x], (features,), learned=[weight, bias], units=features, **given
        )
    front = x.front(last)
    shape = (features, *front.shape[1:])
    made = b.layer(
        call, "linear", [front], shape, learned=[weight, bias], features=features, **given
    )
    return made.back(last)


def matmul(b: Builder, call: Call) -> Value:
    """A product with a matrix of parameters is a linear layer; another has none of its own."""
    x, weight = call.arguments["self"], call.arguments.get("other", call.arguments.get("mat2"))
    if isinstance(weight, Constant) and len(weight.shape) == 2 and isinstance(x, Value):
        turned = Constant(weight.shape[::-1], weight.sources)
        return linear(b, _with(call, input=x, weight=turned))
    return b.opaque(call, call.target, call.values(), call.shape)


def addmm(b: Builder, call: Call) -> Value:
    """bias + x W."""
    a = call.arguments
    weight = a["mat2"]
    if isinstance(a["mat1"], Value) and isinstance(weight, Constant):
        turned = Constant(weight.shape[::-1], weight.sources)
        return linear(b, _with(call, input=a["mat1"], weight=turned, bias=a["self"]))
    return b.opaque(call, call.target, call.values(), call.shape)


def _with(call: Call, **arguments: Any) -> Call:  # Any: as in a call
    return Call(call.target, arguments, call.path, call.shapes)


def pool(b: Builder, call: Call) -> Value:
    """max_pool and avg_pool in one to three dimensions."""
    a = call.arguments
    x: Value = a["self"]
    axes = len(call.shape) - 1
    kernel = alike(a["kernel_size"], 1, axes)
    arguments = changed(
        {
            "stride": (alike(a.get("stride") or a["kernel_size"], 1, axes), kernel),
            "padding": (alike(a.get("padding"), 0, axes), 0),
            "dilation": (alike(a.get("dilation"), 1, axes), 1),
            "ceil": (bool(a.get("ceil_mode")), False),
        }
    )
    word = "maxpool" if "max" in call.target else "avgpool"
    return b.layer(call, word, [x], call.shape, kernel=kernel, **arguments)


def adaptive_pool(b: Builder, call: Call) -> Value:
    """To a size; to one position it is a global pool."""
    x: Value = call.arguments["self"]
    kind = "max" if "max" in call.target else "avg"
    if prod(call.shape[1:]) == 1:
        return b.layer(call, f"global_{kind}pool", [x], call.shape)
    size = alike(call.shape[1:], 1, len(call.shape) - 1)
    return b.layer(call, f"adaptive_{kind}pool", [x], call.shape, size=size)


def upsample(b: Builder, call: Call) -> Value:
    """Nearest or interpolated; by a factor where all axes have one, else to a size."""
    x = subject(call)
    mode = next((m for m in ("nearest", "bilinear", "bicubic") if m in call.target), "bilinear")
    mode = "bilinear" if mode == "bicubic" else mode
    given = changed({"mode": (mode, "nearest")})
    before, after = x.shape[1:], call.shape[1:]
    factors = {new // old for old, new in zip(before, after, strict=True)}
    if len(factors) == 1 and all(n % o == 0 for o, n in zip(before, after, strict=True)):
        return b.layer(call, "upsample", [x], call.shape, factor=factors.pop(), **given)
    return b.layer(call, "upsample", [x], call.shape, size=after, **given)


def pad(b: Builder, call: Call) -> Value:
    """Pairs from the last axis on; negative amounts crop."""
    x: Value = call.arguments["self"]
    flat: list[int] = list(call.arguments["pad"])
    pairs = [(flat[i], flat[i + 1]) for i in range(0, len(flat), 2)][::-1]
    axes = len(x.shape) - 1
    if len(pairs) > axes:
        first, pairs = pairs[:-axes], pairs[-axes:]
        if any(amount for pair in first for amount in pair):
            return b.opaque(call, "pad_channels", [x], call.shape)
    pairs = [(0, 0)] * (axes - len(pairs)) + pairs
    amounts = [amount for pair in pairs for amount in pair]
    if not any(amounts):
        return x
    return _padded(b, call, _cropped(b, call, x, pairs), pairs)


def _cropped(b: Builder, call: Call, x: Value, pairs: list[tuple[int, int]]) -> Value:
    """What negative amounts take away."""
    cut = tuple((max(0, -before), max(0, -after)) for before, after in pairs)
    if not any(sum(pair) for pair in cut):
        return x
    extents = (size - sum(pair) for size, pair in zip(x.shape[1:], cut, strict=True))
    return b.layer(call, "crop", [x], (x.shape[0], *extents), amount=cut)


def _padded(b: Builder, call: Call, x: Value, pairs: list[tuple[int, int]]) -> Value:
    added = tuple((max(0, before), max(0, after)) for before, after in pairs)
    if not any(sum(pair) for pair in added):
        return x
    made = b.layer(call, "pad", [x], call.shape, amount=added)
    mode, value = call.arguments.get("mode", "constant"), call.arguments.get("value")
    if mode == "constant" and not value:
        b.zeros.add(made.base)
    return made
