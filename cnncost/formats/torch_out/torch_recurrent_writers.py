"""How recurrent layers and embeddings are written in PyTorch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnncost.formats.torch_out.torch_layer_code import CodePiece, Writer, write_keywords

if TYPE_CHECKING:
    from cnncost.layers.embedding import Embedding, PositionEmbedding
    from cnncost.layers.recurrent import Recurrent
    from cnncost.network import Node

_CLASSES = {"lstm": "nn.LSTM", "gru": "nn.GRU", "rnn": "nn.RNN"}


def _write_recurrent(node: Node[Recurrent], inplace: bool) -> CodePiece:
    """Write PyTorch's module, which has positions before channels; with one bias per gate a module
    of our own."""
    layer = node.layer
    if layer.single_bias:
        return _write_single_bias(node)
    own: dict[str, Any] = vars(layer)  # Any: fields of all kinds
    options = write_keywords(
        num_layers=(str(layer.layers), "1"),
        nonlinearity=(f'"{own.get("activation", "tanh")}"', '"tanh"'),
        bias=(str(layer.bias), "True"),
        batch_first=("True", "False"),
        bidirectional=(str(layer.bidirectional), "False"),
        proj_size=(str(own.get("projection", 0)), "0"),
    )
    sizes = (str(node.inputs[0].channels), str(layer.hidden))
    call = "{m}({x}.movedim(1, -1))"
    if not layer.last:
        call += "[0].movedim(-1, 1)"
    else:
        state = "[1][0]" if layer.word == "lstm" else "[1]"
        call += f"{state}[-{layer.directions}:].movedim(0, 1).flatten(1)"
    return CodePiece(_CLASSES[layer.word], (*sizes, *options), call)


def _write_single_bias(node: Node[Recurrent]) -> CodePiece:
    layer = node.layer
    own: dict[str, Any] = vars(layer)  # Any: fields of all kinds
    options = write_keywords(
        layers=(str(layer.layers), "1"),
        directions=(str(layer.directions), "1"),
        projection=(str(own.get("projection", 0)), "0"),
        last=(str(layer.last), "False"),
        activation=(f'"{own.get("activation", "tanh")}"', '"tanh"'),
    )
    given = (f'"{layer.word}"', str(node.inputs[0].channels), str(layer.hidden), *options)
    return CodePiece("Recurrence", given, extra="Recurrence")


def _write_embedding(node: Node[Embedding], inplace: bool) -> CodePiece:
    sizes = (str(node.layer.vocabulary), str(node.layer.dim))
    return CodePiece("nn.Embedding", sizes, "{m}({x}.long()).movedim(-1, 1)")


def _write_position_embedding(node: Node[PositionEmbedding], inplace: bool) -> CodePiece:
    x = node.inputs[0]
    sizes = (str(node.layer.rows(x)), str(x.channels))
    return CodePiece("PositionEmbedding", sizes, extra="PositionEmbedding")


WRITERS: dict[str, Writer] = {
    "lstm": _write_recurrent,
    "gru": _write_recurrent,
    "rnn": _write_recurrent,
    "embedding": _write_embedding,
    "position_embedding": _write_position_embedding,
}
