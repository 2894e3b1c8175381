"""The graph of the operations that an importer emitted: those that its outputs need, their owners.

Two things that only the whole shows are changed on the way. A layer of zeros that one window alone
reads becomes that window's padding. And a sum in place is written as a plain one where that needs
no more memory: beside its operands a plain sum has its result, but the step before it made one
operand out of a tensor that nothing else reads, no smaller than the result, so it had as much
alive; in training the gradient of the result, which is as large, lives while all is kept that was
by then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from math import prod
from typing import Any

from cnncost.costs.memory.traits import COMPUTED_WEIGHTS
from cnncost.errors import CnncostError
from cnncost.formats.graph import Graph, Op
from cnncost.formats.pads import add_pads
from cnncost.formats.tensor_value import Shape, Value
from cnncost.formats.torch_in.owning import Owners, assign_owners, costs_of
from cnncost.formats.torch_in.torch_importer import TorchCall, TorchImporter, as_map_shape

TAKE_IN = ("conv", "depthwise_conv")
"""Windows whose own padding is zeros."""
MAKERS = ("conv", "depthwise_conv", "batchnorm", "groupnorm", "dense")
"""Types that make a tensor of their own."""


def make_graph(
    builder: TorchImporter, name: str, shapes: dict[str, tuple[int, ...]], outputs: list[Value],
    owners: Owners, needed: set[str], lost: str,
) -> Graph:  # fmt: skip
    """The graph of what a builder emitted for these outputs.

    Args:
        shapes: of the inputs, by name, without the batch.
        needed: the parameters that some output depends on.
        lost: why the memory of the network is not known; empty where it is.

    Raises:
        CnncostError: no output depends on an input.
    """
    names = list(dict.fromkeys(_emit_output(builder, value, shapes) for value in outputs))
    if not names:
        raise CnncostError(f"{name}: its outputs do not depend on its inputs")
    names = _emit_output_copies(builder, names)
    if lost or builder.computes:
        names[-1] = _emit_unmeasured(builder, names[-1], lost or COMPUTED_WEIGHTS)
    kept = _absorb_paddings(_needed_operations(builder, names), builder.zeros, names)
    kept = _without_idle_flags(kept, builder.shapes, names)
    ops = assign_owners(kept, builder.learned, costs_of(kept, shapes), owners)
    left = {source for source in owners.sizes if owners.count_left(source)}
    emitted = {op.name for op in ops}
    notes = [
        f"{note} ({count} times)" if count > 1 else note
        for note, count in builder.stands_in.items()
    ]
    return Graph(
        name, dict(shapes), ops, tuple(names), notes="\n".join(notes),
        unknown=tuple(u for u in builder.unknown if u.partition(":")[0] in emitted),
        shapes={op.name: builder.shapes[op.name] for op in ops},
        held=owners.sizes, unread=tuple(sorted(left)),
        unused=tuple(n for n in owners.sizes if n in left - needed),
    )  # fmt: skip


def note_stop(graph: Graph, line: str) -> Graph:
    """The graph of a module that was read up to some line: nothing is known of what follows."""
    notes = "\n".join(text for text in (graph.notes, line) if text)
    return replace(graph, notes=notes, stop=line, unused=())


def _emit_output(builder: TorchImporter, value: Value, inputs: dict[str, tuple[int, ...]]) -> str:
    """The operation that makes an output; an input that is one passes through an identity."""
    end = TorchCall("output", {}, "", ())
    whole = builder.emit_whole(end, value)
    made = builder.emit_views(end, whole.reshape_to(as_map_shape(whole.shape)))
    if made in inputs:
        made = builder.emit_layer(end, "identity", [Value(made, inputs[made])], inputs[made]).base
    return made


def _emit_output_copies(builder: TorchImporter, names: list[str]) -> list[str]:
    """Emit an identity behind each output that a layer reads: no layer reads an output."""
    read = {read for op in _needed_operations(builder, names) for read in op.reads}
    end = TorchCall("output", {}, "", ())
    return [
        builder.emit_layer(end, "identity", [Value(n, builder.shapes[n])], builder.shapes[n]).base
        if n in read
        else n
        for n in names
    ]


def _emit_unmeasured(builder: TorchImporter, name: str, why: str) -> str:
    """Emit the layer that says why the memory of a network is not known."""
    end, shape = TorchCall("output", {}, "", ()), builder.shapes[name]
    given: dict[str, Any] = {"stands_for": why}  # Any: as arguments are
    return builder.emit_layer(end, "identity", [Value(name, shape)], shape, **given).base


def _needed_operations(builder: TorchImporter, outputs: list[str]) -> tuple[Op, ...]:
    """The operations that some output needs."""
    needed = set(outputs)
    for op in reversed(builder.ops.values()):
        if op.name in needed:
            needed.update(op.reads)
    return tuple(op for op in builder.ops.values() if op.name in needed)


def _absorb_paddings(
    ops: Sequence[Op], zeros: Collection[str], outputs: Sequence[str]
) -> tuple[Op, ...]:
    """The operations, each such layer as the padding of the window that reads it."""
    readers = Counter(read for op in ops for read in op.reads)
    made = {op.name: op for op in ops if op.name in zeros}
    gone: set[str] = set()
    found = []
    for op in ops:
        pad = made.get(op.reads[0]) if op.word in TAKE_IN else None
        inner = op.arguments.get("padding", 0)
        if pad is None or isinstance(inner, str) or readers[pad.name] > 1 or pad.name in outputs:
            found.append(op)
            continue
        amount = pad.arguments["amount"]
        assert isinstance(amount, tuple)  # a pair an axis, as they were read
        total = add_pads(inner, amount, len(amount))
        found.append(replace(op, arguments={**op.arguments, "padding": total}, reads=pad.reads))
        gone.add(pad.name)
    return tuple(op for op in found if op.name not in gone)


def _without_idle_flags(
    ops: Sequence[Op], shapes: Mapping[str, Shape], outputs: Sequence[str]
) -> tuple[Op, ...]:
    """The operations; sums are in place only where that may need less."""
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
    return tuple(_plain(op) if op.name in plain else op for op in ops)


def _plain(op: Op) -> Op:
    given = {key: value for key, value in op.arguments.items() if key != "inplace"}
    return replace(op, arguments=given)
