"""Layers with weight matrices in code: convolutions, dense layers, attention."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from cnncost.formats.torch_out.torch_layer_code import (
    CodePiece,
    Writer,
    axis_count,
    field,
    get,
    keywords,
    numbers,
)
from cnncost.formats.torch_out.torch_padding import ends, index, padded, span

if TYPE_CHECKING:
    from cnncost.network import Node


def _conv(node: Node, inplace: bool) -> CodePiece:
    if getattr(node.layer, "connects", None):
        return _mapped(node)
    x, y = node.inputs[0], node.output
    groups = x.channels if node.layer.word == "depthwise_conv" else None
    padding, call = padded(node)
    options = keywords(
        stride=(field(node, "stride"), "1"),
        padding=(padding, "0"),
        dilation=(field(node, "dilation"), "1"),
        groups=(str(groups or get(node, "groups")), "1"),
        bias=(str(get(node, "bias")), "True"),
    )
    sizes = (str(x.channels), str(y.channels), field(node, "kernel"))
    return CodePiece(f"nn.Conv{axis_count(node)}d", (*sizes, *options), f"{{m}}({call})")


def _mapped(node: Node) -> CodePiece:
    lists = cast("tuple[tuple[int, ...], ...]", get(node, "connects"))
    padding, call = padded(node)
    maps = "[" + ", ".join(f"[{', '.join(map(str, one))}]" for one in lists) + "]"
    options = keywords(
        stride=(field(node, "stride"), "1"),
        padding=(padding, "0"),
        dilation=(field(node, "dilation"), "1"),
        bias=(str(get(node, "bias")), "True"),
    )
    kernel = ", ".join(map(str, cast("tuple[int, ...]", get(node, "kernel"))))
    kernel = f"({kernel},)" if axis_count(node) == 1 else f"({kernel})"
    return CodePiece("MappedConv", (maps, kernel, *options), f"{{m}}({call})", "MappedConv")


def _conv_transpose(node: Node, inplace: bool) -> CodePiece:
    """Padding that differs at the two ends is cropped afterwards."""
    pads = ends(node)
    extra = cast("tuple[int, ...]", get(node, "output_padding"))
    even = all(a == b and a >= 0 for a, b in pads)
    cut = tuple((a, b - e) for (a, b), e in zip(pads, extra, strict=True))
    # A negative crop at the end adds outputs, as output_padding does.
    more = extra if even else tuple(max(-b, 0) for _, b in cut)
    options = keywords(
        stride=(field(node, "stride"), "1"),
        padding=(numbers(tuple(a for a, _ in pads)) if even else "0", "0"),
        output_padding=(numbers(more), "0"),
        groups=(str(get(node, "groups")), "1"),
        bias=(str(get(node, "bias")), "True"),
        dilation=(field(node, "dilation"), "1"),
    )
    x, y = node.inputs[0], node.output
    call = "{m}({x})"
    if not even:
        call += index(["", *(span(a, max(b, 0)) for a, b in cut)])
    arguments = (str(x.channels), str(y.channels), field(node, "kernel"), *options)
    return CodePiece(f"nn.ConvTranspose{axis_count(node)}d", arguments, call)


def _dense(node: Node, inplace: bool) -> CodePiece:
    x = node.inputs[0]
    sizes = (str(x.units), str(node.output.units))
    flat = "{x}" if x.is_vector else "{x}.flatten(1)"
    bias = keywords(bias=(str(get(node, "bias")), "True"))
    return CodePiece("nn.Linear", (*sizes, *bias), f"{{m}}({flat})")


def _linear(node: Node, inplace: bool) -> CodePiece:
    x = node.inputs[0]
    sizes = (str(x.channels), str(node.output.channels))
    bias = keywords(bias=(str(get(node, "bias")), "True"))
    call = "{m}({x})" if x.is_vector else "{m}({x}.movedim(1, -1)).movedim(-1, 1)"
    return CodePiece("nn.Linear", (*sizes, *bias), call)


def _attention(node: Node, inplace: bool) -> CodePiece:
    sizes = (str(node.inputs[0].channels), str(get(node, "dim")), str(get(node, "heads")))
    return CodePiece("Attention", sizes, extra="Attention")


WEIGHTED: dict[str, Writer] = {
    "conv": _conv,
    "depthwise_conv": _conv,
    "conv_transpose": _conv_transpose,
    "dense": _dense,
    "linear": _linear,
    "attention": _attention,
}
