"""Reads an ONNX file as plain values: steps, constants with or without their numbers, inputs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnncost.errors import CnncostError
from cnncost.formats.onnx_in.onnx_own_files import FROZEN
from cnncost.formats.onnx_in.onnx_wire_format import Broken, read_without_weights

if TYPE_CHECKING:
    from cnncost.arrays import Numbers

PRODUCTS = ("Conv", "ConvTranspose", "Gemm", "MatMul")
"""Operations whose uses of weights are counted."""


UNNAMED = re.compile(
    r"onnx::|/|_?val_|_?const|scalar|lift|c_lifted|_tensor_constant|\w+_cast$|\d+$", re.I
)
"""How exporters call single numbers that are no parameters."""

OF_ZEROS = re.compile(r"(zeros|linear|mm|addmm|matmul)(_\d+)?$")
"""How PyTorch's exporter calls what it made of zeros, a recurrent layer's first states; no
module calls a parameter so."""


TYPES = {
    1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64",
    9: "bool", 10: "float16", 11: "float64", 12: "uint32", 13: "uint64", 16: "bfloat16",
    21: "uint4", 22: "int4",
}  # fmt: skip
"""The types of a tensor's numbers, by ONNX's number for each."""


@dataclass(frozen=True)
class OnnxTensor:
    """A constant: its dimensions, and its numbers where they are few and in the file."""

    dims: tuple[int, ...]
    values: Numbers | None = None
    floating: bool = True
    sources: tuple[str, ...] = ()
    """The file's own tensors that it is made of."""
    learned: bool = True
    """Whether its numbers may be parameters where they are added or multiplied."""
    measured: bool = False
    """Whether it is a scale that is measured while the network runs."""
    products: tuple[tuple[str, int], ...] = ()
    """The products that made it, by their tensors, and their multiplications."""
    word: str = ""
    """The type of its numbers in the file; empty for one that is not there."""

    @property
    def size(self) -> int:
        """How many numbers it has."""
        size = 1
        for n in self.dims:
            size *= n
        return size


@dataclass(frozen=True)
class OnnxNode:
    """One node of the graph."""

    op: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]  # Any: numbers, bytes, lists, or a Tensor
    domain: str = ""


@dataclass(frozen=True)
class OnnxModel:
    """The main graph."""

    steps: tuple[OnnxNode, ...]
    constants: dict[str, OnnxTensor]
    inputs: dict[str, tuple[int, ...]]
    """Dimensions by name, 0 where the file leaves one open."""
    outputs: tuple[str, ...]
    shapes: dict[str, tuple[int, ...]]
    """Dimensions of tensors within, where the file has them all."""
    producer: str = ""
    """The program that wrote the file."""
    frozen: tuple[str, ...] = ()
    """The layers that our own files say are not trained; ONNX has no word for it."""
    proto: Any = field(default=None, repr=False, compare=False)
    """The file without its weights (Any: onnx's ModelProto), for onnx's own inference."""
    odd_weights: Mapping[str, str] = field(default_factory=dict)
    """The type of tensors of weights that most of the model's weights have not, by their names."""

    @cached_property
    def places(self) -> dict[str, int]:
        """Which step makes each tensor."""
        return {tensor: i for i, step in enumerate(self.steps) for tensor in step.outputs}


def load_model(path: Path, name: str) -> OnnxModel:
    """Read a file without its weights; external data are never opened.

    Raises:
        CnncostError: onnx is not installed, or the file is damaged.
    """
    try:
        import onnx
    except ModuleNotFoundError:
        from cnncost.formats import missing_package

        raise missing_package("onnx", "onnx") from None
    from google.protobuf.message import DecodeError

    damaged = f"{name}: no ONNX model, or a damaged one"
    try:
        with path.open("rb") as file:
            proto = onnx.ModelProto.FromString(read_without_weights(file))
    except OSError as error:
        raise CnncostError(f"{name}: {error.strerror}") from None
    except Broken as error:
        raise CnncostError(f"{damaged}: {error}", "export the network again") from None
    except DecodeError:
        raise CnncostError(damaged, "export the network again") from None
    if not proto.graph.node:
        raise CnncostError(f"{name}: an ONNX file without a graph", "export the network again")
    return _read_main_graph(_inline_functions(proto, name) if proto.functions else proto)


MOST = 200_000
"""Steps; no network has more once its functions are written out."""


def _inline_functions(proto: Any, name: str) -> Any:  # Any: onnx's ModelProto
    """Put the steps of the model's functions in place of their calls."""
    import onnx.inliner

    bodies = {(f.domain, f.name): f for f in proto.functions}
    sizes: dict[tuple[str, str], int] = {}

    def count_steps(nodes: Any, depth: int) -> int:  # Any: NodeProtos
        total = 0
        for node in nodes:
            key = (node.domain, node.op_type)
            if key in bodies and key not in sizes:
                if depth > 50:
                    return MOST + 1
                sizes[key] = count_steps(bodies[key].node, depth + 1)
            total += sizes.get(key, 1)
        return total

    if count_steps(proto.graph.node, 0) > MOST:
        raise CnncostError(f"{name}: its functions call each other without an end")
    try:
        return onnx.inliner.inline_local_functions(proto)
    except Exception as error:  # onnx raises what its C++ code does
        raise CnncostError(f"{name}: its functions cannot be written out: {error}") from None


