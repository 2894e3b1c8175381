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


def _for(handler: Handler, *targets: str) -> dict[str, Handler]:
    return dict.fromkeys(targets, handler)


HANDLERS: dict[str, Handler] = {
    **_for(moving.moved, *moving.CHANGES, *moving.MOVES, *moving.SUMS),
    **_for(moving.embedding, "embedding"),
    **_for(moving.recurrent, "lstm", "gru", "rnn_tanh", "rnn_relu"),
    **_for(torch_windows.convolution, "conv1d", "conv2d", "conv3d", "convolution"),
    **_for(torch_windows.convolution, "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"),
    **_for(products.linear, "linear"),
    **_for(products.matmul, "matmul", "mm", "bmm", "mv", "dot", "vdot", "inner"),
    **_for(products.addmm, "addmm", "baddbmm"),
    **_for(products.einsum, "einsum"),
    **_for(products.attention, "scaled_dot_product_attention"),
    **_for(torch_windows.pool, "max_pool1d", "max_pool2d", "max_pool3d"),
    **_for(torch_windows.pool, *(f"max_pool{n}d_with_indices" for n in "123")),
    **_for(torch_windows.pool, "avg_pool1d", "avg_pool2d", "avg_pool3d"),
    **_for(torch_windows.adaptive_pool, *(f"adaptive_max_pool{n}d" for n in "123")),
    **_for(torch_windows.adaptive_pool, *(f"adaptive_avg_pool{n}d" for n in "123")),
    **_for(torch_windows.upsample, *(f"upsample_nearest{n}d" for n in "123")),
    **_for(torch_windows.upsample, "upsample_linear1d", "upsample_bilinear2d"),
    **_for(torch_windows.upsample, "upsample_bicubic2d"),
    **_for(torch_windows.upsample, "upsample_trilinear3d", "_upsample_nearest_exact2d"),
    **_for(torch_windows.pad, "pad", "constant_pad_nd"),
    **_for(torch_activations.activation, *torch_activations.ACTIVATIONS),
    **_for(torch_activations.hardtanh, "hardtanh"),
    **_for(torch_activations.prelu, "prelu"),
    **_for(torch_activations.dropout, "dropout", "feature_dropout", "alpha_dropout"),
    **_for(torch_activations.dropout, "feature_alpha_dropout"),
    **_for(torch_elementwise.join, "add", "sub", "rsub", "mul", "div", "maximum", "minimum"),
    **_for(torch_elementwise.addcmul, "addcmul"),
    **_for(norms.norm, *norms.WORDS),
    **_for(norms.layer_norm, "layer_norm", "native_layer_norm"),
    **_for(norms.rms_norm, "rms_norm"),
    **_for(
        torch_elementwise.stand_in, "square", "sqrt", "rsqrt", "exp", "log", "abs", "neg", "erf",
        "clamp", "clamp_min", "clamp_max", "sin", "cos", "hardshrink", "softsign", "threshold",
        "pow",
    ),
    **_for(
        torch_elementwise.passed, "contiguous", "clone", "detach", "to", "_to_copy", "alias",
        "lift_fresh_copy", "type_as", "float", "half", "bfloat16",
    ),
    **_for(torch_views.view, "view", "reshape", "flatten", "unflatten", "squeeze", "unsqueeze"),
    **_for(torch_views.view, "view_as", "reshape_as", "_unsafe_view"),
    **_for(torch_views.permute, "permute"),
    **_for(torch_views.transpose, "transpose", "swapaxes", "swapdims", "t", "numpy_T", "mT"),
    **_for(torch_views.movedim, "movedim", "moveaxis"),
    **_for(torch_views.expand, "expand", "expand_as", "broadcast_to"),
    **_for(torch_views.slice_, "slice", "narrow"),
    **_for(torch_views.split, "split", "split_with_sizes", "chunk"),
    **_for(torch_views.unbind, "unbind"),
    **_for(torch_views.select, "select"),
    **_for(torch_views.scattered, "slice_scatter", "select_scatter"),
    **_for(torch_views.copied, "copy"),
    **_for(torch_views.concatenate, "cat", "concat", "concatenate"),
    **_for(torch_views.stack, "stack"),
    **_for(torch_views.rearrange, "pixel_shuffle", "pixel_unshuffle"),
    **_for(torch_views.rearrange, "channel_shuffle", "native_channel_shuffle"),
    **_for(torch_views.reduce, "mean", "amax", "sum", "var", "std", "linalg_vector_norm", "norm"),
    **_for(torch_views.reduce, "max"),
}  # fmt: skip
"""What reads each operation of a program; another becomes opaque."""
SILENT = ("_assert_tensor_metadata", "sym_size", "_assert_scalar", "sym_constrain_range")
SHAPE_ONLY = {
    *("view_as", "reshape_as", "expand_as", "type_as", "zeros_like", "ones_like", "full_like"),
    *("empty_like", "new_zeros", "new_ones", "new_full", "new_empty", "copy"),
}
"""Operations that take only the shape of some tensor they are given."""
