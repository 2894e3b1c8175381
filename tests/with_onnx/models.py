"""Small ONNX models for tests: nodes in ONNX's own text, weights as shapes alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper, parser

import cnncost
from cnncost.costs import Report

Shape = Sequence[int | str | None]


def weight(name: str, dims: Sequence[int]) -> TensorProto:
    """A floating-point tensor whose numbers are in a file that does not exist."""
    tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=dims)
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="nowhere")
    return tensor


def model(
    inputs: Mapping[str, Shape],
    nodes: str,
    outputs: Sequence[str] = ("y",),
    *,
    weights: Mapping[str, Sequence[int]] | None = None,
    numbers: Mapping[str, Any] | None = None,  # Any: whatever numpy takes
    opset: int = 17,
    known: Mapping[str, Shape] | None = None,
) -> onnx.ModelProto:
    """A model of nodes like `y = Conv <pads = [1, 1]> (x, w)`, a line each.

    `numbers` are constants with their numbers, whole ones int64, others float32; `known` are
    shapes of tensors within, as a file may carry them.
    """
    info = helper.make_tensor_value_info
    constants = [weight(name, dims) for name, dims in (weights or {}).items()]
    for name, value in (numbers or {}).items():
        array = numpy.asarray(value)
        array = array.astype(numpy.int64 if array.dtype.kind == "i" else numpy.float32)
        constants.append(numpy_helper.from_array(array, name))
    graph = helper.make_graph(
        [parser.parse_node(line) for line in nodes.strip().splitlines() if line.strip()],
        "net",
        [info(name, TensorProto.FLOAT, dims) for name, dims in inputs.items()],
        [helper.make_empty_tensor_value_info(name) for name in outputs],
        constants,
        value_info=[info(name, TensorProto.FLOAT, dims) for name, dims in (known or {}).items()],
    )
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets)


def save(proto: onnx.ModelProto, folder: Path, name: str = "net.onnx") -> Path:
    path = folder / name
    path.write_bytes(proto.SerializeToString())
    return path


def counted(proto: onnx.ModelProto, folder: Path) -> Report:
    """The counts of the network that a file holds."""
    return cnncost.count(cnncost.load(save(proto, folder)))
