"""The layers that Keras has not and that our own Keras code brings along, read back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncost.formats.keras_in.keras_importer import (
    KerasImporter,
    KerasInexpressible,
    KerasTensor,
    alike,
    flag,
    sizes,
    whole,
)
from cnncost.formats.keras_in.keras_windows import edges, padding

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnncost.formats.keras_in.keras_model import KerasLayer

    Rule = Callable[[KerasImporter, KerasLayer, list[KerasTensor]], KerasTensor]


def _mapped(k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]) -> KerasTensor:
    """A convolution whose filters see some of the maps."""
    (x,) = reads
    maps = layer.config.get("maps")
    if not isinstance(maps, list) or not all(isinstance(seen, list) for seen in maps):
        raise KerasInexpressible(f"maps is {maps!r:.40}")
    axes = len(x.seen) - 1
    kernel = sizes(layer, "kernel", None, axes)
    dilation = sizes(layer, "dilation_rate", 1, axes)
    return k.emit(
        layer, "conv", reads, filters=len(maps), kernel=alike(kernel),
        stride=alike(sizes(layer, "strides", 1, axes)), dilation=alike(dilation),
        padding=padding(layer, kernel, dilation), bias=flag(layer, "use_bias", usually=True),
        connects=tuple(tuple(seen) for seen in maps),
    )  # fmt: skip


def _subsample(k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]) -> KerasTensor:
    (x,) = reads
    return k.emit(
        layer, "subsample", reads, kernel=alike(sizes(layer, "kernel", None, len(x.seen) - 1))
    )


def _lowest(k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]) -> KerasTensor:
    """The edges that a largest value never comes from."""
    return edges("pad", "amounts", len(reads[0].seen) - 1)(k, layer, reads)


def _lrn(k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]) -> KerasTensor:
    return k.emit(layer, "lrn", reads, size=whole(layer, "size"))


def _scale(k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]) -> KerasTensor:
    return k.emit(layer, "scale", reads, shared=flag(layer, "shared", usually=False))


def _shuffle(k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]) -> KerasTensor:
    return k.emit(layer, "channel_shuffle", reads, groups=whole(layer, "groups"))


def _blocks(word: str) -> Rule:
    def rule(k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]) -> KerasTensor:
        factor = sizes(layer, "factor", None, len(reads[0].seen) - 1)
        return k.emit(layer, word, reads, factor=alike(factor))

    return rule


def _product(k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]) -> KerasTensor:
    return k.emit(layer, "matmul", reads)


RULES: dict[str, Rule] = {
    "MappedConv": _mapped,
    "Subsample": _subsample,
    "PadLowest": _lowest,
    "LocalResponseNorm": _lrn,
    "Scale": _scale,
    "ChannelShuffle": _shuffle,
    "PixelShuffle": _blocks("pixel_shuffle"),
    "SpaceToDepth": _blocks("space_to_depth"),
    "Product": _product,
}
"""The rule of each class of `keras_out.classes`; another class of that name that has not its
arguments stays unknown."""
