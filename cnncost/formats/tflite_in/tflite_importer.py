"""Gather what a `.tflite` file holds: operations in a spec's words, and what each tensor is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING

from cnncost.formats.graph import Op
from cnncost.formats.importing import (
    AXES,
    FreeNames,
    ImportNotes,
    Inexpressible,
    dims_text,
    express_layer,
    fold_axes,
    opaque_label,
)
from cnncost.formats.tensor_value import Value
from cnncost.formats.tensor_views import layers_of
from cnncost.formats.tflite_in.known_cost import KnownCost
from cnncost.formats.tflite_in.tflite_model import TfliteStep
from cnncost.formats.tflite_in.tflite_names import name_layer
from cnncost.shape import Shape

if TYPE_CHECKING:
    from cnncost.formats.graph import Value as Argument
    from cnncost.formats.tflite_in.tflite_model import Dims, TfliteModel, TfliteTensor

UNNAMED = TfliteStep("", (), ())
"""What views are emitted for, which have no name in the file."""

Back = Callable[[Value], Value]
"""From what a layer made to what is seen in a tensor's place."""

KEEPS = ("DEQUANTIZE", "QUANTIZE", "CAST", "DENSIFY", "RESHAPE", "TRANSPOSE", "SQUEEZE")
"""Operators that make constants of the same numbers."""


