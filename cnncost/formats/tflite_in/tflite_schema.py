"""What the numbers in a `.tflite` file mean: operators, their options, tensor types.

The facts are those of TensorFlow Lite's public schema (version 3c).
"""

from __future__ import annotations

from typing import NamedTuple

_OPERATORS = """
ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE
EMBEDDING_LOOKUP FLOOR FULLY_CONNECTED HASHTABLE_LOOKUP L2_NORMALIZATION L2_POOL_2D
LOCAL_RESPONSE_NORMALIZATION LOGISTIC LSH_PROJECTION LSTM MAX_POOL_2D MUL RELU RELU_N1_TO_1
RELU6 RESHAPE RESIZE_BILINEAR RNN SOFTMAX SPACE_TO_DEPTH SVDF TANH CONCAT_EMBEDDINGS SKIP_GRAM
CALL CUSTOM EMBEDDING_LOOKUP_SPARSE PAD UNIDIRECTIONAL_SEQUENCE_RNN GATHER BATCH_TO_SPACE_ND
SPACE_TO_BATCH_ND TRANSPOSE MEAN SUB DIV SQUEEZE UNIDIRECTIONAL_SEQUENCE_LSTM STRIDED_SLICE
BIDIRECTIONAL_SEQUENCE_RNN EXP TOPK_V2 SPLIT LOG_SOFTMAX DELEGATE BIDIRECTIONAL_SEQUENCE_LSTM
CAST PRELU MAXIMUM ARG_MAX MINIMUM LESS NEG PADV2 GREATER GREATER_EQUAL LESS_EQUAL SELECT SLICE
SIN TRANSPOSE_CONV SPARSE_TO_DENSE TILE EXPAND_DIMS EQUAL NOT_EQUAL LOG SUM SQRT RSQRT SHAPE POW
ARG_MIN FAKE_QUANT REDUCE_PROD REDUCE_MAX PACK LOGICAL_OR ONE_HOT LOGICAL_AND LOGICAL_NOT UNPACK
REDUCE_MIN FLOOR_DIV REDUCE_ANY SQUARE ZEROS_LIKE FILL FLOOR_MOD RANGE RESIZE_NEAREST_NEIGHBOR
LEAKY_RELU SQUARED_DIFFERENCE MIRROR_PAD ABS SPLIT_V UNIQUE CEIL REVERSE_V2 ADD_N GATHER_ND COS
WHERE RANK ELU REVERSE_SEQUENCE MATRIX_DIAG QUANTIZE MATRIX_SET_DIAG ROUND HARD_SWISH IF WHILE
NON_MAX_SUPPRESSION_V4 NON_MAX_SUPPRESSION_V5 SCATTER_ND SELECT_V2 DENSIFY SEGMENT_SUM
BATCH_MATMUL PLACEHOLDER_FOR_GREATER_OP_CODES CUMSUM CALL_ONCE BROADCAST_TO RFFT2D CONV_3D IMAG
REAL COMPLEX_ABS HASHTABLE HASHTABLE_FIND HASHTABLE_IMPORT HASHTABLE_SIZE REDUCE_ALL
CONV_3D_TRANSPOSE VAR_HANDLE READ_VARIABLE ASSIGN_VARIABLE BROADCAST_ARGS RANDOM_STANDARD_NORMAL
BUCKETIZE RANDOM_UNIFORM MULTINOMIAL GELU DYNAMIC_UPDATE_SLICE RELU_0_TO_1 UNSORTED_SEGMENT_PROD
UNSORTED_SEGMENT_MAX UNSORTED_SEGMENT_SUM ATAN2 UNSORTED_SEGMENT_MIN SIGN BITCAST BITWISE_XOR
RIGHT_SHIFT
"""

OPERATORS = tuple(_OPERATORS.split())
"""The builtin operators by their code; what follows them, StableHLO, no runtime calculates."""

CUSTOM = OPERATORS.index("CUSTOM")
PLACEHOLDER = OPERATORS.index("PLACEHOLDER_FOR_GREATER_OP_CODES")
"""The largest code that the field of old files holds."""


class NumberKind(NamedTuple):
    """A type of numbers: its word, and the bits of one number; 0 where that is open."""

    word: str
    bits: int


TYPES = (
    NumberKind("float32", 32), NumberKind("float16", 16), NumberKind("int32", 32),
    NumberKind("uint8", 8), NumberKind("int64", 64), NumberKind("string", 0),
    NumberKind("bool", 8), NumberKind("int16", 16), NumberKind("complex64", 64),
    NumberKind("int8", 8), NumberKind("float64", 64), NumberKind("complex128", 128),
    NumberKind("uint64", 64), NumberKind("resource", 0), NumberKind("variant", 0),
    NumberKind("uint32", 32), NumberKind("uint16", 16), NumberKind("int4", 4),
    NumberKind("bfloat16", 16), NumberKind("int2", 2), NumberKind("uint4", 4),
)  # fmt: skip
"""The types of tensors by their number."""

