"""Recurrent layers of ONNX: opaque, at costs that are known."""

from __future__ import annotations

from math import prod

from cnncost.formats.importing import Inexpressible
from cnncost.formats.onnx_in.onnx_importer import OnnxImporter
from cnncost.formats.onnx_in.onnx_model import OnnxNode

STATES = (5, 6)
"""The inputs that are states before the first step."""
LENGTHS, PEEPHOLES = 4, 7


def recurrent(importer: OnnxImporter, step: OnnxNode) -> None:
    """LSTM, GRU and RNN: each number of W and R works once per position of the sequence.

    W is directions x gates x inputs, R directions x gates x hidden, the first output
    positions x directions x batch x hidden. States that start at zero are not learned.

    Raises:
        Inexpressible: its numbers are no constants, or its sequences differ in length.
    """
    inputs = (*step.inputs, *("",) * 8)[:8]
    if (
        inputs[LENGTHS]
        or inputs[PEEPHOLES]
        or not all(t in importer.constants for t in inputs[1:3])
    ):
        raise Inexpressible("the language has no word for it")
    x = importer.tensor_dims(step.inputs[0])
    sizes = [importer.constants[t].size for t in inputs[1:3]]
    positions = prod(x[:-1])
    hidden = importer.constants[inputs[2]].dims[-1]
    directions = importer.constants[inputs[2]].dims[0]
    if step.attributes.get("layout"):
        shape = (x[0], x[1], directions, hidden)
    else:
        shape = (x[0], directions, x[1], hidden)
    states = [t for i in STATES if (t := inputs[i]) and not _zero(importer, t)]
    learned = [t for t in (*inputs[1:4], *states) if t in importer.constants]
    importer.emit_opaque(step, shape, "", learned)
    made = importer.values[step.outputs[0]].base
    importer.add_connections(made, positions * sum(sizes))


def _zero(importer: OnnxImporter, tensor: str) -> bool:
    """Whether a state is of zeros, and nobody's parameter."""
    item = importer.constants.get(tensor)
    if item is None or item.values is None or (item.values != 0).any():
        return False
    importer.left_out.update(item.sources)
    return True


OPERATIONS = dict.fromkeys(("LSTM", "GRU", "RNN"), recurrent)
