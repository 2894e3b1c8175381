"""How recurrent layers and embeddings are written in Keras."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnncost.formats.keras_out.keras_calls import (
    KerasCallStep,
    Piece,
    Writers,
    keras_refusal,
    write_options,
)

if TYPE_CHECKING:
    from cnncost.layers.embedding import Embedding, PositionEmbedding
    from cnncost.layers.recurrent import Recurrent
    from cnncost.network import Node

_CLASSES = {"lstm": "LSTM", "gru": "GRU", "rnn": "SimpleRNN"}


def _write_recurrent(node: Node[Recurrent]) -> Piece:
    """Write a Keras layer for each layer of it; all but the last give their states in full."""
    layer = node.layer
    _check_form(node)
    steps = []
    for number in range(1, layer.layers + 1):
        end = number == layer.layers
        call = _write_call(node, sequences=not (end and layer.last))
        steps.append(call._replace(part="" if end else str(number)))
    return tuple(steps)


def _check_form(node: Node[Recurrent]) -> None:
    """Refuse what Keras' layers have not.

    Raises:
        CnncostError: a projection, biases of another number, or several layers that share.
    """
    layer, name = node.layer, _CLASSES[node.layer.word]
    if layer.state != layer.hidden:
        raise keras_refusal(node, f"layers.{name} has no projection", "a linear layer behind it")
    if layer.word != "gru" and layer.bias and not layer.single_bias:
        raise keras_refusal(
            node,
            f"layers.{name} has one bias for each unit of a gate, not two",
            "single_bias: true is Keras' form",
        )
    if layer.layers > 1 and (node.shares is not None or node.frozen):
        raise keras_refusal(
            node, "Keras shares and freezes single layers", "write one line for each of its layers"
        )


def _write_call(node: Node[Recurrent], *, sequences: bool) -> KerasCallStep:
    layer = node.layer
    own: dict[str, Any] = vars(layer)  # Any: fields of all kinds
    early = layer.word == "gru" and layer.bias and layer.single_bias
    options = write_options(
        activation=(f'"{own.get("activation", "tanh")}"', '"tanh"'),
        use_bias=(str(layer.bias), "True"),
        reset_after=(str(not early), "True"),
        return_sequences=(str(sequences), "False"),
    )
    given = (str(layer.hidden), *options)
    head = f"layers.{_CLASSES[layer.word]}"
    if not layer.bidirectional:
        return KerasCallStep(head, given)
    return KerasCallStep("layers.Bidirectional", (f"{head}({', '.join(given)})",))


def _write_embedding(node: Node[Embedding]) -> Piece:
    sizes = (str(node.layer.vocabulary), str(node.layer.dim))
    return (KerasCallStep("layers.Embedding", sizes),)


def _write_position_embedding(node: Node[PositionEmbedding]) -> Piece:
    return (KerasCallStep("PositionEmbedding", (str(node.layer.rows(node.inputs[0])),)),)


WRITERS: Writers = {
    "lstm": _write_recurrent,
    "gru": _write_recurrent,
    "rnn": _write_recurrent,
    "embedding": _write_embedding,
    "position_embedding": _write_position_embedding,
}
