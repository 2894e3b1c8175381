"""The lines of a structured spec in the making: layers, structures and calls of blocks."""

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
    """An argument that is computed from its block's parameters, as the spec has it."""

    __slots__ = ()


@dataclass(eq=False, slots=True)
class StructurePiece:
    """One line: a layer, a structure of several lists, or a block's call."""

    word: str
    args: dict[str, Value]
    path: str
    """The name in the source, by dots; a call's is the path that its lines have in common."""
    reads: str
    """What it reads: the operation's name, from outside if it is a structure."""
    out: str
    """The operation whose output it gives."""
    named: bool = False
    fixed: bool = False
    """Whether no block can hold it: a join, shared or frozen parameters, others inside it."""
    foreign: bool = False
    """Whether it reads not the line above; a block can only begin with it."""
    referred: bool = False
    """Whether lines further down refer to it; a block can only end with it."""
    bound: bool = False
    """Whether a number of its own is an expression of its block's parameters."""
    branches: list[list[StructurePiece]] = field(default_factory=list)
    channels: int = 0
    """How many channels enter it; 0 if not known."""
    label: str = ""
    """Its name inside its block: what all copies of the block call it."""
    convs: tuple[Window, ...] = ()
    """A call's convolutions in a row; a structure stands for none."""
    joined: int = 0
    """A call's: how many structures that join maps its lines hold, in a row."""
    kinds: dict[str, str] = field(default_factory=dict)
    """A call's: for each argument, the layer's field that it becomes."""

    @property
    def is_repeatable(self) -> bool:
        """Whether it may be one of several with `repeat`."""
        return not (self.fixed or self.foreign or self.referred)

    @property
    def joins(self) -> int:
        """How many structures that join maps it is or calls; a gate only scales one map."""
        return self.joined or (bool(self.branches) and self.args.get("join") != "mul")

    @property
    def home(self) -> str:
        """The module of the source that it stands in, or that a structure is; empty at the top.

        A structure's path is that of its join, unless it is named: then it is its own.
        """
        return self.path if self.branches and self.named else self.path.rpartition(".")[0]

    def walk_pieces(self) -> Iterator[StructurePiece]:
        """This piece and all in it, in the order of the text."""
        yield self
        for branch in self.branches:
            for piece in branch:
                yield from piece.walk_pieces()

    def list_holes(self) -> list[Hole]:
        """Each number's piece and key, in the order of the text."""
        return [(p, key) for p in self.walk_pieces() for key, v in p.args.items() if is_number(v)]

    @property
    def lines(self) -> int:
        """How many lines of text it takes, about: short lists stand in one."""
        if not self.branches:
            return 1
        inner = [sum(piece.lines for piece in branch) for branch in self.branches]
        if len(inner) == 1 and inner[0] == 1:
            return 1
        return 1 + sum(count if count > 2 else 1 for count in inner)


def is_number(value: Value) -> bool:
    """Whether copies of a block may differ in it: a number, one an axis, or a word for one."""
    if isinstance(value, tuple):
        return all(type(part) is int for part in value)
    return type(value) is int or isinstance(value, Fraction) or value in ("depthwise", "same")