def _read_main_graph(proto: Any) -> OnnxModel:  # Any: onnx's ModelProto
    graph = proto.graph
    constants = {_decode_text(item.name): read_tensor(item) for item in graph.initializer}
    constants = {name: _own_source(name, item) for name, item in constants.items()}
    inputs = {_decode_text(item.name): _read_dims(item) for item in graph.input}
    inputs = {name: dims for name, dims in inputs.items() if name not in constants}
    shapes = {
        _decode_text(item.name): _read_dims(item) for item in [*graph.output, *graph.value_info]
    }
    return OnnxModel(
        tuple(read_node(node) for node in graph.node),
        constants,
        inputs,
        tuple(_decode_text(item.name) for item in graph.output),
        {name: dims for name, dims in shapes.items() if dims and min(dims) > 0},
        _decode_text(proto.producer_name),
        tuple(
            name
            for entry in proto.metadata_props
            if _decode_text(entry.key) == FROZEN
            for name in _decode_text(entry.value).split()
        ),
        proto=proto,
    )


def _own_source(name: str, item: OnnxTensor) -> OnnxTensor:
    """Make one of the file's tensors its own source, unless nobody learned it."""
    if item.dims == () and UNNAMED.match(name):
        return item
    zeros = item.values is not None and item.floating and not item.values.any()
    return replace(item, sources=(name,), learned=not (zeros and OF_ZEROS.match(name)))


def _read_dims(item: Any) -> tuple[int, ...]:  # Any: onnx's ValueInfoProto
    return tuple(max(0, dim.dim_value) for dim in item.type.tensor_type.shape.dim)


def _decode_text(text: str | bytes) -> str:
    """Return a name as text; protobuf gives bytes if it is no UTF-8."""
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text


def read_node(node: Any) -> OnnxNode:  # Any: onnx's NodeProto
    """Read a node and its attributes."""
    attributes = {_decode_text(item.name): _read_attribute(item) for item in node.attribute}
    return OnnxNode(
        _decode_text(node.op_type),
        _decode_text(node.name),
        tuple(map(_decode_text, node.input)),
        tuple(map(_decode_text, node.output)),
        attributes,
        "" if node.domain == "ai.onnx" else _decode_text(node.domain),
    )


def _read_attribute(item: Any) -> Any:  # Any: a number, bytes, a list, or a Tensor
    kinds = {1: "f", 2: "i", 3: "s", 6: "floats", 7: "ints", 8: "strings"}
    if item.type == 4:
        return read_tensor(item.t)
    if item.type == 3:
        return item.s.decode("utf-8", "replace")
    field = kinds.get(item.type)
    value = getattr(item, field) if field else None
    return tuple(value) if field in ("floats", "ints", "strings") and value is not None else value


def _is_list_of(kind: type, value: object) -> bool:
    return isinstance(value, tuple) and all(type(item) is kind for item in value)


_KINDS: dict[str, Callable[[object], bool]] = {
    "a whole number": lambda value: isinstance(value, int),
    "a list of whole numbers": partial(_is_list_of, int),
    "a number": lambda value: isinstance(value, int | float),
    "a list of numbers": partial(_is_list_of, float),
    "a text": lambda value: isinstance(value, str),
    "a tensor": lambda value: isinstance(value, OnnxTensor),
}

_ATTRIBUTES = {
    **dict.fromkeys(("axis", "blocksize", "ceil_mode", "end", "group", "keepdims", "layout",
                     "noop_with_empty_axes", "num_groups", "size", "start", "transA", "transB",
                     "allowzero", "value_int"), "a whole number"),
    **dict.fromkeys(("axes", "dilations", "ends", "kernel_shape", "output_padding", "output_shape",
                     "paddings", "pads", "perm", "shape", "split", "starts", "strides",
                     "value_ints"), "a list of whole numbers"),
    **dict.fromkeys(("alpha", "max", "min", "ratio", "value_float"), "a number"),
    **dict.fromkeys(("scales", "value_floats"), "a list of numbers"),
    **dict.fromkeys(("auto_pad", "mode"), "a text"),
}  # fmt: skip
"""What the attributes of ONNX's operations are, which is the same for all that have one."""


def find_wrong_attribute(step: OnnxNode) -> str:
    """Return what is wrong with an attribute that is not of ONNX's type; empty if nothing is."""
    kinds = {**_ATTRIBUTES, "value": "a number" if step.op == "Pad" else "a tensor"}
    for name, value in step.attributes.items():
        if name in kinds and not _KINDS[kinds[name]](value):
            return f"its attribute {name} is not {kinds[name]}"
    return ""


def read_tensor(proto: Any) -> OnnxTensor:  # Any: onnx's TensorProto
    """Read a tensor's dimensions, and its numbers if they are in the file and few."""
    import numpy
    import onnx

    dims = tuple(int(n) for n in proto.dims)
    floating = proto.data_type in (1, 10, 11, 16, 17, 18, 19, 20)
    size = 1
    for n in dims:
        size *= n
    if min(dims, default=1) < 0:
        raise CnncostError(f"tensor {proto.name!r} has the dimensions {list(dims)}")
    there = proto.data_location != 1 and size <= 16384
    word = TYPES.get(proto.data_type, "")
    if not there:
        return OnnxTensor(dims, None, floating, word=word)
    try:
        values = onnx.numpy_helper.to_array(proto)
        if values.dtype.kind not in "fiub":
            values = values.astype(numpy.float64) if floating else None
    except Exception:  # damaged data: the shape alone is known, as for external data
        values = None
    return OnnxTensor(dims, values, floating, word=word)
