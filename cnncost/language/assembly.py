"""Make layers: turn a line's arguments into a layer, and add the layer to the network."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cnncost.errors import Refused
from cnncost.language.carried_values import find_misfit
from cnncost.language.line import Line
from cnncost.language.nodes import Items, Node, Scalar
from cnncost.language.problems import Problems
from cnncost.language.scope import BlockCall, Frame, output_of
from cnncost.language.site import Site
from cnncost.language.values import Misread, Origin, Reading, UnknownValue, Word
from cnncost.layers import JOINS, Layer, layer_type, read_layer
from cnncost.layers.kinds import ExtentsOf
from cnncost.network import NetworkBuilder

if TYPE_CHECKING:
    from cnncost.layers.kinds import FieldKind, Raw
    from cnncost.shape import Shape


class Written(NamedTuple):
    """Where one layer stands in the spec: its line, its numbers' scalars, the calls around it."""

    line: Line
    origins: dict[str, tuple[Origin, ...]]
    """For each field that the line gives, the scalars that its value derives from."""
    call: BlockCall | None
    """The innermost call of a block that the layer stands in; None if it stands in no block."""


class Arguments(NamedTuple):
    """The values that one line gives for its layer's fields, and where each comes from."""

    values: dict[str, Raw]
    origins: dict[str, tuple[Origin, ...]]


class Assembly:
    """Builds the network, and records where each of its layers stands in the spec."""

    def __init__(self, builder: NetworkBuilder, problems: Problems) -> None:
        self.builder = builder
        self.problems = problems
        self.written: dict[int, Written] = {}
        self._made: dict[tuple[object, ...], Layer] = {}

    def assemble_layer(self, line: Line, name: str, source: int | None, site: Site) -> int:
        """Add the layer of one line behind the node `source`, and return the layer's index.

        Raises:
            Misread: a value of the line, or a shape, does not fit.
            UnknownValue: it depends on something that was refused before.
        """
        cls = line.type or _class_of(line, site.frame)
        if line.word in JOINS:
            return self._assemble_join(line, name, cls, site)
        x = self.builder.nodes[source].output if source is not None else None
        given = self._read_arguments(line, cls, site)
        layer = self._build_layer(line, cls, given, x)
        if line.sources:
            reads = [site.find_node(item.text.strip(), item.start) for item in line.sources]
        elif source is not None:
            reads = [source]
        else:
            raise UnknownValue
        node = self.add_node(line, name, layer, reads, site.frame, given.origins)
        if line.values is not None and (
            wrong := find_misfit(line.values, layer, self.builder.nodes[node])
        ):
            self.problems.add(*wrong)
        return node

    def _assemble_join(self, line: Line, name: str, cls: type[Layer], site: Site) -> int:
        reads = self._read_joined_nodes(line, site)
        if not cls.kinds:
            return self.add_node(line, name, cls(), reads, site.frame)
        given = self._read_arguments(line, cls, site)
        layer = self._build_layer(line, cls, given, self.builder.nodes[reads[0]].output)
        return self.add_node(line, name, layer, reads, site.frame, given.origins)

    def add_node(
        self,
        line: Line,
        name: str,
        layer: Layer,
        reads: list[int],
        frame: Frame,
        origins: dict[str, tuple[Origin, ...]] | None = None,
    ) -> int:
        """Add a layer that reads these nodes, and return its index.

        Raises:
            Misread: the shapes do not fit.
        """
        full = frame.scope.prefix + name
        shares = self._find_owner(name, line, layer, frame)
        frozen = frame.frozen if shares is None else self.builder.nodes[shares].frozen
        try:
            node = self.builder.add_layer(
                full, layer, reads, line.place, frozen=frozen, shares=shares
            )
        except Refused as refused:
            raise Misread(line.start, f"{full}: {refused.what}", refused.hint) from None
        self.written[node] = Written(line, origins or {}, frame.scope.call)
        return node

    def _read_arguments(self, line: Line, cls: type[Layer], site: Site) -> Arguments:
        """Read all arguments; report each one that is refused, and only then give up."""
        given = Arguments({}, {})
        failed = False
        for field, node in line.arguments.items():
            reading = Reading(site.frame.env, cls.kinds[field].keywords)
            try:
                given.values[field] = _read_field_value(node, cls.kinds[field], reading, site)
            except Misread as trouble:
                self.problems.add(trouble.offset, f"{field}: {trouble.what}", trouble.hint)
                failed = True
            except UnknownValue:
                failed = True
            given.origins[field] = tuple(reading.origins)
        if failed:
            raise UnknownValue
        return given

    def _build_layer(
        self, line: Line, cls: type[Layer], given: Arguments, x: Shape | None
    ) -> Layer:
        # Equal arguments make one layer: what a layer is depends on these alone.
        key = (cls, x and x.channels, x and len(x.extents), repr(given.values))
        layer = self._made.get(key)
        if layer is None:
            try:
                layer = self._made[key] = read_layer(cls, given.values, x)
            except Refused as refused:
                field = refused.field
                raise Misread(
                    _place_of(line, field, given), f"{cls.word}: {refused.what}", refused.hint
                ) from None
        return layer

    def _read_joined_nodes(self, line: Line, site: Site) -> list[int]:
        """Find the nodes that a join's list names."""
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
            reads.append(site.find_node(item.text.strip(), item.start))
        return reads

    def _find_owner(self, name: str, line: Line, layer: Layer, frame: Frame) -> int | None:
        """Find the node whose parameters a layer shares; None if it has its own."""
        if (frame.partner is None and frame.sharing is None) or not layer.learns:
            return None
        owner = self.builder.nodes[output_of(frame.partner_of(name, line))]
        return owner.index if owner.shares is None else owner.shares


def _place_of(line: Line, field: str, given: Arguments) -> int:
    """Find where a field's value stands; for a name, where the name's value was written."""
    node = line.arguments.get(field)
    if isinstance(node, Scalar):
        return next((origin.place.start for origin in given.origins[field]), node.start)
    return line.start if node is None else node.start


def _class_of(line: Line, frame: Frame) -> type[Layer]:
    """Find the layer type that a block's parameter, alone on its line, stands for."""
    bound = frame.env.get(line.word)
    if bound is None:
        raise UnknownValue
    if not isinstance(bound.value, Word):
        at = bound.origins[0].place.start if bound.origins else line.start
        raise Misread(
            at, f"parameter {line.word!r} stands for a layer, but this is none",
            "give a layer type that needs no arguments, as in relu",
        )  # fmt: skip
    return layer_type(bound.value)


def _read_field_value(node: Node, kind: FieldKind, reading: Reading, site: Site) -> Raw:
    """Read one field's value: the extents of a layer, numbers and keywords, or a word."""
    if isinstance(kind, ExtentsOf) and (extents := site.find_extents(node)):
        return extents
    return reading.evaluate_node(node) if kind.numeric else reading.read_word(node)
