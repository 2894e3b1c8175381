"""What Keras layers learn that the language has no words for and that multiply no weights."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from cnncost.formats.importing import Inexpressible
from cnncost.formats.keras_in.keras_importer import (
    KerasImporter,
    read_flag,
    read_integer,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnncost.formats.keras_in.keras_importer import Dims
    from cnncost.formats.keras_in.keras_model import KerasLayer

    Rule = Callable[[KerasImporter, KerasLayer, Dims], int]


def numbers_learned(k: KerasImporter, layer: KerasLayer, x: Dims) -> int | None:
    """How many numbers a layer over an input of shape `x` learns, if those are all its costs;
    none where it has others, or only its code says."""
    rule = None if layer.foreign else _RULES.get(layer.kind)
    try:
        return rule(k, layer, x) if rule else None
    except Inexpressible:
        return None


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


_RULES: dict[str, Rule] = {
    **dict.fromkeys(("BatchNormalization", "LayerNormalization"), _count_norm),
    "PReLU": _count_prelu,
    "Embedding": _count_embedding,
    **dict.fromkeys(
        ("UnitNormalization", "RepeatVector", "CenterCrop", "RandomCrop"), _count_nothing
    ),
}
