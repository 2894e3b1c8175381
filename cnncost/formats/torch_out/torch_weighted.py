"""Layers with weight matrices in code: convolutions, dense layers, attention."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from cnncost.formats.torch_out.torch_layer_code import (
    CodePiece,
    Writer,
    axis_count,
    field_text,
    field_value,
    numbers_text,
    write_keywords,
)
from cnncost.formats.torch_out.torch_padding import (
    index_text,
    padding_ends,
    slice_text,
    split_padding,
)

if TYPE_CHECKING:
    from cnncost.network import Node


def _write_conv(node: Node, inplace: bool) -> CodePiece:
    if getattr(node.layer, "connects", None):
        return _write_mapped_conv(node)
    x, y = node.inputs[0], node.output
    groups = x.channels if node.layer.word == "depthwise_conv" else None
    padding, call = split_padding(node)
    options = write_keywords(
        stride=(field_text(node, "stride"), "1"),
        padding=(padding, "0"),
        dilation=(field_text(node, "dilation"), "1"),
        groups=(str(groups or field_value(node, "groups")), "1"),
        bias=(str(field_value(node, "bias")), "True"),
    )
    sizes = (str(x.channels), str(y.channels), field_text(node, "kernel"))
    return CodePiece(f"nn.Conv{axis_count(node)}d", (*sizes, *options), f"{{m}}({call})")


def _write_mapped_conv(node: Node) -> CodePiece:
    lists = cast("tuple[tuple[int, ...], ...]", field_value(node, "connects"))
    padding, call = split_padding(node)
    maps = "[" + ", ".join(f"[{', '.join(map(str, one))}]" for one in lists) + "]"
    options = write_keywords(
        stride=(field_text(node, "stride"), "1"),
        padding=(padding, "0"),
        dilation=(field_text(node, "dilation"), "1"),
        bias=(str(field_value(node, "bias")), "True"),
    )
    kernel = ", ".join(map(str, cast("tuple[int, ...]", field_value(node, "kernel"))))
    kernel = f"({kernel},)" if axis_count(node) == 1 else f"({kernel})"
    return CodePiece("MappedConv", (maps, kernel, *options), f"{{m}}({call})", "MappedConv")


def _write_conv_transpose(node: Node, inplace: bool) -> CodePiece:
    """Padding that differs at the two ends is cropped afterwards."""
    pads = padding_ends(node)
    extra = cast("tuple[int, ...]", field_value(node, "output_padding"))
    even = all(a == b and a >= 0 for a, b in pads)
    cut = tuple((a, b - e) for (a, b), e in zip(pads, extra, strict=True))
    # A negative crop at the end adds outputs, as output_padding does.
    more = extra if even else tuple(max(-b, 0) for _, b in cut)
    options = write_keywords(
        stride=(field_text(node, "stride"), "1"),
        padding=(numbers_text(tuple(a for a, _ in pads)) if even else "0", "0"),
        output_padding=(numbers_text(more), "0"),
        groups=(str(field_value(node, "groups")), "1"),
        bias=(str(field_value(node, "bias")), "True"),
        dilation=(field_text(node, "dilation"), "1"),
    )
    x, y = node.inputs[0], node.output
    call = "{m}({x})"
    if not even:
        call += index_text(["", *(slice_text(a, max(b, 0)) for a, b in cut)])
    arguments = (str(x.channels), str(y.channels), field_text(node, "kernel"), *options)
    return CodePiece(f"nn.ConvTranspose{axis_count(node)}d", arguments, call)


def _write_dense(node: Node, inplace: bool) -> CodePiece:
    x = node.inputs[0]
    sizes = (str(x.units), str(node.output.units))
    flat = "{x}" if x.is_vector else "{x}.flatten(1)"
    bias = write_keywords(bias=(str(field_value(node, "bias")), "True"))
    return CodePiece("nn.Linear", (*sizes, *bias), f"{{m}}({flat})")


def _write_linear(node: Node, inplace: bool) -> CodePiece:
    x = node.inputs[0]
    sizes = (str(x.channels), str(node.output.channels))
    bias = write_keywords(bias=(str(field_value(node, "bias")), "True"))
    call = "{m}({x})" if x.is_vector else "{m}({x}.movedim(1, -1)).movedim(-1, 1)"
    return CodePiece("nn.Linear", (*sizes, *bias), call)


def _write_attention(node: Node, inplace: bool) -> CodePiece:
    sizes = (
        str(node.inputs[0].channels),
        str(field_value(node, "dim")),
        str(field_value(node, "heads")),
    )
    return CodePiece("Attention", sizes, extra="Attention")


WEIGHTED: dict[str, Writer] = {
    "conv": _write_conv,
    "depthwise_conv": _write_conv,
    "conv_transpose": _write_conv_transpose,
    "dense": _write_dense,
    "linear": _write_linear,
    "attention": _write_attention,
}
