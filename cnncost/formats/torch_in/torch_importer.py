"""What reading a traced program gathers: operations one after another, names, what stands in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncost.formats.graph import Op
from cnncost.formats.importing import FreeNames, ImportNotes, as_map_shape
from cnncost.formats.tensor_value import Constant, Shape, Value
from cnncost.formats.tensor_views import layers_of

if TYPE_CHECKING:
    from cnncost.formats.graph import Value as Argument


class UnknownForm(Exception):
    """An operation's arguments are of another form than its handler reads."""


@dataclass(frozen=True)
class TorchCall:
    """One call of the program, its tensors replaced by what is known of them."""

    target: str
    """The operation, as `conv2d`."""
    arguments: dict[str, Any]
    """By the operation's own names; Any: tensors are values, the rest is Python's."""
    path: str
    """The module that called, by dots."""
    shapes: tuple[Shape, ...]
    """Of its results, with all axes."""
    inplace: bool = False
    used: tuple[int, ...] = (0,)
    """Which of its results are read."""

    @property
    def shape(self) -> Shape:
        """Of its first result."""
        return self.shapes[0]

    def read_values(self) -> list[Value]:
        """Return the activations that it reads."""
        return [
            value
            for value in _flatten_arguments(self.arguments.values())
            if isinstance(value, Value)
        ]

    def read_constants(self) -> list[Constant]:
        """Return the parameters, buffers and what is made of them that it reads."""
        return [c for c in _flatten_arguments(self.arguments.values()) if isinstance(c, Constant)]

    def read_sources(self) -> tuple[str, ...]:
        """Return the parameters that it reads, directly or not."""
        return tuple(dict.fromkeys(source for c in self.read_constants() for source in c.sources))


def subject_of(call: TorchCall) -> Value:
    """Return what an operation of one tensor is applied to."""
    for name in ("self", "input", "x"):
        if isinstance(call.arguments.get(name), Value):
            found: Value = call.arguments[name]
            return found
    for value in call.read_values():
        return value
    raise UnknownForm


def _flatten_arguments(values: Any) -> list[Any]:  # Any: arguments of every kind
    found: list[Any] = []
    for value in values:
        found += _flatten_arguments(value) if isinstance(value, list | tuple) else [value]
    return found


class State(NamedTuple):
    """How far a builder was, to go back to."""

    ops: int
    changed: int


