"""Find what a line can refer to from where it stands: layers, parameters, words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from cnncost.errors import did_you_mean, quote_text
from cnncost.language.nodes import Items, Node, Scalar
from cnncost.language.scope import Frame, NoSuchName, output_of
from cnncost.language.values import (
    BoundValue,
    Misread,
    Name,
    Origin,
    Reading,
    Reference,
    UnknownValue,
    Word,
    parse_scalar,
)
from cnncost.layers import JOINS, TYPES, layer_type

if TYPE_CHECKING:
    from cnncost import network
    from cnncost.layers.kinds import Raw

_KEYWORD_VALUES = ("same", "valid", "depthwise", "nearest", "bilinear", *JOINS)


class Site(NamedTuple):
    """The place of one line: the nodes made so far, its frame, and the node above it."""

    nodes: Sequence[network.Input | network.Node]
    frame: Frame
    previous: int | None

    def find_node(self, path: str, offset: int) -> int:
        """Find the node that a name stands for here.

        Raises:
            Misread: there is none.
            UnknownValue: it was refused before.
        """
        frame = self.frame
        if path == "previous":
            if self.previous is None:
                raise UnknownValue
            return self.previous
        if path in frame.env:
            bound = frame.env[path]
            if bound is None:
                raise UnknownValue
            if not isinstance(bound.value, Reference):
                raise Misread(offset, f"{path!r} is a parameter, and no layer's name here")
            return int(bound.value)
        if path == "input" and frame.entering is not None:
            return frame.entering
        if path == "input" and frame.depth:
            raise UnknownValue  # what enters the block
        return output_of(frame.scope.find_entry(path, offset))

    def find_extents(self, node: Node) -> tuple[int, ...] | None:
        """Find the extents of the layer that a scalar names; None if it names none."""
        name = name_of(node)
        if name is None:
            return None
        bound = self.frame.env.get(name)
        if bound is not None and not isinstance(bound.value, Reference):
            return None
        of = self.nodes[self.find_node(name, node.start)].output
        if of.is_vector:
            raise Misread(node.start, f"{name} is the vector {of}: it has no extents")
        return of.extents

    def bind_argument(self, node: Node) -> BoundValue:
        """Evaluate a block's argument, once, where it is written."""
        reading = Reading(self.frame.env)
        name = name_of(node)
        if name is not None:
            if name in self.frame.env:
                return BoundValue(reading.evaluate_node(node), tuple(reading.origins))
            here = (Origin(node.place, "word"),)
            if (word := word_or_keyword(name, node)) is not None:
                return BoundValue(word, here)
            try:
                return BoundValue(Reference(self.find_node(name, node.start)), here)
            except NoSuchName as trouble:
                raise self._refuse_unknown_argument(name, trouble) from None
        if isinstance(node, Items):
            parts = [self.bind_argument(item) for item in node.items]
            origins = tuple(origin for part in parts for origin in part.origins)
            return BoundValue(tuple(part.value for part in parts), origins)
        return BoundValue(reading.evaluate_node(node), tuple(reading.origins))

    def _refuse_unknown_argument(self, name: str, trouble: NoSuchName) -> Misread:
        """Refuse an argument that is a name which nothing has."""

        def hint() -> str:
            words = [*TYPES, *_KEYWORD_VALUES, *self.frame.env, *self.frame.scope.known_names()]
            return did_you_mean(name, words, "an argument is a number, a word or a layer's name")

        return Misread(trouble.offset, f"nothing is called {quote_text(name)}", hint)


def bind_default(node: Node, env: dict[str, BoundValue | None]) -> BoundValue:
    """Evaluate a parameter's default, given the values of the parameters before it."""
    name = name_of(node)
    if name is not None and name not in env:
        word = word_or_keyword(name, node)
        if word is not None:
            return BoundValue(word, (Origin(node.place, "default"),))
    reading = Reading(env)
    value = reading.evaluate_node(node)
    return BoundValue(value, tuple(_in_signature(origin, node) for origin in reading.origins))


def _in_signature(origin: Origin, node: Node) -> Origin:
    """Mark an origin as a default, unless it belongs to an argument that the default names."""
    inside = node.start <= origin.place.start < node.end
    return origin._replace(role="default") if inside else origin


def name_of(node: Node) -> str | None:
    """Return the name, perhaps with dots, that a scalar consists of; None for anything else."""
    known = parse_scalar(node) if isinstance(node, Scalar) else None
    return known.text if isinstance(known, Name) else None


def word_or_keyword(name: str, node: Node) -> Raw | None:
    """Return the layer type or keyword that an argument consists of; None for other names.

    Raises:
        Misread: the layer type needs an argument of its own.
    """
    if name in _KEYWORD_VALUES:
        return name
    if name not in TYPES:
        return None
    if any(kind.is_required for kind in layer_type(name).kinds.values()):
        raise Misread(
            node.start, f"{name} needs arguments, so its word alone is no layer",
            "pass a type without a required argument, or write the layer in the block",
        )  # fmt: skip
    return Word(name)
