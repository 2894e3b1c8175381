"""Write convolutions and pooling in Keras, whose padding is only `valid` or `same`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncost.formats.keras_out.keras_calls import (
    KerasCallStep,
    Piece,
    Writer,
    Writers,
    count_axes,
    keras_refusal,
    node_windows,
    write_options,
    write_pairs,
    write_sizes,
    write_tuple,
)
from cnncost.network import Node
from cnncost.shape import same_cropping, same_padding

if TYPE_CHECKING:
    from cnncost.layers.convolution import Conv, Convolving, ConvTranspose, DepthwiseConv
    from cnncost.layers.pooling import Pooling, Subsample
    from cnncost.layers.sliding_window import Windowed


def _resolve_padding(node: Node[Windowed]) -> tuple[str, tuple[tuple[int, int], ...]]:
    """Return Keras' word for the padding, and the padding to add before if no word fits.

    What the windows need counts, and not what the spec pads: `same` fits if it has the same
    zeros in front and as many outputs.
    """
    x, y, slid = node.inputs[0], node.output, node_windows(node)
    needed = tuple(
        (w.before, max((out - 1) * w.stride + w.reach - n - w.before, 0))
        for n, out, w in zip(x.extents, y.extents, slid, strict=True)
    )
    if not any(n for pair in needed for n in pair):
        return "valid", ()
    same = all(
        same_padding(n, w.kernel, w.stride, w.dilation)[0] == before and -(-n // w.stride) == out
        for n, out, w, (before, _) in zip(x.extents, y.extents, slid, needed, strict=True)
    )
    if same:
        return "same", ()
    written = tuple(
        (w.before, max(w.after, after)) for w, (_, after) in zip(slid, needed, strict=True)
    )
    return "valid", written


def _refuse_strided_dilation(node: Node[Convolving]) -> None:
    """Refuse a stride together with a dilation, which no convolution of Keras has."""
    if max(node.layer.stride) > 1 and max(node.layer.dilation) > 1:
        raise keras_refusal(node, "no convolution of Keras has a stride and a dilation at once")


def _window_keywords(node: Node[Convolving], word: str, usual: str = "1") -> tuple[str, ...]:
    """Write the keywords that all convolutions have."""
    return write_options(
        strides=(write_sizes(node.layer.stride), usual),
        padding=(f'"{word}"', '"valid"'),
        dilation_rate=(write_sizes(node.layer.dilation), "1"),
        use_bias=(str(node.layer.bias), "True"),
    )


def _write_zero_padding(node: Node, amounts: tuple[tuple[int, int], ...]) -> Piece:
    if not amounts:
        return ()
    return (
        KerasCallStep(f"layers.ZeroPadding{count_axes(node)}D", (write_pairs(amounts),), "pad"),
    )


def _write_conv(node: Node[Conv]) -> Piece:
    _refuse_strided_dilation(node)
    word, amounts = _resolve_padding(node)
    if node.layer.connects:
        return (*_write_zero_padding(node, amounts), _write_mapped_conv(node, word))
    given = (
        str(node.output.channels),
        write_sizes(node.layer.kernel),
        *_window_keywords(node, word),
    )
    groups = write_options(groups=(str(node.layer.groups), "1"))
    return (
        *_write_zero_padding(node, amounts),
        KerasCallStep(f"layers.Conv{count_axes(node)}D", (*given, *groups)),
    )


def _write_mapped_conv(node: Node[Conv], word: str) -> KerasCallStep:
    lists = node.layer.connects or ()
    maps = "[" + ", ".join(f"[{', '.join(map(str, one))}]" for one in lists) + "]"
    return KerasCallStep(
        "MappedConv",
        (maps, write_tuple(node.layer.kernel), *_window_keywords(node, word)),
    )


def _write_depthwise_conv(node: Node[DepthwiseConv]) -> Piece:
    _refuse_strided_dilation(node)
    word, amounts = _resolve_padding(node)
    kernel, channels = write_sizes(node.layer.kernel), node.inputs[0].channels
    if count_axes(node) == 3:  # Keras has none: as many groups as channels
        given = (
            str(node.output.channels),
            kernel,
            *_window_keywords(node, word),
            f"groups={channels}",
        )
        return (*_write_zero_padding(node, amounts), KerasCallStep("layers.Conv3D", given))
    if len(set(node.layer.stride)) > 1:
        raise keras_refusal(node, "a depthwise convolution of Keras has one stride for all axes")
    times = write_options(depth_multiplier=(str(node.output.channels // channels), "1"))
    step = KerasCallStep(
        f"layers.DepthwiseConv{count_axes(node)}D", (kernel, *_window_keywords(node, word), *times)
    )
    return (*_write_zero_padding(node, amounts), step)


def _write_conv_transpose(node: Node[ConvTranspose]) -> Piece:
    """Write `same` if that fits; else paint everything, and crop it afterwards."""
    _refuse_strided_dilation(node)
    if node.layer.groups > 1:
        raise keras_refusal(node, "no transposed convolution of Keras has groups")
    x, y, slid = node.inputs[0], node.output, node_windows(node)
    head = f"layers.Conv{count_axes(node)}DTranspose"
    given = (str(y.channels), write_sizes(node.layer.kernel))
    same = all(
        same_cropping(w.kernel, w.stride, w.dilation)[0] == w.before and n * w.stride == out
        for n, out, w in zip(x.extents, y.extents, slid, strict=True)
    )
    if same:
        return (KerasCallStep(head, (*given, *_window_keywords(node, "same"))),)
    # Keras' `valid` paints at least a whole stride for each input.
    painted = [
        (n - 1) * w.stride + max(w.reach, w.stride) for n, w in zip(x.extents, slid, strict=True)
    ]
    cut = tuple(
        (w.before, n - w.before - out) for n, w, out in zip(painted, slid, y.extents, strict=True)
    )
    if any(after < 0 for _, after in cut):
        return _write_output_padding(node, head, (*given, *_window_keywords(node, "valid")))
    step = KerasCallStep(head, (*given, *_window_keywords(node, "valid")))
    if not any(n for pair in cut for n in pair):
        return (step,)
    return (step, KerasCallStep(f"layers.Cropping{count_axes(node)}D", (write_pairs(cut),), "crop"))


def _write_output_padding(node: Node[ConvTranspose], head: str, given: tuple[str, ...]) -> Piece:
    """Write outputs at the end that no input paints as Keras' output padding, which must be less
    than the stride."""
    x, y, slid = node.inputs[0], node.output, node_windows(node)
    raw = [(n - 1) * w.stride + w.reach for n, w in zip(x.extents, slid, strict=True)]
    extra = tuple(
        max(out + w.before - n, 0) for n, w, out in zip(raw, slid, y.extents, strict=True)
    )
    if any(e >= w.stride for e, w in zip(extra, slid, strict=True)):
        raise keras_refusal(node, f"an output padding of {write_sizes(extra)} reaches the stride")
    cut = tuple(
        (w.before, n + e - w.before - out)
        for n, e, w, out in zip(raw, extra, slid, y.extents, strict=True)
    )
    step = KerasCallStep(head, (*given, f"output_padding={write_tuple(extra)}"))
    if not any(n for pair in cut for n in pair):
        return (step,)
    return (step, KerasCallStep(f"layers.Cropping{count_axes(node)}D", (write_pairs(cut),), "crop"))


def _pool_writer(kind: str, *, zeros: bool = False) -> Writer:
    """Make the writer of a pool; with `zeros`, padding with zeros is right for a maximum, because
    no value is below zero."""

    def write_pool(node: Node[Pooling]) -> Piece:
        if max(node.layer.dilation or (1,)) > 1:
            raise keras_refusal(node, "no pooling of Keras has a dilation")
        word, amounts = _resolve_padding(node)
        if kind == "Average" and word == "same" and node.layer.padding != "same":
            amounts = _spec_padding(node)  # Keras' `same` means over what is inside alone
            word = "valid" if amounts else "same"
        kernel = write_sizes(node.layer.kernel)
        given = write_options(
            strides=(write_sizes(node.layer.stride), kernel),
            padding=(f'"{word}"', '"valid"'),
        )
        pool = KerasCallStep(f"layers.{kind}Pooling{count_axes(node)}D", (kernel, *given))
        if kind == "Max" and amounts and not zeros:
            return (KerasCallStep("PadLowest", (_write_all_pairs(amounts),), "pad"), pool)
        return (*_write_zero_padding(node, amounts), pool)

    return write_pool


maxpool_of_no_negatives = _pool_writer("Max", zeros=True)
"""The writer of `maxpool` for an input without negative numbers."""


def _spec_padding(node: Node[Windowed]) -> tuple[tuple[int, int], ...]:
    """Return the padding that the spec has; none if only the last window hangs over the edge."""
    amounts = tuple((w.before, w.after) for w in node_windows(node))
    return amounts if any(n for pair in amounts for n in pair) else ()


def _write_all_pairs(amounts: tuple[tuple[int, int], ...]) -> str:
    """Write one pair per axis, all in full."""
    inside = ", ".join(map(write_tuple, amounts))
    return f"({inside},)" if len(amounts) == 1 else f"({inside})"


def _global_writer(kind: str) -> Writer:
    def write_global_pool(node: Node) -> Piece:
        return (
            KerasCallStep(f"layers.Global{kind}Pooling{count_axes(node)}D", ("keepdims=True",)),
        )

    return write_global_pool


def _adaptive_writer(kind: str) -> Writer:
    """Make a writer: equal windows if the output's extents divide the input's, else Keras'
    adaptive pool."""

    def write_adaptive_pool(node: Node) -> Piece:
        x, y = node.inputs[0].extents, node.output.extents
        if set(y) == {1}:
            return _global_writer(kind)(node)
        if all(n % out == 0 for n, out in zip(x, y, strict=True)):
            kernel = tuple(n // out for n, out in zip(x, y, strict=True))
            return (
                KerasCallStep(f"layers.{kind}Pooling{count_axes(node)}D", (write_sizes(kernel),)),
            )
        return (
            KerasCallStep(f"layers.Adaptive{kind}Pooling{count_axes(node)}D", (write_sizes(y),)),
        )

    return write_adaptive_pool


def _write_subsample(node: Node[Subsample]) -> Piece:
    return (KerasCallStep("Subsample", (write_tuple(node.layer.kernel),)),)


WRITERS: Writers = {
    "conv": _write_conv,
    "depthwise_conv": _write_depthwise_conv,
    "conv_transpose": _write_conv_transpose,
    "maxpool": _pool_writer("Max"),
    "avgpool": _pool_writer("Average"),
    "global_avgpool": _global_writer("Average"),
    "global_maxpool": _global_writer("Max"),
    "adaptive_avgpool": _adaptive_writer("Average"),
    "adaptive_maxpool": _adaptive_writer("Max"),
    "subsample": _write_subsample,
}
