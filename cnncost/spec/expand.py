"""From lines to the network: blocks called, copies made, names and shapes resolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from cnncost.errors import Refused, quoted
from cnncost.layers import JOINS, TYPES, Layer, layer_type, read
from cnncost.layers.kinds import ExtentsOf
from cnncost.network import Builder
from cnncost.spec.blocks import Block
from cnncost.spec.nodes import Items, Node, Scalar
from cnncost.spec.scope import Call, Copies, Entry, Scope, output_of
from cnncost.spec.values import (
    PATH,
    Bad,
    Bound,
    Misread,
    Name,
    Origin,
    Reading,
    Reference,
    Unknown,
    Word,
    parsed,
)

if TYPE_CHECKING:
    from cnncost.layers.kinds import Raw
    from cnncost.shape import Shape
    from cnncost.spec.lines import Line
    from cnncost.spec.problems import Problems

DEEPEST = 60
"""Blocks called within blocks."""


class Written(NamedTuple):
    """What the spec says of one layer: its line, its numbers' scalars, the calls around it."""

    line: Line
    origins: dict[str, tuple[Origin, ...]]
    """For each field that the line gives: the scalars that its value derives from."""
    call: Call | None
    """The block's call that it stands in, innermost first."""


class TooMany(Exception):
    """More layers or steps than allowed; `start` is the line that passed the bound."""

    def __init__(self, start: int, what: str) -> None:
        self.start, self.what = start, what


@dataclass
class Frame:
    """Where a list of lines stands: its names, the values in scope, what goes for all inside."""

    scope: Scope
    env: dict[str, Bound | None]
    entering: int | None
    """The node that enters the block (None: several inputs, or refused)."""
    frozen: bool = False
    sharing: Scope | None = None
    """The call whose layers these share, name by name."""
    partner: Entry = None
    """What the line itself shares, if it says so."""
    depth: int = 0


