"""Layers that a model and a model within it have both: one object, which learns once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from cnncost.formats.keras_in.keras_model import KerasLayer, KerasModel


class Enclosing(NamedTuple):
    """A model around the one that is read, and its path."""

    path: str
    model: KerasModel


def owner_of(layer: KerasLayer, model: KerasModel, around: list[Enclosing], path: str) -> str:
    """Whose parameters a layer has: its own, by its path, or those of a layer further out.

    A file names objects, and does not say which are one. Keras numbers the names that it gives
    itself, so that a layer of such a name, class, configuration and shape in both models is one
    object where the models start from the same input.
    """
    for outer in around:
        if _input_names(outer.model) & _input_names(model):
            for other in outer.model.layers:
                if other.name == layer.name and _is_same(other, layer):
                    return f"{outer.path}/{layer.name}"
    return f"{path}/{layer.name}"


def _input_names(model: KerasModel) -> set[str]:
    return {ref.layer for ref in model.inputs}


def _is_same(a: KerasLayer, b: KerasLayer) -> bool:
    alike = (a.kind, a.registered, a.config, a.built) == (b.kind, b.registered, b.config, b.built)
    return alike and re.fullmatch(rf"{_default_name(a.kind)}(_\d+)?", a.name) is not None


def _default_name(kind: str) -> str:
    """The name that Keras gives a layer of that class: `conv2d_transpose`."""
    word = re.sub(r"\W+", "", kind)
    word = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", word)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", word).lower()
