"""How each layer type is written in PyTorch, one entry per type; layers with windows or weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from cnncost.costs.memory.padded_copies import find_padding
from cnncost.errors import CnncostError
from cnncost.formats.torch_out.torch_layer_code import (
    CodePiece,
    Writer,
    axis_count,
    field_text,
    field_value,
    index_text,
    numbers_text,
    pad_input,
    padding_ends,
    slice_text,
    split_padding,
    standing_in,
    write_keywords,
)
from cnncost.formats.torch_out.torch_pointwise import MOVES, POINTWISE

if TYPE_CHECKING:
    from cnncost.network import Node


# Layers with weight matrices in code: convolutions, dense layers, attention


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


# Pooling in code


def _write_maxpool(node: Node, inplace: bool) -> CodePiece:
    inside, call = _pool_padding(node, ', value=float("-inf")')
    options = write_keywords(
        stride=(field_text(node, "stride"), field_text(node, "kernel")),
        padding=(inside, "0"),
        dilation=(field_text(node, "dilation"), "1"),
        ceil_mode=(str(field_value(node, "ceil")), "False"),
    )
    module = f"nn.MaxPool{axis_count(node)}d"
    return CodePiece(module, (field_text(node, "kernel"), *options), f"{{m}}({call})")


def _write_avgpool(node: Node, inplace: bool) -> CodePiece:
    inside, call = _pool_padding(node, "")
    options = write_keywords(
        stride=(field_text(node, "stride"), field_text(node, "kernel")),
        padding=(inside, "0"),
        ceil_mode=(str(field_value(node, "ceil")), "False"),
    )
    module = f"nn.AvgPool{axis_count(node)}d"
    return CodePiece(module, (field_text(node, "kernel"), *options), f"{{m}}({call})")


def _pool_padding(node: Node, value: str) -> tuple[str, str]:
    """The padding that the pool does, and its input, padded before where it can't."""
    ends, itself = find_padding(node)
    if itself:
        return numbers_text(tuple(before for before, _ in ends)), "{x}"
    return "0", pad_input(ends, value)


def _adaptive_writer(kind: str, size: str = "") -> Writer:
    def write_adaptive_pool(node: Node, inplace: bool) -> CodePiece:
        to = size or field_text(node, "size")
        return CodePiece(f"nn.Adaptive{kind}Pool{axis_count(node)}d", (to,))

    return write_adaptive_pool


def _write_subsample(node: Node, inplace: bool) -> CodePiece:
    channels, kernel = str(node.inputs[0].channels), field_text(node, "kernel")
    kernels = cast("tuple[int, ...]", field_value(node, "kernel"))
    full = kernel if len(set(kernels)) > 1 else f"({', '.join(map(str, kernels))},)"
    if axis_count(node) > 1 and len(set(kernels)) == 1:
        full = f"({', '.join(map(str, kernels))})"
    return CodePiece("Subsample", (channels, full), extra="Subsample")


POOLS: dict[str, Writer] = {
    "maxpool": standing_in(_write_maxpool),
    "avgpool": _write_avgpool,
    "global_avgpool": _adaptive_writer("Avg", "1"),
    "global_maxpool": _adaptive_writer("Max", "1"),
    "adaptive_avgpool": _adaptive_writer("Avg"),
    "adaptive_maxpool": _adaptive_writer("Max"),
    "subsample": _write_subsample,
}


def _refuse_opaque(node: Node, inplace: bool) -> CodePiece:
    raise CnncostError(
        f"{node.name} is opaque ({field_value(node, 'op')}): nobody knows how it is computed",
        "write it as layers that the language has; then it can be written in PyTorch",
    )


WRITERS: dict[str, Writer] = {
    **WEIGHTED,
    **POOLS,
    **POINTWISE,
    **MOVES,
    "opaque": _refuse_opaque,
}
