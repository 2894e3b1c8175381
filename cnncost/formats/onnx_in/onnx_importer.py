"""Gather what reading an ONNX file finds: operations in the words of a spec, and what stands for
each tensor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING

from cnncost.errors import CnncostError
from cnncost.formats.graph import Op
from cnncost.formats.importing import (
    FreeNames,
    ImportNotes,
    Inexpressible,
    as_map_shape,
    dims_text,
    express_layer,
    opaque_label,
)
from cnncost.formats.onnx_in.node_names import LONGEST_NAME, name_step
from cnncost.formats.onnx_in.onnx_model import OnnxModel, OnnxNode, OnnxTensor
from cnncost.formats.onnx_in.tensor_owners import TensorOwners
from cnncost.formats.onnx_in.tensor_states import Batch, Norm, Pending, Shapeless, broadest_shape
from cnncost.formats.tensor_value import Shape, Value
from cnncost.formats.tensor_views import layers_of
from cnncost.shape import Shape as SpecShape

if TYPE_CHECKING:
    from cnncost.formats.graph import Value as Argument


@dataclass
class OnnxImporter:
    """The operations so far; `values` and `pending` say what stands for a tensor."""

    model: OnnxModel
    file: str
    constants: dict[str, OnnxTensor]
    values: dict[str, Value] = field(default_factory=dict)
    pending: dict[str, Pending] = field(default_factory=dict)
    ops: dict[str, Op] = field(default_factory=dict)
    shapes: dict[str, SpecShape] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)
    """The opaque operations of unknown costs, and what each is."""
    batch: int = 1
    """The batch that the file was exported with; ours is one."""
    consumers: dict[str, list[OnnxNode]] = field(default_factory=dict)
    """The steps that read a tensor."""
    producers: dict[str, OnnxNode] = field(default_factory=dict)
    """The step that makes a tensor."""
    absorbed: set[str] = field(default_factory=set)
    """Outputs of steps that a layer before them has taken in, as a bias is."""
    within: set[str] = field(default_factory=set)
    """Tensors inside what is written out and read as one layer."""
    norms: dict[str, Norm] = field(default_factory=dict)
    """Norms that are written out, by the tensor that they make."""
    notes: ImportNotes = field(default_factory=ImportNotes)
    owners: TensorOwners = field(init=False)
    biases: dict[str, str] = field(default_factory=dict)
    """For an operation, the bias that is added behind it and that it has."""
    same: dict[str, str] = field(default_factory=dict)
    """Copies of the file's tensors that are one with them."""
    apart: frozenset[tuple[str, ...]] = frozenset()
    """Weights that are used with several biases, which are layers of their own then."""
    left_out: set[str] = field(default_factory=set)
    """The file's tensors that are no parameters: an input's standardisation."""
    asked: int = 0
    """Steps whose shapes ONNX's own inference was asked for."""
    channels_last: bool = False
    """Whether an input has its channels last, as TensorFlow's do: then outputs have, too."""
    axis: Batch = Batch.CERTAIN
    """What an input's first axis is taken for."""
    recorded: dict[str, Shape] = field(default_factory=dict)
    """The dimensions of tensors by the file itself, with the file's batch."""
    shapeless: dict[str, Shapeless] = field(default_factory=dict)
    """The tensors whose dimensions nobody knows."""
    refused: dict[str, str] = field(default_factory=dict)
    """The steps that are not read, by their first output, and why: an audit found them wrong."""
    places: dict[str, int] = field(default_factory=dict)
    """Where in the file the step of each operation stands."""
    _solid: dict[Value, str] = field(default_factory=dict)
    _names: FreeNames = field(default_factory=FreeNames)

    def __post_init__(self) -> None:
        self.owners = TensorOwners(self.constants)

    def start_input(self, tensor: str, shape: Shape, name: str, *, channels_last: bool) -> None:
        """Start from an input of this shape, channels first; its tensor has a batch, and may have
        its channels last."""
        self._names.taken.add(name)
        self.shapes[name] = SpecShape(shape[0], shape[1:])
        value = Value(name, shape)
        if self.axis is not Batch.NONE:
            value = value.reshape_to((1, *shape))
        if channels_last:
            self.channels_last = True
            value = value.permute_axes((0, *range(2, len(shape) + 1), 1))
        self.values[tensor] = value

    # --- tensors ---------------------------------------------------------------------------

    def is_activation(self, tensor: str) -> bool:
        """Tell whether a tensor is an activation."""
        return tensor in self.values or tensor in self.pending

    def emit_value(self, tensor: str) -> Value:
        """Return what stands for an activation; a step that was held back is emitted first."""
        if tensor in self.values:
            return self.values[tensor]
        if tensor not in self.pending:
            raise Inexpressible(f"it reads {tensor!r}, which nothing makes")
        self.values[tensor] = self.pending[tensor].emit()
        return self.values[tensor]

    def tensor_dims(self, tensor: str) -> Shape:
        """Return a tensor's dimensions, the batch's included."""
        if tensor in self.constants:
            return self.constants[tensor].dims
        if tensor in self.pending:
            held = self.pending[tensor]
            if held.value is None:
                held.value = Value("", broadest_shape([self.tensor_dims(p) for p in held.parents]))
            return held.value.made
        return self.emit_value(tensor).shape

    def recorded_dims(self, tensor: str) -> Shape | None:
        """Return a tensor's dimensions by the file, for one example; None if the file has none for
        it, or none with its batch in front."""
        dims = self.recorded.get(tensor)
        if dims is None or self.batch == 1:
            return dims
        return (1, *dims[1:]) if dims[:1] == (self.batch,) else None

    def constant_numbers(self, tensor: str) -> list[int]:
        """Return a constant's whole numbers."""
        constant = self.constants.get(tensor)
        if constant is None or constant.values is None:
            raise Inexpressible(f"{tensor!r} is not known before the network runs")
        return [int(n) for n in constant.values.reshape(-1)]

    # --- emitting --------------------------------------------------------------------------

    def emit_layer(
        self,
        step: OnnxNode,
        word: str,
        reads: Sequence[str],
        /,
        *,
        learned: Sequence[str] = (),
        shifts: Sequence[str] = (),
        **arguments: Argument,
    ) -> Value:
        """Emit one layer that reads these operations; returns what it makes, channels first.

        A layer over weights that another one has shares them; one whose weights are made of
        others, or are others in part, is opaque with the costs that it has.

        Raises:
            Inexpressible: the layer refuses such inputs or arguments.
        """
        inputs = [self.shapes[name] for name in reads]
        layer, shape, given = express_layer(word, arguments, inputs)
        name = self._take_name(step, word, learned)
        owner = self.owners.find_owner(learned)
        if owner and self._is_alike(owner, word, given) and all(map(self.owners.is_whole, learned)):
            self.ops[name] = Op(name, word, given, tuple(reads), owner)
        elif self.owners.are_unclaimed(learned) and all(map(self.owners.is_whole, shifts)):
            self.ops[name] = Op(name, word, given, tuple(reads))
            self.owners.claim_again(shifts, name)
        else:
            cost = self.owners.claim_cost((*learned, *shifts))
            used = layer.connections(inputs[0], shape) + cost.products
            given = {"output": shape.dims, "op": word, "weights": cost.numbers}
            given |= {"biases": 0, "connections": used}
            self.ops[name] = Op(name, "opaque", given, tuple(reads))
            self.notes.add("weights that are computed, or used in parts, are counted as such")
            self.owners.claim_tensors(shifts, name)
        self.owners.claim_tensors(learned, name)
        return self._record_operation(step, name, shape)

    def _record_operation(self, step: OnnxNode, name: str, shape: SpecShape) -> Value:
        self.shapes[name] = shape
        self.places[name] = self.model.places.get(step.outputs[0], len(self.model.steps))
        return Value(name, shape.dims)

    def _is_alike(self, owner: str, word: str, arguments: dict[str, Argument]) -> bool:
        return self.ops[owner].word == word and all(
            self.ops[owner].arguments.get(key) == arguments.get(key)
            for key in ("filters", "kernel", "units", "features", "groups")
        )

    def emit_views(self, step: OnnxNode, value: Value) -> str:
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
            view = OnnxNode("", "", (), step.outputs, {})
            name = self.emit_layer(view, layer.word, [name], **layer.arguments).base
        self._solid[value] = name
        return name

    def emit_channels_first(self, step: OnnxNode, tensor: str, channel: int = 1) -> str:
        """Emit the views that make an axis the channels and leave the batch out; returns the
        operation."""
        value = self.emit_value(tensor)
        rank = len(value.shape)
        if rank < 2 or rank > 5:
            raise Inexpressible(f"a tensor of {rank} dimensions")
        if value.shape[0] != 1:
            raise Inexpressible("its batch is not the first dimension, or not one")
        channel %= rank
        rest = [axis for axis in range(1, rank) if axis != channel]
        turned = value.permute_axes((0, channel, *rest))
        return self.emit_views(step, turned.reshape_to(turned.shape[1:]))

    def emit_vector(self, step: OnnxNode, tensor: str) -> str:
        """Emit the views that make a tensor one vector, for a layer that reads every number alike;
        channels that are turned to the end and back are no step of the network. Returns the
        operation."""
        value = self.emit_value(tensor)
        turns = [view.order for view in value.steps if view.order]
        last = (0, *range(2, len(value.made) + 1), 1), (*range(1, len(value.made)), 0)
        if self.channels_last and len(turns) == 1 and turns[0] in last:
            return self.emit_views(
                step, Value(value.base, value.made).reshape_to((prod(value.made),))
            )
        return self.emit_views(step, value.reshape_to((prod(value.shape),)))

    def set_output(self, step: OnnxNode, made: Value, channel: int = 1, rank: int = 0) -> None:
        """Let `made` be the step's first output, with a batch in front and its channels on that
        axis."""
        dims = (1, *made.made)
        value = made.reshape_to(dims)
        rank = rank or len(dims)
        channel %= rank
        if channel != 1:
            order = [axis for axis in range(rank) if axis != 1]
            order.insert(channel, 1)
            value = value.permute_axes(tuple(order))
        self.values[step.outputs[0]] = value

    def emit_opaque(
        self,
        step: OnnxNode,
        shape: Shape,
        why: str,
        learned: Sequence[str] = (),
        connections: int = 0,
    ) -> None:
        """Emit a step as an opaque layer of that shape, without the batch. It has the numbers of
        the constants that the step learned, and unknown costs, or these connections if `why` is
        empty."""
        reads = [self.emit_value(t) for t in step.inputs if t and self.is_activation(t)]
        names = [value.base for value in reads]
        if not names:
            raise CnncostError(f"{self.file}: {step.op} {step.name!r} reads nothing known")
        learned = [t for t in learned if t not in self.constants or self.constants[t].learned]
        cost = self.owners.claim_cost(learned)
        given: dict[str, Argument] = {"weights": cost.numbers} if cost.numbers else {}
        if not why:
            given = {"weights": 0, "biases": 0, "extras": cost.numbers}
            given["connections"] = cost.products + connections
        given |= {"output": as_map_shape(shape), "op": opaque_label(step.op)}
        made = self.emit_layer(step, "opaque", names, learned=(), shifts=(), **given)
        self.owners.claim_tensors(learned, made.base)
        if why:
            self.unknown[made.base] = f"{step.op}: {why}"
        self.values[step.outputs[0]] = made.reshape_to(shape)

    def emit_opaque_part(self, step: OnnxNode, tensor: str, shape: Shape, whole: Value) -> None:
        """Emit a further output of an opaque step."""
        part = OnnxNode(step.op, step.name, (), (tensor,), {})
        self.values[f"{tensor} of"] = whole
        self.emit_opaque(
            OnnxNode(part.op, part.name, (f"{tensor} of",), (tensor,), {}),
            shape,
            "a further output of it",
        )

    # --- names -----------------------------------------------------------------------------

    def _take_name(self, step: OnnxNode, word: str, weights: Sequence[str]) -> str:
        wanted = name_step(step, word, weights)[-LONGEST_NAME:]
        return self._names.take_numbered(word) if wanted == word else self._names.take(wanted)
