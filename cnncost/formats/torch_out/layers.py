"""How each layer type is written in PyTorch: an entry a type."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, cast

from cnncost.errors import CnncostError
from cnncost.layers.windowed import Windowed

if TYPE_CHECKING:
    from cnncost.network import Node


class Piece(NamedTuple):
    """A layer in code: the module that holds what it learns or does, and its use.

    In `call` `{m}` stands for the module, `{x}` for the (first) input, `{xs}` for all.
    """

    module: str
    """A class, `nn.Conv2d`; empty for what is called on the spot."""
    arguments: tuple[str, ...] = ()
    call: str = "{m}({x})"
    extra: str = ""
    """The name of the class of `modules` that must stand in the file."""


Writer = Callable[["Node", bool], Piece]
"""From a node, and whether it works in place."""


def _get(node: Node, name: str) -> object:
    return getattr(node.layer, name)


def _axes(node: Node) -> int:
    return len(node.inputs[0].extents)


def _tuple(values: tuple[int, ...]) -> str:
    """One number where all agree, else a tuple."""
    if len(set(values)) == 1:
        return str(values[0])
    return f"({', '.join(map(str, values))})"


def _options(**given: tuple[str, str]) -> tuple[str, ...]:
    """Keywords whose value differs from PyTorch's default."""
    return tuple(f"{name}={value}" for name, (value, usual) in given.items() if value != usual)


def _field(node: Node, name: str) -> str:
    return _tuple(cast("tuple[int, ...]", _get(node, name)))


def _pads(node: Node) -> tuple[tuple[int, int], ...]:
    windows = cast("Windowed", node.layer).windows(node.inputs[0])
    return tuple((window.before, window.after) for window in windows)


def _padded(node: Node, value: str = "") -> tuple[str, str]:
    """The padding that a module can do, and the call's input, padded where it can't."""
    pads = _pads(node)
    if all(before == after for before, after in pads):
        return _tuple(tuple(before for before, _ in pads)), "{x}"
    flat = ", ".join(f"{a}, {b}" for a, b in reversed(pads))
    return "0", f"F.pad({{x}}, ({flat}){value})"


def _conv(node: Node, inplace: bool) -> Piece:
    if node.layer and getattr(node.layer, "connects", None):
        return _mapped(node)
    x, y = node.inputs[0], node.output
    groups = x.channels if node.layer and node.layer.word == "depthwise_conv" else None
    padding, call = _padded(node)
    options = _options(
        stride=(_field(node, "stride"), "1"),
        padding=(padding, "0"),
        dilation=(_field(node, "dilation"), "1"),
        groups=(str(groups or _get(node, "groups")), "1"),
        bias=(str(_get(node, "bias")), "True"),
    )
    sizes = (str(x.channels), str(y.channels), _field(node, "kernel"))
    return Piece(f"nn.Conv{_axes(node)}d", (*sizes, *options), f"{{m}}({call})")


def _mapped(node: Node) -> Piece:
    lists = cast("tuple[tuple[int, ...], ...]", _get(node, "connects"))
    padding, call = _padded(node)
    maps = "[" + ", ".join(f"[{', '.join(map(str, one))}]" for one in lists) + "]"
    options = _options(
        stride=(_field(node, "stride"), "1"),
        padding=(padding, "0"),
        dilation=(_field(node, "dilation"), "1"),
        bias=(str(_get(node, "bias")), "True"),
    )
    kernel = ", ".join(map(str, cast("tuple[int, ...]", _get(node, "kernel"))))
    kernel = f"({kernel},)" if _axes(node) == 1 else f"({kernel})"
    return Piece("MappedConv", (maps, kernel, *options), f"{{m}}({call})", "MappedConv")


