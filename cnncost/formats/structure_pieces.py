"""The lines of a structured spec while it is made: layers, structures and calls of blocks, with the
modules of the source that they stand in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from os.path import commonprefix
from typing import TYPE_CHECKING

from cnncost.layers import FAMILIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cnncost.formats.graph import Graph, Op, Value

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


DEEPEST = 12
"""How deep modules within modules are told apart."""

_FOLLOWING = frozenset(
    (*FAMILIES["normalisation"], *FAMILIES["activation"], *FAMILIES["regularisation"])
)
"""Types that belong to the layer before them if nothing else is known."""


def source_paths(graph: Graph) -> dict[str, str]:
    """Return each operation's path, modules separated by dots, by the operation's name.

    If few names of the graph have a dot (Keras, specs), underscores separate modules too, as
    in `conv2_block1_1_conv`.
    """
    own = [op.name for op in graph.ops if not is_numbered(op)]
    dotted = 2 * sum("." in name for name in own) > len(own)
    return {op.name: _split_name(op.name, r"\." if dotted else r"[._]") for op in graph.ops}


def is_numbered(op: Op) -> bool:
    """Whether an operation has no name from its source, only its type's word with a number."""
    return re.fullmatch(rf"{op.word}_?\d*", op.name) is not None


def follows_input(op: Op) -> bool:
    """Whether an operation belongs to the module of what it reads: if its source does not say, or
    if it is a shuffle, whose reshape the source may do later."""
    return (op.word in _FOLLOWING and is_numbered(op)) or op.word == "channel_shuffle"


def join_path(home: str, name: str) -> str:
    """Join a module's path and a name."""
    return f"{home}.{name}" if home else name


def common_module(found: Iterable[str]) -> str:
    """Return the modules that all paths begin with."""
    return ".".join(commonprefix([path.split(".") for path in found]))  # noqa: RUF071  lists of names, not texts


def _split_name(name: str, mark: str) -> str:
    """Split a name into its parts; if there are too many, the last ones stay together."""
    parts = [part for part in re.split(mark, name) if part]
    if len(parts) > DEEPEST:
        parts = [*parts[: DEEPEST - 1], "_".join(parts[DEEPEST - 1 :])]
    return ".".join(parts) or name
