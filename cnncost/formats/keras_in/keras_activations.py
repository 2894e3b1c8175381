"""Reads activation functions by the names that Keras gives them."""

from __future__ import annotations

from fractions import Fraction

from cnncost.formats.importing import Inexpressible
from cnncost.formats.keras_in.keras_importer import KerasImporter, KerasTensor
from cnncost.formats.keras_in.keras_model import KerasLayer

WORDS = {
    "relu": "relu", "relu6": "relu6", "leaky_relu": "leaky_relu", "elu": "elu", "selu": "selu",
    "celu": "elu", "gelu": "gelu", "silu": "silu", "swish": "silu", "hard_silu": "hardswish",
    "hard_swish": "hardswish", "sigmoid": "sigmoid", "hard_sigmoid": "hardsigmoid",
    "tanh": "tanh", "softplus": "softplus", "mish": "mish", "softmax": "softmax",
    "log_softmax": "logsoftmax",
}  # fmt: skip
"""The word of each function that has one."""

OTHERS = (
    *("softsign", "exponential", "hard_tanh", "hard_shrink", "soft_shrink", "tanh_shrink"),
    *("threshold", "glu", "squareplus", "sparse_plus", "sparsemax", "log_sigmoid"),
)
"""Functions of each number without a word: they cost nothing, as an identity does."""


def read_function_name(value: object) -> str:
    """Return the name of a function in a configuration, which holds a word or a mapping that names
    one."""
    if isinstance(value, dict):
        inner = value.get("config")
        value = inner if isinstance(inner, str) else value.get("class_name")
    if value is None:
        return "linear"
    return value if isinstance(value, str) else "?"


def emit_function(
    k: KerasImporter, layer: KerasLayer, x: KerasTensor, function: object, part: str = ""
) -> KerasTensor:
    """Emit a function of every number of `x`; `part` is as in `KerasImporter.emit_layer`."""
    name = read_function_name(function)
    if name == "linear":
        return x
    word = WORDS.get(name) or WORDS.get(_snake_case(name))
    if word is None:
        if name not in OTHERS:
            raise Inexpressible(f"the function {name!r:.40}")
        k.notes.add_stand_in(name, "identity")
        word = "identity"
    return k.emit_layer(layer, word, [x], part and word)


def emit_own_activation(k: KerasImporter, layer: KerasLayer, x: KerasTensor) -> KerasTensor:
    """Emit a layer's own `activation` over its output."""
    return emit_function(k, layer, x, layer.config.get("activation"), part="activation")


def emit_activation(k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]) -> KerasTensor:
    """Emit Activation, whose function is an argument."""
    (x,) = reads
    made = emit_function(k, layer, x, layer.config.get("activation"))
    return made if made is not x else k.emit_layer(layer, "identity", [x])


def emit_named_activation(
    k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]
) -> KerasTensor:
    """Emit ELU, Softmax and others that are called like their function."""
    return emit_function(k, layer, reads[0], _snake_case(layer.kind))


def emit_relu(k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]) -> KerasTensor:
    """Emit ReLU with a largest value and a slope for negative ones."""
    top, slope = layer.config.get("max_value"), layer.config.get("negative_slope")
    if top == 6 and not slope:
        return emit_function(k, layer, reads[0], "relu6")
    if top is not None:
        k.notes.add_stand_in(f"ReLU up to {top}", "relu6")
        return emit_function(k, layer, reads[0], "relu6")
    return emit_function(k, layer, reads[0], "leaky_relu" if slope else "relu")


def emit_prelu(k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]) -> KerasTensor:
    """Emit PReLU: a slope for every unit unless all spatial axes share theirs."""
    (x,) = reads
    rank = len(x.seen)
    shared = layer.config.get("shared_axes") or []
    ours = sorted(k.convert_axis(axis, rank) for axis in shared) if isinstance(shared, list) else []
    if ours == list(range(1, rank)):
        return k.emit_layer(layer, "prelu", [x])
    if ours == list(range(rank)):
        return k.emit_layer(layer, "prelu", [x], shared=True)
    raise Inexpressible("a slope for every unit, not for every channel")


def emit_dropout(k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]) -> KerasTensor:
    """Emit Dropout and its kin; one noise for a whole example drops the path."""
    (x,) = reads
    given = layer.config
    rate = next(
        (given[key] for key in ("rate", "drop_rate", "drop_path_rate") if key in given), 0.5
    )
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate < 1:
        raise Inexpressible(f"rate is {rate!r:.40}")
    noise = given.get("noise_shape")
    whole = isinstance(noise, list) and all(size == 1 for size in noise[1:])
    word = "drop_path" if whole or layer.kind in ("StochasticDepth", "DropPath") else "dropout"
    return k.emit_layer(layer, word, [x], rate=Fraction(str(rate)))


def _snake_case(name: str) -> str:
    """Return `LeakyReLU` as `leaky_relu`."""
    special = {"LeakyReLU": "leaky_relu", "ELU": "elu", "SELU": "selu", "CELU": "celu",
               "GELU": "gelu", "SiLU": "silu"}  # fmt: skip
    if name in special:
        return special[name]
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")
