"""Reads products of matrices: dense layers, products of two activations, recurrent layers."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, NamedTuple

from cnncost.formats.importing import Inexpressible, dims_text
from cnncost.formats.tflite_in.known_cost import KnownCost
from cnncost.formats.tflite_in.tflite_activations import emit_fused
from cnncost.formats.tflite_in.tflite_importer import TfliteImporter

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnncost.formats.tensor_value import Value
    from cnncost.formats.tflite_in.tflite_model import Dims, TfliteStep


def emit_dense(importer: TfliteImporter, step: TfliteStep) -> None:
    """FULLY_CONNECTED: rows of as many numbers as a unit has weights; one row is the usual case."""
    weights = step.find_input(1)
    value = importer.get_value(step.find_input(0))
    dims = importer.get_tensor(weights).dims
    if len(dims) != 2 or min(dims) < 1 or prod(value.shape) % dims[1]:
        raise Inexpressible(f"{dims_text(value.shape)} over weights of {list(dims)}")
    units, width = dims
    rows, bias = prod(value.shape) // width, step.find_input(2) >= 0
    keeps = step.options["keep_dims"] and value.shape[-1] == width
    seen = (*value.shape[:-1], units) if keeps else (rows, units)
    if weights in importer.values or not importer.find_source(weights).constant:
        cost = KnownCost(connections=rows * width * units, biases=units if bias else 0,
                         bias_uses=rows * units if bias else 0)  # fmt: skip
        made = importer.emit_known(step, seen, cost)
    elif rows == 1:
        vector = importer.emit_vector(step, value)
        made = importer.emit_layer(
            step, "dense", [vector], learned=weights, shift=step.find_input(2), units=units,
            bias=bias,
        )  # fmt: skip
    else:
        made = _emit_rows(importer, step, value, width, units, bias=bias)
    importer.values[step.outputs[0]] = emit_fused(importer, step, made.reshape_to(seen))


def _emit_rows(
    importer: TfliteImporter, step: TfliteStep, value: Value, width: int, units: int, *, bias: bool
) -> Value:
    """Emit a dense layer along the last axis, the same for each row of that many numbers."""
    if value.shape[-1] != width:
        value = value.reshape_to((prod(value.shape) // width, width))
    elif len(value.shape) > 4 or (value.shape[0] != 1 and len(value.shape) > 2):
        value = value.reshape_to((prod(value.shape[:-1]), width))
    name, back = importer.open_map(step, value)
    weights, shift = step.find_input(1), step.find_input(2) if bias else -1
    made = importer.emit_layer(
        step, "linear", [name], learned=weights, shift=shift, features=units, bias=bias
    )
    return back(made)


def emit_batch_product(importer: TfliteImporter, step: TfliteStep) -> None:
    """BATCH_MATMUL: of two activations; constant weights make it a dense layer without biases."""
    places = step.find_input(0), step.find_input(1)
    turns = [bool(step.options[word]) for word in ("adj_x", "adj_y")]
    if places[1] not in importer.values:
        _emit_constant_product(importer, step, *turns)
        return
    left, right = (
        _turn_last(importer.get_value(place), turned)
        for place, turned in zip(places, turns, strict=True)
    )
    *batch, rows, inner = left.shape
    *other, width, columns = right.shape
    if batch != other or inner != width:
        raise Inexpressible(f"{dims_text(left.shape)} times {dims_text(right.shape)}")
    heads = prod(batch)
    sides = [left.reshape_to((heads * rows, inner)), right.reshape_to((heads * width, columns))]
    reads = [importer.emit_views(step, side) for side in sides]
    made = importer.emit_layer(step, "matmul", reads, groups=heads)
    importer.values[step.outputs[0]] = made.reshape_to((*batch, rows, columns))


def _turn_last(value: Value, turned: bool) -> Value:
    """Return a matrix turned around, or as it is."""
    rank = len(value.shape)
    if rank < 2:
        raise Inexpressible("a vector")
    return value.permute_axes((*range(rank - 2), rank - 1, rank - 2)) if turned else value


def _emit_constant_product(
    importer: TfliteImporter, step: TfliteStep, turn_x: bool, turn_y: bool
) -> None:
    weights = importer.get_constant(step.find_input(1))
    value = _turn_last(importer.get_value(step.find_input(0)), turn_x)
    if len(weights.dims) < 2 or prod(weights.dims[:-2]) != 1:
        raise Inexpressible("a matrix of its own for each of several parts")
    width, units = weights.dims[-2:][:: -1 if turn_y else 1]
    if value.shape[-1] != width:
        raise Inexpressible(f"{dims_text(value.shape)} over weights of {list(weights.dims)}")
    made = _emit_rows(importer, step, value, width, units, bias=False)
    importer.values[step.outputs[0]] = made.reshape_to((*value.shape[:-1], units))


def count_batch_product(importer: TfliteImporter, step: TfliteStep, out: Dims) -> KnownCost:
    """Count a product: each output is as many multiplications as the inner axis is long."""
    value = importer.get_value(step.find_input(0))
    inner = value.shape[-2 if step.options["adj_x"] else -1]
    weights = step.find_input(1)
    held = 0 if weights in importer.values else importer.get_constant(weights).size
    return KnownCost(held, 0, prod(out) * inner)


class Gates(NamedTuple):
    """The inputs of a recurrent step, by place: what it multiplies, what it adds, the rest."""

    weights: tuple[int, ...]
    biases: tuple[int, ...]
    extras: tuple[int, ...] = ()


_LSTM = Gates((*range(1, 12), 16), (*range(12, 16), 17), tuple(range(20, 24)))

RECURRENT = {
    "UNIDIRECTIONAL_SEQUENCE_LSTM": _LSTM,
    "LSTM": _LSTM,
    "BIDIRECTIONAL_SEQUENCE_LSTM": Gates(
        (*range(1, 12), 16, *range(18, 29), 33, *range(40, 48)),
        (*range(12, 16), 17, *range(29, 33), 34),
    ),
    "UNIDIRECTIONAL_SEQUENCE_RNN": Gates((1, 2), (3,)),
    "RNN": Gates((1, 2), (3,)),
    "BIDIRECTIONAL_SEQUENCE_RNN": Gates((1, 2, 5, 6, 10, 11), (3, 7)),
    "SVDF": Gates((1, 2), (3,)),
}
"""Recurrent steps: each weight works once per time step."""


def emit_recurrent(importer: TfliteImporter, step: TfliteStep) -> None:
    """Emit a recurrent layer, which the language has no word for, with its costs."""
    value = importer.get_value(step.find_input(0))
    gates, steps = RECURRENT[step.op], prod(value.shape[:-1])
    if len(step.inputs) <= 5 and step.op == "LSTM":
        gates = Gates((2,), (3,))  # the basic kernel: all gates' weights in one
    counts = [_count_numbers(importer, step, places) for places in gates]
    out = importer.recorded_dims(step.outputs[0])
    if out is None:
        raise Inexpressible("its output's shape for these inputs is not in the file")
    importer.values[step.outputs[0]] = importer.emit_known(
        step, out, KnownCost(counts[0], counts[1], steps * counts[0], steps * counts[1], counts[2])
    )


def _count_numbers(importer: TfliteImporter, step: TfliteStep, places: Iterable[int]) -> int:
    """Count the numbers of those inputs that the step has."""
    tensors = [step.find_input(place) for place in places]
    return sum(importer.get_constant(tensor).size for tensor in tensors if tensor >= 0)


OPERATIONS = {
    "FULLY_CONNECTED": emit_dense,
    "BATCH_MATMUL": emit_batch_product,
    **dict.fromkeys(RECURRENT, emit_recurrent),
}


def count_dense(importer: TfliteImporter, step: TfliteStep, out: Dims) -> KnownCost:
    """Count a dense layer: each output is as many multiplications as a unit has weights."""
    weights = step.find_input(1)
    width = importer.get_constant(weights).dims[-1]
    biases = out[-1] if step.find_input(2) >= 0 else 0
    uses = prod(out)
    return KnownCost(importer.count_fresh(weights), biases, uses * width, uses if biases else 0)


COUNTS = {"BATCH_MATMUL": count_batch_product, "FULLY_CONNECTED": count_dense}
"""What an operator costs that cannot be written in words."""
