"""How each layer type is written in PyTorch, one entry per type; layers with windows or weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncost.costs.memory.padded_copies import find_padding
from cnncost.errors import CnncostError
from cnncost.formats.torch_out.torch_layer_code import (
    CodePiece,
    Writer,
    axis_count,
    index_text,
    numbers_text,
    pad_input,
    padding_ends,
    slice_text,
    split_padding,
    standing_in,
    tuple_text,
    write_keywords,
)
from cnncost.formats.torch_out.torch_pointwise import MOVES, POINTWISE
from cnncost.formats.torch_out.torch_recurrent_writers import WRITERS as RECURRENT

if TYPE_CHECKING:
    from cnncost.layers.attention import Attention
    from cnncost.layers.convolution import Conv, Convolving, ConvTranspose, DepthwiseConv
    from cnncost.layers.dense import Dense, Linear
    from cnncost.layers.opaque import Opaque
    from cnncost.layers.pooling import AdaptivePooling, AvgPool, MaxPool, Pooling, Subsample
    from cnncost.layers.unshared import LocallyConnected
    from cnncost.network import Node


# Convolutions, dense layers, attention


def _write_conv(node: Node[Conv], inplace: bool) -> CodePiece:
    if node.layer.connects:
        return _write_mapped_conv(node)
    return _write_grouped_conv(node, node.layer.groups)


def _write_depthwise_conv(node: Node[DepthwiseConv], inplace: bool) -> CodePiece:
    return _write_grouped_conv(node, node.inputs[0].channels)


def _write_grouped_conv(node: Node[Convolving], groups: int) -> CodePiece:
    x, y = node.inputs[0], node.output
    padding, call = split_padding(node)
    options = write_keywords(
        stride=(numbers_text(node.layer.stride), "1"),
        padding=(padding, "0"),
        dilation=(numbers_text(node.layer.dilation), "1"),
        groups=(str(groups), "1"),
        bias=(str(node.layer.bias), "True"),
    )
    sizes = (str(x.channels), str(y.channels), numbers_text(node.layer.kernel))
    return CodePiece(f"nn.Conv{axis_count(node)}d", (*sizes, *options), f"{{m}}({call})")


def _write_mapped_conv(node: Node[Conv]) -> CodePiece:
    lists = node.layer.connects or ()
    padding, call = split_padding(node)
    maps = "[" + ", ".join(f"[{', '.join(map(str, one))}]" for one in lists) + "]"
    options = write_keywords(
        stride=(numbers_text(node.layer.stride), "1"),
        padding=(padding, "0"),
        dilation=(numbers_text(node.layer.dilation), "1"),
        bias=(str(node.layer.bias), "True"),
    )
    kernel = ", ".join(map(str, node.layer.kernel))
    kernel = f"({kernel},)" if axis_count(node) == 1 else f"({kernel})"
    return CodePiece("MappedConv", (maps, kernel, *options), f"{{m}}({call})", "MappedConv")


def _write_locally_connected(node: Node[LocallyConnected], inplace: bool) -> CodePiece:
    x, layer = node.inputs[0], node.layer
    sizes = [str(x.channels), *map(tuple_text, (node.output.dims, layer.kernel, layer.stride))]
    options = write_keywords(
        dilation=(tuple_text(layer.dilation), tuple_text((1,) * len(x.extents))),
        groups=(str(layer.groups), "1"),
        bias=(str(layer.bias), "True"),
    )
    pads = padding_ends(node)
    call = pad_input(pads) if any(n for pair in pads for n in pair) else "{x}"
    return CodePiece(
        "LocallyConnected", (*sizes, *options), f"{{m}}({call})", extra="LocallyConnected"
    )


def _write_conv_transpose(node: Node[ConvTranspose], inplace: bool) -> CodePiece:
    """Write a transposed convolution; padding that differs at the ends is cropped afterwards."""
    pads = padding_ends(node)
    extra = node.layer.output_padding
    even = all(a == b and a >= 0 for a, b in pads)
    cut = tuple((a, b - e) for (a, b), e in zip(pads, extra, strict=True))
    # A negative crop at the end adds outputs, as output_padding does.
    more = extra if even else tuple(max(-b, 0) for _, b in cut)
    options = write_keywords(
        stride=(numbers_text(node.layer.stride), "1"),
        padding=(numbers_text(tuple(a for a, _ in pads)) if even else "0", "0"),
        output_padding=(numbers_text(more), "0"),
        groups=(str(node.layer.groups), "1"),
        bias=(str(node.layer.bias), "True"),
        dilation=(numbers_text(node.layer.dilation), "1"),
    )
    x, y = node.inputs[0], node.output
    call = "{m}({x})"
    if not even:
        call += index_text(["", *(slice_text(a, max(b, 0)) for a, b in cut)])
    arguments = (str(x.channels), str(y.channels), numbers_text(node.layer.kernel), *options)
    return CodePiece(f"nn.ConvTranspose{axis_count(node)}d", arguments, call)


def _write_dense(node: Node[Dense], inplace: bool) -> CodePiece:
    x = node.inputs[0]
    sizes = (str(x.units), str(node.output.units))
    flat = "{x}" if x.is_vector else "{x}.flatten(1)"
    bias = write_keywords(bias=(str(node.layer.bias), "True"))
    return CodePiece("nn.Linear", (*sizes, *bias), f"{{m}}({flat})")


def _write_linear(node: Node[Linear], inplace: bool) -> CodePiece:
    x = node.inputs[0]
    sizes = (str(x.channels), str(node.output.channels))
    bias = write_keywords(bias=(str(node.layer.bias), "True"))
    call = "{m}({x})" if x.is_vector else "{m}({x}.movedim(1, -1)).movedim(-1, 1)"
    return CodePiece("nn.Linear", (*sizes, *bias), call)


def _write_attention(node: Node[Attention], inplace: bool) -> CodePiece:
    sizes = (
        str(node.inputs[0].channels),
        str(node.layer.dim),
        str(node.layer.heads),
    )
    layer = node.layer
    if layer.kv_heads == layer.heads and layer.bias:
        return CodePiece("Attention", sizes, extra="Attention")
    given = (*sizes, str(layer.kv_heads), *write_keywords(bias=(str(layer.bias), "True")))
    return CodePiece("GroupedAttention", given, extra="GroupedAttention")


WEIGHTED: dict[str, Writer] = {
    "conv": _write_conv,
    "depthwise_conv": _write_depthwise_conv,
    "conv_transpose": _write_conv_transpose,
    "locally_connected": _write_locally_connected,
    "dense": _write_dense,
    "linear": _write_linear,
    "attention": _write_attention,
}


# Pools


def _write_maxpool(node: Node[MaxPool], inplace: bool) -> CodePiece:
    inside, call = _pool_padding(node, ', value=float("-inf")')
    options = write_keywords(
        stride=(numbers_text(node.layer.stride), numbers_text(node.layer.kernel)),
        padding=(inside, "0"),
        dilation=(numbers_text(node.layer.dilation), "1"),
        ceil_mode=(str(node.layer.ceil), "False"),
    )
    module = f"nn.MaxPool{axis_count(node)}d"
    return CodePiece(module, (numbers_text(node.layer.kernel), *options), f"{{m}}({call})")


def _write_avgpool(node: Node[AvgPool], inplace: bool) -> CodePiece:
    inside, call = _pool_padding(node, "")
    options = write_keywords(
        stride=(numbers_text(node.layer.stride), numbers_text(node.layer.kernel)),
        padding=(inside, "0"),
        ceil_mode=(str(node.layer.ceil), "False"),
    )
    module = f"nn.AvgPool{axis_count(node)}d"
    return CodePiece(module, (numbers_text(node.layer.kernel), *options), f"{{m}}({call})")


def _pool_padding(node: Node[Pooling], value: str) -> tuple[str, str]:
    """Return the padding that the pool does, and its input, padded before if the pool can't."""
    ends, itself = find_padding(node)
    if itself:
        return numbers_text(tuple(before for before, _ in ends)), "{x}"
    return "0", pad_input(ends, value)