def _conv_transpose(node: Node, inplace: bool) -> Piece:
    """Padding that differs at the two ends is cropped afterwards."""
    pads = _pads(node)
    extra = cast("tuple[int, ...]", _get(node, "output_padding"))
    even = all(a == b and a >= 0 for a, b in pads)
    cut = tuple((a, b - e) for (a, b), e in zip(pads, extra, strict=True))
    # A negative crop at the end adds outputs, as output_padding does.
    more = extra if even else tuple(max(-b, 0) for _, b in cut)
    options = _options(
        stride=(_field(node, "stride"), "1"),
        padding=(_tuple(tuple(a for a, _ in pads)) if even else "0", "0"),
        output_padding=(_tuple(more), "0"),
        groups=(str(_get(node, "groups")), "1"),
        bias=(str(_get(node, "bias")), "True"),
        dilation=(_field(node, "dilation"), "1"),
    )
    x, y = node.inputs[0], node.output
    call = "{m}({x})"
    if not even:
        call += _index(["", *(_span(a, max(b, 0)) for a, b in cut)])
    arguments = (str(x.channels), str(y.channels), _field(node, "kernel"), *options)
    return Piece(f"nn.ConvTranspose{_axes(node)}d", arguments, call)


def _span(before: int, after: int) -> str:
    return f"{before or ''}:{-after if after else ''}"


def _index(spans: list[str]) -> str:
    """Indices of a tensor, the batch in front."""
    return f"[:, {', '.join(span or ':' for span in spans)}]"


def _dense(node: Node, inplace: bool) -> Piece:
    x = node.inputs[0]
    sizes = (str(x.units), str(node.output.units))
    flat = "{x}" if x.is_vector else "{x}.flatten(1)"
    bias = _options(bias=(str(_get(node, "bias")), "True"))
    return Piece("nn.Linear", (*sizes, *bias), f"{{m}}({flat})")


def _linear(node: Node, inplace: bool) -> Piece:
    x = node.inputs[0]
    sizes = (str(x.channels), str(node.output.channels))
    bias = _options(bias=(str(_get(node, "bias")), "True"))
    call = "{m}({x})" if x.is_vector else "{m}({x}.movedim(1, -1)).movedim(-1, 1)"
    return Piece("nn.Linear", (*sizes, *bias), call)


def _maxpool(node: Node, inplace: bool) -> Piece:
    padding, call, dilation = (
        *_pool_padding(node, ', value=float("-inf")'),
        _field(node, "dilation"),
    )
    options = _options(
        stride=(_field(node, "stride"), _field(node, "kernel")),
        padding=(padding, "0"),
        dilation=(dilation, "1"),
        ceil_mode=(str(_get(node, "ceil")), "False"),
    )
    module = f"nn.MaxPool{_axes(node)}d"
    return Piece(module, (_field(node, "kernel"), *options), f"{{m}}({call})")


def _avgpool(node: Node, inplace: bool) -> Piece:
    padding, call = _pool_padding(node, "")
    options = _options(
        stride=(_field(node, "stride"), _field(node, "kernel")),
        padding=(padding, "0"),
        ceil_mode=(str(_get(node, "ceil")), "False"),
    )
    module = f"nn.AvgPool{_axes(node)}d"
    return Piece(module, (_field(node, "kernel"), *options), f"{{m}}({call})")


def _pool_padding(node: Node, value: str) -> tuple[str, str]:
    """PyTorch's pools pad at most half of the kernel: more is padded before."""
    padding, call = _padded(node, value)
    kernel = cast("tuple[int, ...]", _get(node, "kernel"))
    if call == "{x}" and any(2 * a > k for (a, _), k in zip(_pads(node), kernel, strict=True)):
        flat = ", ".join(f"{a}, {b}" for a, b in reversed(_pads(node)))
        return "0", f"F.pad({{x}}, ({flat}){value})"
    return padding, call


def _adaptive(kind: str, size: str = "") -> Writer:
    def write(node: Node, inplace: bool) -> Piece:
        to = size or _field(node, "size")
        return Piece(f"nn.Adaptive{kind}Pool{_axes(node)}d", (to,))

    return write


def _subsample(node: Node, inplace: bool) -> Piece:
    channels, kernel = str(node.inputs[0].channels), _field(node, "kernel")
    kernels = cast("tuple[int, ...]", _get(node, "kernel"))
    full = kernel if len(set(kernels)) > 1 else f"({', '.join(map(str, kernels))},)"
    if _axes(node) > 1 and len(set(kernels)) == 1:
        full = f"({', '.join(map(str, kernels))})"
    return Piece("Subsample", (channels, full), extra="Subsample")


