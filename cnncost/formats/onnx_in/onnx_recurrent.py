"""Reads recurrent layers, whose other forms than the language has are opaque at known costs."""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

from cnncost.formats.importing import Inexpressible
from cnncost.formats.onnx_in.onnx_importer import OnnxImporter
from cnncost.formats.onnx_in.onnx_model import OnnxNode
from cnncost.formats.tensor_value import Value

STATES = (5, 6)
"""The inputs that are states before the first step."""
LENGTHS, PEEPHOLES = 4, 7
GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
FUNCTIONS = {"LSTM": ("Sigmoid", "Tanh", "Tanh"), "GRU": ("Sigmoid", "Tanh"), "RNN": ("Tanh",)}
"""The activations of one direction, unless a file names others."""


class _Sizes(NamedTuple):
    """What the weights' shapes say."""

    steps: int
    directions: int
    hidden: int


def emit_recurrent(importer: OnnxImporter, step: OnnxNode) -> None:
    """LSTM, GRU and RNN: each number of W and R works once per position of the sequence.

    W is directions x gates x inputs, R directions x gates x hidden, the first output
    positions x directions x batch x hidden. States that start at zero are not learned.

    Raises:
        Inexpressible: its numbers are no constants, or its sequences differ in length.
    """
    inputs = (*step.inputs, *("",) * 8)[:8]
    matrices = all(t in importer.constants for t in inputs[1:3])
    if inputs[LENGTHS] or inputs[PEEPHOLES] or not matrices:
        raise Inexpressible("the language has no word for it")
    dims, (directions, _, hidden) = (
        importer.tensor_dims(inputs[0]),
        importer.constants[inputs[2]].dims,
    )
    sizes = _Sizes(prod(dims[:-1]), directions, hidden)
    states = [t for i in STATES if (t := inputs[i]) and not _is_zero_state(importer, t)]
    examples = dims[0 if step.attributes.get("layout") else 1]
    if states or examples != 1 or not _has_usual_functions(step, directions):
        _emit_other(importer, step, sizes, [*inputs[1:4], *states])
        return
    x = importer.emit_value(inputs[0]).reshape_to((sizes.steps, dims[-1]))
    signal = importer.emit_views(step, x.permute_axes((1, 0)))
    outputs = (*step.outputs, *("",) * 3)[:3]
    read = [bool(t and (importer.consumers.get(t) or _is_output(importer, t))) for t in outputs]
    biases, single = _find_biases(importer, inputs[3], directions * GATES[step.op] * hidden)
    last = read == [False, True, False]
    made = importer.emit_layer(
        step, step.op.lower(), [signal], learned=inputs[1:3], shifts=biases,
        **_layer_arguments(step, sizes, bias=bool(biases), single=single, last=last),
    )  # fmt: skip
    _note_reset(importer, step, single=single, bias=bool(biases))
    if last:
        state = made.reshape_to((directions, 1, hidden))
        turned = state.permute_axes((1, 0, 2)) if step.attributes.get("layout") else state
        importer.values[outputs[1]] = turned
        return
    importer.values[outputs[0]] = _turn_states(step, made, sizes)


def _is_output(importer: OnnxImporter, tensor: str) -> bool:
    return tensor in importer.model.outputs


def _turn_states(step: OnnxNode, made: Value, sizes: _Sizes) -> Value:
    """Return the states as ONNX lays them out: positions, directions, example, channels."""
    steps, directions, hidden = sizes
    rows = made.reshape_to((directions, hidden, steps)).permute_axes((2, 0, 1))
    if step.attributes.get("layout"):
        return rows.reshape_to((1, steps, directions, hidden))
    return rows.reshape_to((steps, directions, 1, hidden))


def _has_usual_functions(step: OnnxNode, directions: int) -> bool:
    given = [_word_of(name) for name in step.attributes.get("activations") or ()]
    usual = [list(FUNCTIONS[step.op]) * directions]
    if step.op == "RNN":
        usual.append(["Relu"] * directions)
    return not given or given in usual


def _word_of(name: Any) -> str:  # Any: bytes, as files hold text
    return name.decode() if isinstance(name, bytes) else str(name)


def _layer_arguments(
    step: OnnxNode, sizes: _Sizes, *, bias: bool, single: bool, last: bool
) -> dict[str, Any]:  # Any: arguments of all kinds
    """Return the arguments of the layer that differ from the usual."""
    functions = step.attributes.get("activations") or ("Tanh",)
    given: dict[str, Any] = {
        "bidirectional": sizes.directions == 2,
        "single_bias": single,
        "last": last,
        "activation": step.op == "RNN" and _word_of(functions[0]) == "Relu" and "relu",
    }
    found = {key: value for key, value in given.items() if value}
    return {"hidden": sizes.hidden, **found, **({} if bias else {"bias": False})}


def _find_biases(importer: OnnxImporter, tensor: str, units: int) -> tuple[tuple[str, ...], bool]:
    """Return the tensors of the biases, and whether there is one per unit of a gate: the other
    half, of the state's, is zeros then."""
    if not tensor:
        return (), False
    item = importer.constants.get(tensor)
    if item is None:
        raise Inexpressible("its biases are computed")
    sources = [s for s in item.sources if s != tensor and not _is_zeros(importer, s)]
    if len(sources) == 1 and importer.constants[sources[0]].size == units:
        importer.left_out.update(set(item.sources) - set(sources))
        return tuple(sources), True
    return (tensor,), False


def _is_zeros(importer: OnnxImporter, tensor: str) -> bool:
    item = importer.constants.get(tensor)
    return item is not None and item.values is not None and not (item.values != 0).any()


def _note_reset(importer: OnnxImporter, step: OnnxNode, *, single: bool, bias: bool) -> None:
    before = not step.attributes.get("linear_before_reset")
    if step.op == "GRU" and bias and before != single:
        importer.notes.add("a GRU that resets its state elsewhere is written as gru")


def _emit_other(importer: OnnxImporter, step: OnnxNode, sizes: _Sizes, numbers: list[str]) -> None:
    """Emit a layer of another form: its numbers are learned, its matrices work once per step."""
    x = importer.tensor_dims(step.inputs[0])
    if step.attributes.get("layout"):
        shape = (x[0], x[1], sizes.directions, sizes.hidden)
    else:
        shape = (x[0], sizes.directions, x[1], sizes.hidden)
    learned = [t for t in numbers if t in importer.constants]
    uses = sizes.steps * sum(importer.constants[t].size for t in step.inputs[1:3])
    importer.emit_opaque(step, shape, "", learned, uses)


def _is_zero_state(importer: OnnxImporter, tensor: str) -> bool:
    """Whether a state is of zeros, and nobody's parameter."""
    if not _is_zeros(importer, tensor):
        return False
    importer.left_out.update(importer.constants[tensor].sources)
    return True


OPERATIONS = dict.fromkeys(GATES, emit_recurrent)
