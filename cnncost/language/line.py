"""One line of a list of layers, and the block that it may call, as the reader leaves them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cnncost.place import Place

if TYPE_CHECKING:
    from cnncost.language.carried_values import Carried
    from cnncost.language.names import Names
    from cnncost.language.nodes import Node, Scalar
    from cnncost.layers import Layer


class Line:
    """One line of a list of layers: a layer, a call of a block, a structure, or a block's
    parameter that stands for a layer type."""

    __slots__ = (
        *("arguments", "block", "bodies", "common", "end", "join", "main", "name"),
        *("scoped", "sound", "sources", "start", "taken", "type", "values", "word"),
    )

    def __init__(self, node: Node, word: str) -> None:
        self.start, self.end = node.start, node.end
        self.word = word
        self.type: type[Layer] | None = None
        self.block: Block | None = None
        self.main: Node | None = None
        self.arguments: dict[str, Node] = {}
        """The other arguments by name; the main one as well, once its name is known."""
        self.common: dict[str, Scalar] = {}
        self.name = ""
        self.values: Carried | None = None
        """The layer's own numbers, if the spec gives them."""
        self.sources: list[Scalar] = []
        """The layers that an opaque layer reads, if it lists several."""
        self.bodies: list[list[Line]] = []
        """The lists of lines inside a structure, one per branch."""
        self.join = ""
        self.sound = True
        """False for a line that was refused: the rest is read as if its layer were unknown."""
        self.scoped = False
        """Whether each copy of it has a scope of names of its own."""
        self.taken: Names = {}
        """The names given inside, if each copy has a scope of its own."""

    @property
    def place(self) -> Place:
        return Place(self.start, self.end)


@dataclass
class BlockParameter:
    """One parameter of a block; `default` is None if a call must give the argument."""

    name: str
    default: Node | None
    start: int


@dataclass
class Block:
    """A reusable list of lines."""

    name: str
    parameters: list[BlockParameter]
    start: int
    body_node: Node
    body: list[Line] = field(default_factory=list)
    taken: Names = field(default_factory=dict)
    used: bool = False
