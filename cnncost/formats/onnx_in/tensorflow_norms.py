"""Reads layer, group and instance norms as TensorFlow writes them: x s + (shift - mean s), where s
= scale / sqrt(variance + eps)."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from cnncost.formats.importing import Inexpressible
from cnncost.formats.onnx_in.onnx_axes import emit_as_channels
from cnncost.formats.onnx_in.onnx_reductions import read_axes
from cnncost.formats.onnx_in.onnx_sources import find_source
from cnncost.formats.onnx_in.tensor_states import Norm

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncost.formats.onnx_in.onnx_importer import OnnxImporter
    from cnncost.formats.onnx_in.onnx_model import OnnxNode

MEANS = ("ReduceMean", "GlobalAveragePool")
ROOTS = ("Reciprocal", "Div", "Pow", "Sqrt")
"""Ways to 1 / sqrt."""


def find_norms(importer: OnnxImporter) -> dict[str, Norm]:
    """Find the norms of a model, by the tensor that each makes."""
    found = {}
    for step in importer.model.steps:
        norm = _match_norm(importer, step) if step.op in ("Add", "Sub") else None
        if norm is not None:
            found[step.outputs[0]] = norm
    return found


def _match_norm(importer: OnnxImporter, last: OnnxNode) -> Norm | None:
    """Return the norm whose last sum a step is."""
    for scaled, rest in _both_orders(last):
        product = importer.producers.get(scaled)
        for x, factor in _both_orders(product) if product and product.op == "Mul" else ():
            part = _match_shift(importer, rest, factor)
            scale = _match_scale(importer, factor, x)
            if part is not None and scale is not None and part[0].inputs[0] == x:
                mean, shift = part
                norm = Norm(x, mean, tuple(t for t in (scale, shift) if t))
                return _close_norm(importer, norm, last)
    return None


def _both_orders(step: OnnxNode) -> Iterator[tuple[str, str]]:
    if len(step.inputs) == 2:
        a, b = step.inputs
        yield a, b
        yield b, a


def _match_shift(importer: OnnxImporter, tensor: str, factor: str) -> tuple[OnnxNode, str] | None:
    """Return the mean's step and the shift in shift - mean x factor; the shift is empty if there is
    none."""
    step = importer.producers.get(tensor)
    if step is None:
        return None
    if step.op in ("Add", "Sub"):
        for product, shift in _both_orders(step):
            part = _match_shift(importer, product, factor)
            if part is not None and not part[1]:
                return part[0], shift
        return None
    if step.op == "Neg":
        return _match_shift(importer, step.inputs[0], factor)
    for other, mean in _both_orders(step) if step.op == "Mul" else ():
        made = find_source(importer, mean)
        if made is not None and made.op == "Neg":
            made = find_source(importer, made.inputs[0])
        if other == factor and made is not None and made.op in MEANS:
            return made, ""
    return None


def _match_scale(importer: OnnxImporter, factor: str, x: str) -> str | None:
    """Return what 1 / sqrt(variance of x + eps) is multiplied with, empty if nothing; None if the
    factor is something else."""
    if _is_root(importer, factor, x):
        return ""
    step = importer.producers.get(factor)
    for root, scale in _both_orders(step) if step and step.op == "Mul" else ():
        if _is_root(importer, root, x):
            return scale
    return None


def _is_root(importer: OnnxImporter, tensor: str, x: str) -> bool:
    """Tell whether a tensor is made of the square root of a variance: of x less something,
    squared."""
    step = find_source(importer, tensor)
    while step is not None and step.op in ROOTS:
        inner = [t for t in step.inputs if t in importer.producers]
        step = find_source(importer, inner[-1]) if inner else None
    if step is None or step.op != "Add":
        return False
    means = [find_source(importer, t) for t in step.inputs]
    squares = [find_source(importer, m.inputs[0]) for m in means if m and m.op in MEANS]
    apart = [find_source(importer, s.inputs[0]) for s in squares if s and s.op in ("Mul", "Pow")]
    return any(step is not None and step.op == "Sub" and x in step.inputs for step in apart)


def _close_norm(importer: OnnxImporter, norm: Norm, last: OnnxNode) -> Norm | None:
    """Return the norm with the tensors within it, if nothing outside reads them."""
    todo, within = list(last.inputs), norm.within
    while todo:
        tensor = todo.pop()
        step = importer.producers.get(tensor)
        if step is None or tensor == norm.x or tensor in norm.learned or tensor in within:
            continue
        within.add(tensor)
        todo += step.inputs
    for tensor in within:
        readers = importer.consumers.get(tensor, ())
        inner = all(r is last or within.issuperset(r.outputs) for r in readers)
        if not inner or tensor in importer.model.outputs:
            return None
    return norm


def emit_norm(importer: OnnxImporter, step: OnnxNode, norm: Norm) -> None:
    """Emit a norm as one layer.

    Raises:
        Inexpressible: it is over axes for which the language has no norm.
    """
    value = importer.emit_value(norm.x)
    rank = len(value.shape)
    axes = _mean_axes(importer, norm.mean, rank)
    if any(t not in importer.constants for t in norm.learned):
        raise Inexpressible("a norm whose scale or shift is computed")
    wide = _learned_axes(importer, norm, value.shape)
    if not wide:
        wide = axes if len(axes) == 1 else tuple(a for a in range(1, rank) if a not in axes)
    weights, biases, affine = norm.learned[:1], norm.learned[1:], bool(norm.learned)
    if axes == wide and len(axes) == 1:
        name, back = emit_as_channels(importer, step, norm.x, axes[0])
        made = importer.emit_layer(
            step, "layernorm", [name], learned=weights, shifts=biases, affine=affine
        )
        importer.values[step.outputs[0]] = back(made)
        return
    channels = (*wide, *_other_group_axis(wide, axes))
    if sorted({*axes, *channels}) != list(range(1, rank)):
        raise Inexpressible(f"a norm over {len(axes)} of {rank - 1} axes")
    _emit_group_norm(importer, step, norm, (min(channels), max(channels) + 1))


def _mean_axes(importer: OnnxImporter, mean: OnnxNode, rank: int) -> tuple[int, ...]:
    pool = mean.op == "GlobalAveragePool"
    return tuple(range(2, rank)) if pool else read_axes(importer, mean, rank)


def _other_group_axis(wide: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    """Return the other of the two axes of groups and their channels, if only one of them has
    numbers."""
    if len(wide) != 1:
        return ()
    (axis,) = wide
    if axis in axes and axis - 1 not in axes and axis > 1:
        return (axis - 1,)
    return ()


def _learned_axes(importer: OnnxImporter, norm: Norm, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the axes along which the norm has numbers of its own."""
    for tensor in norm.learned:
        dims = importer.constants[tensor].dims
        padded = (1,) * (len(shape) - len(dims)) + dims
        return tuple(axis for axis, n in enumerate(padded) if n != 1)
    return ()


