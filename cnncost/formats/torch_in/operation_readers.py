"""Which function reads each operation of a traced program; those without a word of their own
whose costs are known are read here: numbers that move or change one by one, tables, recurrence."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from cnncost.formats.tensor_value import Constant, Value
from cnncost.formats.torch_in import (
    matrix_products,
    torch_elementwise,
    torch_units,
    torch_views,
    torch_windows,
)
from cnncost.formats.torch_in.torch_importer import TorchCall, TorchImporter

CHANGES = (
    *("floor", "ceil", "round", "trunc", "frac", "sign", "sgn", "reciprocal", "log2", "log10"),
    *("log1p", "exp2", "expm1", "tan", "atan", "asin", "acos", "sinh", "cosh", "asinh", "acosh"),
    *("atanh", "log_sigmoid", "logit", "softshrink", "tanhshrink", "rrelu", "nan_to_num"),
    *("__and__", "__or__", "__xor__", "bitwise_and", "bitwise_or", "bitwise_xor"),
    *("logical_not", "bitwise_not", "isnan", "isinf", "isfinite", "masked_fill", "erfc", "erfinv"),
    *("eq", "ne", "lt", "le", "gt", "ge", "logical_and", "logical_or", "logical_xor", "fmod"),
    *("remainder", "floor_divide", "atan2", "hypot", "fill", "zero", "clamp", "lerp", "sigmoid"),
    *("pow", "square", "sqrt", "exp", "copysign", "heaviside", "where", "cumsum", "cumprod"),
    *("logcumsumexp", "cummax", "cummin", "tril", "triu", "bernoulli", "normal", "rand_like"),
    "randn_like",
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
Handler = Callable[[TorchImporter, TorchCall], Any]
"""Any: a value, several, or what was passed through."""


def emit_costless(b: TorchImporter, call: TorchCall) -> Any:  # Any: a value, or several
    """Emit an opaque layer without connections whose weights are the learned numbers that the call
    reads."""
    made = b.emit_costed(
        call, call.target, _values_read(call), call.shape, 0, call.read_constants()
    )
    return emit_results(b, call, made)


def _values_read(call: TorchCall) -> list[Value]:
    return list(dict.fromkeys(call.read_values()))


def emit_results(b: TorchImporter, call: TorchCall, made: Value) -> Any:  # Any: as above
    """Return the results of a call, a list where it has several; each further one is emitted as
    taken from the first."""
    others = [b.emit_moved(call, call.target, [made], shape) for shape in call.shapes[1:]]
    return [made, *others] if others else made


def emit_comparison(b: TorchImporter, call: TorchCall) -> Any:  # Any: as above
    """Emit a threshold unit for `x >= 0`, whose truth values are 1 and 0."""
    x, bound = call.arguments.get("self"), call.arguments.get("other")
    if isinstance(x, Value) and isinstance(bound, int | float) and bound == 0:
        return torch_elementwise.emit_elementwise(b, call, "step")
    return emit_costless(b, call)


def emit_embedding(b: TorchImporter, call: TorchCall) -> Value:
    """Emit a layer that looks rows of a learned table up: the table's numbers are weights, there
    are no connections."""
    indices, table = call.arguments["indices"], call.arguments["weight"]
    if not isinstance(indices, Value) or not isinstance(table, Constant):
        return b.emit_moved(call, "embedding", call.read_values(), call.shape)
    return b.emit_costed(call, "embedding", [indices], call.shape, 0, [table])


def emit_recurrent(b: TorchImporter, call: TorchCall) -> Any:  # Any: several values
    """Emit an lstm, gru or rnn; each of its matrices works once per step, and its steps are the
    positions of the first result."""
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


def _by_target(handler: Handler, *targets: str) -> dict[str, Handler]:
    return dict.fromkeys(targets, handler)


COSTLESS = _by_target(emit_costless, *CHANGES, *MOVES, *SUMS, "max")
"""What reads those without connections that have no word, or none for these arguments."""
HANDLERS: dict[str, Handler] = {
    **_by_target(emit_comparison, "ge"),
    **_by_target(emit_embedding, "embedding"),
    **_by_target(emit_recurrent, "lstm", "gru", "rnn_tanh", "rnn_relu"),
    **_by_target(torch_windows.emit_convolution, "conv1d", "conv2d", "conv3d", "convolution"),
    **_by_target(torch_windows.emit_convolution, *(f"conv_transpose{n}d" for n in "123")),
    **_by_target(matrix_products.emit_linear, "linear"),
    **_by_target(matrix_products.emit_matmul, "matmul", "mm", "bmm", "mv", "dot", "vdot", "inner"),
    **_by_target(matrix_products.emit_addmm, "addmm", "baddbmm"),
    **_by_target(matrix_products.emit_einsum, "einsum"),
    **_by_target(matrix_products.emit_attention, "scaled_dot_product_attention"),
    **_by_target(torch_windows.emit_pool, "max_pool1d", "max_pool2d", "max_pool3d"),
    **_by_target(torch_windows.emit_pool, *(f"max_pool{n}d_with_indices" for n in "123")),
    **_by_target(torch_windows.emit_pool, "avg_pool1d", "avg_pool2d", "avg_pool3d"),
    **_by_target(torch_windows.emit_adaptive_pool, *(f"adaptive_max_pool{n}d" for n in "123")),
    **_by_target(torch_windows.emit_adaptive_pool, *(f"adaptive_avg_pool{n}d" for n in "123")),
    **_by_target(torch_windows.emit_upsample, *(f"upsample_nearest{n}d" for n in "123")),
    **_by_target(torch_windows.emit_upsample, "upsample_linear1d", "upsample_bilinear2d"),
    **_by_target(torch_windows.emit_upsample, "upsample_bicubic2d"),
    **_by_target(torch_windows.emit_upsample, "upsample_trilinear3d", "_upsample_nearest_exact2d"),
    **_by_target(torch_windows.emit_pad, "pad", "constant_pad_nd"),
    **_by_target(torch_units.emit_activation, *torch_units.ACTIVATIONS),
    **_by_target(torch_units.emit_hardtanh, "hardtanh"),
    **_by_target(torch_units.emit_prelu, "prelu"),
    **_by_target(torch_units.emit_dropout, "dropout", "feature_dropout", "alpha_dropout"),
    **_by_target(torch_units.emit_dropout, "feature_alpha_dropout"),
    **_by_target(torch_elementwise.emit_join, "add", "sub", "rsub", "mul", "div"),
    **_by_target(torch_elementwise.emit_join, "maximum", "minimum"),
    **_by_target(torch_elementwise.emit_addcmul, "addcmul"),
    **_by_target(torch_units.emit_norm, *torch_units.WORDS),
    **_by_target(torch_units.emit_layer_norm, "layer_norm", "native_layer_norm"),
    **_by_target(torch_units.emit_rms_norm, "rms_norm"),
    **_by_target(
        torch_elementwise.emit_stand_in, "square", "sqrt", "rsqrt", "exp", "log", "abs", "neg",
        "erf", "clamp", "clamp_min", "clamp_max", "sin", "cos", "hardshrink", "softsign",
        "threshold", "pow",
    ),
    **_by_target(
        torch_elementwise.pass_through, "contiguous", "clone", "detach", "to", "_to_copy", "alias",
        "lift_fresh_copy", "type_as", "float", "half", "bfloat16",
    ),
    **_by_target(torch_views.emit_view, "view", "reshape", "flatten", "unflatten"),
    **_by_target(torch_views.emit_view, "squeeze", "unsqueeze"),
    **_by_target(torch_views.emit_view, "view_as", "reshape_as", "_unsafe_view"),
    **_by_target(torch_views.emit_permute, "permute"),
    **_by_target(torch_views.emit_transpose, "transpose", "swapaxes", "swapdims", "t"),
    **_by_target(torch_views.emit_transpose, "numpy_T", "mT"),
    **_by_target(torch_views.emit_movedim, "movedim", "moveaxis"),
    **_by_target(torch_views.emit_expand, "expand", "expand_as", "broadcast_to"),
    **_by_target(torch_views.emit_slice, "slice", "narrow"),
    **_by_target(torch_views.emit_split, "split", "split_with_sizes", "chunk"),
    **_by_target(torch_views.emit_unbind, "unbind"),
    **_by_target(torch_views.emit_select, "select"),
    **_by_target(torch_views.emit_scattered, "slice_scatter", "select_scatter"),
    **_by_target(torch_views.emit_copy, "copy"),
    **_by_target(torch_views.emit_concatenate, "cat", "concat", "concatenate"),
    **_by_target(torch_views.emit_stack, "stack"),
    **_by_target(torch_views.emit_rearranged, "pixel_shuffle", "pixel_unshuffle"),
    **_by_target(torch_views.emit_rearranged, "channel_shuffle", "native_channel_shuffle"),
    **_by_target(torch_views.emit_reduction, "mean", "amax", "sum", "var", "std"),
    **_by_target(torch_views.emit_reduction, "linalg_vector_norm", "norm"),
    **_by_target(torch_views.emit_reduction, "max"),
}  # fmt: skip
"""What reads each operation of a program; another becomes opaque."""
SILENT = ("_assert_tensor_metadata", "sym_size", "_assert_scalar", "sym_constrain_range")
SHAPE_ONLY = {
    *("zeros_like", "ones_like", "full_like", "empty_like"),
    *("new_zeros", "new_ones", "new_full", "new_empty", "copy"),
}
"""Operations that take only the shape of their first tensor."""
