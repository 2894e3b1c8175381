"""Convolutions and pooling in Keras, whose own padding is `valid` or `same` alone."""

from __future__ import annotations

from cnncost.formats.keras_out.keras_calls import (
    KerasCallStep,
    Piece,
    Writer,
    Writers,
    alike,
    axes,
    field,
    options,
    pairs,
    refuse,
    sizes,
    tupled,
    whole,
    windows,
)
from cnncost.network import Node
from cnncost.shape import same_cropping, same_padding


def _padded(node: Node) -> tuple[str, tuple[tuple[int, int], ...]]:
    """Keras' word, and what must be padded before where its words do not serve.

    What a window needs counts, not what the spec pads: `same` serves where it has the same
    zeros in front and as many outputs.
    """
    x, y, slid = node.inputs[0], node.output, windows(node)
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


def _strided_dilation(node: Node) -> None:
    """Refuse what no convolution of Keras does."""
    if max(sizes(node, "stride")) > 1 and max(sizes(node, "dilation")) > 1:
        raise refuse(node, "no convolution of Keras has a stride and a dilation at once")


def _slid(node: Node, word: str, usual: str = "1") -> tuple[str, ...]:
    """The keywords that convolutions share."""
    return options(
        strides=(alike(sizes(node, "stride")), usual),
        padding=(f'"{word}"', '"valid"'),
        dilation_rate=(alike(sizes(node, "dilation")), "1"),
        use_bias=(str(field(node, "bias")), "True"),
    )


def _zeros(node: Node, amounts: tuple[tuple[int, int], ...]) -> Piece:
    if not amounts:
        return ()
    return (KerasCallStep(f"layers.ZeroPadding{axes(node)}D", (pairs(amounts),), "pad"),)


def _conv(node: Node) -> Piece:
    _strided_dilation(node)
    word, amounts = _padded(node)
    if field(node, "connects"):
        return (*_zeros(node, amounts), _mapped(node, word))
    given = (str(node.output.channels), alike(sizes(node, "kernel")), *_slid(node, word))
    groups = options(groups=(str(whole(node, "groups")), "1"))
    return (*_zeros(node, amounts), KerasCallStep(f"layers.Conv{axes(node)}D", (*given, *groups)))


def _mapped(node: Node, word: str) -> KerasCallStep:
    lists = field(node, "connects")
    assert isinstance(lists, tuple)
    maps = "[" + ", ".join(f"[{', '.join(map(str, one))}]" for one in lists) + "]"
    return KerasCallStep("MappedConv", (maps, tupled(sizes(node, "kernel")), *_slid(node, word)))


