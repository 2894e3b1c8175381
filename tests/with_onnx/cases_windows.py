"""Convolutions and pools, as exporters write them."""

from __future__ import annotations

from case import Case

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