def _norm(kind: str) -> Writer:
    def write(node: Node, inplace: bool) -> Piece:
        affine, x = bool(_get(node, "affine")), node.inputs[0]
        usual = "False" if kind == "InstanceNorm" else "True"
        option = _options(affine=(str(affine), usual))
        axes = max(_axes(node), 1)
        return Piece(f"nn.{kind}{axes}d", (str(x.channels), *option))

    return write


def _layernorm(node: Node, inplace: bool) -> Piece:
    affine = _options(elementwise_affine=(str(_get(node, "affine")), "True"))
    call = "{m}({x})"
    if not node.inputs[0].is_vector:
        call = "{m}({x}.movedim(1, -1)).movedim(-1, 1)"
    return Piece("nn.LayerNorm", (str(node.inputs[0].channels), *affine), call)


def _groupnorm(node: Node, inplace: bool) -> Piece:
    affine = _options(affine=(str(_get(node, "affine")), "True"))
    return Piece("nn.GroupNorm", (str(_get(node, "groups")), str(node.inputs[0].channels), *affine))


def _lrn(node: Node, inplace: bool) -> Piece:
    return Piece("nn.LocalResponseNorm", (str(_get(node, "size")),))


def _activation(module: str, *arguments: str) -> Writer:
    def write(node: Node, inplace: bool) -> Piece:
        return Piece(f"nn.{module}", (*arguments, *(["inplace=True"] if inplace else [])))

    return write


def _prelu(node: Node, inplace: bool) -> Piece:
    count = 1 if _get(node, "shared") else node.inputs[0].channels
    return Piece("nn.PReLU", (str(count),) if count > 1 else ())


def _scale(node: Node, inplace: bool) -> Piece:
    count = 1 if _get(node, "shared") else node.inputs[0].channels
    return Piece("Scale", (str(count), str(_axes(node))), extra="Scale")


def _rate(node: Node) -> str:
    return repr(float(cast("float", _get(node, "rate"))))


def _dropout(node: Node, inplace: bool) -> Piece:
    return Piece("nn.Dropout", (_rate(node),))


def _drop_path(node: Node, inplace: bool) -> Piece:
    return Piece("DropPath", (_rate(node),), extra="DropPath")


def _call(call: str) -> Writer:
    def write(node: Node, inplace: bool) -> Piece:
        return Piece("", call=call)

    return write


def _reshape(node: Node, inplace: bool) -> Piece:
    return Piece("", call=f"{{x}}.reshape(-1, {', '.join(map(str, node.output.dims))})")


def _permute(node: Node, inplace: bool) -> Piece:
    axes = cast("tuple[int, ...]", _get(node, "axes"))
    return Piece("", call=f"{{x}}.permute(0, {', '.join(map(str, axes))})")


def _amounts(node: Node) -> tuple[tuple[int, int], ...]:
    return cast("tuple[tuple[int, int], ...]", _get(node, "amount"))


def _pad(node: Node, inplace: bool) -> Piece:
    flat = ", ".join(f"{a}, {b}" for a, b in reversed(_amounts(node)))
    return Piece("", call=f"F.pad({{x}}, ({flat}))")


def _crop(node: Node, inplace: bool) -> Piece:
    return Piece("", call="{x}" + _index(["", *(_span(a, b) for a, b in _amounts(node))]))


def _slice(node: Node, inplace: bool) -> Piece:
    start, end = cast("tuple[int, int]", _get(node, "span"))
    before, last = str(start or ""), end == node.inputs[0].channels
    return Piece("", call=f"{{x}}[:, {before}:{'' if last else end}]")


def _channel_shuffle(node: Node, inplace: bool) -> Piece:
    groups = _get(node, "groups")
    call = f"{{x}}.unflatten(1, ({groups}, -1)).transpose(1, 2).flatten(1, 2)"
    return Piece("", call=call)


def _factors(node: Node) -> tuple[int, ...]:
    return cast("tuple[int, ...]", _get(node, "factor"))


def _pixel_shuffle(node: Node, inplace: bool) -> Piece:
    factor = _factors(node)
    if len(factor) == 2 and len(set(factor)) == 1:
        return Piece("nn.PixelShuffle", (str(factor[0]),))
    return Piece("PixelShuffle", (_list(factor),), extra="PixelShuffle")


