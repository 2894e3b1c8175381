"""Build an ONNX graph: its steps, and its constants by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod, sqrt
from typing import TYPE_CHECKING, Any

from cnncost.network import Node

if TYPE_CHECKING:
    from numpy import generic
    from numpy.typing import NDArray

ELSEWHERE = "weights-left-out"
"""The file that weights point to if they are left out; it does not exist."""

SPREAD = 0.01
"""How far random scales are from one, and random shifts from zero."""


class Emitter:
    """The steps and constants so far; `owner` is the layer whose parameters are made."""

    def __init__(self, *, weights: bool) -> None:
        self.weights = weights
        self.nodes: list[Any] = []  # Any: onnx's messages
        self.constants: dict[str, Any] = {}  # Any: the same
        self.owner = ""
        self.layer = ""
        """The layer that is written; it differs from the owner if it shares parameters."""

    def add_step(self, op: str, inputs: Sequence[str], **attributes: Any) -> str:
        """Add a step and return the name of its output. Any: whatever ONNX's attributes are."""
        (name,) = self.add_several(op, inputs, 1, **attributes)
        return name

    def add_several(
        self, op: str, inputs: Sequence[str], outputs: int, **attributes: Any
    ) -> list[str]:  # Any: the same
        """Add a step with several outputs and return their names."""
        import onnx

        name = f"/{self.layer.replace('.', '/')}/{op}_{len(self.nodes)}"
        names = [f"{name}:{i}" if outputs > 1 else name for i in range(outputs)]
        self.nodes.append(onnx.helper.make_node(op, list(inputs), names, name=name, **attributes))
        return names

    def add_integers(self, values: Sequence[int]) -> str:
        """Add a constant list of whole numbers and return its name."""
        import numpy

        name = f"/{'x'.join(map(str, values))}"
        return self._add_constant(name, numpy.array(values, dtype=numpy.int64))

    def add_number(self, value: float) -> str:
        """Add a constant number and return its name."""
        import numpy

        name = f"/{value}"
        return self._add_constant(name, numpy.array(value, dtype=numpy.float32))

    def add_equal_numbers(self, value: float, count: int) -> str:
        """Add a constant list of `count` equal numbers and return its name."""
        import numpy

        name = f"/{value} in {count}"
        return self._add_constant(name, numpy.full((count,), value, dtype=numpy.float32))

    def _add_constant(self, name: str, array: NDArray[generic]) -> str:
        import onnx

        if name not in self.constants:
            self.constants[name] = onnx.numpy_helper.from_array(array, name)
        return name

    def add_parameter(self, part: str, dims: Sequence[int], middle: float | None = None) -> str:
        """Add a learned tensor of the layer and return its name; one that is shared is added once.

        Its numbers are random: scaled by the fan-in, or close to `middle`. If its owner has it the
        other way round, as an embedding has a linear layer's weights, it is turned.
        """
        name = f"{self.owner}.{part}"
        if name not in self.constants:
            self.constants[name] = self._random_tensor(name, tuple(dims), middle)
        own = list(self.constants[name].dims)
        if self.owner != self.layer and own != list(dims) and own == [*reversed(dims)]:
            return self.add_step("Transpose", [name], perm=[1, 0])
        return name

    def add_channel_parameter(self, node: Node, part: str, middle: float, count: int = 0) -> str:
        """Add one learned number per channel of a map, or `count` of them."""
        shape = node.inputs[0]
        return self.add_parameter(
            part, (count or shape.channels, *(1 for _ in shape.extents)), middle
        )

    def _random_tensor(
        self, name: str, dims: tuple[int, ...], middle: float | None
    ) -> Any:  # Any: TensorProto
        import numpy
        import onnx

        if not self.weights:
            tensor = onnx.TensorProto(name=name, data_type=onnx.TensorProto.FLOAT, dims=dims)
            tensor.data_location = onnx.TensorProto.EXTERNAL
            tensor.external_data.add(key="location", value=ELSEWHERE)
            return tensor
        # Seeded by the name, so that a network is written the same every time.
        random = numpy.random.default_rng(list(name.encode()))
        drawn = random.standard_normal(dims, dtype=numpy.float32)
        if middle is None:
            drawn *= numpy.float32(1 / sqrt(max(1, prod(dims[1:]))))
        else:
            drawn = numpy.float32(middle) + numpy.abs(drawn) * numpy.float32(SPREAD)
        return onnx.numpy_helper.from_array(drawn, name)


Writer = Callable[[Emitter, Node[Any], list[str]], str]  # Any: each writer names its layer type
"""From the emitter, the node and the names of its inputs to the name of its output."""

Writers = dict[str, Writer]
"""Writers by the layer type's word."""