def _emit_group_norm(
    importer: OnnxImporter, step: OnnxNode, norm: Norm, span: tuple[int, int]
) -> None:
    """Emit a norm over all positions and over the channels of each group, which are axes side by
    side."""
    value, (start, end) = importer.emit_value(norm.x), span
    shape = value.shape
    axes = _mean_axes(importer, norm.mean, len(shape))
    groups = prod(shape[axis] for axis in range(start, end) if axis not in axes)
    channels = prod(shape[start:end])
    if any(axis in axes for axis in range(start, end - 1)) and groups > 1:
        raise Inexpressible("a norm over groups that stand behind their channels")
    inner = tuple(n for n in shape[end:] if n != 1)
    merged = value.reshape_to((*shape[:start], channels, *inner))
    importer.values[f"{norm.x} merged"] = merged
    name, back = emit_as_channels(importer, step, f"{norm.x} merged", start)
    weights, biases, affine = norm.learned[:1], norm.learned[1:], bool(norm.learned)
    if groups == channels:
        made = importer.emit_layer(
            step, "instancenorm", [name], learned=weights, shifts=biases, affine=affine
        )
    else:
        made = importer.emit_layer(
            step,
            "groupnorm",
            [name],
            learned=weights,
            shifts=biases,
            groups=groups,
            affine=affine,
        )
    importer.values[step.outputs[0]] = back(made).reshape_to(shape)
