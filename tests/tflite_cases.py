"""TensorFlow Lite's operators as small models, and what each one is and costs by hand."""

from __future__ import annotations

import struct
from collections.abc import Callable

from tflite_files import SAME, VALID, Model, numbers, window
from tflite_rows import Row


def conv(m: Model) -> None:
    x = m.input(1, 5, 9, 3)
    w, b = m.weights(4, 1, 7, 3), m.weights(4, kind="int32")
    m.step("CONV_2D", [x, w, b], 1, 3, 9, 4, options=window(SAME, (2, 1), 1))


def conv_dilated(m: Model) -> None:
    x = m.input(1, 9, 9, 2)
    options = {**window(VALID), **numbers(_4=3, _5=2)}  # width, height
    m.step("CONV_2D", [x, m.weights(4, 3, 2, 2), -1], 1, 5, 6, 4, options=options)


def conv_grouped(m: Model) -> None:
    x = m.input(1, 6, 6, 8)
    m.step("CONV_2D", [x, m.weights(4, 3, 3, 2), m.weights(4)], 1, 4, 4, 4, options=window(VALID))


def depthwise(m: Model) -> None:
    x = m.input(1, 8, 6, 1)
    options = numbers(b_0=SAME, _1=2, _2=2, _3=8)
    m.step("DEPTHWISE_CONV_2D", [x, m.weights(1, 10, 8, 8), m.weights(8)], 1, 4, 3, 8,
           options=options)  # fmt: skip


def conv_of_a_batch(m: Model) -> None:
    """Two examples in front of another axis: no words, but every cost is known."""
    x = m.input(1, 4, 5, 5, 2)
    y = m.step("RESHAPE", [x, m.numbers(4, 5, 5, 2)], 4, 5, 5, 2)
    w, b = m.weights(3, 2, 2, 2), m.weights(3)
    m.step("CONV_2D", [y, w, b], 4, 4, 4, 3, options=window(VALID))


def volume(m: Model) -> None:
    x = m.input(1, 4, 5, 6, 2)
    options = numbers(b_0=VALID, _1=1, _2=3, _3=2)  # depth, width, height
    m.step("CONV_3D", [x, m.weights(2, 3, 3, 2, 5), m.weights(5)], 1, 3, 2, 2, 5, options=options)


def transposed(m: Model) -> None:
    x = m.input(1, 3, 4, 2)
    options = numbers(b_0=SAME, _1=2, _2=2)
    w, b = m.weights(5, 3, 3, 2), m.weights(5)
    m.step("TRANSPOSE_CONV", [m.numbers(1, 6, 8, 5), w, x, b], 1, 6, 8, 5, options=options)


def transposed_valid(m: Model) -> None:
    """The output's shape is an input of the file: (3 - 1) 2 + 3 = 7 rows, and one that is bare."""
    shape, x = m.input(4, kind="int32"), m.input(1, 3, 4, 2)
    options = numbers(b_0=VALID, _1=1, _2=2)
    m.step("TRANSPOSE_CONV", [shape, m.weights(5, 3, 2, 2), x], 1, 8, 5, 5, options=options)


def pools(m: Model) -> None:
    x = m.input(1, 7, 5, 3)
    y = m.step("MAX_POOL_2D", [x], 1, 4, 3, 3, options=numbers(b_0=SAME, _1=2, _2=2, _3=3, _4=3))
    y = m.step(
        "AVERAGE_POOL_2D", [y], 1, 1, 1, 3, options=numbers(b_0=VALID, _1=1, _2=1, _3=3, _4=4)
    )
    m.step("RESHAPE", [y, m.numbers(1, 3)], 1, 3)


def dense_of_a_map(m: Model) -> None:
    x = m.input(1, 2, 3, 4)
    m.step("FULLY_CONNECTED", [x, m.weights(7, 24), m.weights(7)], 1, 7, options=numbers(b_0=1))


def dense_of_rows(m: Model) -> None:
    x = m.input(1, 6, 5)
    m.step("FULLY_CONNECTED", [x, m.weights(4, 5), -1], 1, 6, 4, options=numbers(**{"?_2": 1}))


def dense_shuffled(m: Model) -> None:
    """Weights in another order, of another type: as many."""
    x = m.input(1, 16, kind="float32")
    w = m.weights(8, 16, kind="int8")
    m.step("FULLY_CONNECTED", [x, w, -1], 1, 8, kind="float32", options=numbers(b_1=1))