def _depthwise(node: Node) -> Piece:
    _strided_dilation(node)
    word, amounts = _padded(node)
    kernel, channels = alike(sizes(node, "kernel")), node.inputs[0].channels
    if axes(node) == 3:  # Keras has none: as many groups as channels
        given = (str(node.output.channels), kernel, *_slid(node, word), f"groups={channels}")
        return (*_zeros(node, amounts), KerasCallStep("layers.Conv3D", given))
    if len(set(sizes(node, "stride"))) > 1:
        raise refuse(node, "a depthwise convolution of Keras has one stride for all axes")
    times = options(depth_multiplier=(str(node.output.channels // channels), "1"))
    step = KerasCallStep(f"layers.DepthwiseConv{axes(node)}D", (kernel, *_slid(node, word), *times))
    return (*_zeros(node, amounts), step)


def _conv_transpose(node: Node) -> Piece:
    """`same` where that is meant; else all that is painted, cropped afterwards."""
    _strided_dilation(node)
    if whole(node, "groups") > 1:
        raise refuse(node, "no transposed convolution of Keras has groups")
    x, y, slid = node.inputs[0], node.output, windows(node)
    head = f"layers.Conv{axes(node)}DTranspose"
    given = (str(y.channels), alike(sizes(node, "kernel")))
    same = all(
        same_cropping(w.kernel, w.stride, w.dilation)[0] == w.before and n * w.stride == out
        for n, out, w in zip(x.extents, y.extents, slid, strict=True)
    )
    if same:
        return (KerasCallStep(head, (*given, *_slid(node, "same"))),)
    # Keras' `valid` paints at least a whole stride for each input.
    painted = [
        (n - 1) * w.stride + max(w.reach, w.stride) for n, w in zip(x.extents, slid, strict=True)
    ]
    cut = tuple(
        (w.before, n - w.before - out) for n, w, out in zip(painted, slid, y.extents, strict=True)
    )
    if any(after < 0 for _, after in cut):
        return _extended(node, head, (*given, *_slid(node, "valid")))
    step = KerasCallStep(head, (*given, *_slid(node, "valid")))
    if not any(n for pair in cut for n in pair):
        return (step,)
    return (step, KerasCallStep(f"layers.Cropping{axes(node)}D", (pairs(cut),), "crop"))


def _extended(node: Node, head: str, given: tuple[str, ...]) -> Piece:
    """Outputs at the end that no input paints are Keras' output padding, below the stride."""
    x, y, slid = node.inputs[0], node.output, windows(node)
    raw = [(n - 1) * w.stride + w.reach for n, w in zip(x.extents, slid, strict=True)]
    extra = tuple(
        max(out + w.before - n, 0) for n, w, out in zip(raw, slid, y.extents, strict=True)
    )
    if any(e >= w.stride for e, w in zip(extra, slid, strict=True)):
        raise refuse(node, f"an output padding of {alike(extra)} reaches the stride")
    cut = tuple(
        (w.before, n + e - w.before - out)
        for n, e, w, out in zip(raw, extra, slid, y.extents, strict=True)
    )
    step = KerasCallStep(head, (*given, f"output_padding={tupled(extra)}"))
    if not any(n for pair in cut for n in pair):
        return (step,)
    return (step, KerasCallStep(f"layers.Cropping{axes(node)}D", (pairs(cut),), "crop"))


def _pool(kind: str, *, zeros: bool = False) -> Writer:
    """With `zeros`, a largest value is taken among them too: none is below."""

    def write(node: Node) -> Piece:
        if kind == "Max" and max(sizes(node, "dilation")) > 1:
            raise refuse(node, "no pooling of Keras has a dilation")
        word, amounts = _padded(node)
        if kind == "Average" and word == "same" and field(node, "padding") != "same":
            amounts = _around(node)  # Keras' `same` means over what is inside alone
            word = "valid" if amounts else "same"
        kernel = alike(sizes(node, "kernel"))
        given = options(
            strides=(alike(sizes(node, "stride")), kernel), padding=(f'"{word}"', '"valid"')
        )
        pool = KerasCallStep(f"layers.{kind}Pooling{axes(node)}D", (kernel, *given))
        if kind == "Max" and amounts and not zeros:
            return (KerasCallStep("PadLowest", (_every(amounts),), "pad"), pool)
        return (*_zeros(node, amounts), pool)

    return write


maxpool_of_no_negatives = _pool("Max", zeros=True)
"""As `maxpool` of WRITERS, for an input without negative numbers."""


def _around(node: Node) -> tuple[tuple[int, int], ...]:
    """The zeros that the spec has, none if only the last window hangs over."""
    amounts = tuple((w.before, w.after) for w in windows(node))
    return amounts if any(n for pair in amounts for n in pair) else ()


def _every(amounts: tuple[tuple[int, int], ...]) -> str:
    """A pair for each axis, all written out."""
    inside = ", ".join(map(tupled, amounts))
    return f"({inside},)" if len(amounts) == 1 else f"({inside})"


def _global(kind: str) -> Writer:
    def write(node: Node) -> Piece:
        return (KerasCallStep(f"layers.Global{kind}Pooling{axes(node)}D", ("keepdims=True",)),)

    return write


def _adaptive(kind: str) -> Writer:
    """Windows of one extent where the output divides the input, Keras' adaptive ones else."""

    def write(node: Node) -> Piece:
        x, y = node.inputs[0].extents, node.output.extents
        if set(y) == {1}:
            return _global(kind)(node)
        if all(n % out == 0 for n, out in zip(x, y, strict=True)):
            kernel = tuple(n // out for n, out in zip(x, y, strict=True))
            return (KerasCallStep(f"layers.{kind}Pooling{axes(node)}D", (alike(kernel),)),)
        return (KerasCallStep(f"layers.Adaptive{kind}Pooling{axes(node)}D", (alike(y),)),)

    return write


def _subsample(node: Node) -> Piece:
    return (KerasCallStep("Subsample", (tupled(sizes(node, "kernel")),)),)


WRITERS: Writers = {
    "conv": _conv,
    "depthwise_conv": _depthwise,
    "conv_transpose": _conv_transpose,
    "maxpool": _pool("Max"),
    "avgpool": _pool("Average"),
    "global_avgpool": _global("Average"),
    "global_maxpool": _global("Max"),
    "adaptive_avgpool": _adaptive("Average"),
    "adaptive_maxpool": _adaptive("Max"),
    "subsample": _subsample,
}
