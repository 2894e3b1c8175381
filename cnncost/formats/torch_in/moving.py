"""Operations without a word of their own whose costs are known: numbers that move or change one
by one, embeddings, recurrent layers."""

from __future__ import annotations

from math import prod
from typing import Any

from cnncost.formats.tensor_value import Constant, Value
from cnncost.formats.torch_in.torch_importer import TorchCall, TorchImporter

CHANGES = (
    *("floor", "ceil", "round", "trunc", "frac", "sign", "sgn", "reciprocal", "log2", "log10"),
    *("log1p", "exp2", "expm1", "tan", "atan", "asin", "acos", "sinh", "cosh", "asinh", "acosh"),
    *("atanh", "log_sigmoid", "logit", "softshrink", "tanhshrink", "rrelu", "nan_to_num"),
    *("__and__", "__or__", "__xor__", "bitwise_and", "bitwise_or", "bitwise_xor"),
    *("logical_not", "bitwise_not", "isnan", "isinf", "isfinite", "masked_fill", "erfc", "erfinv"),
    *("eq", "ne", "lt", "le", "gt", "ge", "logical_and", "logical_or", "logical_xor", "fmod"),
    *("remainder", "floor_divide", "atan2", "hypot", "fill", "zero", "clamp", "lerp", "sigmoid"),
    *(
        "pow",
        "square",
        "sqrt",
        "exp",
        "copysign",
        "heaviside",
        "where",
        "cumsum",
        "cumprod",
        "logcumsumexp",
    ),
    *("cummax", "cummin", "tril", "triu", "bernoulli", "normal", "rand_like", "randn_like"),
)
"""Functions of each number, whatever they take besides."""
MOVES = (
    *("index", "index_select", "gather", "take_along_dim", "take", "masked_select", "index_put"),
    *("scatter", "scatter_add", "index_add", "index_copy", "index_fill", "slice_scatter"),
    *("select_scatter", "diagonal_scatter", "as_strided_scatter", "masked_scatter", "roll"),
    *("flip", "rot90", "unfold", "im2col", "fold", "col2im", "repeat", "tile", "topk", "sort"),
    *("repeat_interleave", "argsort", "argmax", "argmin", "one_hot", "diagonal", "diag"),
    *("diag_embed", "as_strided", "grid_sampler", "grid_sampler_2d", "grid_sampler_3d", "glu"),
    *("max_unpool2d", "max_unpool3d", "hstack", "vstack", "dstack", "column_stack", "empty_like"),
    *("fractional_max_pool2d", "fractional_max_pool3d", "full_like", "zeros_like", "ones_like"),
    *("new_zeros", "new_ones", "new_full", "new_empty", "unsafe_split", "tensor_split", "hsplit"),
    *("linear_combination", "real", "imag", "complex", "view_as_complex", "view_as_real"),
    *("broadcast_tensors", "meshgrid", "block_diag", "cartesian_prod", "affine_grid_generator"),
)
"""Numbers that go elsewhere, are repeated or left out."""
SUMS = (
    *("prod", "any", "all", "min", "median", "mode", "nanmean", "nansum", "logsumexp", "amin"),
    *("aminmax", "argmax", "var_mean", "std_mean", "linalg_norm", "cosine_similarity", "dist"),
    *("count_nonzero", "nanmedian", "kthvalue", "quantile", "pairwise_distance"),
)
"""Numbers summed up or chosen, no weight among them."""


def emit_costless(b: TorchImporter, call: TorchCall) -> Any:  # Any: a value, or several
    """Opaque, and known to weigh nothing but what is learned of it."""
    made = b.emit_costed(
        call, call.target, _values_read(call), call.shape, 0, call.read_constants()
    )
    return emit_results(b, call, made)


def _values_read(call: TorchCall) -> list[Value]:
    return list(dict.fromkeys(call.read_values()))


def emit_results(b: TorchImporter, call: TorchCall, made: Value) -> Any:  # Any: as above
    """All results of a call, the further ones taken from the first; one is a value itself."""
    others = [b.emit_moved(call, call.target, [made], shape) for shape in call.shapes[1:]]
    return [made, *others] if others else made


def emit_embedding(b: TorchImporter, call: TorchCall) -> Value:
    """Rows of a table: learned, and no connections."""
    indices, table = call.arguments["indices"], call.arguments["weight"]
    if not isinstance(indices, Value) or not isinstance(table, Constant):
        return b.emit_moved(call, "embedding", call.read_values(), call.shape)
    return b.emit_costed(call, "embedding", [indices], call.shape, 0, [table])


def emit_recurrent(b: TorchImporter, call: TorchCall) -> Any:  # Any: several values
    """lstm, gru and rnn: every matrix works once per step; its steps are the first result's."""
    learned = call.read_constants()
    given = call.arguments.get("params")
    matrices = [c for c in given or [] if isinstance(c, Constant) and len(c.shape) == 2]
    if not matrices or call.arguments.get("batch_sizes") is not None:
        return emit_results(
            b, call, b.emit_opaque(call, call.target, _values_read(call), call.shape, learned)
        )
    steps = prod(call.shape[:-1])
    biases = [c for c in given or [] if isinstance(c, Constant) and len(c.shape) == 1]
    uses = steps * sum(c.size for c in matrices)
    made = b.emit_costed(
        call, call.target, _values_read(call), call.shape, uses, [*matrices, *biases]
    )
    return emit_results(b, call, made)
