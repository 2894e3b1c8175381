"""Which function reads each operation of a traced program."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cnncost.formats.torch_in import (
    moving,
    norms,
    products,
    torch_activations,
    torch_elementwise,
    torch_views,
    torch_windows,
)
from cnncost.formats.torch_in.torch_importer import TorchCall, TorchImporter

Handler = Callable[[TorchImporter, TorchCall], Any]
"""Any: a value, several, or what was passed through."""


def _by_target(handler: Handler, *targets: str) -> dict[str, Handler]:
    return dict.fromkeys(targets, handler)


HANDLERS: dict[str, Handler] = {
    **_by_target(moving.emit_costless, *moving.CHANGES, *moving.MOVES, *moving.SUMS),
    **_by_target(moving.emit_embedding, "embedding"),
    **_by_target(moving.emit_recurrent, "lstm", "gru", "rnn_tanh", "rnn_relu"),
    **_by_target(torch_windows.emit_convolution, "conv1d", "conv2d", "conv3d", "convolution"),
    **_by_target(torch_windows.emit_convolution, *(f"conv_transpose{n}d" for n in "123")),
    **_by_target(products.emit_linear, "linear"),
    **_by_target(products.emit_matmul, "matmul", "mm", "bmm", "mv", "dot", "vdot", "inner"),
    **_by_target(products.emit_addmm, "addmm", "baddbmm"),
    **_by_target(products.emit_einsum, "einsum"),
    **_by_target(products.emit_attention, "scaled_dot_product_attention"),
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
    **_by_target(torch_activations.activation, *torch_activations.ACTIVATIONS),
    **_by_target(torch_activations.hardtanh, "hardtanh"),
    **_by_target(torch_activations.prelu, "prelu"),
    **_by_target(torch_activations.dropout, "dropout", "feature_dropout", "alpha_dropout"),
    **_by_target(torch_activations.dropout, "feature_alpha_dropout"),
    **_by_target(torch_elementwise.emit_join, "add", "sub", "rsub", "mul", "div"),
    **_by_target(torch_elementwise.emit_join, "maximum", "minimum"),
    **_by_target(torch_elementwise.emit_addcmul, "addcmul"),
    **_by_target(norms.emit_norm, *norms.WORDS),
    **_by_target(norms.emit_layer_norm, "layer_norm", "native_layer_norm"),
    **_by_target(norms.emit_rms_norm, "rms_norm"),
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
SHAPE_TAKERS = ("view_as", "reshape_as", "expand_as", "type_as")
"""Operations that take only the shape, or the type, of their second tensor."""
SHAPE_ONLY = {
    *("zeros_like", "ones_like", "full_like", "empty_like"),
    *("new_zeros", "new_ones", "new_full", "new_empty", "copy"),
}
"""Operations that take only the shape of their first tensor."""