def products(m: Model) -> None:
    """Attention: 3 heads of 5 positions by 4, times 4 by 5; then by 5 positions of 4."""
    x = m.input(1, 3, 5, 4)
    y = m.step("BATCH_MATMUL", [x, x], 1, 3, 5, 5, options=numbers(**{"?_1": 1}))
    y = m.step("SOFTMAX", [y], 1, 3, 5, 5, options={})
    m.step("BATCH_MATMUL", [y, x], 1, 3, 5, 4, options={})


def constant_product(m: Model) -> None:
    x = m.input(1, 6, 5)
    m.step("BATCH_MATMUL", [x, m.weights(4, 5)], 1, 6, 4, options=numbers(**{"?_1": 1}))


def lstm(m: Model) -> None:
    x, n, u = m.input(1, 7, 3), 3, 2
    gates = [m.weights(u, n) for _ in range(4)] + [m.weights(u, u) for _ in range(4)]
    biases = [m.weights(u) for _ in range(4)]
    states = [m.tensor(1, u), m.tensor(1, u)]
    m.step("UNIDIRECTIONAL_SEQUENCE_LSTM", [x, *gates, -1, -1, -1, *biases, -1, -1, *states],
           1, 7, 2, options={})  # fmt: skip


def svdf(m: Model) -> None:
    x = m.input(1, 9)
    m.step("SVDF", [x, m.weights(8, 9), m.weights(8, 5), m.weights(4), m.tensor(1, 40)], 1, 4,
           options=numbers(_0=2))  # fmt: skip


def residual(m: Model) -> None:
    x = m.input(1, 4, 4, 8)
    y = m.step("MUL", [x, m.step("LOGISTIC", [x], 1, 4, 4, 8)], 1, 4, 4, 8, options={})
    m.step("ADD", [y, x], 1, 4, 4, 8, options=numbers(b_0=3))


def gate(m: Model) -> None:
    """Squeeze and excite: one position of all channels times a map, in either order."""
    x = m.input(1, 4, 5, 8)
    y = m.step("MEAN", [x, m.numbers(1, 2)], 1, 1, 1, 8, options=numbers(**{"?_0": 1}))
    y = m.step("CONV_2D", [y, m.weights(8, 1, 1, 8), -1], 1, 1, 1, 8, options=window(VALID))
    m.step("MUL", [y, x], 1, 4, 5, 8, options={})


def constants(m: Model) -> None:
    """One number changes nothing; one per channel is a scale; one per unit has no word."""
    x = m.input(1, 4, 5, 8)
    y = m.step("RELU", [x], 1, 4, 5, 8)
    y = m.step("ADD", [y, m.weights(1)], 1, 4, 5, 8, options={})
    y = m.step("MUL", [y, m.weights(8)], 1, 4, 5, 8, options={})
    m.step("ADD", [y, m.weights(1, 4, 5, 8)], 1, 4, 5, 8, options={})


def activations(m: Model) -> None:
    x = m.input(1, 4, 5, 8)
    for op in ("LEAKY_RELU", "HARD_SWISH", "TANH", "ELU", "GELU", "RELU_N1_TO_1", "QUANTIZE"):
        x = m.step(op, [x], 1, 4, 5, 8)
    x = m.step("PRELU", [x, m.weights(1, 1, 8)], 1, 4, 5, 8)
    m.step("PRELU", [x, m.weights(4, 5, 8)], 1, 4, 5, 8)


def norms(m: Model) -> None:
    x = m.input(1, 4, 5, 8)
    x = m.step("LOCAL_RESPONSE_NORMALIZATION", [x], 1, 4, 5, 8, options=numbers(_0=2))
    m.step("L2_NORMALIZATION", [x], 1, 4, 5, 8, options={})


def cuts(m: Model) -> None:
    x = m.input(1, 8, 6, 5)
    spans = [m.numbers(0, 1, 0, 0), m.numbers(1, -1, 0, 5), m.numbers(1, 2, 1, 1)]
    y = m.step("STRIDED_SLICE", [x, *spans], 1, 3, 6, 5, options=numbers(_0=4, _1=4))
    a, b = m.tensor(1, 3, 6, 2), m.tensor(1, 3, 6, 3)
    m.step("SPLIT_V", [y, m.numbers(2, -1), m.numbers(3)], outputs=[a, b])
    y = m.step("CONCATENATION", [b, a], 1, 3, 6, 5, options=numbers(_0=-1))
    y = m.step("CONCATENATION", [y, y], 1, 6, 6, 5, options=numbers(_0=1))
    m.step("SLICE", [y, m.numbers(0, 2, 0, 0), m.numbers(1, 1, -1, -1)], 1, 1, 6, 5)


