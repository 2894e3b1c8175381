"""The layers that Keras has not and that our own Keras code brings along, read back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncost.formats.importing import Inexpressible
from cnncost.formats.keras_in.keras_importer import (
    KerasImporter,
    KerasTensor,
    read_flag,
    read_integer,
    read_sizes,
)
from cnncost.formats.keras_in.keras_windows import edge_rule, read_padding
from cnncost.formats.pads import one_or_all

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnncost.formats.keras_in.keras_model import KerasLayer

    Rule = Callable[[KerasImporter, KerasLayer, list[KerasTensor]], KerasTensor]


def _emit_mapped_conv(k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]) -> KerasTensor:
    """A convolution whose filters see some of the maps."""
    (x,) = reads
    maps = layer.config.get("maps")
    if not isinstance(maps, list) or not all(isinstance(seen, list) for seen in maps):
        raise Inexpressible(f"maps is {maps!r:.40}")
    axes = len(x.seen) - 1
    kernel = read_sizes(layer, "kernel", None, axes)
    dilation = read_sizes(layer, "dilation_rate", 1, axes)
    return k.emit_layer(
        layer, "conv", reads, filters=len(maps), kernel=one_or_all(kernel),
        stride=one_or_all(read_sizes(layer, "strides", 1, axes)),
        dilation=one_or_all(dilation),
        padding=read_padding(layer, kernel, dilation),
        bias=read_flag(layer, "use_bias", usually=True),
        connects=tuple(tuple(seen) for seen in maps),
    )  # fmt: skip


def _emit_subsample(k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]) -> KerasTensor:
    (x,) = reads
    return k.emit_layer(
        layer,
        "subsample",
        reads,
        kernel=one_or_all(read_sizes(layer, "kernel", None, len(x.seen) - 1)),
    )


def _emit_lowest_padding(
    k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]
) -> KerasTensor:
    """The edges that a largest value never comes from."""
    return edge_rule("pad", "amounts", len(reads[0].seen) - 1)(k, layer, reads)


def _emit_lrn(k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]) -> KerasTensor:
    return k.emit_layer(layer, "lrn", reads, size=read_integer(layer, "size"))


def _emit_scale(k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]) -> KerasTensor:
    return k.emit_layer(layer, "scale", reads, shared=read_flag(layer, "shared", usually=False))


def _emit_channel_shuffle(
    k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]
) -> KerasTensor:
    return k.emit_layer(layer, "channel_shuffle", reads, groups=read_integer(layer, "groups"))


def _block_rule(word: str) -> Rule:
    def emit_blocks(k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]) -> KerasTensor:
        factor = read_sizes(layer, "factor", None, len(reads[0].seen) - 1)
        return k.emit_layer(layer, word, reads, factor=one_or_all(factor))

    return emit_blocks


def _emit_product(k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]) -> KerasTensor:
    return k.emit_layer(layer, "matmul", reads)


RULES: dict[str, Rule] = {
    "MappedConv": _emit_mapped_conv,
    "Subsample": _emit_subsample,
    "PadLowest": _emit_lowest_padding,
    "LocalResponseNorm": _emit_lrn,
    "Scale": _emit_scale,
    "ChannelShuffle": _emit_channel_shuffle,
    "PixelShuffle": _block_rule("pixel_shuffle"),
    "SpaceToDepth": _block_rule("space_to_depth"),
    "Product": _emit_product,
}
"""The rule of each class of `keras_out.classes`; another class of that name that has not its
arguments stays unknown."""