class Expansion:
    """One reading's expansion into a network."""

    def __init__(
        self,
        builder: Builder,
        problems: Problems,
        params: Mapping[str, Bound | None],
        max_layers: int,
    ) -> None:
        self.builder = builder
        self.problems = problems
        self.params = params
        self.max_layers = max_layers
        self.steps = 0
        self.written: dict[int, Written] = {}
        self.named: set[int] = set()
        """The nodes that a line names: nothing need read them."""
        self._made: dict[tuple[object, ...], Layer] = {}

    # Lists and lines

    def lines(self, lines: list[Line], previous: int | None, frame: Frame) -> int | None:
        """Expand the lines behind `previous`; the last one's output."""
        for line in lines:
            previous = self._line(line, previous, frame)
        return previous

    def _line(self, line: Line, previous: int | None, frame: Frame) -> int | None:
        name = line.name or self._number(line, frame)
        if not line.sound:
            frame.scope.names[name] = None
            return None
        try:
            copies, numbered = self._repeat(line, frame)
            source = self._from(line, previous, frame)
            inner = self._inherit(line, frame)
        except (Misread, Unknown) as trouble:
            self._note(trouble)
            frame.scope.names[name] = None
            return None
        if copies == 0:
            frame.scope.names[name] = Copies()
            return previous
        if not numbered:
            entry, output = self._copy(line, name, source, previous, inner)
            frame.scope.names[name] = entry
        else:
            group = Copies()
            frame.scope.names[name] = group
            output = previous
            for copy in range(1, copies + 1):
                entry, output = self._copy(line, f"{name}.{copy}", source, output, inner)
                group.copies.append(entry)
                source = output
        if line.name and output is not None:
            self.named.add(output)
        return output

    def _number(self, line: Line, frame: Frame) -> str:
        word = line.word
        if line.type is None and line.block is None:
            if not line.bodies:
                bound = frame.env.get(word)
                if bound is not None and isinstance(bound.value, Word):
                    word = str(bound.value)
            elif line.join and not line.scoped:
                word = line.join
        return frame.scope.number(word)

    def _copy(
        self, line: Line, name: str, source: int | None, previous: int | None, frame: Frame
    ) -> tuple[Entry, int | None]:
        """One copy of a line: what its name stands for, and its output."""
        self._step(line)
        if line.block is not None:
            return self._call(line, line.block, name, source, previous, frame)
        if line.bodies:
            return self._structure(line, name, source, frame)
        try:
            node = self._layer(line, name, source, previous, frame)
        except (Misread, Unknown) as trouble:
            self._note(trouble)
            node = None
        return node, node

    def _step(self, line: Line) -> None:
        self.steps += 1
        if len(self.builder.nodes) > self.max_layers:
            raise TooMany(line.start, f"more than {self.max_layers:,} layers")
        if self.steps > 20 * self.max_layers:
            raise TooMany(line.start, f"more than {20 * self.max_layers:,} lines once expanded")

    def _note(self, trouble: Misread | Unknown) -> None:
        if isinstance(trouble, Misread):
            self.problems.add(trouble.offset, trouble.what, trouble.hint)

    # Keys that go with every layer

    def _repeat(self, line: Line, frame: Frame) -> tuple[int, bool]:
        """How many copies, and whether they are numbered."""
        at = line.common.get("repeat")
        if at is None:
            return 1, False
        value = Reading(frame.env).value(at)
        if isinstance(value, bool):
            return int(value), False
        if not isinstance(value, int) or value < 0:
            hint = "round, floor or ceil make a whole number" if not isinstance(value, str) else ""
            raise Misread(
                at.start, f"repeat is {at.text}: a whole number, true or false is due", hint
            )
        if value > self.max_layers:
            raise TooMany(at.start, f"repeat asks for more than {self.max_layers:,} copies")
        return value, True

    def _from(self, line: Line, previous: int | None, frame: Frame) -> int | None:
        at = line.common.get("from")
        if at is None:
            own = line.block is not None or line.bodies or line.sources or line.word in JOINS
            if previous is None and not own and not self.problems.found:
                names = ", ".join(node.name for node in self.builder.nodes if node.layer is None)
                raise Misread(
                    line.start, f"{line.word} has nothing above it, and the network has "
                    f"several inputs: {names}", f"say which with from: {names.split(', ')[0]}",
                )  # fmt: skip
            return previous
        if line.word in JOINS:
            raise Misread(
                at.start, f"{line.word} takes no from: its list names all that it reads",
                "previous is the line above",
            )  # fmt: skip
        return self._reference(at.text.strip(), at.start, previous, frame)

    def _inherit(self, line: Line, frame: Frame) -> Frame:
        """The frame with the line's own `frozen` and `share`."""
        frozen, share = line.common.get("frozen"), line.common.get("share")
        if frozen is None and share is None:
            return frame
        inner = replace(frame)
        if frozen is not None:
            value = Reading(frame.env).value(frozen)
            if not isinstance(value, bool):
                raise Misread(frozen.start, f"frozen is {frozen.text}: true or false is due")
            inner.frozen = value or frame.frozen
        if share is not None:
            if frozen is not None:
                raise Misread(
                    frozen.start, "frozen and share on one line: the parameters are another's",
                    f"freeze {share.text}",
                )  # fmt: skip
            inner.partner = self._partner_named(line, share, frame)
        return inner

    def _partner_named(self, line: Line, share: Scalar, frame: Frame) -> Entry:
        entry = frame.scope.find(share.text.strip(), share.start)
        if isinstance(entry, Copies):
            entry = entry.copies[-1]
        called = entry.call.block if isinstance(entry, Scope) and entry.call else ""
        if line.bodies or called != (line.block.name if line.block else ""):
            raise Misread(
                share.start, f"{line.word} cannot share the parameters of {share.text}",
                "a layer shares those of a layer of its type, a call of a block those of "
                "another call of it",
            )  # fmt: skip
        return entry

    def _partner(self, name: str, line: Line, frame: Frame) -> Entry:
        """What a line of this name, within its scope, shares the parameters of."""
        if frame.partner is not None or frame.sharing is None:
            return frame.partner
        return frame.sharing.find(name, line.start)

    # The three kinds of line

    def _call(
        self,
        line: Line,
        block: Block,
        name: str,
        source: int | None,
        previous: int | None,
        frame: Frame,
    ) -> tuple[Entry, int | None]:
        if frame.depth >= DEEPEST:
            raise TooMany(line.start, f"blocks called more than {DEEPEST} deep")
        full = frame.scope.prefix + name
        call = Call(line.place, block.name, frame.scope.call, line)
        scope = Scope(full + ".", block.taken, call)
        env = self._arguments(line, block, source, previous, frame)
        partner = self._partner(name, line, frame)
        sharing = partner if isinstance(partner, Scope) else None
        inner = Frame(scope, env, source, frame.frozen, sharing, depth=frame.depth + 1)
        scope.output = self.lines(block.body, source, inner)
        return scope, scope.output

    def _structure(
        self, line: Line, name: str, source: int | None, frame: Frame
    ) -> tuple[Entry, int | None]:
        label = name
        if line.scoped:
            full = frame.scope.prefix + name
            call = Call(line.place, line.word, frame.scope.call, line)
            scope = Scope(full + ".", line.taken, call)
            partner = self._partner(name, line, frame)
            sharing = partner if isinstance(partner, Scope) else None
            frame = replace(frame, scope=scope, sharing=sharing)
            label = scope.number(line.join) if line.join else ""
        outputs = [self.lines(body, source, frame) for body in line.bodies]
        output = outputs[0]
        if line.join:
            reads = [node for node in outputs if node is not None]
            output = None
            if len(reads) == len(outputs):
                try:
                    output = self._add(line, label, layer_type(line.join)(), reads, frame, {})
                except Misread as trouble:
                    self._note(trouble)
        if not line.scoped:
            return output, output
        frame.scope.output = output
        return frame.scope, output

    def _layer(
        self, line: Line, name: str, source: int | None, previous: int | None, frame: Frame
    ) -> int:
        cls = line.type or self._word(line, frame)
        if line.word in JOINS:
            return self._join(line, name, cls, previous, frame)
        x = self.builder.nodes[source].output if source is not None else None
        origins: dict[str, tuple[Origin, ...]] = {}
        values: dict[str, Raw] = {}
        failed = False
        for field, node in line.arguments.items():
            kind = cls.kinds[field]
            reading = Reading(frame.env, kind.keywords)
            try:
                extents = None
                if isinstance(kind, ExtentsOf):
                    extents = self._extents(node, previous, frame)
                if extents:
                    values[field] = extents
                elif kind.numeric:
                    values[field] = reading.value(node)
                else:
                    values[field] = _keyword(node, frame.env)
            except Misread as trouble:
                self.problems.add(trouble.offset, f"{field}: {trouble.what}", trouble.hint)
                failed = True
            except Unknown:
                failed = True
            origins[field] = tuple(reading.origins)
        if failed:
            raise Unknown
        layer = self._make(line, cls, values, origins, x)
        if line.sources:
            listed = [(item.text.strip(), item.start) for item in line.sources]
            reads = [self._reference(path, at, previous, frame) for path, at in listed]
            return self._add(line, name, layer, reads, frame, origins)
        if source is None:
            raise Unknown
        return self._add(line, name, layer, [source], frame, origins)

    def _make(
        self,
        line: Line,
        cls: type[Layer],
        values: dict[str, Raw],
        origins: dict[str, tuple[Origin, ...]],
        x: Shape | None,
    ) -> Layer:
        # Equal arguments make one layer: what a layer is depends on these alone.
        key = (cls, x and x.channels, x and len(x.extents), repr(values))
        layer = self._made.get(key)
        if layer is None:
            try:
                layer = self._made[key] = read(cls, values, x)
            except Refused as refused:
                at = line.arguments[refused.field].start if refused.field in values else line.start
                at = next((o.place.start for o in origins.get(refused.field, ())), at)
                raise Misread(at, f"{cls.word}: {refused.what}", refused.hint) from None
        return layer

    def _add(
        self,
        line: Line,
        name: str,
        layer: Layer,
        reads: list[int],
        frame: Frame,
        origins: dict[str, tuple[Origin, ...]],
    ) -> int:
        full = frame.scope.prefix + name
        shares = self._owner(name, line, layer, frame)
        frozen = frame.frozen if shares is None else self.builder.nodes[shares].frozen
        try:
            node = self.builder.add(full, layer, reads, line.place, frozen=frozen, shares=shares)
        except Refused as refused:
            raise Misread(line.start, f"{full}: {refused.what}", refused.hint) from None
        self.written[node] = Written(line, origins, frame.scope.call)
        return node

    def _owner(self, name: str, line: Line, layer: Layer, frame: Frame) -> int | None:
        """The node whose parameters a layer shares, None for its own."""
        if (frame.partner is None and frame.sharing is None) or not layer.learns:
            return None
        owner = self.builder.nodes[output_of(self._partner(name, line, frame))]
        return owner.index if owner.shares is None else owner.shares

    def _word(self, line: Line, frame: Frame) -> type[Layer]:
        """The layer type that a parameter, alone on its line, stands for."""
        bound = frame.env.get(line.word)
        if bound is None:
            raise Unknown
        if not isinstance(bound.value, Word):
            at = bound.origins[0].place.start if bound.origins else line.start
            raise Misread(
                at, f"parameter {line.word!r} stands for a layer, but this is none",
                "give a layer type that needs no arguments, as in relu",
            )  # fmt: skip
        return layer_type(bound.value)

    def _join(
        self, line: Line, name: str, cls: type[Layer], previous: int | None, frame: Frame
    ) -> int:
        node = line.main
        if not isinstance(node, Items) or len(node.items) < 2:
            at = line.start if node is None else node.start
            raise Misread(
                at, f"{line.word} needs a list of at least two layers' names",
                f"write {line.word}: [previous, NAME]",
            )  # fmt: skip
        reads = []
        for item in node.items:
            if not isinstance(item, Scalar):
                raise Misread(item.start, f"{line.word} lists names, not lists or mappings")
            reads.append(self._reference(item.text.strip(), item.start, previous, frame))
        return self._add(line, name, cls(), reads, frame, {})

    # Names and arguments

    def _reference(self, path: str, offset: int, previous: int | None, frame: Frame) -> int:
        """The node that a name stands for here.

        Raises:
            Misread: there is none.
            Unknown: it was refused before.
        """
        if path == "previous":
            if previous is None:
                raise Unknown
            return previous
        if path in frame.env:
            bound = frame.env[path]
            if bound is None:
                raise Unknown
            if not isinstance(bound.value, Reference):
                raise Misread(offset, f"{path!r} is a parameter, and no layer's name here")
            return int(bound.value)
        if path == "input" and frame.entering is not None:
            return frame.entering
        if not PATH.fullmatch(path):
            raise Misread(offset, f"{quoted(path)} is no layer's name")
        return output_of(frame.scope.find(path, offset))

    def _extents(self, node: Node, previous: int | None, frame: Frame) -> tuple[int, ...] | None:
        """The extents of the layer that a scalar names; None where it names none."""
        name = _name(node)
        if name is None:
            return None
        bound = frame.env.get(name)
        if bound is not None and not isinstance(bound.value, Reference):
            return None
        of = self.builder.nodes[self._reference(name, node.start, previous, frame)].output
        if of.is_vector:
            raise Misread(node.start, f"{name} is the vector {of}: it has no extents")
        return of.extents

    def _arguments(
        self,
        line: Line,
        block: Block,
        source: int | None,
        previous: int | None,
        frame: Frame,
    ) -> dict[str, Bound | None]:
        """What the block's parameters stand for: arguments read here, defaults there."""
        env: dict[str, Bound | None] = dict(self.params)
        if source is not None:
            env["channels"] = Bound(self.builder.nodes[source].output.channels)
        else:
            env["channels"] = None
        for parameter in block.parameters:
            node = line.arguments.get(parameter.name)
            try:
                if node is not None:
                    bound = self._argument(node, previous, frame)
                else:
                    assert parameter.default is not None  # LineReader refuses calls that lack one
                    bound = self._default(parameter.default, env)
            except Unknown:
                env[parameter.name] = None
            except Misread as trouble:
                what = f"{parameter.name}: {trouble.what}"
                self.problems.add(trouble.offset, what, trouble.hint)
                env[parameter.name] = None
            else:
                env[parameter.name] = bound
        return env

    def _argument(self, node: Node, previous: int | None, frame: Frame) -> Bound:
        reading = Reading(frame.env)
        name = _name(node)
        if name is not None:
            if name in frame.env:
                return Bound(reading.value(node), tuple(reading.origins))
            here = (Origin(node.place, "number"),)
            if (word := _word_or_keyword(name, node)) is not None:
                return Bound(word, here)
            return Bound(Reference(self._reference(name, node.start, previous, frame)), here)
        if isinstance(node, Items):
            parts = [self._argument(item, previous, frame) for item in node.items]
            origins = tuple(origin for part in parts for origin in part.origins)
            return Bound(tuple(part.value for part in parts), origins)
        return Bound(reading.value(node), tuple(reading.origins))

    def _default(self, node: Node, env: dict[str, Bound | None]) -> Bound:
        name = _name(node)
        if name is not None and name not in env:
            word = _word_or_keyword(name, node)
            if word is not None:
                return Bound(word, (Origin(node.place, "default"),))
        reading = Reading(env)
        value = reading.value(node)
        origins = (o._replace(role="default") if o.role == "number" else o for o in reading.origins)
        return Bound(value, tuple(origins))