INTEGERS = {"int32": "i", "int64": "q", "int16": "h", "int8": "b", "uint8": "B", "uint32": "I"}
"""How constants of whole numbers are kept, as letters of `struct`."""

ACTIVATIONS = ("", "relu", "relu_n1_to_1", "relu6", "tanh", "sign_bit")
"""What an operator applies to its own result, by number."""

SAME = 0
"""The padding that gives ceil(n / stride) outputs; the other one, valid, is none."""


class OptionField(NamedTuple):
    """A field of an operator's options: its number, how it is kept, its default."""

    number: int
    kind: str = "i"
    default: int = 0


_FUSED = "activation"
_SLIDES = {
    "padding": OptionField(0, "b"), "stride_w": OptionField(1), "stride_h": OptionField(2),
}  # fmt: skip
_POOL = {
    **_SLIDES, "filter_w": OptionField(3), "filter_h": OptionField(4), _FUSED: OptionField(5, "b"),
}  # fmt: skip
_ARITHMETIC = {_FUSED: OptionField(0, "b")}
_REDUCER = {"keep_dims": OptionField(0, "?")}
_SPATIAL_3D = {
    "padding": OptionField(0, "b"), "stride_d": OptionField(1), "stride_w": OptionField(2),
    "stride_h": OptionField(3), _FUSED: OptionField(4, "b"),
    "dilation_d": OptionField(5, default=1), "dilation_w": OptionField(6, default=1),
    "dilation_h": OptionField(7, default=1),
}  # fmt: skip
_BLOCK = {"block_size": OptionField(0)}

OPTIONS: dict[str, dict[str, OptionField]] = {
    "CONV_2D": {
        **_SLIDES, _FUSED: OptionField(3, "b"),
        "dilation_w": OptionField(4, default=1), "dilation_h": OptionField(5, default=1),
    },
    "DEPTHWISE_CONV_2D": {
        **_SLIDES, "multiplier": OptionField(3), _FUSED: OptionField(4, "b"),
        "dilation_w": OptionField(5, default=1), "dilation_h": OptionField(6, default=1),
    },
    "TRANSPOSE_CONV": {**_SLIDES, _FUSED: OptionField(3, "b")},
    "CONV_3D": _SPATIAL_3D,
    "CONV_3D_TRANSPOSE": _SPATIAL_3D,
    **dict.fromkeys(("AVERAGE_POOL_2D", "MAX_POOL_2D", "L2_POOL_2D"), _POOL),
    "FULLY_CONNECTED": {_FUSED: OptionField(0, "b"), "keep_dims": OptionField(2, "?")},
    **dict.fromkeys(("ADD", "SUB", "MUL", "DIV", "L2_NORMALIZATION", "RNN", "LSTM"), _ARITHMETIC),
    "CONCATENATION": {"axis": OptionField(0), _FUSED: OptionField(1, "b")},
    **dict.fromkeys(
        ("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD", "REDUCE_ANY", "REDUCE_ALL"),
        _REDUCER,
    ),
    **dict.fromkeys(("SPACE_TO_DEPTH", "DEPTH_TO_SPACE"), _BLOCK),
    "LOCAL_RESPONSE_NORMALIZATION": {"radius": OptionField(0)},
    "STRIDED_SLICE": {
        "begin_mask": OptionField(0), "end_mask": OptionField(1), "ellipsis_mask": OptionField(2),
        "new_axis_mask": OptionField(3), "shrink_axis_mask": OptionField(4),
        "offset": OptionField(5, "?"),
    },
    "GATHER": {"axis": OptionField(0), "batch_dims": OptionField(1)},
    "PACK": {"axis": OptionField(1)},
    "UNPACK": {"axis": OptionField(1)},
    "BATCH_MATMUL": {"adj_x": OptionField(0, "?"), "adj_y": OptionField(1, "?")},
    "SVDF": {"rank": OptionField(0), _FUSED: OptionField(1, "b")},
    "UNIDIRECTIONAL_SEQUENCE_LSTM": {"time_major": OptionField(3, "?")},
    "BIDIRECTIONAL_SEQUENCE_LSTM": {"time_major": OptionField(4, "?", 1)},
    "UNIDIRECTIONAL_SEQUENCE_RNN": {"time_major": OptionField(0, "?")},
    "BIDIRECTIONAL_SEQUENCE_RNN": {"time_major": OptionField(0, "?")},
}  # fmt: skip
"""The options that change a cost or a shape, by operator."""

LISTS = {"RESHAPE": {"new_shape": 0}, "SQUEEZE": {"squeeze_dims": 0}}
"""Options that are lists of whole numbers, by operator: the field's number."""
