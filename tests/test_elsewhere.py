"""Words that frameworks and papers use: each refusal says what to write here."""

from __future__ import annotations

import pytest

import cnncost
from cnncost.elsewhere import find_meaning
from cnncost.errors import SpecError
from cnncost.layers import TYPES

DENSE = "did you mean 'dense'? it reads its whole input; 'linear' works at each position alone"
SEPARABLE = "two lines: - {depthwise_conv: 3, padding: 1}, then - {conv: FILTERS, kernel: 1}"

OURS = {
    "conv": "Conv Conv1d Conv2d Conv2D Conv3D nn.Conv2d tf.keras.layers.Conv2D Convolution",
    "conv_transpose": "ConvTranspose2d Conv2DTranspose Conv3DTranspose deconv Deconvolution",
    "depthwise_conv": "DepthwiseConv2D depthwise dwconv",
    "dense": "Dense DENSE",
    "maxpool": "MaxPool2d MaxPooling2D MaxPool max_pool",
    "avgpool": "AvgPool2D AveragePooling2D AveragePool avg_pool2d",
    "global_avgpool": "gap GAP GlobalAveragePooling2D GlobalAveragePool GlobalAvgPool2d",
    "global_maxpool": "GlobalMaxPooling2D GlobalMaxPool",
    "adaptive_avgpool": "AdaptiveAvgPool2d adaptive_avg_pool2d",
    "batchnorm": "bn BatchNorm BatchNorm2d BatchNormalization",
    "layernorm": "ln LayerNorm LayerNormalization",
    "groupnorm": "GroupNorm GroupNormalization",
    "instancenorm": "InstanceNorm2d InstanceNormalization",
    "lrn": "LRN LocalResponseNorm local_response_norm",
    "relu": "ReLU RELU Relu nn.ReLU",
    "relu6": "ReLU6",
    "leaky_relu": "LeakyReLU LeakyRelu",
    "silu": "SiLU swish Swish",
    "hardswish": "HSwish hard_swish HardSwish Hardswish",
    "gelu": "GELU",
    "softmax": "Softmax",
    "logsoftmax": "LogSoftmax log_softmax",
    "dropout": "Dropout Dropout2d SpatialDropout2D",
    "drop_path": "DropPath StochasticDepth",
    "flatten": "Flatten",
    "permute": "Permute Transpose",
    "pad": "ZeroPadding2D ZeroPad2d Pad",
    "crop": "Cropping2D CenterCrop",
    "upsample": "UpSampling2D Upsample Resize interpolate",
    "pixel_shuffle": "PixelShuffle DepthToSpace",
    "space_to_depth": "SpaceToDepth PixelUnshuffle",
    "channel_shuffle": "ChannelShuffle",
    "concat": "cat Concat Concatenate",
    "add": "Add Eltwise Sum",
    "mul": "Mul Multiply",
    "attention": "MultiheadAttention MultiHeadAttention",
    "residual": "skip Residual",
    "sequence": "Sequential",
}


def _hint(line: str) -> str:
    with pytest.raises(SpecError) as caught:
        cnncost.loads(f"input: [3, 32, 32]\nlayers:\n  - {line}\n")
    return caught.value.problems[0].hint


@pytest.mark.parametrize(("ours", "words"), OURS.items())
def test_a_type_of_elsewhere(ours: str, words: str) -> None:
    for word in words.split():
        assert _hint(word) == f"did you mean {ours!r}?", word
        assert _hint(f"{{{word}: 8}}") == f"did you mean {ours!r}?", word


@pytest.mark.parametrize("word", ["fc", "FC", "Linear", "FullyConnected", "InnerProduct", "Gemm"])
def test_a_dense_layer_of_elsewhere(word: str) -> None:
    assert _hint(f"{{{word}: 8}}") == DENSE


def test_types_that_are_several_lines_here() -> None:
    assert _hint("{SeparableConv2D: 64}") == SEPARABLE
    assert _hint("SE") == (
        "a block of yours: global_avgpool, two conv of kernel 1, sigmoid, and mul, "
        "as in cnncost zoo efficientnet_b0"
    )
    assert _hint("{Pooling: 2}") == "write maxpool or avgpool"


