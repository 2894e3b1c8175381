"""Which function reads each operation of a traced program."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cnncost.formats.torch_in import elementwise, moving, norms, products, shaping, windows
from cnncost.formats.torch_in.builder import Builder, Call

Handler = Callable[[Builder, Call], Any]
"""Any: a value, several, or what was passed through."""


def _for(handler: Handler, *targets: str) -> dict[str, Handler]:
    return dict.fromkeys(targets, handler)


HANDLERS: dict[str, Handler] = {
    **_for(moving.moved, *moving.CHANGES, *moving.MOVES, *moving.SUMS),
    **_for(moving.embedding, "embedding"),
    **_for(moving.recurrent, "lstm", "gru", "rnn_tanh", "rnn_relu"),
    **_for(windows.convolution, "conv1d", "conv2d", "conv3d", "convolution"),
    **_for(windows.convolution, "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"),
    **_for(products.linear, "linear"),
    **_for(products.matmul, "matmul", "mm", "bmm", "mv", "dot", "vdot", "inner"),
    **_for(products.addmm, "addmm", "baddbmm"),
    **_for(products.einsum, "einsum"),
    **_for(products.attention, "scaled_dot_product_attention"),
    **_for(windows.pool, "max_pool1d", "max_pool2d", "max_pool3d"),
    **_for(windows.pool, *(f"max_pool{n}d_with_indices" for n in "123")),
    **_for(windows.pool, "avg_pool1d", "avg_pool2d", "avg_pool3d"),
    **_for(windows.adaptive_pool, *(f"adaptive_max_pool{n}d" for n in "123")),
    **_for(windows.adaptive_pool, *(f"adaptive_avg_pool{n}d" for n in "123")),
    **_for(windows.upsample, *(f"upsample_nearest{n}d" for n in "123")),
    **_for(windows.upsample, "upsample_linear1d", "upsample_bilinear2d", "upsample_bicubic2d"),
    **_for(windows.upsample, "upsample_trilinear3d", "_upsample_nearest_exact2d"),
    **_for(windows.pad, "pad", "constant_pad_nd"),
    **_for(elementwise.activation, *elementwise.ACTIVATIONS),
    **_for(elementwise.hardtanh, "hardtanh"),
    **_for(elementwise.prelu, "prelu"),
    **_for(elementwise.dropout, "dropout", "feature_dropout", "alpha_dropout"),
    **_for(elementwise.dropout, "feature_alpha_dropout"),
    **_for(elementwise.join, "add", "sub", "rsub", "mul", "div", "maximum", "minimum"),
    **_for(elementwise.addcmul, "addcmul"),
    **_for(norms.norm, *norms.WORDS),
    **_for(norms.layer_norm, "layer_norm", "native_layer_norm"),
    **_for(norms.rms_norm, "rms_norm"),
    **_for(
        elementwise.stand_in, "square", "sqrt", "rsqrt", "exp", "log", "abs", "neg", "erf",
        "clamp", "clamp_min", "clamp_max", "sin", "cos", "hardshrink", "softsign", "threshold",
        "pow",
    ),
    **_for(
        elementwise.passed, "contiguous", "clone", "detach", "to", "_to_copy", "alias",
        "lift_fresh_copy", "type_as", "float", "half", "bfloat16",
    ),
    **_for(shaping.view, "view", "reshape", "flatten", "unflatten", "squeeze", "unsqueeze"),
    **_for(shaping.view, "view_as", "reshape_as", "_unsafe_view"),
    **_for(shaping.permute, "permute"),
    **_for(shaping.transpose, "transpose", "swapaxes", "swapdims", "t", "numpy_T", "mT"),
    **_for(shaping.movedim, "movedim", "moveaxis"),
    **_for(shaping.expand, "expand", "expand_as", "broadcast_to"),
    **_for(shaping.slice_, "slice", "narrow"),
    **_for(shaping.split, "split", "split_with_sizes", "chunk"),
    **_for(shaping.unbind, "unbind"),
    **_for(shaping.select, "select"),
    **_for(shaping.scattered, "slice_scatter", "select_scatter"),
    **_for(shaping.copied, "copy"),
    **_for(shaping.concatenate, "cat", "concat", "concatenate"),
    **_for(shaping.stack, "stack"),
    **_for(shaping.rearrange, "pixel_shuffle", "pixel_unshuffle"),
    **_for(shaping.rearrange, "channel_shuffle", "native_channel_shuffle"),
    **_for(shaping.reduce, "mean", "amax", "sum", "var", "std", "linalg_vector_norm", "norm"),
    **_for(shaping.reduce, "max"),
}  # fmt: skip
"""What reads each operation of a program; another becomes opaque."""
SILENT = ("_assert_tensor_metadata", "sym_size", "_assert_scalar", "sym_constrain_range")
SHAPE_ONLY = {
    *("view_as", "reshape_as", "expand_as", "type_as", "zeros_like", "ones_like", "full_like"),
    *("empty_like", "new_zeros", "new_ones", "new_full", "new_empty", "copy"),
}
"""Operations that take only the shape of some tensor they are given."""
