"""Read reductions: means and maxima over the map are global pools; over other axes, after a
turn."""

from __future__ import annotations

from math import prod

from cnncost.formats.importing import Inexpressible
from cnncost.formats.onnx_in.onnx_importer import OnnxImporter
from cnncost.formats.onnx_in.onnx_model import OnnxNode
from cnncost.formats.tensor_value import Value

_WORDS = {"ReduceMean": "global_avgpool", "ReduceMax": "global_maxpool"}
_STAND_INS = {
    **dict.fromkeys(("ReduceSum", "ReduceL1", "ReduceL2", "ReduceProd"), "global_avgpool"),
    **dict.fromkeys(("ReduceSumSquare", "ReduceLogSum", "ReduceLogSumExp"), "global_avgpool"),
    "ReduceMin": "global_maxpool",
}
"""Reductions that the language has no words for: they cost the same, nothing."""


def read_axes(importer: OnnxImporter, step: OnnxNode, rank: int) -> tuple[int, ...]:
    """Return the axes that are reduced, counted from 0, in order."""
    if len(step.inputs) > 1 and step.inputs[1]:
        axes = importer.constant_numbers(step.inputs[1])
    else:
        axes = list(step.attributes.get("axes") or ())
    if not axes:
        axes = [] if step.attributes.get("noop_with_empty_axes") else list(range(rank))
    return tuple(sorted(axis % rank for axis in axes))


def emit_reduction(importer: OnnxImporter, step: OnnxNode) -> None:
    """Emit a mean or maximum, or what stands for one."""
    value = importer.emit_value(step.inputs[0])
    shape = value.shape
    rank = len(shape)
    axes = read_axes(importer, step, rank)
    word = _WORDS.get(step.op) or _STAND_INS[step.op]
    if step.op not in _WORDS:
        importer.notes.add_stand_in(step.op, word)
    kept = [axis for axis in range(rank) if axis not in axes]
    wide = [axis for axis in kept if shape[axis] != 1]
    if all(shape[axis] == 1 for axis in axes):
        made = value
    elif rank in (3, 4, 5) and shape[0] == 1 and wide in ([1], [rank - 1]):
        name = importer.emit_channels_first(step, step.inputs[0], wide[0])
        made = importer.emit_layer(step, word, [name])
    else:
        order = (*kept, *axes)
        column = value.permute_axes(order).reshape_to(
            (prod(shape[axis] for axis in kept), prod(shape[axis] for axis in axes))
        )
        made = importer.emit_layer(step, word, [importer.emit_views(step, column)])
    dims = tuple(1 if axis in axes else n for axis, n in enumerate(shape))
    if not step.attributes.get("keepdims", 1):
        dims = tuple(n for axis, n in enumerate(dims) if axis not in axes)
    importer.values[step.outputs[0]] = made.reshape_to(dims or (1,))


def emit_global_pool(importer: OnnxImporter, step: OnnxNode) -> None:
    """GlobalAveragePool and GlobalMaxPool: the channels are the second axis."""
    rank = len(importer.tensor_dims(step.inputs[0]))
    if rank < 3:
        raise Inexpressible("a pool without positions")
    word = "global_maxpool" if "Max" in step.op else "global_avgpool"
    made: Value = importer.emit_layer(
        step, word, [importer.emit_channels_first(step, step.inputs[0])]
    )
    importer.set_output(step, made)


OPERATIONS = {
    **dict.fromkeys((*_WORDS, *_STAND_INS), emit_reduction),
    **dict.fromkeys(("GlobalAveragePool", "GlobalMaxPool"), emit_global_pool),
}
