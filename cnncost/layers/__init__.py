"""The layer types: one file per family, imported when a spec first uses one of its types."""

from __future__ import annotations

from importlib import import_module

from cnncost.layers.base import REGISTRY, Layer, read_layer

FAMILIES = {
    "convolution": ("conv", "conv_transpose", "depthwise_conv"),
    "unshared": ("locally_connected",),
    "dense": ("dense", "linear"),
    "pooling": (
        *("maxpool", "avgpool", "global_avgpool", "global_maxpool"),
        *("adaptive_avgpool", "adaptive_maxpool", "subsample"),
    ),
    "normalisation": ("batchnorm", "layernorm", "groupnorm", "instancenorm", "lrn"),
    "activation": (
        *("relu", "relu6", "leaky_relu", "prelu", "elu", "selu", "gelu", "silu", "hardswish"),
        *("sigmoid", "hardsigmoid", "tanh", "softplus", "mish", "step", "softmax", "logsoftmax"),
    ),
    "regularisation": ("dropout", "drop_path"),
    "reshaping": (
        *("flatten", "reshape", "permute", "pad", "crop", "slice", "channel_shuffle"),
        *("pixel_shuffle", "space_to_depth", "upsample", "identity"),
    ),
    "scaling": ("scale",),
    "joins": ("add", "mul", "concat", "matmul"),
    "attention": ("attention",),
    "opaque": ("opaque",),
}
"""Each family's module and the types that it registers."""

_MODULES = {word: module for module, words in FAMILIES.items() for word in words}

TYPES = tuple(_MODULES)
"""The words of all layer types, family by family."""

JOINS = FAMILIES["joins"]
"""The types that read several layers."""


def layer_type(word: str) -> type[Layer]:
    """Return the class of the layer type that specs call `word`.

    Raises:
        KeyError: there is no such type.
    """
    if word not in REGISTRY:
        import_module(f"cnncost.layers.{_MODULES[word]}")
    return REGISTRY[word]


__all__ = ["FAMILIES", "JOINS", "TYPES", "Layer", "layer_type", "read_layer"]
