"""One line of a list of layers, and the block that it may call, as they were read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cnncost.place import Place

if TYPE_CHECKING:
    from cnncost.language.carried import Carried
    from cnncost.language.names import Names
    from cnncost.language.nodes import Node, Scalar
    from cnncost.layers import Layer


class Line:
    """One line of a list of layers: a layer, a block's call, a structure, or a word that a
    block's parameter stands for."""

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
        """Further parameters by name; the main one as well, once its name is known."""
        self.common: dict[str, Scalar] = {}
        self.name = ""
        self.values: Carried | None = None
        """The layer's own numbers, if it carries them."""
        self.sources: list[Scalar] = []
        """What an opaque layer reads, where it lists several."""
        self.bodies: list[list[Line]] = []
        """The branches of a structure."""
        self.join = ""
        self.sound = True
        """False for a line that was refused: it stands for a layer that nobody knows."""
        self.scoped = False
        """Whether it opens a scope of names for each copy."""
        self.taken: Names = {}
        """The names given inside, if it is a structure that opens scopes."""

    @property
    def place(self) -> Place:
        return Place(self.start, self.end)


@dataclass
class BlockParameter:
    """One parameter of a block; `default` is None where a call must give it."""

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
