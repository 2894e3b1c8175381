"""ONNX out: write a network as a file that runtimes read, with random weights or without."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncost.costs import count_network
from cnncost.errors import CnncostError
from cnncost.formats.onnx_in.onnx_own_files import FROZEN, OURS
from cnncost.formats.onnx_out.onnx_emitter import Emitter
from cnncost.formats.onnx_out.onnx_writers import LAYERS

if TYPE_CHECKING:
    from typing import Any

    from cnncost.language import Spec
    from cnncost.network import Network

OPSET = 17
"""The oldest opset with LayerNormalization; PyTorch's first exporter writes it."""

IR_VERSION = 8
"""The version of the file format of that time, which older runtimes read."""

LARGEST = 2**31 - 2**20
"""The most bytes of weights: a protobuf message holds less than 2 GiB."""


def write(spec: Spec, *, weights: bool = True) -> bytes:
    """Write the network as the bytes of an ONNX file.

    Random weights keep activations in range, so that the file runs, and are the same every
    time. If they are left out, each keeps its shape and points to a file that does not exist.

    Raises:
        CnncostError: onnx is not installed, a layer is opaque, or the weights are too large
            for one file.
    """
    try:
        import onnx
    except ModuleNotFoundError:
        from cnncost.formats import missing_package

        raise missing_package("onnx", "onnx") from None
    network = spec.network
    size = 4 * count_network(network).totals.parameters
    if weights and size > LARGEST:
        raise CnncostError(
            f"{network.name} has {size:,} B of weights, and an ONNX file holds less than 2 GiB",
            "--no-weights leaves them out",
        )
    emitter = Emitter(weights=weights)
    inputs, outputs = _write_steps(emitter, network)
    constants = list(emitter.constants.values())
    graph = onnx.helper.make_graph(emitter.nodes, network.name, inputs, outputs, constants)
    opset = onnx.helper.make_opsetid("", OPSET)
    model = onnx.helper.make_model(graph, opset_imports=[opset], producer_name=OURS)
    model.ir_version = IR_VERSION
    frozen = [node.name for node in network.layers if node.frozen]
    if frozen:
        onnx.helper.set_model_props(model, {FROZEN: " ".join(frozen)})
    data: bytes = model.SerializeToString()
    return data


def _write_steps(emitter: Emitter, network: Network) -> tuple[list[Any], list[Any]]:
    """Write all layers; return the inputs and outputs. Any: onnx's ValueInfoProto."""
    import onnx

    info, number = onnx.helper.make_tensor_value_info, onnx.TensorProto.FLOAT
    made = {node.index: node.name for node in network.inputs}
    for node in network.layers:
        owner = network.nodes[node.shares] if node.shares is not None else node
        emitter.owner, emitter.layer = owner.name, node.name
        made[node.index] = LAYERS[node.layer.word](emitter, node, [made[i] for i in node.reads])
    outputs = []
    for index in network.outputs:
        source = network.nodes[index]
        name = f"out.{source.name}"
        emitter.nodes.append(onnx.helper.make_node("Identity", [made[index]], [name], name=name))
        outputs.append(info(name, number, [1, *source.output.dims]))
    inputs = [info(node.name, number, [1, *node.output.dims]) for node in network.inputs]
    return inputs, outputs