def packs(m: Model) -> None:
    x = m.input(1, 2, 3)
    a, b = m.tensor(1, 3), m.tensor(1, 3)
    m.step("UNPACK", [x], outputs=[a, b], options=numbers(_0=2, _1=1))
    m.step("PACK", [b, a], 1, 3, 2, options=numbers(_0=2, _1=2))


def grids(m: Model) -> None:
    x = m.input(1, 4, 6, 8)
    x = m.step("RESIZE_NEAREST_NEIGHBOR", [x, m.numbers(8, 12)], 1, 8, 12, 8, options={})
    x = m.step("RESIZE_BILINEAR", [x, m.numbers(6, 10)], 1, 6, 10, 8, options={})
    x = m.step("SPACE_TO_DEPTH", [x], 1, 3, 5, 32, options=numbers(_0=2))
    m.step("DEPTH_TO_SPACE", [x], 1, 6, 10, 8, options=numbers(_0=2))


def pads(m: Model) -> None:
    """Zeros of which a pool can take none in; a mirror, which is no zeros; channels."""
    x = m.input(1, 4, 6, 8)
    amounts = m.buffer(struct.pack("<8i", 0, 0, 1, 1, 2, 0, 0, 0))
    x = m.step("PAD", [x, m.tensor(4, 2, kind="int32", buffer=amounts)], 1, 6, 8, 8)
    x = m.step("MAX_POOL_2D", [x], 1, 3, 4, 8, options=numbers(b_0=VALID, _1=2, _2=2, _3=2, _4=2))
    edges = m.buffer(struct.pack("<8i", 0, 0, 1, 1, 0, 0, 0, 0))
    x = m.step("MIRROR_PAD", [x, m.tensor(4, 2, kind="int32", buffer=edges)], 1, 5, 4, 8)
    channels = m.buffer(struct.pack("<8i", 0, 0, 0, 0, 0, 0, 0, 4))
    m.step("PAD", [x, m.tensor(4, 2, kind="int32", buffer=channels)], 1, 5, 4, 12)


def turned(m: Model) -> None:
    """Channels to the front and back again are no step; a turn of the map is one."""
    x = m.input(1, 4, 6, 3)
    y = m.step("TRANSPOSE", [x, m.numbers(0, 3, 1, 2)], 1, 3, 4, 6)
    y = m.step("TRANSPOSE", [y, m.numbers(0, 2, 3, 1)], 1, 4, 6, 3)
    y = m.step("RELU", [y], 1, 4, 6, 3)
    m.step("TRANSPOSE", [y, m.numbers(0, 2, 1, 3)], 1, 6, 4, 3)


def embedding(m: Model) -> None:
    x = m.input(1, 6, kind="int32")
    m.step("GATHER", [m.weights(50, 4), x], 1, 6, 4, options=numbers(_0=0))


def chosen(m: Model) -> None:
    """Operators without a word that move or compare cost nothing."""
    x = m.input(1, 4, 6, 3)
    x = m.step("REVERSE_V2", [x, m.numbers(1)], 1, 4, 6, 3)
    m.step("ARG_MAX", [x, m.numbers(3)], 1, 4, 6, kind="int64")


def shared(m: Model) -> None:
    """A convolution that is used twice counts once."""
    x = m.input(1, 4, 4, 3)
    w = m.weights(3, 1, 1, 3)
    y = m.step("CONV_2D", [x, w, -1], 1, 4, 4, 3, options=window(VALID))
    m.step("CONV_2D", [y, w, -1], 1, 4, 4, 3, options=window(VALID))


def half_precision(m: Model) -> None:
    """Weights in half precision that a step makes floats of, and a shape that one computes."""
    x = m.input(1, 4, 4, 3)
    w = m.step("DEQUANTIZE", [m.weights(2, 3, 3, 3, kind="float16")], 2, 3, 3, 3)
    y = m.step("CONV_2D", [x, w, -1], 1, 4, 4, 2, options=window())
    s = m.step("SHAPE", [y], 4, kind="int32")
    m.step("RESHAPE", [y, s], 1, 32)


