"""Which call of a model within a model a reference means: Keras counts its own graph as the first.

A functional model is called once when it is made. Keras 2 counts that call in all references to
it, Keras 3 only in a model's list of outputs; the calls that a file holds are those behind it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from cnncost.formats.keras_in.keras_model import MODELS, KerasModel, Ref


def number_calls_from_zero(
    model: KerasModel, parts: Iterable[Mapping[str, Any]]
) -> KerasModel:  # Any: JSON's
    """The model, its references counting only the calls that the file holds."""
    inner = {layer.name for layer in model.layers if layer.kind in MODELS or layer.foreign}
    read = [ref for layer in model.layers for call in layer.calls for ref in call.reads]
    outputs = _models_from_one(inner, model.outputs)
    if _is_keras_3(parts):
        return replace(model, outputs=tuple(_shift_call(ref, outputs) for ref in model.outputs))
    both = _models_from_one(inner, [*read, *model.outputs])
    layers = tuple(
        replace(
            layer,
            calls=tuple(
                call._replace(reads=tuple(_shift_call(ref, both) for ref in call.reads))
                for call in layer.calls
            ),
        )
        for layer in model.layers
    )
    return replace(
        model,
        layers=layers,
        outputs=tuple(_shift_call(ref, both) for ref in model.outputs),
        recorded={_shift_call(ref, both): shape for ref, shape in model.recorded.items()},
    )


def _is_keras_3(parts: Iterable[Mapping[str, Any]]) -> bool:  # Any: JSON's
    """Whether a call is written as a mapping of arguments, not as a list."""
    return any(isinstance(node, dict) for part in parts for node in part.get("inbound_nodes") or ())


def _models_from_one(inner: set[str], refs: Iterable[Ref]) -> set[str]:
    """The models within, to whose first call no reference is 0."""
    seen: dict[str, int] = {}
    for ref in refs:
        if ref.layer in inner:
            seen[ref.layer] = min(ref.call, seen.get(ref.layer, ref.call))
    return {name for name, least in seen.items() if least > 0}


def _shift_call(ref: Ref, layers: set[str]) -> Ref:
    return ref._replace(call=ref.call - 1) if ref.layer in layers else ref
