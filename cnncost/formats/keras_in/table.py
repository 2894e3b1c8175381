"""Which rule reads which class of Keras layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from cnncost.formats.keras_in import functions, indexing, own, plain, windows
from cnncost.formats.keras_in.importer import Importer, Inexpressible, Tensor

if TYPE_CHECKING:
    from cnncost.formats.keras_in.model import Layer

Rule = Callable[[Importer, "Layer", list[Tensor]], Tensor]

_AXES = (1, 2, 3)

RULES: dict[str, Rule] = {
    **{f"Conv{n}D": windows.convolution(n) for n in _AXES},
    **{f"Convolution{n}D": windows.convolution(n) for n in _AXES},
    **{f"Conv{n}DTranspose": windows.transposed(n) for n in _AXES},
    **{f"DepthwiseConv{n}D": windows.depthwise(n) for n in (1, 2)},
    **{f"SeparableConv{n}D": windows.separable(n) for n in (1, 2)},
    **{f"MaxPooling{n}D": windows.pool("maxpool", n) for n in _AXES},
    **{f"AveragePooling{n}D": windows.pool("avgpool", n) for n in _AXES},
    **{f"GlobalMaxPooling{n}D": windows.global_pool("global_maxpool") for n in _AXES},
    **{f"GlobalAveragePooling{n}D": windows.global_pool("global_avgpool") for n in _AXES},
    **{f"AdaptiveMaxPooling{n}D": windows.adaptive_pool("adaptive_maxpool", n) for n in _AXES},
    **{f"AdaptiveAveragePooling{n}D": windows.adaptive_pool("adaptive_avgpool", n) for n in _AXES},
    **{f"ZeroPadding{n}D": windows.edges("pad", "padding", n) for n in _AXES},
    **{f"Cropping{n}D": windows.edges("crop", "cropping", n) for n in _AXES},
    **{f"UpSampling{n}D": windows.upsampling(n) for n in _AXES},
    "Resizing": windows.resizing,
    "Dense": plain.dense,
    "BatchNormalization": plain.batchnorm,
    "SyncBatchNormalization": plain.batchnorm,
    "LayerNormalization": plain.layernorm,
    "RMSNormalization": plain.rmsnorm,
    "GroupNormalization": plain.groupnorm,
    "Flatten": plain.flatten,
    "Reshape": plain.reshape,
    "Permute": plain.permute,
    "Add": plain.join("add"),
    "CustomScaleLayer": plain.join("add"),  # keras.applications' Inception-ResNet: x + 0.2 y
    "Subtract": plain.join("add", exact=False),
    "Average": plain.join("add", exact=False),
    "Maximum": plain.join("add", exact=False),
    "Minimum": plain.join("add", exact=False),
    "Multiply": plain.join("mul"),
    "Concatenate": plain.concat,
    "MultiHeadAttention": plain.attention,
    "LayerScale": plain.layer_scale,
    "Activation": functions.activation,
    "ReLU": functions.relu,
    "PReLU": functions.prelu,
    **dict.fromkeys(("LeakyReLU", "ELU", "Softmax", "Silu", "Relu", "Relu6"), functions.named),
    **dict.fromkeys(("Sigmoid", "Tanh", "Gelu", "HardSigmoid", "HardSilu"), functions.named),
    **dict.fromkeys(
        ("Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "AlphaDropout",
         "GaussianDropout", "StochasticDepth", "DropPath"),
        functions.dropout,
    ),
    **dict.fromkeys(
        ("Identity", "ActivityRegularization", "GaussianNoise", "RandomFlip", "RandomRotation",
         "RandomZoom", "RandomTranslation", "RandomContrast", "RandomBrightness", "Masking"),
        plain.identity,
    ),
    **dict.fromkeys(("Rescaling", "Normalization"), plain.fixed),
    "GetItem": indexing.get_item,
}  # fmt: skip
"""The rule of each class."""


SEVERAL = frozenset(
    ("Add", "CustomScaleLayer", "Subtract", "Average", "Maximum", "Minimum", "Multiply",
     "Concatenate", "MultiHeadAttention", "Product")
)  # fmt: skip
"""The classes that may read more than one tensor."""


OURS = "cnncost>"
"""How the classes that our own Keras code brings along are registered."""


def rule_of(layer: Layer, reads: int) -> Rule:
    """The rule for a layer that reads so many tensors.

    Raises:
        Inexpressible: its class is not known, or reads one tensor alone.
    """
    ours = layer.registered.startswith(OURS)
    rules = own.RULES if ours else RULES
    kind = layer.registered.removeprefix(OURS) if ours else layer.kind
    if kind not in rules or (layer.foreign and not ours):
        raise Inexpressible("its class is not known")
    if reads > 1 and kind not in SEVERAL:
        raise Inexpressible(f"it reads {reads} tensors, not one")
    return rules[kind]
