"""Pools of fixed windows, of the whole map, and of as many windows as are asked for."""

from __future__ import annotations

from typing import Any, cast

from cnncost.formats.onnx_out.onnx_emitter import Emitter, Writer, Writers, field
from cnncost.layers.windowed import Windowed
from cnncost.network import Node
from cnncost.shape import Window

LOWEST = -3.0e38
"""Never the largest of a window: near the least number of 32 bits."""


def _pool(op: str) -> Writer:
    def write(emitter: Emitter, node: Node, x: list[str]) -> str:
        kernel, stride = field(node, "kernel"), field(node, "stride")
        x, sides, extents = _padded(emitter, node, x, op)
        given: dict[str, Any] = {}  # Any: attributes
        if op == "MaxPool":
            given["dilations"] = field(node, "dilation")
        else:
            given["count_include_pad"] = 1
        windows = cast("Windowed", node.layer).resolve_windows(node.inputs[0])
        needs = [
            (m - 1) * w.stride + w.reach for m, w in zip(node.output.extents, windows, strict=True)
        ]
        held = [n + a + b for n, (a, b) in zip(extents, sides, strict=True)]
        if any(n > m for n, m in zip(needs, held, strict=True)):
            given["ceil_mode"] = 1
        pads = [a for a, _ in sides] + [b for _, b in sides]
        return emitter.add(op, x, kernel_shape=kernel, strides=stride, pads=pads, **given)

    return write


def _padded(
    emitter: Emitter, node: Node, x: list[str], op: str
) -> tuple[list[str], list[tuple[int, int]], list[int]]:
    """What the pool reads, its own padding, and the extents: a pool's padding must be shorter
    than its window and cuts nothing off, so all else is a step of its own before."""
    windows = cast("Windowed", node.layer).resolve_windows(node.inputs[0])
    extents = list(node.inputs[0].extents)
    shapes = zip(windows, extents, node.output.extents, strict=True)
    ceil = field(node, "ceil")
    sides = [(w.before, _after(w, n, m) if ceil else w.after) for w, n, m in shapes]
    if all(max(p) < w.kernel and min(p) >= 0 for p, w in zip(sides, windows, strict=True)):
        return x, sides, extents
    whole = [0, 0, *(a for a, _ in sides), 0, 0, *(b for _, b in sides)]
    fill = [emitter.number(LOWEST)] if op == "MaxPool" else []
    made = emitter.add("Pad", [*x, emitter.integers(whole), *fill])
    return [made], [(0, 0)] * len(sides), [n + sum(p) for n, p in zip(extents, sides, strict=True)]


def _after(window: Window, extent: int, made: int) -> int:
    """The padding behind of a pool with ceil. PyTorch starts no window in it, ONNX's rule of
    that time does: it is cut off where the last window ends."""
    hanging = -(-(extent + window.before + window.after - window.reach) // window.stride) + 1
    if hanging <= made:
        return window.after
    return (made - 1) * window.stride + window.reach - extent - window.before


def _global(op: str) -> Writer:
    return lambda emitter, node, x: emitter.add(op, x)


def _adaptive(op: str) -> Writer:
    """Windows that are all alike are a pool; others are cut out one by one, an axis at a time."""

    def write(emitter: Emitter, node: Node, x: list[str]) -> str:
        extents, size = node.inputs[0].extents, node.output.extents
        if all(n % m == 0 for n, m in zip(extents, size, strict=True)):
            kernel = [n // m for n, m in zip(extents, size, strict=True)]
            return emitter.add(op, x, kernel_shape=kernel, strides=kernel)
        (made,) = x
        for axis, (n, m) in enumerate(zip(extents, size, strict=True)):
            parts = [
                _window(emitter, made, op, axis + 2, (i * n // m, -(-(i + 1) * n // m)))
                for i in range(m)
            ]
            made = emitter.add("Concat", parts, axis=axis + 2) if m > 1 else parts[0]
        return made

    return write


def _window(emitter: Emitter, x: str, op: str, axis: int, span: tuple[int, int]) -> str:
    at = [emitter.integers([n]) for n in (*span, axis)]
    part = emitter.add("Slice", [x, *at])
    reduced = "ReduceMax" if op == "MaxPool" else "ReduceMean"
    return emitter.add(reduced, [part], axes=[axis], keepdims=1)


def _subsample(emitter: Emitter, node: Node, x: list[str]) -> str:
    """The mean times a coefficient, and a bias: the window's sum with another coefficient."""
    kernel = field(node, "kernel")
    mean = emitter.add("AveragePool", x, kernel_shape=kernel, strides=kernel)
    scaled = emitter.add("Mul", [mean, emitter.by_channel(node, "weight", 1.0)])
    return emitter.add("Add", [scaled, emitter.by_channel(node, "bias", 0.0)])


WRITERS: Writers = {
    "maxpool": _pool("MaxPool"),
    "avgpool": _pool("AveragePool"),
    "global_avgpool": _global("GlobalAveragePool"),
    "global_maxpool": _global("GlobalMaxPool"),
    "adaptive_avgpool": _adaptive("AveragePool"),
    "adaptive_maxpool": _adaptive("MaxPool"),
    "subsample": _subsample,
}
