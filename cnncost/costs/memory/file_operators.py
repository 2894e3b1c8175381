"""The operators of a TensorFlow Lite file, with the buffers that they read and fill, as they are
there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from cnncost.costs.memory.lite_operators import LiteGraph, LiteOperator, count_scratch
from cnncost.lite_program import LiteProgram, LiteStep
from cnncost.network import Network

_PLAIN = """
CONV_2D DEPTHWISE_CONV_2D FULLY_CONNECTED TRANSPOSE_CONV AVERAGE_POOL_2D MAX_POOL_2D MEAN ADD SUB
MUL MAXIMUM MINIMUM RESHAPE SQUEEZE EXPAND_DIMS TRANSPOSE PAD PADV2 CONCATENATION SPLIT SPLIT_V
PACK UNPACK SLICE STRIDED_SLICE SOFTMAX LOGISTIC TANH RELU RELU6 LEAKY_RELU PRELU ELU HARD_SWISH
ABS NEG SQUARE SQRT RSQRT QUANTIZE DEQUANTIZE RESIZE_NEAREST_NEIGHBOR RESIZE_BILINEAR
SPACE_TO_DEPTH DEPTH_TO_SPACE
"""

PLAIN = frozenset(_PLAIN.split())
"""Operators whose kernels keep no numbers from run to run and whose scratch is known."""

_FAST = ("CONV_2D", "DEPTHWISE_CONV_2D", "AVERAGE_POOL_2D", "TRANSPOSE_CONV")
"""Operators that CMSIS-NN has kernels with scratch for."""


def list_file_operators(network: Network, program: LiteProgram) -> LiteGraph:
    """List the operators of a network's file, one per step of its main subgraph."""
    buffer, names = _number_buffers(program), _name_steps(network, program)
    made = [
        _make_operator(network, program, step, name, buffer)
        for step, name in zip(program.steps, names, strict=True)
    ]
    first = len(program.inputs)
    fused = [
        (network.nodes[node].name, first + place)
        for place, step in enumerate(program.steps)
        for node in step.fused
    ]
    return LiteGraph(
        tuple(network.nodes[node].name for _, node in program.inputs),
        tuple(made),
        tuple(buffer[tensor] for tensor in program.outputs),
        tuple(fused),
        program.channels,
        all(node.layer.known for node in network.layers),
        program.single and all(step.op in PLAIN and not step.custom for step in program.steps),
        tuple(program.tensors[tensor].bytes for tensor, _ in program.inputs),
    )


def _number_buffers(program: LiteProgram) -> dict[int, int]:
    """Number the buffers by tensor: inputs, each operator's first output, further outputs."""
    first = [step.makes[0] for step in program.steps]
    others = [tensor for step in program.steps for tensor in step.makes[1:]]
    order = [*(tensor for tensor, _ in program.inputs), *first, *others]
    return {tensor: place for place, tensor in enumerate(order)}


def _name_steps(network: Network, program: LiteProgram) -> list[str]:
    """Name each step after the layer that it computes, else after what it does to which."""
    counts: Counter[str] = Counter()
    names = []
    for step in program.steps:
        name = network.nodes[step.node].name
        if not step.computes:
            name = f"{name} ({step.op.lower()})"
            counts[name] += 1
            name = f"{name[:-1]} {counts[name]})" if counts[name] > 1 else name
        names.append(name)
    return names


def _make_operator(
    network: Network, program: LiteProgram, step: LiteStep, name: str, buffer: Mapping[int, int]
) -> LiteOperator:
    tensors = program.tensors
    size, *further = (tensors[tensor].bytes for tensor in step.makes)
    return LiteOperator(
        name,
        step.node,
        tuple(buffer[tensor] for tensor in step.reads),
        size,
        max(_count_fast_scratch(network, program, step), plain := _count_plain(program, step)),
        plain,
        tuple(further),
    )


def _count_plain(program: LiteProgram, step: LiteStep) -> int:
    """Count the scratch of TensorFlow's plain kernel: sums that are wider than the outputs."""
    made = program.tensors[step.makes[0]]
    if "int" not in made.word:
        return 0
    if step.op == "TRANSPOSE_CONV":
        return (8 if made.word == "int16" else 4) * made.units
    return 4 * made.units if step.op == "MEAN" else 0


def _count_fast_scratch(network: Network, program: LiteProgram, step: LiteStep) -> int:
    """Count the scratch of CMSIS-NN's kernel, which takes whole numbers."""
    node = network.nodes[step.node]
    whole = program.tensors[step.makes[0]].word in ("int8", "int16")
    if node.layer is None or not (whole and step.computes and step.op in _FAST):
        return 0
    return count_scratch(node, padded=step.padded)
