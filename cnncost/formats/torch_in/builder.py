"""What reading a traced program gathers: operations one after another, names, what stands in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any

from cnncost.formats.graph import Op
from cnncost.formats.value import Constant, Shape, Value
from cnncost.formats.views import layers_of

if TYPE_CHECKING:
    from cnncost.formats.graph import Value as Argument


@dataclass(frozen=True)
class Call:
    """One call of the program, its tensors replaced by what is known of them."""

    target: str
    """The operation, as `conv2d`."""
    arguments: dict[str, Any]
    """By the operation's own names; Any: tensors are values, the rest is Python's."""
    path: str
    """The module that called, by dots."""
    shapes: tuple[Shape, ...]
    """Of its results, with the batch."""
    inplace: bool = False

    @property
    def shape(self) -> Shape:
        """Of its first result, without the batch."""
        return self.shapes[0][1:]

    def values(self) -> list[Value]:
        """The activations that it reads."""
        return [value for value in _flat(self.arguments.values()) if isinstance(value, Value)]

    def sources(self) -> tuple[str, ...]:
        """The parameters that it reads, directly or not."""
        constants = [c for c in _flat(self.arguments.values()) if isinstance(c, Constant)]
        return tuple(dict.fromkeys(source for c in constants for source in c.sources))


def subject(call: Call) -> Value:
    """What an operation of one tensor is applied to."""
    for name in ("self", "input", "x"):
        if isinstance(call.arguments.get(name), Value):
            found: Value = call.arguments[name]
            return found
    return call.values()[0]


def _flat(values: Any) -> list[Any]:  # Any: arguments of every kind
    found: list[Any] = []
    for value in values:
        found += _flat(value) if isinstance(value, list | tuple) else [value]
    return found


@dataclass
class Builder:
    """Operations in order, with unique names; the one thing here that changes."""

    frozen: frozenset[str]
    """Parameters that are not trained."""
    same: dict[str, str]
    """For each parameter the first name of the same one, where modules share it."""
    ops: dict[str, Op] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    stands_in: dict[str, int] = field(default_factory=dict)
    """What has no cost and no word of its own, and what it is written as; how often."""
    reached: set[str] = field(default_factory=set)
    """The parameters that some operation uses."""
    zeros: set[str] = field(default_factory=set)
    """The layers of padding that add zeros."""
    turned: set[str] = field(default_factory=set)
    """The opaque operations whose results have something else in front than the batch: of those
    only a part is seen, and what reads them is opaque too until the batch is in front again."""
    _taken: set[str] = field(default_factory=set)
    _solid: dict[Value, str] = field(default_factory=dict)
    _owners: dict[tuple[str, ...], str] = field(default_factory=dict)

    def start(self, name: str, shape: Shape) -> Value:
        """An input."""
        self._taken.add(name)
        return Value(name, shape)

    def layer(
        self,
        call: Call,
        word: str,
        reads: Sequence[Value],
        shape: Shape,
        /,
        *,
        learned: Sequence[Constant | None] = (),
        fixed: bool = False,
        **arguments: Argument,
    ) -> Value:
        """Emit one operation; `learned` are its parameters, `fixed` if its numbers are none."""
        sources = tuple(self.same[s] for c in learned if c is not None for s in c.sources)
        self.reached.update(sources)
        shares = self._owners.get(sources, "") if sources else ""
        name = self._name(call.path, word, own=bool(learned))
        if sources and not shares:
            self._owners[sources] = name
        frozen = fixed or (bool(sources) and all(source in self.frozen for source in sources))
        names = tuple(self.solid(call, value) for value in reads)
        self.ops[name] = Op(name, word, dict(arguments), names, shares, frozen)
        return Value(name, shape)

    def solid(self, call: Call, value: Value) -> str:
        """The operation that makes just what is seen, emitting the views that it takes."""
        known = self._solid.get(value)
        if known:
            return known
        plain = Value(value.base, value.made, value.steps)
        if value.spread:
            name = self._spread(call, plain, value.spread)
        elif not value.steps:
            name = value.base
        else:
            name = self._viewed(call, plain)
        self._solid[value] = name
        return name

    def _viewed(self, call: Call, value: Value) -> str:
        layers = layers_of(value)
        seen = Value(value.base, value.made)
        if layers is None:
            return self.opaque(call, "view", [seen], value.shape).base
        for layer in layers:
            arguments = {layer.main: layer.value} if layer.main else {}
            seen = self.layer(call, layer.word, [seen], layer.shape, **arguments)
        return seen.base

    def _spread(self, call: Call, value: Value, shape: Shape) -> str:
        """Repeat along axes of one: as an upsampling of a map of those axes."""
        kept = [axis for axis, size in enumerate(shape) if value.shape[axis] == size]
        made = self.spread_over(call, value, shape, kept)
        return self.solid(call, made)

    def spread_over(self, call: Call, value: Value, shape: Shape, kept: Sequence[int]) -> Value:
        """`value` repeated to `shape`, whose axes other than `kept` are of one in it."""
        over = [axis for axis in range(len(shape)) if axis not in kept]
        sizes = (prod(shape[axis] for axis in kept), prod(shape[axis] for axis in over))
        column = value.permuted((*kept, *over)).reshaped((sizes[0], 1))
        wide = self.layer(call, "upsample", [column], sizes, size=(sizes[1],))
        order = (*kept, *over)
        turned = wide.reshaped(tuple(shape[axis] for axis in order))
        return turned.permuted(tuple(order.index(axis) for axis in range(len(shape))))

    def standing_in(self, what: str, word: str) -> None:
        """Note that something without costs is written as another layer without costs."""
        note = f"{what} is written as {word}"
        self.stands_in[note] = self.stands_in.get(note, 0) + 1

    def opaque(self, call: Call, what: str, reads: Sequence[Value], shape: Shape) -> Value:
        """An operation that cannot be expressed, with its shape; its costs are unknown."""
        # A spec's maps have three axes at most.
        flat = shape if len(shape) <= 4 else (shape[0], prod(shape[1:]))
        value = self.layer(call, "opaque", reads, flat, output=flat or (1,), op=what)
        self.unknown.append(f"{value.base}: {what}")
        return value.reshaped(shape)

    def uses(self, name: str) -> int:
        """How many operations read that one so far."""
        return sum(op.reads.count(name) for op in self.ops.values())

    def replace(self, op: Op, learned: Sequence[Constant]) -> None:
        """Put another operation in the place of the one of that name."""
        self.ops[op.name] = op
        self.reached.update(self.same[s] for c in learned for s in c.sources)

    def _name(self, path: str, word: str, *, own: bool) -> str:
        """The module's path for the layer that has its parameters; else with the word behind."""
        wanted = path if own and path else ".".join(part for part in (path, word) if part)
        name, number = wanted, 1
        while name in self._taken:
            number += 1
            name = f"{wanted}_{number}"
        self._taken.add(name)
        return name
