"""The lines of a structured spec in the making: layers, structures and calls of blocks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncost.formats.graph import Value

    Hole = tuple["Piece", str]


@dataclass(eq=False)
class Piece:
    """One line: a layer, a structure of several lists, or a block's call."""

    word: str
    args: dict[str, Value]
    path: str
    """The name in the source; a call's is the path that its lines have in common."""
    reads: str
    """What it reads: the operation's name, from outside if it is a structure."""
    out: str
    """The operation whose output it gives."""
    named: bool = False
    fixed: bool = False
    """Whether it must stay where it is: others refer to it, or it reads not the line above."""
    bound: bool = False
    """Whether a number of its own is an expression of its block's parameters."""
    branches: list[list[Piece]] = field(default_factory=list)

    def skeleton(self) -> object:
        """The piece but for its integers and names; equal for what one block can stand for."""
        if self.fixed or self.bound:
            return id(self)
        given = tuple((k, v if not _whole(v) else None) for k, v in self.args.items())
        inner = tuple(tuple(p.skeleton() for p in branch) for branch in self.branches)
        return (self.word, given, inner)

    def walk(self) -> Iterator[Piece]:
        """This piece and all in it, in the order of the text."""
        yield self
        for branch in self.branches:
            for piece in branch:
                yield from piece.walk()

    def holes(self) -> list[Hole]:
        """Each integer's piece and key, in the order of the text."""
        return [(p, key) for p in self.walk() for key, v in p.args.items() if _whole(v)]

    @property
    def lines(self) -> int:
        """How many lines of text it takes."""
        return 1 + sum(p.lines for branch in self.branches for p in branch) + len(self.branches)


def _whole(value: Value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
