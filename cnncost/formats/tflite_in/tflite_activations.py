"""Reads functions of each number, those that a file has fused with a step before them too."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cnncost.formats.importing import Inexpressible
from cnncost.formats.tflite_in.known_cost import KnownCost
from cnncost.formats.tflite_in.tflite_importer import UNNAMED, TfliteImporter
from cnncost.formats.tflite_in.tflite_schema import ACTIVATIONS

if TYPE_CHECKING:
    from cnncost.formats.tensor_value import Value
    from cnncost.formats.tflite_in.tflite_model import TfliteStep

WORDS = {
    "RELU": "relu", "RELU6": "relu6", "LEAKY_RELU": "leaky_relu", "ELU": "elu", "GELU": "gelu",
    "HARD_SWISH": "hardswish", "LOGISTIC": "sigmoid", "TANH": "tanh",
}  # fmt: skip
"""The functions that the language has a word for."""

STAND_INS = (
    *("RELU_N1_TO_1", "RELU_0_TO_1", "EXP", "LOG", "SQRT", "RSQRT", "SQUARE", "ABS", "NEG"),
    *("SIN", "COS", "FLOOR", "CEIL", "ROUND", "SIGN"),
)
"""Those that cost the same, nothing, and are written as identity."""

SAME_NUMBERS = ("QUANTIZE", "DEQUANTIZE", "CAST", "FAKE_QUANT")
"""Steps that write the same numbers in another type."""


def emit_fused(importer: TfliteImporter, step: TfliteStep, value: Value) -> Value:
    """Emit the activation that a step applies to its own result."""
    number = step.options.get("activation", 0)
    if not number:
        return value
    if not 0 < number < len(ACTIVATIONS):
        raise Inexpressible(f"activation {number}, which there is not")
    word = ACTIVATIONS[number]
    if word in ("relu", "relu6", "tanh"):
        return _emit_function(importer, UNNAMED, value, word)
    importer.notes.add_stand_in(word, "identity")
    return _emit_function(importer, UNNAMED, value, "identity")


def _emit_function(importer: TfliteImporter, step: TfliteStep, value: Value, word: str) -> Value:
    """Emit a function of each number, whatever the order of the axes."""
    return replace(value, base=importer.emit_layer(step, word, [value.base]).base)


def emit_activation(importer: TfliteImporter, step: TfliteStep) -> None:
    """Emit an activation, or the identity for a function without a word."""
    word = WORDS.get(step.op, "identity")
    if step.op in STAND_INS:
        importer.notes.add_stand_in(step.op, word)
    value = importer.get_value(step.find_input(0))
    importer.values[step.outputs[0]] = _emit_function(importer, step, value, word)


def emit_softmax(importer: TfliteImporter, step: TfliteStep) -> None:
    """SOFTMAX and LOG_SOFTMAX, along the last axis."""
    name, back = importer.open_map(step, importer.get_value(step.find_input(0)))
    word = "softmax" if step.op == "SOFTMAX" else "logsoftmax"
    importer.values[step.outputs[0]] = back(importer.emit_layer(step, word, [name]))


def emit_prelu(importer: TfliteImporter, step: TfliteStep) -> None:
    """PRELU: one slope per channel, or one in all; one per unit has no word, but a cost."""
    slopes = importer.get_constant(step.find_input(1))
    value = importer.get_value(step.find_input(0))
    if slopes.size not in (1, value.shape[-1]) or slopes.dims[-1:] not in ((), (slopes.size,)):
        importer.values[step.outputs[0]] = importer.emit_known(
            step, value.shape, KnownCost(extras=slopes.size)
        )
        return
    name, back = importer.open_map(step, value)
    shared = slopes.size == 1 and value.shape[-1] != 1
    made = importer.emit_layer(step, "prelu", [name], learned=step.find_input(1), shared=shared)
    importer.values[step.outputs[0]] = back(made)


def emit_response_norm(importer: TfliteImporter, step: TfliteStep) -> None:
    """LOCAL_RESPONSE_NORMALIZATION, over a radius of channels to both sides."""
    name, back = importer.open_map(step, importer.get_value(step.find_input(0)))
    size = 2 * step.options["radius"] + 1
    importer.values[step.outputs[0]] = back(importer.emit_layer(step, "lrn", [name], size=size))


def emit_length_norm(importer: TfliteImporter, step: TfliteStep) -> None:
    """L2_NORMALIZATION: each position divided by its length; a layer norm's costs."""
    name, back = importer.open_map(step, importer.get_value(step.find_input(0)))
    importer.notes.add_stand_in(step.op, "layernorm")
    made = back(importer.emit_layer(step, "layernorm", [name], affine=False))
    importer.values[step.outputs[0]] = emit_fused(importer, step, made)


OPERATIONS = {
    **dict.fromkeys((*WORDS, *STAND_INS, *SAME_NUMBERS), emit_activation),
    **dict.fromkeys(("SOFTMAX", "LOG_SOFTMAX"), emit_softmax),
    "PRELU": emit_prelu,
    "LOCAL_RESPONSE_NORMALIZATION": emit_response_norm,
    "L2_NORMALIZATION": emit_length_norm,
}
