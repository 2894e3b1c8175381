"""What a file calls the layer that a step is, by the name of the tensor that it makes."""

from __future__ import annotations

import re

LONGEST = 80
"""Letters; of longer names the last parts are kept, which tell layers apart."""

WEIGHTED = ("conv", "depthwise_conv", "conv_transpose", "dense", "linear")

_PRODUCTS = re.compile(
    r"(BiasAdd|Conv2D|Conv3D|conv2d_transpose|convolution|MatMul|BatchMatMul\w*"
    r"|[Dd]epthwise(Conv2dNative)?)(_\d+)?"
)
"""What TensorFlow calls products with weights, and their biases, within a layer."""

_LEAVES = re.compile(
    r"(Relu6?|LeakyRelu|Softmax|[Aa]dd(V2|_2)?|[Mm]ul|[Ss]ub|Mean|MaxPool|AvgPool|Reshape|Pad"
    r"|FusedBatchNorm\w*|ReadVariableOp|Squeeze|Tanh|Sigmoid|Logistic|concat)(_\d+)?"
)
"""What it calls other operations."""

_NOTHING = re.compile(
    r"(StatefulPartitionedCall|PartitionedCall|Identity|model|functional|sequential)(_\d+)?"
    r"|serving_default_\w+|tfl\.\w+|\d*"
)


def name_layer(tensor: str, word: str) -> str:
    """Return what a file calls the layer that makes a tensor; the layer type's word where the
    tensor's name does not tell.

    The names of all steps that a converter has joined stand one after another: a layer with
    weights has that of its product, not that of the activation behind it.

    >>> name_layer("model/act/Relu;model/block1/conv/BiasAdd;model/block1/conv/Conv2D", "conv")
    'block1.conv'
    >>> name_layer("StatefulPartitionedCall:0", "dense")
    'dense'
    """
    paths = [_split_path(name) for name in tensor.split(";")]
    products = [path for path in paths if path and _PRODUCTS.fullmatch(path[-1])]
    path = (products if products and word in WEIGHTED else paths)[0]
    while len(path) > 1 and (_LEAVES.fullmatch(path[-1]) or _PRODUCTS.fullmatch(path[-1])):
        path.pop()
    while path and _NOTHING.fullmatch(path[0]):
        path.pop(0)
    while len(path) > 1 and len(".".join(path)) > LONGEST:
        path.pop(0)
    name = ".".join(path)[-LONGEST:].strip("_.")
    empty = _NOTHING.fullmatch(name) or _LEAVES.fullmatch(name) or _PRODUCTS.fullmatch(name)
    return word if empty else name


def _split_path(name: str) -> list[str]:
    """Return the parts of a tensor's name, of letters, digits and underscores."""
    parts = re.split(r"[/.]", re.sub(r":\d+$", "", name))
    words = [re.sub(r"\W+", "_", part, flags=re.A).strip("_") for part in parts]
    return [word for word in words if word]