def _name(node: Node) -> str | None:
    """The name, perhaps with dots, that a scalar is; None for anything else."""
    known = parsed(node) if isinstance(node, Scalar) else None
    return known.text if isinstance(known, Name) else None


_KEYWORD_VALUES = ("same", "valid", "depthwise", "nearest", "bilinear", *JOINS)


def _word_or_keyword(name: str, node: Node) -> Raw | None:
    """The layer word or keyword that an argument is; None for other names.

    Raises:
        Misread: the layer type needs an argument of its own.
    """
    if name in _KEYWORD_VALUES:
        return name
    if name not in TYPES:
        return None
    if any(kind.required for kind in layer_type(name).kinds.values()):
        raise Misread(
            node.start, f"{name} needs arguments, so its word alone is no layer",
            "pass a type without a required argument, or write the layer in the block",
        )  # fmt: skip
    return Word(name)


def _keyword(node: Node, env: dict[str, Bound | None]) -> Raw:
    """The word in a field that takes nothing else."""
    if not isinstance(node, Scalar):
        raise Misread(node.start, "a word is due")
    if node.text in env:
        bound = env[node.text]
        if bound is None:
            raise Unknown
        return bound.value
    known = parsed(node)
    if isinstance(known, Bad):
        raise Misread(node.start, known.what, known.hint)
    return node.text