MAP = (8, 4, 5)
CASES: dict[Callable[[Model], None], list[Row]] = {
    conv: [Row("conv", (4, 3, 9), 4 * 7 * 3, 4, 4 * 7 * 3 * 27), Row("relu", (4, 3, 9))],
    conv_dilated: [Row("conv", (4, 5, 6), 4 * 3 * 2 * 2, 0, 48 * 30)],
    conv_grouped: [Row("conv", (4, 4, 4), 4 * 9 * 2, 4, 72 * 16)],
    depthwise: [Row("depthwise_conv", (8, 4, 3), 10 * 8 * 8, 8, 640 * 12)],
    conv_of_a_batch: [Row("opaque", (3, 4, 4, 4), 3 * 2 * 2 * 2, 3, 24 * 4 * 16)],
    volume: [Row("conv", (5, 3, 2, 2), 2 * 3 * 3 * 2 * 5, 5, 180 * 12)],
    transposed: [Row("conv_transpose", (5, 6, 8), 5 * 9 * 2, 5, 90 * 12)],
    transposed_valid: [Row("conv_transpose", (5, 8, 5), 5 * 3 * 2 * 2, 0, 60 * 12)],
    pools: [Row("maxpool", (3, 4, 3)), Row("avgpool", (3, 1, 1)), Row("flatten", (3,))],
    dense_of_a_map: [
        Row("flatten", (24,)), Row("dense", (7,), 168, 7, 168), Row("relu", (7,)),
    ],
    dense_of_rows: [Row("linear", (4, 6), 20, 0, 20 * 6)],
    dense_shuffled: [Row("dense", (8,), 128, 0, 128)],
    constant_product: [Row("linear", (4, 6), 20, 0, 120)],
    lstm: [Row("opaque", (2, 7), 4 * (6 + 4), 8, 40 * 7)],
    svdf: [Row("opaque", (4,), 8 * 9 + 8 * 5, 4, 112)],
    residual: [
        Row("sigmoid", (8, 4, 4)), Row("mul", (8, 4, 4)), Row("add", (8, 4, 4)),
        Row("relu6", (8, 4, 4)),
    ],
    gate: [
        Row("global_avgpool", (8, 1, 1)), Row("conv", (8, 1, 1), 64, 0, 64), Row("mul", MAP),
    ],
    constants: [
        Row("relu", MAP), Row("identity", MAP), Row("scale", MAP, 0, 8),
        Row("opaque", MAP, 0, 160),
    ],
    activations: [
        *(Row(word, MAP) for word in ("leaky_relu", "hardswish", "tanh", "elu", "gelu")),
        *(Row("identity", MAP), Row("identity", MAP)),
        *(Row("prelu", MAP, 0, 8), Row("opaque", MAP, 0, 160)),
    ],
    norms: [Row("lrn", MAP), Row("layernorm", MAP)],
    cuts: [
        Row("crop", (5, 6, 6)), Row("maxpool", (5, 3, 6)), Row("slice", (2, 3, 6)),
        Row("slice", (3, 3, 6)), Row("concat", (5, 3, 6)), Row("permute", (3, 6, 5)),
        Row("concat", (6, 6, 5)), Row("permute", (5, 6, 6)), Row("crop", (5, 1, 6)),
    ],
    packs: [
        Row("crop", (3, 1)), Row("crop", (3, 1)), Row("reshape", (1, 3)), Row("reshape", (1, 3)),
        Row("concat", (2, 3)),
    ],
    grids: [
        Row("upsample", (8, 8, 12)), Row("upsample", (8, 6, 10)), Row("space_to_depth", (32, 3, 5)),
        Row("pixel_shuffle", (8, 6, 10)),
    ],
    pads: [
        Row("pad", (8, 6, 8)), Row("maxpool", (8, 3, 4)), Row("opaque", (8, 5, 4)),
        Row("reshape", (8, 20)), Row("permute", (20, 8)), Row("pad", (20, 12)),
        Row("permute", (12, 20)), Row("reshape", (12, 5, 4)),
    ],
    turned: [Row("relu", (3, 4, 6)), Row("permute", (3, 6, 4))],
    embedding: [Row("opaque", (4, 6), 0, 200)],
    chosen: [Row("opaque", (3, 4, 6)), Row("opaque", (6, 4))],
    shared: [Row("conv", (3, 4, 4), 9, 0, 144), Row("conv", (3, 4, 4), 0, 0, 144)],
    half_precision: [Row("conv", (2, 4, 4), 54, 0, 54 * 16), Row("flatten", (32,))],
}  # fmt: skip
