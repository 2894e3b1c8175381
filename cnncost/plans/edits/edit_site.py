"""The lines that structural edits rewrite: the layers that each makes, and its parts as text.

Where a line stands in a block that several lines call, one call is written out, with its
arguments in the block's lines: the other calls stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cnncost.language.lines import Line
from cnncost.language.nodes import Node as YamlNode
from cnncost.layers import JOINS, Layer
from cnncost.network import Node
from cnncost.place import Place
from cnncost.plans.edits.editable_spec import EditableSpec, is_named
from cnncost.plans.edits.serial_layers import norm_and_activation_behind
from cnncost.plans.edits.text_changes import TextChange

TextPart = str | Place

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")

PLAIN = re.compile(r"[A-Za-z0-9_.+*/() -]+")
"""What an argument may hold to stand within an expression: no comma, quote or bracket."""

HERE = ("channels", "input", "previous")
"""Names that mean something else outside the block."""


class UnwritableCallError(Exception):
    """The block's lines cannot be written out at its call."""


class InlinedCall:
    """One call of a block of plain layers."""

    def __init__(self, text: str, call: Line) -> None:
        """Read what the parameters stand for.

        Raises:
            UnwritableCallError: an argument or default means something else where the call stands.
        """
        assert call.block is not None  # only calls of blocks are written out
        self.text = text
        self.call = call
        self._stands: dict[str, list[TextPart]] = {}
        for parameter in call.block.parameters:
            node = call.arguments.get(parameter.name)
            if node is not None:
                if "previous" in NAME.findall(text[node.start : node.end]):
                    raise UnwritableCallError
                self._stands[parameter.name] = [Place(node.start, node.end)]
            else:
                assert parameter.default is not None  # calls that lack an argument are refused
                self._stands[parameter.name] = self.value_parts(parameter.default)

    def value_parts(self, node: YamlNode) -> list[TextPart]:
        """A value of the block with what its names stand for.

        Raises:
            UnwritableCallError: it cannot be said at the call.
        """
        raw = self.text[node.start : node.end]
        parts: list[TextPart] = []
        at = 0
        for match in NAME.finditer(raw):
            word = match.group()
            if word in self._stands:
                whole = match.group() == raw
                parts += [raw[at : match.start()], *self._argument(word, whole=whole)]
                at = match.end()
            elif word in HERE:
                raise UnwritableCallError
        return [part for part in (*parts, raw[at:]) if part != ""]

    def _argument(self, name: str, *, whole: bool) -> list[TextPart]:
        parts = self._stands[name]
        said = self.flat_text(parts)
        if whole or NAME.fullmatch(said) or said.isdigit():
            return parts
        if not PLAIN.fullmatch(said):
            raise UnwritableCallError
        return ["(", *parts, ")"]

    def flat_text(self, parts: Sequence[TextPart]) -> str:
        """Parts as the text that they are today."""
        return "".join(p if isinstance(p, str) else self.text[p.start : p.end] for p in parts)

    def lines_around(self, apart: Line) -> tuple[list[list[TextPart]], list[list[TextPart]]]:
        """The block's lines above and below one of them, as items of a sequence.

        Raises:
            UnwritableCallError: there are others than plain layers.
        """
        assert self.call.block is not None
        body = self.call.block.body
        at = next(i for i, line in enumerate(body) if line is apart)
        above, below = body[:at], body[at + 1 :]
        return [self._line(line) for line in above], [self._line(line) for line in below]

    def _line(self, line: Line) -> list[TextPart]:
        if line.word in self._stands and not line.arguments:
            return self._stands[line.word]
        odd = line.type is None or line.word in JOINS or line.values is not None
        if odd or any(key != "name" for key in line.common):
            raise UnwritableCallError
        if not line.arguments:
            return [line.word]
        parts: list[TextPart] = ["{", line.word]
        if line.main is not None:
            parts += [": ", *self.value_parts(line.main)]
        for name, node in line.arguments.items():
            if node is not line.main:
                parts += [f", {name}: ", *self.value_parts(node)]
        return [*parts, "}"]


def is_leaf_block(call: Line, line: Line) -> bool:
    """Whether a call's block is a list of layers of which just one is of this line's type."""
    if call.block is None or not any(one is line for one in call.block.body):
        return False
    return sum(one.word == line.word for one in call.block.body) == 1


COMMON = ("name", "from", "repeat", "frozen")
"""The keys of a line that a sequence in its place keeps."""

DEFAULTS = {"stride": "1", "padding": "0", "dilation": "1", "groups": "1", "bias": "true"}
"""What a convolution has where nothing is said."""


