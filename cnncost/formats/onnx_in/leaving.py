"""What leaves a model, and the operations that it depends on."""

from __future__ import annotations

from heapq import heapify, heappop, heappush

from cnncost.errors import CnncostError
from cnncost.formats.graph import Op, needed_operations
from cnncost.formats.importing import Inexpressible
from cnncost.formats.onnx_in import onnx_joins
from cnncost.formats.onnx_in.onnx_importer import OnnxImporter
from cnncost.formats.onnx_in.onnx_inferred_shapes import refuse_shapeless
from cnncost.formats.onnx_in.onnx_model import OnnxNode
from cnncost.formats.tensor_value import Value


def emit_outputs(importer: OnnxImporter) -> tuple[str, ...]:
    """The operations that make the model's outputs; one that is read on gets a name of its own."""
    refuse_shapeless(importer)
    names = []
    for tensor in importer.model.outputs:
        if not importer.is_activation(tensor):
            continue
        value = importer.emit_value(tensor)
        end = OnnxNode("", "", (tensor,), (tensor,), {})
        try:
            name = importer.emit_views(end, _output_view(value, last=importer.channels_last))
        except Inexpressible:
            name = value.base
        names.append(name)
    names = list(dict.fromkeys(names))
    if not names:
        raise CnncostError(f"{importer.file}: none of its outputs depends on an input")
    alive = ops_alive(importer, tuple(names))
    read = {name for op in alive for name in op.reads}
    for i, name in enumerate(names):
        if name in read or name not in importer.ops:
            end = OnnxNode("", "", (), ("",), {})
            names[i] = importer.emit_layer(end, "identity", [name]).base
    return tuple(names)


def _output_view(value: Value, *, last: bool) -> Value:
    """An output without its batch; a map has its channels first."""
    rank = len(value.shape)
    channel = onnx_joins.channel_axis(value) if last else 1
    if rank < 2 or value.shape[0] != 1 or rank > 5:
        return Value(value.base, value.made)
    rest = [axis for axis in range(1, rank) if axis != channel]
    turned = value.permute_axes((0, channel, *rest))
    return turned.reshape_to(turned.shape[1:])


def ops_alive(importer: OnnxImporter, outputs: tuple[str, ...]) -> tuple[Op, ...]:
    """The operations that an output depends on, in order."""
    return _sort_by_file(importer, needed_operations(importer.ops, outputs))


def _sort_by_file(importer: OnnxImporter, ops: list[Op]) -> tuple[Op, ...]:
    """In the file's order as far as each comes after what it reads: an activation is told only
    when it is read, but its memory is taken where it stands."""
    waiting = {op.name: len({read for read in op.reads if read in importer.ops}) for op in ops}
    readers: dict[str, list[str]] = {}
    for op in ops:
        for read in dict.fromkeys(op.reads):
            readers.setdefault(read, []).append(op.name)
    made = {op.name: i for i, op in enumerate(ops)}
    ready = [(importer.places[op.name], made[op.name]) for op in ops if not waiting[op.name]]
    heapify(ready)
    found = []
    while ready:
        op = ops[heappop(ready)[1]]
        found.append(op)
        for name in readers.get(op.name, ()):
            waiting[name] -= 1
            if not waiting[name]:
                heappush(ready, (importer.places[name], made[name]))
    return tuple(found)