@pytest.mark.parametrize(("words", "part"), [
    ("BiLSTM biGRU BiRNN", "bidirectional: true"),
    ("GLU GEGLU SwiGLU", "the activation on one of them, and mul"),
    ("ConvReLU conv_bn_relu BNReLU", "- relu stands below"),
    ("MultiQueryAttention MQA", "kv_heads: 1"),
    ("CrossAttention", "two matmul"),
    ("PositionalEncoding", "a fixed encoding has no weights"),
    ("group_conv GroupedConv2d", "groups: ..."),
    ("MLP FeedForward", "linear, gelu, linear"),
    ("MaxUnpool2d Maxout Maximum", "opaque stands for a layer of unknown costs"),
    ("Unflatten", "{reshape: [C, H, W]}"),
    ("CReLU", "concat"),
    ("pointwise PointwiseConv2D", "{conv: FILTERS, kernel: 1}"),
    ("shortcut", "beside residual:"),
])  # fmt: skip
def test_types_that_no_word_here_is(words: str, part: str) -> None:
    for word in words.split():
        assert part in _hint(word), word


def test_a_call_of_elsewhere() -> None:
    assert _hint('"Conv2d(3, 64, kernel_size=3)"') == "did you mean 'conv'?"


KEYS = [
    ("{conv: 8, kernel_size: 3}", "did you mean 'kernel'?"),
    ("{conv: 8, kernel_shape: 3}", "did you mean 'kernel'?"),
    ("{conv: 8, kernel: 3, strides: 2}", "did you mean 'stride'?"),
    ("{conv: 8, kernel: 3, pad: 1}", "did you mean 'padding'?"),
    ("{conv: 8, kernel: 3, pads: 1}", "did you mean 'padding'?"),
    ("{conv: 8, kernel: 3, dilation_rate: 2}", "did you mean 'dilation'?"),
    ("{conv: 8, kernel: 3, use_bias: false}", "did you mean 'bias'?"),
    ("{conv: 8, kernel: 3, filters: 9}", "it is the value of conv itself: conv: FILTERS"),
    ("{conv: 8, kernel: 3, out_channels: 9}", "it is the value of conv itself: conv: FILTERS"),
    ("{conv: 8, kernel: 3, num_output: 9}", "it is the value of conv itself: conv: FILTERS"),
    ("{conv: 8, kernel: 3, in_channels: 3}", "drop it: what stands above says it"),
    ("{dense: 8, in_features: 3}", "drop it: what stands above says it"),
    ("{dense: 8, units: 3}", "it is the value of dense itself: dense: UNITS"),
    ("{dense: 8, out_features: 3}", "it is the value of dense itself: dense: UNITS"),
    ("{linear: 8, out_features: 3}", "it is the value of linear itself: linear: FEATURES"),
    ("{maxpool: 2, pool_size: 3}", "it is the value of maxpool itself: maxpool: KERNEL"),
    ("{maxpool: 2, ceil_mode: true}", "did you mean 'ceil'?"),
    ("{conv: 8, kernel: 3, activation: relu}", "write - relu on the line below"),
    ("{conv: 8, kernel: 3, activation: swish}", "write - silu on the line below"),
    ("{dense: 8, activation: ReLU}", "write - relu on the line below"),
    ("{dense: 8, activation: softmax}", "write - softmax on the line below"),
    ("{dense: 8, activation: linear}", "drop it: no line below is no activation"),
    ("{dense: 8, activation: [1]}", "an activation is a line of its own, as in - relu"),
]


@pytest.mark.parametrize(("line", "hint"), KEYS)
def test_a_key_of_elsewhere(line: str, hint: str) -> None:
    assert _hint(line) == hint


def test_own_blocks_come_before_words_of_elsewhere_only_where_they_are_meant() -> None:
    spec = "input: [3, 9, 9]\nblocks:\n  conv_bn: [relu]\nlayers: [conv_bn, ConvBN]\n"
    with pytest.raises(SpecError, match="did you mean 'conv_bn'"):
        cnncost.loads(spec)


def test_no_word_of_the_language_is_taken_for_another() -> None:
    for word in TYPES:
        known = find_meaning(word, [other for other in TYPES if other != word])
        assert known is None or word in ("linear", "pad"), (word, known)