def _adaptive_writer(kind: str) -> Writer:
    def write_adaptive_pool(node: Node[AdaptivePooling], inplace: bool) -> CodePiece:
        module = f"nn.Adaptive{kind}Pool{axis_count(node)}d"
        return CodePiece(module, (numbers_text(node.layer.size),))

    return write_adaptive_pool


def _global_writer(kind: str) -> Writer:
    def write_global_pool(node: Node, inplace: bool) -> CodePiece:
        return CodePiece(f"nn.Adaptive{kind}Pool{axis_count(node)}d", ("1",))

    return write_global_pool


def _write_subsample(node: Node[Subsample], inplace: bool) -> CodePiece:
    channels, kernel = str(node.inputs[0].channels), numbers_text(node.layer.kernel)
    kernels = node.layer.kernel
    full = kernel if len(set(kernels)) > 1 else f"({', '.join(map(str, kernels))},)"
    if axis_count(node) > 1 and len(set(kernels)) == 1:
        full = f"({', '.join(map(str, kernels))})"
    return CodePiece("Subsample", (channels, full), extra="Subsample")


POOLS: dict[str, Writer] = {
    "maxpool": standing_in(_write_maxpool),
    "avgpool": _write_avgpool,
    "global_avgpool": _global_writer("Avg"),
    "global_maxpool": _global_writer("Max"),
    "adaptive_avgpool": _adaptive_writer("Avg"),
    "adaptive_maxpool": _adaptive_writer("Max"),
    "subsample": _write_subsample,
}


def _refuse_opaque(node: Node[Opaque], inplace: bool) -> CodePiece:
    raise CnncostError(
        f"{node.name} is opaque ({node.layer.op}): nobody knows how it is computed",
        "write it as layers that the language has; then it can be written in PyTorch",
    )


WRITERS: dict[str, Writer] = {
    **WEIGHTED,
    **POOLS,
    **POINTWISE,
    **MOVES,
    **RECURRENT,
    "opaque": _refuse_opaque,
}
