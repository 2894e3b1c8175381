"""The lines of a structured spec while it is made: layers, structures and calls of blocks."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncost.formats.graph import Value

    Hole = tuple["StructurePiece", str]

    Window = tuple[Value, bool]
    """A convolution's kernel, and whether it is depthwise."""


class PieceExpression(str):
    """An argument that is an expression of its block's parameters, as the spec writes it."""

    __slots__ = ()


@dataclass(eq=False, slots=True)
class StructurePiece:
    """One line: a layer, a structure of several lists, or a block's call."""

    word: str
    args: dict[str, Value]
    path: str
    """The name in the source, with dots; for a call, the path that its lines have in common."""
    reads: str
    """The name of the operation that it reads; for a structure, the one outside it."""
    out: str
    """The name of the operation whose output is its output."""
    named: bool = False
    fixed: bool = False
    """Whether it cannot be in a block: joins, lines with shared or frozen parameters, structures
    that hold such a line."""
    foreign: bool = False
    """Whether it does not read the line above, so that a block can only begin with it."""
    referred: bool = False
    """Whether later lines refer to it, so that a block can only end with it."""
    bound: bool = False
    """Whether one of its numbers is an expression of its block's parameters."""
    branches: list[list[StructurePiece]] = field(default_factory=list)
    channels: int = 0
    """How many channels enter it; 0 if not known."""
    label: str = ""
    """Its name inside its block, which all copies of the block agree on."""
    convs: tuple[Window, ...] = ()
    """For a call, the convolutions of its lines in a row; those in structures do not count."""
    joined: int = 0
    """For a call, how many structures that join maps its lines have in a row."""
    kinds: dict[str, str] = field(default_factory=dict)
    """For a call, the field of a layer that each argument goes into."""

    @property
    def is_repeatable(self) -> bool:
        """Whether it may be one of several with `repeat`."""
        return not (self.fixed or self.foreign or self.referred)

    @property
    def joins(self) -> int:
        """How many structures that join maps it is or calls; gates do not count."""
        return self.joined or (bool(self.branches) and self.args.get("join") != "mul")

    @property
    def home(self) -> str:
        """The source's module that it stands in; empty at the top.

        A structure's path is that of its join; a named structure's is its own, and a module.
        """
        return self.path if self.branches and self.named else self.path.rpartition(".")[0]

    def walk_pieces(self) -> Iterator[StructurePiece]:
        """List this piece and all pieces in it, in the order of the text."""
        yield self
        for branch in self.branches:
            for piece in branch:
                yield from piece.walk_pieces()

    def list_holes(self) -> list[Hole]:
        """List the piece and key of each number, in the order of the text."""
        return [(p, key) for p in self.walk_pieces() for key, v in p.args.items() if is_number(v)]

    @property
    def lines(self) -> int:
        """About how many lines of text it takes: a short list takes one."""
        if not self.branches:
            return 1
        inner = [sum(piece.lines for piece in branch) for branch in self.branches]
        if len(inner) == 1 and inner[0] == 1:
            return 1
        return 1 + sum(count if count > 2 else 1 for count in inner)


def is_number(value: Value) -> bool:
    """Whether copies of a block may differ in the value: one number, one per axis, or a word that
    stands for a number."""
    if isinstance(value, tuple):
        return all(type(part) is int for part in value)
    return type(value) is int or isinstance(value, Fraction) or value in ("depthwise", "same")
