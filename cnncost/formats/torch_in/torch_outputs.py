"""The outputs of a traced program: the layers that make them, and what they need."""

from __future__ import annotations

from typing import Any

from cnncost.formats.graph import Op
from cnncost.formats.tensor_value import Value
from cnncost.formats.torch_in.torch_importer import TorchCall, TorchImporter, as_map_shape


def emit_output(builder: TorchImporter, value: Value, inputs: dict[str, tuple[int, ...]]) -> str:
    """The operation that makes an output; an input that is one passes through an identity."""
    end = TorchCall("output", {}, "", ())
    whole = builder.emit_whole(end, value)
    made = builder.emit_views(end, whole.reshape_to(as_map_shape(whole.shape)))
    if made in inputs:
        made = builder.emit_layer(end, "identity", [Value(made, inputs[made])], inputs[made]).base
    return made


def emit_output_copies(builder: TorchImporter, names: list[str]) -> list[str]:
    """Emit an identity behind each output that a layer reads: no layer reads an output."""
    read = {read for op in needed_operations(builder, names) for read in op.reads}
    end = TorchCall("output", {}, "", ())
    return [
        builder.emit_layer(end, "identity", [Value(n, builder.shapes[n])], builder.shapes[n]).base
        if n in read
        else n
        for n in names
    ]


def emit_unmeasured(builder: TorchImporter, name: str, why: str) -> str:
    """Emit the layer that says why the memory of a network is not known."""
    end, shape = TorchCall("output", {}, "", ()), builder.shapes[name]
    given: dict[str, Any] = {"stands_for": why}  # Any: as arguments are
    return builder.emit_layer(end, "identity", [Value(name, shape)], shape, **given).base


def needed_operations(builder: TorchImporter, outputs: list[str]) -> tuple[Op, ...]:
    """The operations that some output needs."""
    needed = set(outputs)
    for op in reversed(builder.ops.values()):
        if op.name in needed:
            needed.update(op.reads)
    return tuple(op for op in builder.ops.values() if op.name in needed)