@dataclass
class TorchImporter:
    """Operations in order, with unique names; the one thing here that changes."""

    ops: dict[str, Op] = field(default_factory=dict)
    shapes: dict[str, Shape] = field(default_factory=dict)
    """Of each operation's result."""
    learned: dict[str, list[Constant]] = field(default_factory=dict)
    """What each operation learns, as its layer's formulas count it."""
    unknown: dict[str, str] = field(default_factory=dict)
    """The opaque operations of unknown costs, and what each is."""
    notes: ImportNotes = field(default_factory=ImportNotes)
    computes: bool = False
    """Whether something is computed of parameters alone, which takes memory too."""
    zeros: set[str] = field(default_factory=set)
    """The layers of padding that add zeros."""
    names: FreeNames = field(default_factory=FreeNames)
    _solid: dict[Value, str] = field(default_factory=dict)
    _views: dict[str, set[str]] = field(default_factory=dict)
    _changed: list[tuple[Op, list[Constant]]] = field(default_factory=list)

    def start_input(self, name: str, shape: Shape) -> Value:
        """Start from an input, seen with its batch of one."""
        self.names.taken.add(name)
        self.shapes[name] = shape
        return Value(name, shape).reshape_to((1, *shape))

    def emit_layer(
        self,
        call: TorchCall,
        word: str,
        reads: Sequence[Value],
        shape: Shape,
        /,
        *,
        learned: Sequence[Constant | None] = (),
        **arguments: Argument,
    ) -> Value:
        """Emit one operation; `learned` are its parameters, by weights and biases."""
        names = tuple(self.emit_views(call, value) for value in reads)
        what = str(arguments.get("op", word))
        name = self._take_name(call.path, what, own=bool(learned))
        self.learned[name] = [c for c in learned if c is not None]
        self.ops[name] = Op(name, word, dict(arguments), names)
        self.shapes[name] = shape
        return Value(name, shape)

    def emit_views(self, call: TorchCall, value: Value) -> str:
        """Emit the views that a value takes; returns the operation that makes just what is seen."""
        known = self._solid.get(value)
        if known:
            return known
        plain = Value(value.base, value.made, value.steps)
        if value.spread:
            name = self._emit_spread(call, plain, value.spread)
        elif not value.steps:
            name = value.base
        else:
            name = self._emit_view_layers(call, plain)
        self._solid[value] = name
        self._views.setdefault(value.base, set()).add(name)
        return name

    def _emit_view_layers(self, call: TorchCall, value: Value) -> str:
        layers = layers_of(value)
        seen = Value(value.base, value.made)
        if layers is None:
            return self.emit_moved(call, "view", [seen], value.shape).base
        for layer in layers:
            seen = self.emit_layer(call, layer.word, [seen], layer.shape, **layer.arguments)
        return seen.base

    def _emit_spread(self, call: TorchCall, value: Value, shape: Shape) -> str:
        """Repeat along axes of one: as an upsampling of a map of those axes."""
        kept = [axis for axis, size in enumerate(shape) if value.shape[axis] == size]
        made = self.emit_spread_over(call, value, shape, kept)
        return self.emit_views(call, made.reshape_to(as_map_shape(shape)))

    def emit_whole(self, call: TorchCall, value: Any) -> Value:  # Any: an argument
        """Emit the value itself, repeated where it is spread.

        Raises:
            UnknownForm: it is no activation.
        """
        if not isinstance(value, Value):
            raise UnknownForm
        if not value.spread:
            return value
        shape = value.spread
        return Value(self.emit_views(call, value), as_map_shape(shape)).reshape_to(shape)

    def emit_spread_over(
        self, call: TorchCall, value: Value, shape: Shape, kept: Sequence[int]
    ) -> Value:
        """Emit `value` repeated to `shape`, whose axes other than `kept` are of one in it."""
        over = [axis for axis in range(len(shape)) if axis not in kept]
        sizes = (prod(shape[axis] for axis in kept), prod(shape[axis] for axis in over))
        column = value.permute_axes((*kept, *over)).reshape_to((sizes[0], 1))
        wide = self.emit_layer(
            call, "upsample", [column], sizes, size=(sizes[1],), stands_for="expand"
        )
        order = (*kept, *over)
        turned = wide.reshape_to(tuple(shape[axis] for axis in order))
        return turned.permute_axes(tuple(order.index(axis) for axis in range(len(shape))))

    def emit_opaque(
        self, call: TorchCall, what: str, reads: Sequence[Value], shape: Shape,
        learned: Sequence[Constant] = (),
    ) -> Value:  # fmt: skip
        """Emit an operation that cannot be expressed, with its shape; its connections are
        unknown."""
        value = self._emit_opaque_layer(call, what, reads, shape, learned)
        self.unknown[value.base] = what
        return value.reshape_to(shape)

    def emit_moved(self, call: TorchCall, what: str, reads: Sequence[Value], shape: Shape) -> Value:
        """Emit an operation without a word and without costs: numbers that move or change alone."""
        return self.emit_costed(call, what, reads, shape, 0)

    def emit_costed(
        self, call: TorchCall, what: str, reads: Sequence[Value], shape: Shape, connections: int,
        learned: Sequence[Constant] = (),
    ) -> Value:  # fmt: skip
        """Emit an operation without a word whose costs are known; its learned numbers are
        weights."""
        costs = {"weights": 0, "biases": 0, "connections": connections}
        return self._emit_opaque_layer(call, what, reads, shape, learned, **costs).reshape_to(shape)

    def _emit_opaque_layer(
        self, call: TorchCall, what: str, reads: Sequence[Value], shape: Shape,
        learned: Sequence[Constant], **costs: int,
    ) -> Value:  # fmt: skip
        whole = [self.emit_whole(call, value) for value in reads]
        plain = [value.reshape_to(as_map_shape(value.shape)) for value in whole]
        dims = as_map_shape(shape)
        return self.emit_layer(
            call, "opaque", plain, dims, learned=learned, output=dims, op=what, **costs
        )

    def count_uses(self, name: str) -> int:
        """Count how many operations read that one so far."""
        return sum(op.reads.count(name) for op in self.ops.values())

    def replace_operation(self, op: Op, learned: Sequence[Constant]) -> None:
        """Put another operation in the place of the one of that name, which learns more."""
        self._changed.append((self.ops[op.name], self.learned[op.name]))
        self.ops[op.name] = op
        self.learned[op.name] = [*self.learned[op.name], *learned]

    def save_state(self) -> State:
        """Return how far the reading is, for `restore_state`."""
        return State(len(self.ops), len(self._changed))

    def sources_since(self, state: State) -> set[str]:
        """Return the parameters that operations emitted or changed since then hold."""
        names = [
            *self._operations_since(state),
            *(op.name for op, _ in self._changed[state.changed :]),
        ]
        return {source for name in names for c in self.learned[name] for source in c.sources}

    def read_since(self, state: State) -> set[str]:
        """Return what operations emitted since then read."""
        return {read for name in self._operations_since(state) for read in self.ops[name].reads}

    def seen_as(self, value: Value) -> set[str]:
        """Return the operations that make what a value sees, or all that its own operation
        makes."""
        return {value.base, *self._views.get(value.base, ())}

    def _operations_since(self, state: State) -> list[str]:
        """Return the operations emitted since then, the last one first."""
        return list(islice(reversed(self.ops), len(self.ops) - state.ops))

    def restore_state(self, state: State) -> None:
        """Go back to a state; names stay taken."""
        gone = self._operations_since(state)
        for name in gone:
            del self.ops[name], self.learned[name], self.shapes[name]
            self.names.release(name)
            self.unknown.pop(name, None)
        while len(self._changed) > state.changed:
            op, learned = self._changed.pop()
            self.ops[op.name], self.learned[op.name] = op, learned
        lost = set(gone)
        self._solid = {v: n for v, n in self._solid.items() if n not in lost}

    def _take_name(self, path: str, word: str, *, own: bool) -> str:
        """Return the module's path for the layer that has its parameters; else with the word
        behind."""
        wanted = path if own and path else ".".join(part for part in (path, word) if part)
        return self.names.take(wanted)
