"""A block's call written out: the lines of the block, with the call's arguments as text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cnncost.language.line import Line
from cnncost.language.nodes import Node
from cnncost.layers import JOINS
from cnncost.place import Place

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
            Unwritable: an argument or default means something else where the call stands.
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

    def value_parts(self, node: Node) -> list[TextPart]:
        """A value of the block with what its names stand for.

        Raises:
            Unwritable: it cannot be said at the call.
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
            Unwritable: there are others than plain layers.
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