@dataclass
class TfliteImporter:
    """The operations so far, in order; `values` says what stands for a tensor.

    A tensor has all its axes, the batch first and the channels last, as a view of what an
    operation made channels first.
    """

    model: TfliteModel
    file: str
    batch: int = 1
    """The batch that the file was written with; ours is one."""
    resized: bool = False
    """Whether the inputs have other shapes than in the file, whose shapes are of no use then."""
    values: dict[int, Value] = field(default_factory=dict)
    fixed: set[int] = field(default_factory=set)
    """Tensors that depend on no input: constants, states, shapes."""
    sources: dict[int, int] = field(default_factory=dict)
    """For a constant that a step makes of another one, of as many numbers, that one."""
    ops: dict[str, Op] = field(default_factory=dict)
    shapes: dict[str, Shape] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)
    """The opaque operations of unknown costs, and what each is."""
    notes: ImportNotes = field(default_factory=ImportNotes)
    zeros: set[str] = field(default_factory=set)
    """The layers of padding that add zeros."""
    owners: dict[tuple[int, Dims], str] = field(default_factory=dict)
    """For weights, by their buffer and shape, the operation that has them."""
    shifts: dict[str, int] = field(default_factory=dict)
    """The buffer of the biases that an operation has."""
    names: FreeNames = field(default_factory=FreeNames)
    made: list[tuple[str, ...]] = field(default_factory=list)
    """The operations that each step became."""
    _solid: dict[Value, str] = field(default_factory=dict)

    def start_input(self, tensor: int, dims: Dims, label: str) -> tuple[int, ...]:
        """Start from an input with these dimensions; returns its shape in a spec."""
        inner = dims[1:] if len(dims) > 1 and dims[0] == 1 else dims
        shape = (inner[-1], *inner[:-1])
        self.names.taken.add(label)
        self.shapes[label] = Shape(shape[0], shape[1:])
        self.values[tensor] = channels_to_end(Value(label, shape)).reshape_to(dims)
        return shape

    # --- tensors ---------------------------------------------------------------------------

    def get_tensor(self, index: int) -> TfliteTensor:
        """Return a tensor of the file.

        Raises:
            Inexpressible: the step has none there.
        """
        if index < 0:
            raise Inexpressible("an input is missing")
        return self.model.tensors[index]

    def get_value(self, index: int) -> Value:
        """Return what stands for an activation.

        Raises:
            Inexpressible: the tensor depends on no input.
        """
        if index in self.values:
            return self.values[index]
        self.get_tensor(index)
        raise Inexpressible("it reads what depends on no input of the network")

    def count_fresh(self, index: int) -> int:
        """Count the numbers of weights that no operation has so far."""
        tensor = self.get_constant(index)
        return 0 if (tensor.buffer, tensor.dims) in self.owners else tensor.size

    def get_constant(self, index: int) -> TfliteTensor:
        """Return a tensor whose numbers the file holds, perhaps in another type or order.

        Raises:
            Inexpressible: they are computed while the network runs.
        """
        tensor, held = self.get_tensor(index), self.find_source(index)
        if index in self.values or not held.constant:
            raise Inexpressible("weights that are computed while the network runs")
        return held._replace(dims=tensor.dims)

    def find_source(self, index: int) -> TfliteTensor:
        """Return the tensor that a constant is made of; itself if it is made of none."""
        return self.model.tensors[self.sources.get(index, index)]

    def mark_fixed(self, step: TfliteStep) -> None:
        """Mark what a step makes as independent of all inputs; in `KEEPS` it is its input's
        numbers."""
        self.fixed.update(step.outputs)
        source = step.find_input(0)
        if step.op in KEEPS and len(step.outputs) == 1 and source >= 0:
            origin = self.sources.get(source, source)
            if self.model.tensors[origin].size == self.model.tensors[step.outputs[0]].size:
                self.sources[step.outputs[0]] = origin

    def read_numbers(self, index: int) -> tuple[int, ...]:
        """Return a constant's whole numbers.

        Raises:
            Inexpressible: the file does not hold them.
        """
        found = self.get_tensor(index).values
        if found is None or index in self.values:
            raise Inexpressible("sizes or axes that are not known before the network runs")
        return tuple(int(n) for n in found)

    def recorded_dims(self, index: int) -> Dims | None:
        """Return a tensor's dimensions by the file, for one example; None if they are of no use."""
        if self.resized:
            return None
        dims = self.model.tensors[index].dims or (1,)
        return (1, *dims[1:]) if self.batch > 1 and dims[0] == self.batch else dims

    # --- emitting --------------------------------------------------------------------------

    def emit_layer(
        self,
        step: TfliteStep,
        word: str,
        reads: Sequence[str],
        /,
        *,
        learned: int = -1,
        shift: int = -1,
        **arguments: Argument,
    ) -> Value:
        """Emit one layer that reads these operations; returns what it makes, channels first.

        `learned` is the tensor of its weights, `shift` that of its biases; layers over the same
        ones share them.

        Raises:
            Inexpressible: the layer refuses such inputs or arguments.
        """
        inputs = [self.shapes[name] for name in reads]
        _, shape, given = express_layer(word, arguments, inputs)
        name = self._take_name(step, word)
        held = self.find_source(shift).buffer if shift >= 0 else -1
        shares = self._find_owner(learned, name, word, given)
        if shares and self.shifts.get(shares, -1) != held:
            self.names.release(name)
            raise Inexpressible("weights of another layer, and biases of its own")
        self.shifts[name] = held
        self.ops[name] = Op(name, word, given, tuple(reads), shares)
        self.shapes[name] = shape
        return Value(name, shape.dims)

    def _take_name(self, step: TfliteStep, word: str) -> str:
        tensor = self.model.tensors[step.outputs[0]].name if step.outputs else ""
        wanted = name_layer(tensor, word)
        return self.names.take_numbered(word) if wanted == word else self.names.take(wanted)

    def _find_owner(
        self, learned: int, name: str, word: str, arguments: dict[str, Argument]
    ) -> str:
        """Return the operation that has the same weights already, in a layer that is alike."""
        if learned < 0:
            return ""
        tensor = self.get_constant(learned)
        owner = self.owners.setdefault((tensor.buffer, tensor.dims), name)
        if owner == name:
            return ""
        keys = ("filters", "units", "features", "kernel", "multiplier", "groups", "bias")
        other = self.ops[owner]
        alike = other.word == word and all(
            other.arguments.get(key) == arguments.get(key) for key in keys
        )
        return owner if alike else ""

    def emit_views(self, step: TfliteStep, value: Value) -> str:
        """Emit the views that a value takes; returns the operation that makes just what is seen."""
        if not value.steps:
            return value.base
        if value in self._solid:
            return self._solid[value]
        layers = layers_of(value)
        if layers is None:
            raise Inexpressible(f"{dims_text(value.made)} turned to {dims_text(value.shape)}")
        name = value.base
        for layer in layers:
            name = self.emit_layer(UNNAMED, layer.word, [name], **layer.arguments).base
        self._solid[value] = name
        return name

    def open_map(self, step: TfliteStep, value: Value) -> tuple[str, Back]:
        """Emit the views that make a tensor a map, channels first and without a batch of one.

        Returns the operation, and how what a layer makes of it is put back.

        Raises:
            Inexpressible: it has more axes than a map.
        """
        dims = value.shape
        single = len(dims) > 1 and dims[0] == 1
        inner = value.reshape_to(dims[1:]) if single else value
        rank = len(inner.shape)
        if rank > AXES:
            raise Inexpressible(f"a tensor of {rank} axes")
        if rank == 1:
            name = self.emit_vector(step, inner)
        else:
            name = self.emit_views(step, inner.move_to_front(rank - 1))

        def restore_axes(made: Value) -> Value:
            turned = channels_to_end(made)
            return turned.reshape_to((1, *turned.shape)) if single else turned

        return name, restore_axes

    def emit_vector(self, step: TfliteStep, value: Value) -> str:
        """Emit the views that make a tensor one vector, for a layer that reads every number alike:
        that channels come last is no step of the network."""
        turns = [view.order for view in value.steps if view.order]
        plain = Value(value.base, value.made)
        rank = len(value.made)
        if turns == [(*range(1, rank), 0)]:
            return self.emit_views(step, plain.reshape_to((prod(value.made),)))
        return self.emit_views(step, value.reshape_to((prod(value.shape),)))

    def emit_known(self, step: TfliteStep, dims: Dims, cost: KnownCost, *, name: str = "") -> Value:
        """Emit a step without a word as an opaque layer with its costs; returns what is seen."""
        given: dict[str, Argument] = {
            "weights": cost.weights, "biases": cost.biases, "connections": cost.connections,
        }  # fmt: skip
        if cost.extras:
            given["extras"] = cost.extras
        if cost.biases:
            given["bias_connections"] = cost.bias_uses
        return self.emit_opaque(step, dims, given, name)

    def emit_opaque(
        self, step: TfliteStep, dims: Dims, given: dict[str, Argument], name: str = ""
    ) -> Value:
        """Emit an opaque layer of that shape over all activations that a step reads."""
        reads = list(dict.fromkeys(self.values[t].base for t in step.inputs if t in self.values))
        inner = dims[1:] if len(dims) > 1 and dims[0] == 1 else dims
        flat = len(inner) > AXES
        shape = fold_axes(inner) if flat else (inner[-1], *inner[:-1])
        label = opaque_label(name or step.op)
        made = self.emit_layer(
            step, "opaque", reads, learned=-1, shift=-1, output=shape, op=label, **given
        )
        return (made if flat else channels_to_end(made)).reshape_to(dims)

    def forget_operations(self, kept: int) -> None:
        """Take back all operations but the first `kept`."""
        while len(self.ops) > kept:
            name, _ = self.ops.popitem()
            self.names.release(name)
            self.zeros.discard(name)
            self.owners = {key: owner for key, owner in self.owners.items() if owner != name}
            self._solid = {value: made for value, made in self._solid.items() if made != name}


def channels_to_end(value: Value) -> Value:
    """Return a map with its channels behind its positions, as the file has them."""
    return value.move_from_front(len(value.shape) - 1)
