"""Write recurrent layers and embeddings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnncost.errors import CnncostError
from cnncost.formats.onnx_out.onnx_emitter import Emitter, Writers
from cnncost.network import Node

if TYPE_CHECKING:
    from cnncost.layers.embedding import Embedding, PositionEmbedding
    from cnncost.layers.normalisation import RmsNorm
    from cnncost.layers.recurrent import Recurrent


def _write_recurrent(emitter: Emitter, node: Node[Recurrent], x: list[str]) -> str:
    """Write a step per layer; ONNX has positions first, and directions apart."""
    layer, length = node.layer, node.inputs[0].positions
    if layer.state != layer.hidden:
        raise CnncostError(
            f"{node.name} projects its states, which ONNX's LSTM cannot",
            "without projection, or with a linear layer behind it, it can be written",
        )
    sizes, channels = (layer.directions, layer.hidden), node.inputs[0].channels
    made = emitter.add_step("Transpose", x, perm=[2, 0, 1])
    for number in range(layer.layers):
        both = _write_one_layer(emitter, node, made, number, channels)
        channels = layer.directions * layer.hidden
        if number + 1 < layer.layers:
            rows = emitter.add_step("Transpose", both[:1], perm=[0, 2, 1, 3])
            made = emitter.add_step("Reshape", [rows, emitter.add_integers([length, 1, channels])])
    if layer.last:
        state = emitter.add_step("Transpose", both[1:], perm=[1, 0, 2])
        return emitter.add_step("Reshape", [state, emitter.add_integers([1, channels])])
    turned = emitter.add_step("Transpose", both[:1], perm=[2, 1, 3, 0])
    dims = [1, sizes[0] * sizes[1], length]
    return emitter.add_step("Reshape", [turned, emitter.add_integers(dims)])


def _write_one_layer(
    emitter: Emitter, node: Node[Recurrent], x: str, number: int, channels: int
) -> list[str]:
    """Write the step of one layer; the names of all its states and of the last ones."""
    layer, op = node.layer, node.layer.word.upper()
    rows, part = layer.gates * layer.hidden, f"l{number}"
    inputs = [
        x,
        emitter.add_parameter(f"{part}.W", (layer.directions, rows, channels)),
        emitter.add_parameter(f"{part}.R", (layer.directions, rows, layer.hidden)),
    ]
    if layer.bias:
        inputs.append(_write_biases(emitter, layer, part, rows))
    options: dict[str, Any] = {}  # Any: ONNX's attributes
    if op == "GRU":
        options["linear_before_reset"] = 0 if layer.bias and layer.single_bias else 1
    if getattr(layer, "activation", "tanh") == "relu":
        options["activations"] = ["Relu"] * layer.directions
    if layer.bidirectional:
        options["direction"] = "bidirectional"
    return emitter.add_several(op, inputs, 2, hidden_size=layer.hidden, **options)


def _write_biases(emitter: Emitter, layer: Recurrent, part: str, rows: int) -> str:
    """Add the biases of the input and of the state side by side; with one bias, the state's are
    zeros."""
    if not layer.single_bias:
        return emitter.add_parameter(f"{part}.B", (layer.directions, 2 * rows), 0.0)
    own = emitter.add_parameter(f"{part}.B", (layer.directions, rows), 0.0)
    zeros = emitter.add_equal_numbers(0.0, layer.directions * rows)
    shaped = emitter.add_step("Reshape", [zeros, emitter.add_integers([layer.directions, rows])])
    return emitter.add_step("Concat", [own, shaped], axis=1)


def _write_embedding(emitter: Emitter, node: Node[Embedding], x: list[str]) -> str:
    import onnx

    table = emitter.add_parameter("weight", (node.layer.vocabulary, node.layer.dim))
    indices = emitter.add_step("Cast", x, to=onnx.TensorProto.INT64)
    return emitter.add_step(
        "Transpose", [emitter.add_step("Gather", [table, indices])], perm=[0, 2, 1]
    )


def _write_position_embedding(emitter: Emitter, node: Node[PositionEmbedding], x: list[str]) -> str:
    shape, rows = node.inputs[0], node.layer.rows(node.inputs[0])
    table = emitter.add_parameter("weight", (rows, shape.channels))
    if rows > shape.positions:
        ends = [emitter.add_integers([n]) for n in (0, shape.positions)]
        table = emitter.add_step("Slice", [table, *ends])
    turned = emitter.add_step("Transpose", [table], perm=[1, 0])
    map_ = emitter.add_step("Reshape", [turned, emitter.add_integers([1, *shape.dims])])
    return emitter.add_step("Add", [*x, map_])


def _write_rmsnorm(emitter: Emitter, node: Node[RmsNorm], x: list[str]) -> str:
    """Write the root of the mean square step by step: this opset has no word for it."""
    square = emitter.add_step("Mul", [*x, *x])
    mean = emitter.add_step("ReduceMean", [square], axes=[1], keepdims=1)
    root = emitter.add_step("Sqrt", [emitter.add_step("Add", [mean, emitter.add_number(1e-5)])])
    normed = emitter.add_step("Div", [*x, root])
    if not node.layer.affine:
        return normed
    return emitter.add_step("Mul", [normed, emitter.add_channel_parameter(node, "weight", 1.0)])


WRITERS: Writers = {
    "lstm": _write_recurrent,
    "gru": _write_recurrent,
    "rnn": _write_recurrent,
    "embedding": _write_embedding,
    "position_embedding": _write_position_embedding,
    "rmsnorm": _write_rmsnorm,
}
