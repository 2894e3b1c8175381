"""Say of Keras layers without a word in the language which shape they put out, and how many numbers
they learn if they multiply no weights."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, TypeVar

from cnncost.formats.importing import Inexpressible
from cnncost.formats.keras_in.keras_importer import KerasImporter, read_flag, read_integer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cnncost.formats.keras_in.keras_importer import Dims
    from cnncost.formats.keras_in.keras_model import KerasLayer

T = TypeVar("T")


def infer_shape(k: KerasImporter, layer: KerasLayer, x: Dims) -> Dims | None:
    """Return the shape that a layer gives for an input of shape `x`; None if only its code says."""
    return _apply_rule(_SHAPES, k, layer, x)


def _apply_rule(
    rules: Mapping[str, Callable[[KerasImporter, KerasLayer, Dims], T]],
    k: KerasImporter,
    layer: KerasLayer,
    x: Dims,
) -> T | None:
    """Return what the class's rule says; None if it has none, or refuses the layer."""
    rule = None if layer.foreign else rules.get(layer.kind)
    try:
        return rule(k, layer, x) if rule else None
    except Inexpressible:
        return None


def _same_shape(k: KerasImporter, layer: KerasLayer, x: Dims) -> Dims:
    return x


def _recurrent_shape(k: KerasImporter, layer: KerasLayer, x: Dims) -> Dims:
    """LSTM and its kin: the last state, or one for each step."""
    units = read_integer(layer, "units")
    return (units, *x[1:]) if layer.config.get("return_sequences") is True else (units,)


def _configured_shape(k: KerasImporter, layer: KerasLayer, x: Dims) -> Dims | None:
    """What Lambda and EinsumDense are told, without the batch."""
    shape = layer.config.get("output_shape")
    shape = [shape] if isinstance(shape, int) else shape
    return k.convert_shape([None, *shape]) if isinstance(shape, list) else None


def _embedding_shape(k: KerasImporter, layer: KerasLayer, x: Dims) -> Dims | None:
    """A vector for each index."""
    return (read_integer(layer, "output_dim"), *x) if len(x) == 1 and k.channels_last else None


def _repeated_shape(k: KerasImporter, layer: KerasLayer, x: Dims) -> Dims | None:
    """RepeatVector: so many positions that are alike."""
    return (*x, read_integer(layer, "n")) if len(x) == 1 and k.channels_last else None


_SHAPES: dict[str, Callable[[KerasImporter, KerasLayer, Dims], Dims | None]] = {
    **dict.fromkeys(
        ("RMSNormalization", "UnitNormalization", "ThresholdedReLU", "BatchRenormalization",
         "LayerNormalization", "GroupNormalization", "BatchNormalization", "Activation", "ReLU",
         "PReLU"),
        _same_shape,
    ),
    **dict.fromkeys(("LSTM", "GRU", "SimpleRNN"), _recurrent_shape),
    **dict.fromkeys(("Lambda", "EinsumDense"), _configured_shape),
    "Embedding": _embedding_shape,
    "RepeatVector": _repeated_shape,
}  # fmt: skip


def count_learned(k: KerasImporter, layer: KerasLayer, x: Dims) -> int | None:
    """Count the numbers that a layer over an input of shape `x` learns, if those are all its costs;
    None if it has others, or only its code says."""
    return _apply_rule(_NUMBERS, k, layer, x)


def _config_list(layer: KerasLayer, key: str, default: int) -> list[object]:
    given = layer.config.get(key, default)
    return given if isinstance(given, list) else [given]


def _count_norm(k: KerasImporter, layer: KerasLayer, x: Dims) -> int:
    """A scale and a shift for each position along the norm's axes."""
    axes = {k.convert_axis(axis, len(x)) for axis in _config_list(layer, "axis", -1)}
    rms = read_flag(layer, "rms_scaling", usually=False)
    scale = rms or read_flag(layer, "scale", usually=True)
    shift = not rms and read_flag(layer, "center", usually=True)
    return prod(x[axis] for axis in axes) * (scale + shift)


def _count_prelu(k: KerasImporter, layer: KerasLayer, x: Dims) -> int:
    """A slope for each unit, one along the axes that share it."""
    given = layer.config.get("shared_axes") or []
    shared = {k.convert_axis(axis, len(x)) for axis in given} if isinstance(given, list) else set()
    return prod(n for axis, n in enumerate(x) if axis not in shared)


def _count_embedding(k: KerasImporter, layer: KerasLayer, x: Dims) -> int:
    """A row for each index."""
    if layer.config.get("lora_rank") or layer.config.get("quantization_config"):
        raise Inexpressible("an adapter")
    return read_integer(layer, "input_dim") * read_integer(layer, "output_dim")


def _count_nothing(k: KerasImporter, layer: KerasLayer, x: Dims) -> int:
    return 0


_NUMBERS: dict[str, Callable[[KerasImporter, KerasLayer, Dims], int]] = {
    **dict.fromkeys(("BatchNormalization", "LayerNormalization"), _count_norm),
    "PReLU": _count_prelu,
    "Embedding": _count_embedding,
    **dict.fromkeys(
        ("UnitNormalization", "RepeatVector", "CenterCrop", "RandomCrop"), _count_nothing
    ),
}
