"""Reads recurrent layers and embeddings of a traced program."""

from __future__ import annotations

from math import prod
from typing import Any

from cnncost.formats.tensor_value import Constant, Shape, Value
from cnncost.formats.torch_in.torch_importer import TorchCall, TorchImporter, UnknownForm

GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}


def emit_embedding(b: TorchImporter, call: TorchCall) -> Value:
    """Emit the layer that looks rows of a learned table up; of a table that is none, the numbers
    are moved."""
    indices, table = call.arguments["indices"], call.arguments["weight"]
    if not isinstance(indices, Value) or not isinstance(table, Constant):
        return b.emit_moved(call, "embedding", call.read_values(), call.shape)
    if len(table.shape) != 2 or not table.sources:
        return b.emit_costed(call, "embedding", [indices], call.shape, 0, [table])
    vocabulary, dim = table.shape
    line = b.emit_whole(call, indices)
    line = line.reshape_to((prod(line.shape),))
    made = b.emit_layer(
        call, "embedding", [line], (dim, *line.shape),
        learned=[table], dim=dim, vocabulary=vocabulary,
    )  # fmt: skip
    return made.permute_axes((1, 0)).reshape_to(call.shape)


def emit_recurrent_layer(b: TorchImporter, call: TorchCall) -> list[Value]:
    """Emit an lstm, gru or rnn over one example, whose states start from zeros.

    Raises:
        UnknownForm: it is another one.
    """
    x, shape = b.emit_whole(call, call.arguments.get("input")), call.shape
    learned = _learned_tensors(call)
    examples = shape[0 if call.arguments.get("batch_first") else 1] if len(shape) > 2 else 1
    if call.arguments.get("batch_sizes") is not None or examples != 1:
        raise UnknownForm
    steps, channels = prod(shape[:-1]), x.shape[-1]
    arguments = _layer_arguments(call, learned)
    signal = x.reshape_to((steps, channels)).permute_axes((1, 0))
    if call.arguments.get("dropout") and arguments.get("layers", 1) > 1:
        b.notes.add("dropout between the layers of a recurrent layer is left out")
    word = call.target.partition("_")[0]
    last = call.used == (1,) and arguments.get("layers", 1) == 1
    dims = (shape[-1],) if last else (shape[-1], steps)
    if last:
        arguments["last"] = True
    made = b.emit_layer(call, word, [signal], dims, learned=learned, **arguments)
    if last:
        return [
            _moved(b, call, made, shape),
            made.reshape_to(call.shapes[1]),
            *_others(b, call, made, 2),
        ]
    whole = made.permute_axes((1, 0)).reshape_to(shape)
    return [whole, *_others(b, call, whole, 1)]


def _learned_tensors(call: TorchCall) -> list[Constant]:
    """Return its matrices and biases, which must be parameters, not computed or given states."""
    states = call.arguments.get("hx")
    found: list[Any] = call.arguments.get("params") or []
    plain = all(isinstance(one, Constant) and one.sources for one in found)
    given = states if isinstance(states, list) else [states]
    zeros = all(isinstance(state, Constant) and not state.sources for state in given)
    if not found or not plain or not zeros:
        raise UnknownForm
    return found


def _layer_arguments(call: TorchCall, learned: list[Constant]) -> dict[str, Any]:
    """Return the arguments of the layer that differ from the usual."""
    rows, state = learned[1].shape
    hidden = rows // GATES[call.target]
    layers = call.arguments["num_layers"]
    given = {
        "hidden": hidden,
        "layers": layers if layers > 1 else None,
        "bidirectional": True if call.arguments["bidirectional"] else None,
        "bias": None if call.arguments["has_biases"] else False,
        "projection": state if state != hidden else None,
        "activation": "relu" if call.target == "rnn_relu" else None,
    }
    return {key: value for key, value in given.items() if value is not None}


def _others(b: TorchImporter, call: TorchCall, made: Value, first: int) -> list[Value]:
    return [_moved(b, call, made, shape) for shape in call.shapes[first:]]


def _moved(b: TorchImporter, call: TorchCall, made: Value, shape: Shape) -> Value:
    return b.emit_moved(call, call.target, [made], shape)
