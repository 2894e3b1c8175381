"""Says which rule reads which class of Keras layer, and has the rules of the layers that our own
Keras code brings along because Keras has none."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from cnncost.formats.importing import Inexpressible, one_or_all
from cnncost.formats.keras_in import keras_activations, keras_plain_layers, keras_windows
from cnncost.formats.keras_in.keras_importer import (
    KerasImporter,
    KerasTensor,
    read_flag,
    read_integer,
    read_sizes,
)
from cnncost.formats.keras_in.keras_windows import edge_rule, read_padding

if TYPE_CHECKING:
    from cnncost.formats.keras_in.keras_model import KerasLayer

Rule = Callable[[KerasImporter, "KerasLayer", list[KerasTensor]], KerasTensor]

_AXES = (1, 2, 3)

RULES: dict[str, Rule] = {
    **{f"Conv{n}D": keras_windows.convolution_rule(n) for n in _AXES},
    **{f"Convolution{n}D": keras_windows.convolution_rule(n) for n in _AXES},
    **{f"Conv{n}DTranspose": keras_windows.transposed_rule(n) for n in _AXES},
    **{f"DepthwiseConv{n}D": keras_windows.depthwise_rule(n) for n in (1, 2)},
    **{f"LocallyConnected{n}D": keras_windows.unshared_rule(n) for n in (1, 2)},
    **{f"SeparableConv{n}D": keras_windows.separable_rule(n) for n in (1, 2)},
    **{f"MaxPooling{n}D": keras_windows.pool_rule("maxpool", n) for n in _AXES},
    **{f"AveragePooling{n}D": keras_windows.pool_rule("avgpool", n) for n in _AXES},
    **{f"GlobalMaxPooling{n}D": keras_windows.global_pool_rule("global_maxpool") for n in _AXES},
    **{
        f"GlobalAveragePooling{n}D": keras_windows.global_pool_rule("global_avgpool")
        for n in _AXES
    },
    **{
        f"Adaptive{kind}Pooling{n}D": keras_windows.adaptive_pool_rule(word, n)
        for kind, word in (("Max", "adaptive_maxpool"), ("Average", "adaptive_avgpool"))
        for n in _AXES
    },
    **{f"ZeroPadding{n}D": keras_windows.zero_padding_rule(n) for n in _AXES},
    **{f"Cropping{n}D": keras_windows.edge_rule("crop", "cropping", n) for n in _AXES},
    **{f"UpSampling{n}D": keras_windows.upsampling_rule(n) for n in _AXES},
    "Resizing": keras_windows.emit_resizing,
    "Dense": keras_plain_layers.emit_dense,
    "BatchNormalization": keras_plain_layers.emit_batchnorm,
    "SyncBatchNormalization": keras_plain_layers.emit_batchnorm,
    "LayerNormalization": keras_plain_layers.emit_layernorm,
    "RMSNormalization": keras_plain_layers.emit_rmsnorm,
    "GroupNormalization": keras_plain_layers.emit_groupnorm,
    "Flatten": keras_plain_layers.emit_flatten,
    "Reshape": keras_plain_layers.emit_reshape,
    "Permute": keras_plain_layers.emit_permute,
    "Add": keras_plain_layers.join_rule("add"),
    # keras.applications' Inception-ResNet: x + 0.2 y
    "CustomScaleLayer": keras_plain_layers.join_rule("add"),
    "Subtract": keras_plain_layers.join_rule("add", exact=False),
    "Average": keras_plain_layers.join_rule("add", exact=False),
    "Maximum": keras_plain_layers.join_rule("add", exact=False),
    "Minimum": keras_plain_layers.join_rule("add", exact=False),
    "Multiply": keras_plain_layers.join_rule("mul"),
    "Concatenate": keras_plain_layers.emit_concat,
    "MultiHeadAttention": keras_plain_layers.emit_attention,
    "LayerScale": keras_plain_layers.emit_layer_scale,
    "Activation": keras_activations.emit_activation,
    "ReLU": keras_activations.emit_relu,
    "PReLU": keras_activations.emit_prelu,
    **dict.fromkeys(
        ("LeakyReLU", "ELU", "Softmax", "Silu", "Relu", "Relu6", "Sigmoid", "Tanh", "Gelu",
         "HardSigmoid", "HardSilu"),
        keras_activations.emit_named_activation,
    ),
    **dict.fromkeys(
        ("Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "AlphaDropout",
         "GaussianDropout", "StochasticDepth", "DropPath"),
        keras_activations.emit_dropout,
    ),
    **dict.fromkeys(
        ("Identity", "ActivityRegularization", "GaussianNoise", "RandomFlip", "RandomRotation",
         "RandomZoom", "RandomTranslation", "RandomContrast", "RandomBrightness", "Masking"),
        keras_plain_layers.skip_layer,
    ),
    **dict.fromkeys(("Rescaling", "Normalization"), keras_plain_layers.skip_fixed),
    "GetItem": keras_plain_layers.emit_get_item,
}  # fmt: skip
"""The rule of each class."""


SEVERAL = frozenset(
    ("Add", "CustomScaleLayer", "Subtract", "Average", "Maximum", "Minimum", "Multiply",
     "Concatenate", "MultiHeadAttention", "Product")
)  # fmt: skip
"""The classes that may read more than one tensor."""


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


def _emit_step(k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]) -> KerasTensor:
    return k.emit_layer(layer, "step", reads)


OWN_RULES: dict[str, Rule] = {
    "Step": _emit_step,
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


OURS = "cnncost>"
"""How the classes that our own Keras code brings along are registered."""


def find_rule(layer: KerasLayer, reads: int) -> Rule:
    """Find the rule for a layer that reads so many tensors.

    Raises:
        Inexpressible: its class is not known, or reads one tensor alone.
    """
    ours = layer.registered.startswith(OURS)
    rules = OWN_RULES if ours else RULES
    kind = layer.registered.removeprefix(OURS) if ours else layer.kind
    if kind not in rules or (layer.foreign and not ours):
        raise Inexpressible("its class is not known")
    if reads > 1 and kind not in SEVERAL:
        raise Inexpressible(f"it reads {reads} tensors, not one")
    return rules[kind]
