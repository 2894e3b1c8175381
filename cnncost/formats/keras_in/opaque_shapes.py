"""The output's shape of Keras layers that the language has no words for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncost.formats.importing import Inexpressible
from cnncost.formats.keras_in.keras_importer import KerasImporter, read_integer

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnncost.formats.keras_in.keras_importer import Dims
    from cnncost.formats.keras_in.keras_model import KerasLayer

    Rule = Callable[[KerasImporter, KerasLayer, Dims], Dims | None]


def shape_of(k: KerasImporter, layer: KerasLayer, x: Dims) -> Dims | None:
    """The shape that a layer gives for an input of shape `x`; none where only its code says."""
    rule = None if layer.foreign else _RULES.get(layer.kind)
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


_RULES: dict[str, Rule] = {
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
