"""Reads recurrent layers and embeddings of a Keras model."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cnncost.formats.importing import Inexpressible
from cnncost.formats.keras_in.keras_importer import (
    KerasImporter,
    KerasTensor,
    read_flag,
    read_integer,
    refuse_adapters,
)

if TYPE_CHECKING:
    from cnncost.formats.keras_in.keras_model import KerasLayer

WORDS = {"LSTM": "lstm", "GRU": "gru", "SimpleRNN": "rnn"}


def emit_recurrent(k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]) -> KerasTensor:
    """LSTM, GRU and SimpleRNN over the steps of a sequence."""
    return _emit_directions(k, layer, layer, reads)


def emit_bidirectional(
    k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]
) -> KerasTensor:
    """Bidirectional: a recurrent layer and one like it from the other end, side by side."""
    inner = _read_inner(layer, "layer")
    other = _read_inner(layer, "backward_layer") if layer.config.get("backward_layer") else inner
    if layer.config.get("merge_mode", "concat") != "concat":
        raise Inexpressible(f"merge_mode is {layer.config.get('merge_mode')!r:.40}")
    if _sizes_of(inner) != _sizes_of(other):
        raise Inexpressible("its two directions differ")
    return _emit_directions(k, layer, inner, reads, bidirectional=True)


def _read_inner(layer: KerasLayer, key: str) -> KerasLayer:
    """Return the layer that a layer is about, from its configuration."""
    written = layer.config.get(key)
    config = written.get("config") if isinstance(written, dict) else None
    if not isinstance(written, dict) or not isinstance(config, dict):
        raise Inexpressible(f"its {key} is not written down")
    if written.get("class_name") not in WORDS:
        raise Inexpressible(f"its {key} is a {written.get('class_name')!r:.40}")
    return replace(layer, kind=str(written["class_name"]), config=config)


def _sizes_of(layer: KerasLayer) -> tuple[object, ...]:
    keys = ("units", "use_bias", "return_sequences", "reset_after", "activation")
    return (layer.kind, *(layer.config.get(key) for key in keys))


def _emit_directions(
    k: KerasImporter,
    layer: KerasLayer,
    inner: KerasLayer,
    reads: list[KerasTensor],
    *,
    bidirectional: bool = False,
) -> KerasTensor:
    """Emit a layer of the sizes that `inner` has."""
    (x,) = reads
    refuse_adapters(inner)
    if len(x.seen) != 2 or not k.channels_last:
        raise Inexpressible("its input is no sequence with the channels last")
    if read_flag(inner, "return_state", usually=False):
        raise Inexpressible("it returns its states as well")
    given: dict[str, Any] = {"hidden": read_integer(inner, "units")}  # Any: of all kinds
    if bidirectional:
        given["bidirectional"] = True
    given |= _bias_arguments(inner)
    if not read_flag(inner, "return_sequences", usually=False):
        given["last"] = True
    if inner.kind == "SimpleRNN" and inner.config.get("activation") == "relu":
        given["activation"] = "relu"
    elif inner.config.get("activation", "tanh") != "tanh":
        k.notes.add_stand_in(f"{inner.kind} with another activation than tanh", WORDS[inner.kind])
    return k.emit_layer(layer, WORDS[inner.kind], [x], **given)


def _bias_arguments(layer: KerasLayer) -> dict[str, bool]:
    """Return whether it has biases, and how many: a gru that resets behind its product has two."""
    if not read_flag(layer, "use_bias", usually=True):
        return {"bias": False}
    two = layer.kind == "GRU" and read_flag(layer, "reset_after", usually=True)
    return {} if two else {"single_bias": True}


def emit_embedding(k: KerasImporter, layer: KerasLayer, reads: list[KerasTensor]) -> KerasTensor:
    """Embedding: a row of a table for each index."""
    (x,) = reads
    refuse_adapters(layer)
    if layer.config.get("quantization_config") or not k.channels_last:
        raise Inexpressible("its table is held in another form")
    vocabulary, dim = read_integer(layer, "input_dim"), read_integer(layer, "output_dim")
    return k.emit_layer(layer, "embedding", [x], dim=dim, vocabulary=vocabulary)