def _space_to_depth(node: Node, inplace: bool) -> Piece:
    factor = _factors(node)
    if len(factor) == 2 and len(set(factor)) == 1:
        return Piece("nn.PixelUnshuffle", (str(factor[0]),))
    return Piece("SpaceToDepth", (_list(factor),), extra="SpaceToDepth")


def _list(values: tuple[int, ...]) -> str:
    inside = ", ".join(map(str, values))
    return f"({inside},)" if len(values) == 1 else f"({inside})"


LINEAR_MODES = {1: "linear", 2: "bilinear", 3: "trilinear"}


def _upsample(node: Node, inplace: bool) -> Piece:
    mode = str(_get(node, "mode"))
    options = f', mode="{LINEAR_MODES[_axes(node)]}"' if mode == "bilinear" else ""
    # A size serves for a factor too: what is exact for integers stays exact.
    return Piece("", call=f"F.interpolate({{x}}, size={_list(node.output.extents)}{options})")


def _attention(node: Node, inplace: bool) -> Piece:
    sizes = (str(node.inputs[0].channels), str(_get(node, "dim")), str(_get(node, "heads")))
    return Piece("Attention", sizes, extra="Attention")


def _joined(sign: str) -> Writer:
    def write(node: Node, inplace: bool) -> Piece:
        places = [f"{{{i}}}" for i in range(len(node.reads))]
        return Piece("", call=f" {sign} ".join(places))

    return write


def _matmul(node: Node, inplace: bool) -> Piece:
    groups = _get(node, "groups")
    if groups == 1:
        return Piece("", call="{0} @ {1}")
    sides = [f"{{{i}}}.unflatten(1, ({groups}, -1))" for i in (0, 1)]
    return Piece("", call=f"({' @ '.join(sides)}).flatten(1, 2)")


def _opaque(node: Node, inplace: bool) -> Piece:
    raise CnncostError(
        f"{node.name} is opaque ({_get(node, 'op')}): nobody knows how it is computed",
        "write it as layers that the language has; then it can be written in PyTorch",
    )


WRITERS: dict[str, Writer] = {
    "conv": _conv,
    "depthwise_conv": _conv,
    "conv_transpose": _conv_transpose,
    "dense": _dense,
    "linear": _linear,
    "maxpool": _maxpool,
    "avgpool": _avgpool,
    "global_avgpool": _adaptive("Avg", "1"),
    "global_maxpool": _adaptive("Max", "1"),
    "adaptive_avgpool": _adaptive("Avg"),
    "adaptive_maxpool": _adaptive("Max"),
    "subsample": _subsample,
    "batchnorm": _norm("BatchNorm"),
    "layernorm": _layernorm,
    "groupnorm": _groupnorm,
    "instancenorm": _norm("InstanceNorm"),
    "lrn": _lrn,
    "relu": _activation("ReLU"),
    "relu6": _activation("ReLU6"),
    "leaky_relu": _activation("LeakyReLU"),
    "prelu": _prelu,
    "elu": _activation("ELU"),
    "selu": _activation("SELU"),
    "gelu": _activation("GELU"),
    "silu": _activation("SiLU"),
    "hardswish": _activation("Hardswish"),
    "sigmoid": _activation("Sigmoid"),
    "hardsigmoid": _activation("Hardsigmoid"),
    "tanh": _activation("Tanh"),
    "softplus": _activation("Softplus"),
    "mish": _activation("Mish"),
    "softmax": _activation("Softmax", "dim=1"),
    "logsoftmax": _activation("LogSoftmax", "dim=1"),
    "dropout": _dropout,
    "drop_path": _drop_path,
    "flatten": _call("{x}.flatten(1)"),
    "reshape": _reshape,
    "permute": _permute,
    "pad": _pad,
    "crop": _crop,
    "slice": _slice,
    "channel_shuffle": _channel_shuffle,
    "pixel_shuffle": _pixel_shuffle,
    "space_to_depth": _space_to_depth,
    "upsample": _upsample,
    "identity": _call("{x}"),
    "scale": _scale,
    "add": _joined("+"),
    "mul": _joined("*"),
    "matmul": _matmul,
    "concat": _call("torch.cat([{xs}], dim=1)"),
    "attention": _attention,
    "opaque": _opaque,
}
