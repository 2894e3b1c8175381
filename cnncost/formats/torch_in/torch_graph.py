"""The graph of the operations that an importer emitted: those that its outputs need, their owners.

A sum in place is written as a plain one where that needs no more memory, which only the whole
shows: beside its operands a plain sum has its result, but the step before it made one
operand out of a tensor that nothing else reads, no smaller than the result, so it had as much
alive; in training the gradient of the result, which is as large, lives while all is kept that was
by then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from math import prod
from typing import Any

from cnncost.costs.memory.traits import COMPUTED_WEIGHTS
from cnncost.errors import CnncostError
from cnncost.formats.graph import Graph, Op, needed_operations
from cnncost.formats.importing import absorb_paddings, as_map_shape, copy_read_outputs, list_unknown
from cnncost.formats.tensor_value import Shape, Value
from cnncost.formats.torch_in.parameter_owners import Owners, assign_owners, costs_of
from cnncost.formats.torch_in.torch_importer import TorchCall, TorchImporter

MAKERS = ("conv", "depthwise_conv", "batchnorm", "groupnorm", "dense")
"""Types that make a tensor of their own."""


def make_graph(
    builder: TorchImporter, name: str, shapes: dict[str, tuple[int, ...]], outputs: list[Value],
    owners: Owners, needed: set[str], lost: str,
) -> Graph:  # fmt: skip
    """Make the graph of what a builder emitted for these outputs.

    Args:
        shapes: of the inputs, by name, without the batch.
        needed: the parameters that some output depends on.
        lost: why the memory of the network is not known; empty where it is.

    Raises:
        CnncostError: no output depends on an input.
    """
    if not outputs:
        raise CnncostError(f"{name}: its outputs do not depend on its inputs")
    names = _emit_outputs(builder, outputs)
    if lost or builder.computes:
        names[-1] = _emit_unmeasured(builder, names[-1], lost or COMPUTED_WEIGHTS)
    kept = absorb_paddings(needed_operations(builder.ops, names), builder.zeros, names)
    kept = _without_idle_flags(kept, builder.shapes, names)
    ops = assign_owners(kept, builder.learned, costs_of(kept, shapes), owners)
    left = {source for source in owners.sizes if owners.count_left(source)}
    return Graph(
        name, dict(shapes), ops, tuple(names), notes=builder.notes.count_lines(),
        unknown=list_unknown(builder.unknown, ops),
        shapes={op.name: builder.shapes[op.name] for op in ops},
        held=owners.sizes, unread=tuple(sorted(left)),
        unused=tuple(n for n in owners.sizes if n in left - needed),
    )  # fmt: skip


def note_stop(graph: Graph, line: str) -> Graph:
    """Make the graph of a module that was read up to some line: nothing is known of what
    follows."""
    notes = "\n".join(text for text in (graph.notes, line) if text)
    return replace(graph, notes=notes, stop=line, unused=())


END = TorchCall("output", {}, "", ())
"""What the outputs are read by."""


def _emit_outputs(builder: TorchImporter, outputs: Sequence[Value]) -> list[str]:
    """Emit the views that the outputs take; the operations that make them, read by no layer."""
    wholes = [builder.emit_whole(END, value) for value in outputs]
    names = [
        builder.emit_views(END, whole.reshape_to(as_map_shape(whole.shape))) for whole in wholes
    ]

    def emit_identity(name: str) -> str:
        shape = builder.shapes[name]
        return builder.emit_layer(END, "identity", [Value(name, shape)], shape).base

    return list(copy_read_outputs(builder.ops, names, emit_identity))


def _emit_unmeasured(builder: TorchImporter, name: str, why: str) -> str:
    """Emit the layer that says why the memory of a network is not known."""
    shape = builder.shapes[name]
    given: dict[str, Any] = {"stands_for": why}  # Any: as arguments are
    return builder.emit_layer(END, "identity", [Value(name, shape)], shape, **given).base


def _without_idle_flags(
    ops: Sequence[Op], shapes: Mapping[str, Shape], outputs: Sequence[str]
) -> tuple[Op, ...]:
    """Return the operations; sums are in place only where that may need less."""
    made = {op.name: op for op in ops}
    readers = Counter([*(read for op in ops for read in op.reads), *outputs])
    plain = set()
    for before, op in pairwise(ops):
        if op.word != "add" or before.name not in op.reads or before.word not in MAKERS:
            continue
        source = made.get(before.reads[0])
        if source is None or source.word not in (*MAKERS, "relu"):
            continue
        dies = readers[source.name] == 1 and readers[before.name] == 1
        if dies and prod(shapes[source.name]) >= prod(shapes[op.name]):
            plain.add(op.name)
    return tuple(_drop_in_place(op) if op.name in plain else op for op in ops)


def _drop_in_place(op: Op) -> Op:
    given = {key: value for key, value in op.arguments.items() if key != "inplace"}
    return replace(op, arguments=given)
