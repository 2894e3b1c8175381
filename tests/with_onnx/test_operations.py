"""Each operation and pattern that exporters write, beside the spec that a person would write."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import onnx
import pytest
from models import model, save

import cnncost
from cnncost.formats.onnx_in.steps import OPERATIONS
from cnncost.network import Network


class Case(NamedTuple):
    """A model over one input `x`, and the lines of its spec."""

    name: str
    x: tuple[int, ...]
    nodes: str
    lines: str
    weights: Mapping[str, tuple[int, ...]] = {}
    numbers: Mapping[str, Any] = {}  # Any: whatever numpy takes
    opset: int = 17


CONV = {"w": (4, 3, 3, 3)}
WINDOWS = [
    Case("conv", (1, 3, 8, 9), "y = Conv (x, w)", "{conv: 4, kernel: 3, bias: false}", CONV),
    Case(
        "conv_bias",
        (1, 3, 8, 9),
        "y = Conv <strides = [2, 1], pads = [1, 0, 1, 0]> (x, w, b)",
        "{conv: 4, kernel: 3, stride: [2, 1], padding: [1, 0]}",
        {**CONV, "b": (4,)},
    ),
    Case(
        "conv_pads",
        (1, 3, 8, 9),
        "y = Conv <pads = [0, 1, 2, 3]> (x, w)",
        "{conv: 4, kernel: 3, padding: [[0, 2], [1, 3]], bias: false}",
        CONV,
    ),
    Case(
        "conv_same_upper",
        (1, 3, 8, 9),
        'y = Conv <auto_pad = "SAME_UPPER", strides = [2, 2]> (x, w)',
        "{conv: 4, kernel: 3, stride: 2, padding: same, bias: false}",
        CONV,
    ),
    Case(  # what is left over goes before: 8 to 4 positions need one zero, 9 to 5 two
        "conv_same_lower",
        (1, 3, 8, 9),
        'y = Conv <auto_pad = "SAME_LOWER", strides = [2, 2]> (x, w)',
        "{conv: 4, kernel: 3, stride: 2, padding: [[1, 0], [1, 1]], bias: false}",
        CONV,
    ),
    Case(
        "conv_valid",
        (1, 3, 8, 9),
        'y = Conv <auto_pad = "VALID"> (x, w)',
        "{conv: 4, kernel: 3, bias: false}",
        CONV,
    ),
    Case(
        "conv_1d_grouped",
        (1, 4, 20),
        "y = Conv <group = 2, dilations = [3]> (x, w)",
        "{conv: 6, kernel: 5, dilation: 3, groups: 2, bias: false}",
        {"w": (6, 2, 5)},
    ),
    Case(
        "conv_3d",
        (1, 2, 4, 5, 6),
        "y = Conv (x, w)",
        "{conv: 3, kernel: [1, 2, 3], bias: false}",
        {"w": (3, 2, 1, 2, 3)},
    ),
    Case(
        "depthwise",
        (1, 3, 8, 9),
        "y = Conv <group = 3> (x, w)",
        "{depthwise_conv: 3, multiplier: 2, bias: false}",
        {"w": (6, 1, 3, 3)},
    ),
    Case(
        "bias_behind",
        (1, 3, 8, 9),
        "c = Conv (x, w)\ny = Add (b, c)",
        "{conv: 4, kernel: 3}",
        {**CONV, "b": (4, 1, 1)},
    ),
    Case(
        "pad_taken_in",
        (1, 3, 8, 9),
        "p = Pad (x, n)\ny = Conv <strides = [2, 2]> (p, w)",
        "{conv: 4, kernel: 3, stride: 2, padding: [[0, 1], [0, 1]], bias: false}",
        CONV,
        {"n": [0, 0, 0, 0, 0, 0, 1, 1]},
    ),
    Case(
        "conv_transpose",
        (1, 4, 5, 6),
        "y = ConvTranspose <strides = [2, 2], pads = [1, 1, 1, 1], output_padding = [1, 0]> "
        "(x, w, b)",
        "{conv_transpose: 6, kernel: 3, stride: 2, padding: 1, output_padding: [1, 0]}",
        {"w": (4, 6, 3, 3), "b": (6,)},
    ),
    Case(
        "conv_transpose_grouped",
        (1, 4, 5),
        "y = ConvTranspose <group = 2> (x, w)",
        "{conv_transpose: 6, kernel: 3, groups: 2, bias: false}",
        {"w": (4, 3, 3)},
    ),
    Case(  # (5 - 1) x 2 + 3 = 11 painted, one is cropped
        "conv_transpose_to",
        (1, 4, 5),
        "y = ConvTranspose <strides = [2], output_shape = [10]> (x, w)",
        "{conv_transpose: 6, kernel: 3, stride: 2, padding: [[0, 1]], bias: false}",
        {"w": (4, 6, 3)},
    ),
    Case(
        "maxpool",
        (1, 3, 8, 9),
        "y = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (x)",
        "{maxpool: 2}",
    ),
    Case(
        "maxpool_ceil",
        (1, 3, 8, 9),
        "y = MaxPool <kernel_shape = [3, 3], strides = [2, 2], ceil_mode = 1> (x)",
        "{maxpool: 3, stride: 2, ceil: true}",
    ),
    Case(
        "maxpool_steps",
        (1, 3, 8),
        "y = MaxPool <kernel_shape = [3]> (x)",
        "{maxpool: 3, stride: 1}",
    ),
    Case(
        "avgpool",
        (1, 3, 8, 9),
        "y = AveragePool <kernel_shape = [3, 2], strides = [2, 1], pads = [1, 0, 1, 0]> (x)",
        "{avgpool: [3, 2], stride: [2, 1], padding: [1, 0]}",
    ),
    Case("global_avgpool", (1, 3, 8, 9), "y = GlobalAveragePool (x)", "global_avgpool"),
    Case("global_maxpool", (1, 3, 8), "y = GlobalMaxPool (x)", "global_maxpool"),
    Case("mean", (1, 3, 8, 9), "y = ReduceMean <axes = [2, 3]> (x)", "global_avgpool"),
    Case(
        "mean_without_axes",
        (1, 3, 8, 9),
        "y = ReduceMean <axes = [-1, -2], keepdims = 0> (x)",
        "global_avgpool\nflatten",
    ),
    Case(
        "mean_by_input",
        (1, 3, 8, 9),
        "y = ReduceMean (x, a)",
        "global_avgpool",
        numbers={"a": [2, 3]},
        opset=18,
    ),
    Case("max", (1, 3, 8, 9), "y = ReduceMax <axes = [2, 3]> (x)", "global_maxpool"),
    Case("sum", (1, 3, 8, 9), "y = ReduceSum (x, a)", "global_avgpool", numbers={"a": [2, 3]}),
    Case(  # a mean over the channels: one at each position
        "mean_of_channels",
        (1, 3, 8, 9),
        "y = ReduceMean <axes = [1]> (x)",
        "{reshape: [3, 72]}\n{permute: [2, 1]}\nglobal_avgpool\n{reshape: [1, 8, 9]}",
    ),
]

STATISTICS = {"s": (3,), "b": (3,), "m": (3,), "v": (3,)}
NORMS = [
    Case(
        "batchnorm", (1, 3, 8, 9), "y = BatchNormalization (x, s, b, m, v)", "batchnorm", STATISTICS
    ),
    Case(
        "batchnorm_vector",
        (1, 3),
        "y = BatchNormalization (x, s, b, m, v)",
        "batchnorm",
        STATISTICS,
    ),
    Case(
        "batchnorm_by_parts",
        (1, 3, 8, 9),
        "r = Relu (x)\nc = Mul (r, s)\ny = Add (c, b)",
        "relu\nbatchnorm",
        {"s": (3, 1, 1), "b": (3, 1, 1)},
    ),
    Case(
        "instancenorm",
        (1, 3, 8, 9),
        "y = InstanceNormalization (x, s, b)",
        "instancenorm",
        STATISTICS,
    ),
    Case(
        "instancenorm_plain",
        (1, 3, 8, 9),
        "y = InstanceNormalization (x, s, b)",
        "{instancenorm, affine: false}",
        numbers={"s": [1.0] * 3, "b": [0.0] * 3},
    ),
    Case(
        "groupnorm",
        (1, 6, 8, 9),
        "y = GroupNormalization <num_groups = 2> (x, s, b)",
        "{groupnorm: 2}",
        {"s": (6,), "b": (6,)},
        opset=21,
    ),
    Case(
        "groupnorm_by_parts",
        (1, 6, 8, 9),
        """
        g = Reshape (x, n)
        i = InstanceNormalization (g, one, zero)
        r = Reshape (i, m)
        c = Mul (r, s)
        y = Add (c, b)
        """,
        "{groupnorm: 2}",
        {"s": (6, 1, 1), "b": (6, 1, 1)},
        {"n": [0, 2, -1], "m": [1, 6, 8, 9], "one": [1.0, 1.0], "zero": [0.0, 0.0]},
    ),
    Case(
        "layernorm_of_channels_last",
        (1, 6, 8, 9),
        """
        t = Transpose <perm = [0, 2, 3, 1]> (x)
        n = LayerNormalization (t, s, b)
        y = Transpose <perm = [0, 3, 1, 2]> (n)
        """,
        "layernorm",
        {"s": (6,), "b": (6,)},
    ),
    Case(
        "layernorm_of_factors",
        (1, 6),
        "y = LayerNormalization (x, s)",
        "{layernorm, affine: false}\nscale",
        {"s": (6,)},
    ),
    Case(
        "layernorm_by_parts",
        (1, 5, 6),
        """
        m = ReduceMean <axes = [-1]> (x)
        d = Sub (x, m)
        q = Pow (d, two)
        v = ReduceMean <axes = [-1]> (q)
        e = Add (v, eps)
        r = Sqrt (e)
        n = Div (d, r)
        c = Mul (n, s)
        y = Add (c, b)
        """,
        "{permute: [2, 1]}\nlayernorm\n{permute: [2, 1]}",
        {"s": (6,), "b": (6,)},
        {"two": 2.0, "eps": 1e-5},
    ),
    Case(
        "mean_variance",
        (1, 3, 8, 9),
        "y = MeanVarianceNormalization (x)",
        "{instancenorm, affine: false}",
    ),
    Case("lrn", (1, 6, 8, 9), "y = LRN <size = 5> (x)", "{lrn: 5}"),
]

PRODUCTS = [
    Case("gemm", (1, 8), "y = Gemm <transB = 1> (x, w, b)", "{dense: 4}", {"w": (4, 8), "b": (4,)}),
    Case("gemm_plain", (1, 8), "y = Gemm (x, w)", "{dense: 4, bias: false}", {"w": (8, 4)}),
    Case(
        "gemm_of_a_map",
        (1, 8, 2, 3),
        "f = Flatten (x)\ny = Gemm <transB = 1> (f, w, b)",
        "flatten\n{dense: 4}",
        {"w": (4, 48), "b": (4,)},
    ),
    Case(
        "matmul_bias",
        (1, 8),
        "p = MatMul (x, w)\ny = Add (b, p)",
        "{dense: 4}",
        {"w": (8, 4), "b": (4,)},
    ),
    Case(
        "linear",
        (1, 7, 8),
        "p = MatMul (x, w)\ny = Add (p, b)",
        "{permute: [2, 1]}\n{linear: 4}\n{permute: [2, 1]}",
        {"w": (8, 4), "b": (4,)},
    ),
    Case(
        "linear_of_channels_last",
        (1, 8, 5, 6),
        """
        t = Transpose <perm = [0, 2, 3, 1]> (x)
        p = MatMul (t, w)
        y = Transpose <perm = [0, 3, 1, 2]> (p)
        """,
        "{linear: 4, bias: false}",
        {"w": (8, 4)},
    ),
    Case(
        "weights_from_the_left",
        (1, 8, 7),
        "y = MatMul (w, x)",
        "{linear: 4, bias: false}",
        {"w": (4, 8)},
    ),
    Case(  # tokens by two heads of three: for each head 5 x 3 times 3 x 5
        "heads",
        (1, 6, 5),
        """
        a = Reshape (x, n)
        b = Transpose <perm = [0, 1, 3, 2]> (a)
        y = MatMul (b, a)
        """,
        "{name: t, reshape: [2, 3, 5]}\n{permute: [1, 3, 2]}\n{name: k, reshape: [10, 3]}\n"
        "{matmul: [k, input], groups: 2}\n{reshape: [2, 5, 5]}\n{permute: [1, 3, 2]}",
        numbers={"n": [0, 2, 3, 5]},
    ),
]

SIX = {"three": 3.0, "zero": 0.0, "six": 6.0}
CURVES = [
    *(
        Case(word, (1, 3, 8, 9), f"y = {op} (x)", word)
        for op, word in {
            "Relu": "relu",
            "Sigmoid": "sigmoid",
            "Tanh": "tanh",
            "Softplus": "softplus",
            "HardSwish": "hardswish",
            "LeakyRelu <alpha = 0.2>": "leaky_relu",
            "Elu": "elu",
            "Selu": "selu",
            "HardSigmoid <alpha = 0.1666667, beta = 0.5>": "hardsigmoid",
            "HardSigmoid": "hardsigmoid",
            "Softmax <axis = 1>": "softmax",
            "LogSoftmax <axis = 1>": "logsoftmax",
        }.items()
    ),
    Case("gelu", (1, 3, 8, 9), 'y = Gelu <approximate = "tanh"> (x)', "gelu", opset=20),
    Case("mish", (1, 3, 8, 9), "y = Mish (x)", "mish", opset=18),
    Case("relu6", (1, 3, 8, 9), "y = Clip (x, zero, six)", "relu6", numbers=SIX),
    Case("relu6_old", (1, 3, 8, 9), "y = Clip <min = 0.0, max = 6.0> (x)", "relu6", opset=10),
    Case("relu6_by_parts", (1, 3, 8, 9), "r = Relu (x)\ny = Min (r, six)", "relu6", numbers=SIX),
    Case("silu_by_parts", (1, 3, 8, 9), "s = Sigmoid (x)\ny = Mul (x, s)", "silu"),
    Case(
        "hardswish_by_parts",
        (1, 3, 8, 9),
        "a = Add (x, three)\nc = Clip (a, zero, six)\nm = Mul (x, c)\ny = Div (m, six)",
        "hardswish",
        numbers=SIX,
    ),
    Case(
        "hardsigmoid_by_parts",
        (1, 3, 8, 9),
        "a = Add (x, three)\nc = Clip (a, zero, six)\ny = Div (c, six)",
        "hardsigmoid",
        numbers=SIX,
    ),
    Case(
        "gelu_by_erf",
        (1, 3, 8, 9),
        "d = Div (x, root)\ne = Erf (d)\na = Add (e, one)\nm = Mul (x, a)\ny = Mul (m, half)",
        "gelu",
        numbers={"root": 2.0**0.5, "one": 1.0, "half": 0.5},
    ),
    Case(
        "gelu_by_tanh",
        (1, 3, 8, 9),
        """
        p = Pow (x, three)
        q = Mul (p, little)
        s = Add (x, q)
        t = Mul (s, slope)
        u = Tanh (t)
        v = Add (u, one)
        h = Mul (x, half)
        y = Mul (h, v)
        """,
        "gelu",
        numbers={"three": 3.0, "little": 0.044715, "slope": 0.7978845608, "one": 1.0, "half": 0.5},
    ),
    Case("mish_by_parts", (1, 3, 8, 9), "s = Softplus (x)\nt = Tanh (s)\ny = Mul (x, t)", "mish"),
    Case("prelu", (1, 3, 8, 9), "y = PRelu (x, s)", "prelu", {"s": (3, 1, 1)}),
    Case("prelu_shared", (1, 3, 8, 9), "y = PRelu (x, s)", "{prelu, shared: true}", {"s": (1,)}),
    Case(
        "softmax_last",
        (1, 5, 3),
        "y = Softmax <axis = -1> (x)",
        "{permute: [2, 1]}\nsoftmax\n{permute: [2, 1]}",
    ),
    Case("scale", (1, 3, 8, 9), "r = Relu (x)\ny = Mul (r, g)", "relu\nscale", {"g": (3, 1, 1)}),
    Case(  # a position's embedding: a number a unit
        "added",
        (1, 3, 8),
        "r = Relu (x)\ny = Add (r, e)",
        "relu\nflatten\nscale\n{reshape: [3, 8]}",
        {"e": (1, 3, 8)},
    ),
    Case(
        "no_cost",
        (1, 3, 8),
        "i = Identity (x)\nc = Cast <to = 1> (i)\nm = Mul (c, half)\ny = Relu (m)",
        "relu",
        numbers={"half": 0.5},
    ),
    Case("dropout", (1, 3, 8), "y = Dropout (x, half)", "{dropout: 0.5}", numbers={"half": 0.5}),
    Case("celu", (1, 3, 8), "y = Celu (x)", "elu"),
    Case("swish", (1, 3, 8), "y = Swish (x)", "silu", opset=24),
    Case(
        "hardtanh", (1, 3, 8), "r = Tanh (x)\ny = Clip (r, zero, three)", "tanh\nrelu6", numbers=SIX
    ),
    Case("relu_by_max", (1, 3, 8), "y = Max (x, zero)", "relu", numbers=SIX),
    Case(
        "quantised",
        (1, 3, 8),
        "q = QuantizeLinear (x, s, z)\nd = DequantizeLinear (q, s, z)\n"
        "c = CastLike (d, x)\ny = Relu (c)",
        "relu",
        numbers={"s": 0.5, "z": 0},
    ),
    Case(
        "no_word",
        (1, 3, 8),
        "s = Sin (x)\ne = Exp (x)\ny = Mul (e, s)",
        "{name: s, identity: }\n{name: e, identity: , from: input}\n{mul: [e, s]}",
    ),
]

SHUFFLED = (1, 6, 4, 5)
VIEWS = [
    Case(  # each row twice: nearest neighbours
        "tile",
        (1, 3, 4, 5),
        "u = Unsqueeze (x, a)\nt = Tile (u, n)\ny = Reshape (t, d)",
        "{upsample: [2, 1]}",
        numbers={"a": [3], "n": [1, 1, 1, 2, 1], "d": [1, 3, 8, 5]},
    ),
    Case("flatten", (1, 3, 8, 9), "y = Flatten (x)", "flatten"),
    Case("reshape", (1, 12), "y = Reshape (x, n)", "{reshape: [3, 4]}", numbers={"n": [0, 3, -1]}),
    Case(
        "there_and_back",
        (1, 3, 8, 9),
        "t = Transpose <perm = [0, 2, 3, 1]> (x)\nr = Relu (t)\n"
        "y = Transpose <perm = [0, 3, 1, 2]> (r)",
        "relu",
    ),
    Case(
        "axes_of_one",
        (1, 3, 1),
        "s = Squeeze (x, two)\nr = Relu (s)\nu = Unsqueeze (r, two)\ny = Tanh (u)",
        "relu\ntanh",
        numbers={"two": [2]},
    ),
    Case(
        "channel_shuffle",
        SHUFFLED,
        "r = Reshape (x, n)\nt = Transpose <perm = [0, 2, 1, 3, 4]> (r)\ny = Reshape (t, m)",
        "{channel_shuffle: 2}",
        numbers={"n": [1, 2, 3, 4, 5], "m": [1, 6, 4, 5]},
    ),
    Case(
        "pixel_shuffle", (1, 8, 4, 5), "y = DepthToSpace <blocksize = 2> (x)", "{pixel_shuffle: 2}"
    ),
    Case(
        "pixel_shuffle_by_parts",
        (1, 8, 4, 5),
        "r = Reshape (x, n)\nt = Transpose <perm = [0, 1, 4, 2, 5, 3]> (r)\ny = Reshape (t, m)",
        "{pixel_shuffle: 2}",
        numbers={"n": [1, 2, 2, 2, 4, 5], "m": [1, 2, 8, 10]},
    ),
    Case(
        "space_to_depth",
        (1, 2, 4, 6),
        "y = SpaceToDepth <blocksize = 2> (x)",
        "{space_to_depth: 2}",
    ),
    Case(
        "space_to_depth_by_parts",
        (1, 2, 4, 6),
        "r = Reshape (x, n)\nt = Transpose <perm = [0, 1, 3, 5, 2, 4]> (r)\ny = Reshape (t, m)",
        "{space_to_depth: 2}",
        numbers={"n": [1, 2, 2, 2, 3, 2], "m": [1, 8, 2, 3]},
    ),
    Case(
        "slice_of_channels",
        (1, 6, 4, 5),
        "y = Slice (x, a, b, c)",
        "{slice: [1, 4]}",
        numbers={"a": [1], "b": [-2], "c": [1]},
    ),
    Case(
        "crop",
        (1, 6, 4, 5),
        "y = Slice (x, a, b, c)",
        "{crop: [[0, 0], [1, 0]]}",
        numbers={"a": [1], "b": [9223372036854775807], "c": [3]},
    ),
    Case(
        "every_second",
        (1, 6, 4, 5),
        "y = Slice (x, a, b, c, d)",
        "{maxpool: 1, stride: [1, 2]}",
        numbers={"a": [0], "b": [5], "c": [3], "d": [2]},
    ),
    Case(
        "gather",
        (1, 6, 4, 5),
        "y = Gather <axis = 1> (x, i)",
        "{slice: [2, 3]}\n{reshape: [4, 5]}",
        numbers={"i": 2},
    ),
    Case(
        "pad",
        (1, 3, 4, 5),
        'p = Pad <mode = "reflect"> (x, n)\ny = Relu (p)',
        "{pad: [[1, 2], [0, 0]]}\nrelu",
        numbers={"n": [0, 0, 1, 0, 0, 0, 2, 0]},
    ),
    Case(
        "pad_and_crop",
        (1, 3, 4, 5),
        "p = Pad (x, n)\ny = Relu (p)",
        "{crop: [[1, 0], [0, 0]]}\n{pad: [[0, 0], [0, 2]]}\nrelu",
        numbers={"n": [0, 0, -1, 0, 0, 0, 0, 2]},
    ),
    Case(
        "resize",
        (1, 3, 4, 5),
        "y = Resize (x, , s)",
        "{upsample: 2}",
        numbers={"s": [1.0, 1.0, 2.0, 2.0]},
    ),
    Case(
        "resize_to",
        (1, 3, 4, 5),
        'y = Resize <mode = "linear"> (x, , , n)',
        "{upsample, size: [7, 9], mode: bilinear}",
        numbers={"n": [1, 3, 7, 9]},
    ),
    Case(
        "upsample",
        (1, 3, 4, 5),
        "y = Upsample (x, s)",
        "{upsample: [2, 3]}",
        numbers={"s": [1.0, 1.0, 2.0, 3.0]},
        opset=9,
    ),
    Case(
        "expand",
        (1, 3, 1, 1),
        "y = Expand (x, n)",
        "{upsample, size: [4, 5]}",
        numbers={"n": [1, 3, 4, 5]},
    ),
    Case(
        "token",
        (1, 7, 6),
        "y = Concat <axis = 1> (c, x)",
        "{permute: [2, 1]}\n{pad: [[1, 0]]}\n{permute: [2, 1]}",
        {"c": (1, 1, 6)},
    ),
]

JOINS = [
    Case("add", (1, 3, 8), "r = Relu (x)\ny = Add (x, r)", "relu\n{add: [input, previous]}"),
    Case("sub", (1, 3, 8), "r = Relu (x)\ny = Sub (x, r)", "relu\n{add: [input, previous]}"),
    Case(
        "sum",
        (1, 3, 8),
        "r = Relu (x)\nt = Tanh (x)\ny = Sum (x, r, t)",
        "{name: r, relu: }\n{tanh: , from: input}\n{add: [input, r, previous]}",
    ),
    Case("sum_of_one", (1, 3, 8), "r = Relu (x)\ny = Sum (r)", "relu"),
    Case(
        "mean_of_two", (1, 3, 8), "r = Tanh (x)\ny = Mean (x, r)", "tanh\n{add: [input, previous]}"
    ),
    Case(
        "gate",
        (1, 3, 8, 9),
        "g = GlobalAveragePool (x)\ns = Sigmoid (g)\ny = Mul (s, x)",
        "global_avgpool\nsigmoid\n{mul: [previous, input]}",
    ),
    Case(  # a bias a channel, computed: the smaller is repeated
        "spread",
        (1, 3, 8, 9),
        "g = GlobalAveragePool (x)\ny = Add (x, g)",
        "global_avgpool\n{upsample, size: [8, 9]}\n{add: [input, previous]}",
    ),
    Case(
        "concat",
        (1, 3, 8),
        "r = Relu (x)\ny = Concat <axis = 1> (r, x)",
        "relu\n{concat: [previous, input]}",
    ),
    Case(
        "split",
        (1, 6, 8),
        "a, b = Split <axis = 1> (x)\nr = Relu (a)\ny = Concat <axis = 1> (b, r)",
        "{name: a, slice: [0, 3]}\n{name: b, slice: [3, 6], from: input}\n"
        "{relu: , from: a}\n{concat: [b, previous]}",
    ),
    Case(
        "split_unevenly",
        (1, 6, 8),
        "a, b = Split <axis = -2> (x, n)\ny = Relu (b)",
        "{slice: [4, 6]}\nrelu",
        numbers={"n": [4, 2]},
    ),
    Case(
        "shared",
        (1, 3, 8),
        "a = Conv <pads = [1, 1]> (x, w)\ny = Conv <pads = [1, 1]> (a, w)",
        "{name: c, conv: 3, kernel: 3, padding: 1, bias: false}\n"
        "{conv: 3, kernel: 3, padding: 1, bias: false, share: c}",
        {"w": (3, 3, 3)},
    ),
    Case(
        "merged",
        (1, 3, 8),
        "v = Identity (w)\na = Conv <pads = [1, 1]> (x, w)\ny = Conv <pads = [1, 1]> (a, v)",
        "{conv: 3, kernel: 3, padding: 1, bias: false}\n"
        "{conv: 3, kernel: 3, padding: 1, bias: false}",
        {"w": (3, 3, 3)},
    ),
    Case(
        "folded",
        (1, 3, 8, 9),
        """
        s = Shape (x)
        n = Gather (s, zero)
        u = Unsqueeze (n, zeros)
        c = Concat <axis = 0> (u, rest)
        y = Reshape (x, c)
        """,
        "flatten",
        numbers={"zero": 0, "zeros": [0], "rest": [-1]},
    ),
    Case(  # padding that is worked out from the input's shape: (4 - 1) x 2 + 3 - 8 = 1, behind
        "computed_padding",
        (1, 3, 8, 8),
        """
        s = Shape (x)
        h = Gather (s, two)
        f = Cast <to = 1> (h)
        d = Div (f, stride)
        o = Ceil (d)
        l = Sub (o, one)
        m = Mul (l, stride)
        r = Add (m, three)
        e = Sub (r, f)
        g = Clip (e, nothing)
        i = Cast <to = 7> (g)
        u = Unsqueeze (i, zeros)
        n = Concat <axis = 0> (six, u, u)
        p = Pad (x, n)
        y = Conv <strides = [2, 2]> (p, w)
        """,
        "{conv: 4, kernel: 3, stride: 2, padding: [[0, 1], [0, 1]], bias: false}",
        CONV,
        {
            "two": 2,
            "stride": 2.0,
            "one": 1.0,
            "three": 3.0,
            "nothing": 0.0,
            "zeros": [0],
            "six": [0] * 6,
        },
    ),
]

CASES = [*WINDOWS, *NORMS, *PRODUCTS, *CURVES, *VIEWS, *JOINS]


def described(network: Network) -> list[tuple[Any, ...]]:
    return [(node.layer, node.reads, node.output.dims, node.shares) for node in network.nodes]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_model_is_the_spec_that_a_person_would_write(case: Case, tmp_path: Path) -> None:
    proto = model(
        {"x": case.x}, case.nodes, weights=case.weights, numbers=case.numbers, opset=case.opset
    )
    lines = "".join(f"  - {line}\n" for line in case.lines.splitlines())
    expected = cnncost.loads(f"input: {list(case.x[1:])}\nlayers:\n{lines}")

    spec = cnncost.load(save(proto, tmp_path))

    assert spec.unknown == ()
    assert described(spec.network) == described(expected.network), spec.text.text
    assert cnncost.count(spec).totals == cnncost.count(expected).totals
    made = onnx.shape_inference.infer_shapes(proto, data_prop=True).graph.output[0]
    dims = tuple(dim.dim_value for dim in made.type.tensor_type.shape.dim)
    if dims and min(dims) > 0:  # ONNX's own inference, where it comes to an end
        (output,) = spec.network.outputs
        assert spec.network.nodes[output].output.dims == dims[1:]


STAND_INS = {
    **dict.fromkeys(
        (
            "Abs",
            "Atan",
            "Ceil",
            "Cos",
            "Erf",
            "Erfc",
            "Exp",
            "Floor",
            "Log",
            "Neg",
            "Reciprocal",
            "Round",
        ),
        "identity",
    ),
    **dict.fromkeys(("Sign", "Sin", "Softsign", "Sqrt"), "identity"),
    **dict.fromkeys(("ReduceSum", "ReduceProd", "ReduceL1", "ReduceL2"), "global_avgpool"),
    **dict.fromkeys(("ReduceSumSquare", "ReduceLogSum", "ReduceLogSumExp"), "global_avgpool"),
    "ReduceMin": "global_maxpool",
}
"""What costs the same: nothing."""


@pytest.mark.parametrize("op", STAND_INS)
def test_what_has_no_word_stands_as_what_costs_the_same(op: str, tmp_path: Path) -> None:
    nodes = f"r = Tanh (x)\ny = {op} (r{', a' if op.startswith('Reduce') else ''})"
    proto = model({"x": (1, 3, 4, 5)}, nodes, numbers={"a": [2, 3]}, opset=18)

    spec = cnncost.load(save(proto, tmp_path))

    word = STAND_INS[op]
    if op == "Neg":  # a line: no layer at all
        assert [n.layer and n.layer.word for n in spec.network.nodes] == [None, "tanh"]
        return
    assert [n.layer and n.layer.word for n in spec.network.nodes] == [None, "tanh", word]
    assert f"{op} is written as {word}" in spec.network.notes


def test_every_operation_is_tried() -> None:
    written = {
        node.op_type
        for case in CASES
        for node in model({"x": case.x}, case.nodes, opset=case.opset).graph.node
    }
    assert {*OPERATIONS} == written & {*OPERATIONS} | {*STAND_INS}