@dataclass(frozen=True)
class EditSite:
    """One line of the file and the layers that it makes, all of one type.

    Where the line stands in a block that several lines call, it is one call's layers: the call
    is written out then, and the other calls stay.
    """

    editable: EditableSpec
    line: Line
    nodes: tuple[Node, ...]
    inlined: InlinedCall | None = None
    """The call that is written out."""

    @property
    def layers(self) -> list[Layer]:
        return [layer for node in self.nodes if (layer := node.layer) is not None]

    @property
    def label(self) -> str:
        """The first layer, and how many more the line makes."""
        name, more = self.nodes[0].name, len(self.nodes) - 1
        if self.inlined is not None:
            name = name.rpartition(".")[0]  # the call's own
        return name + (f" and {more} more" if more else "")

    def given_argument(self, field: str) -> list[TextPart]:
        """Return `, field: VALUE` with the value as it is written; nothing where the line does not
        give it."""
        if field not in self.line.arguments:
            return []
        value = self.value_parts(field)
        return [] if self.inlined and value == [DEFAULTS.get(field)] else [f", {field}: ", *value]

    def value_parts(self, field: str) -> list[TextPart]:
        """An argument as it is written; at a call as it is meant there."""
        node = self.line.arguments[field]
        if self.inlined is None:
            return [Place(node.start, node.end)]
        parts = self.inlined.value_parts(node)
        meant = self.shared_field(field)
        if isinstance(meant, tuple) and not NAME.search(self.inlined.flat_text(parts)):
            numbers = dict.fromkeys(n for item in meant for n in _numbers_in(item))
            if len(numbers) == 1:  # 3 // 2 is said as 1
                return [str(next(iter(numbers)))]
        return parts

    def shared_field(self, field: str) -> object:
        """The value of a field that all the layers share; None where they differ."""
        values = {getattr(layer, field): None for layer in self.layers}
        return next(iter(values)) if len(values) == 1 else None

    @property
    def own_name(self) -> str:
        """What the replaced line or call is called where it stands; empty where copies differ."""
        names = [node.name for node in self.nodes]
        if self.inlined is not None:
            names = [name.rpartition(".")[0] for name in names]
        parts = {re.sub(r"(\.[0-9]+)+$", "", name).rpartition(".")[2]: None for name in names}
        return next(iter(parts)) if len(parts) == 1 else ""

    def number_name(self, number: int) -> str:
        """The name of one of the layers in its place: conv3_1; empty where it cannot be named."""
        own = self.own_name
        used = own in self.editable.spec_text.numbered_words
        return "" if not own else f"{own}_part{number}" if used else f"{own}_{number}"

    def replace_by_sequence(self, items: Sequence[Sequence[TextPart]]) -> TextChange:
        """The line as a sequence of these layers, under its own name.

        A line without a name gets the one that it was numbered by: the lines behind it keep theirs.
        """
        line = self.line if self.inlined is None else self.inlined.call
        named = "name" in line.common or not self.own_name
        parts: list[TextPart] = ["{"] if named else [f"{{name: {self.own_name}, "]
        for key in COMMON:
            if key in line.common:
                parts += [f"{key}: ", line.common[key].place, ", "]
        parts.append("sequence: [")
        above, below = self.inlined.lines_around(self.line) if self.inlined else ([], [])
        for position, item in enumerate([*above, *items, *below]):
            parts += [", "] * bool(position) + list(item)
        parts.append("]}")
        return TextChange(self.editable.spec_text.span(line), tuple(parts))

    def words_behind(self) -> tuple[str, ...] | None:
        """The norm and activation behind every one of the layers; None where they differ."""
        found = {
            norm_and_activation_behind(self.editable.network, node): None for node in self.nodes
        }
        return next(iter(found)) if len(found) == 1 else None


def list_sites(editable: EditableSpec, word: str, kept: Sequence[str]) -> Iterator[EditSite]:
    """The lines that make layers of a type which structural edits may rewrite.

    A line in a block of plain layers that several lines call is taken call by call. Left out
    are lines that share parameters, and ones of which a layer is kept.
    """
    owners = {node.shares for node in editable.network.nodes if node.shares is not None}
    for line, call, nodes in _lines_with_layers(editable, word):
        shared = any(node.shares is not None or node.index in owners for node in nodes)
        held = any(is_named(node.name, kept) for node in nodes)
        if line.main is None or line.word != word or shared or held:
            continue
        if call is None:
            yield EditSite(editable, line, tuple(nodes))
        elif (inlined := _inline_call(editable, line, call, nodes)) is not None:
            yield EditSite(editable, line, tuple(nodes), inlined)


def _lines_with_layers(
    editable: EditableSpec, word: str
) -> Iterator[tuple[Line, Line | None, list[Node]]]:
    """Each line of a type with its layers; where several lines call its block, each call."""
    found: dict[int, dict[int, tuple[Line, Line | None, list[Node]]]] = {}
    for node in editable.network.layers:
        if node.layer is not None and node.layer.word == word:
            written = editable.spec.written[node.index]
            line, call = written.line, written.call.line if written.call else None
            calls = found.setdefault(line.start, {})
            at = call.start if call is not None else -1
            calls.setdefault(at, (line, call, []))[2].append(node)
    for calls in found.values():
        of_calls = list(calls.values())
        line, call, _ = of_calls[0]
        if len(of_calls) > 1 and call is not None and is_leaf_block(call, line):
            yield from of_calls
        else:
            yield line, None, [node for _, _, nodes in of_calls for node in nodes]


def _inline_call(
    editable: EditableSpec, line: Line, call: Line, nodes: Sequence[Node]
) -> InlinedCall | None:
    """Write a call out; None where that cannot be, or where the width is a number of the block
    itself."""
    for node in nodes:
        origins = editable.spec.written[node.index].origins.values()
        width = [o.place for places in origins for o in places if o.role == "number"]
        if line.main is not None and any(place == line.main.place for place in width):
            return None
    if call.name and re.search(rf"\b{call.name}\.", editable.spec_text.text):
        return None  # a layer within it is referred to
    try:
        inlined = InlinedCall(editable.spec_text.text, call)
        inlined.lines_around(line)
        for node_of in line.arguments.values():
            inlined.value_parts(node_of)
    except UnwritableCallError:
        return None
    return inlined


def _numbers_in(item: object) -> tuple[int, ...]:
    """The whole numbers in a size; a padding has two for each axis."""
    if isinstance(item, tuple):
        return tuple(n for n in item if isinstance(n, int))
    return (item,) if isinstance(item, int) else ()
