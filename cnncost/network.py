"""The graph of layers: each node's shape is inferred as it is added."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, ClassVar, Generic

from cnncost.errors import Refused
from cnncost.layers import Layer
from cnncost.lite_program import LiteProgram
from cnncost.number_types import NumberTypes
from cnncost.place import Place
from cnncost.shape import Shape

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    L = TypeVar("L", bound=Layer, default=Layer, covariant=True)
else:
    from typing import TypeVar

    L = TypeVar("L")

LARGEST = 2**63 - 1
"""No dimension or count of one layer is larger."""


@dataclass(frozen=True, slots=True)
class Input:
    """An input of the network: a name and a shape; nothing is read or learned here."""

    index: int
    name: str
    output: Shape
    place: Place
    layer: ClassVar[None] = None
    """Tells it from a node, to mypy too."""
    reads: ClassVar[tuple[int, ...]] = ()
    inputs: ClassVar[tuple[Shape, ...]] = ()
    frozen: ClassVar[bool] = False
    shares: ClassVar[int | None] = None


@dataclass(frozen=True, slots=True)
class Node(Generic[L]):
    """A layer at its place in the network; `Node[Conv]` is one whose layer is a Conv."""

    index: int
    name: str
    layer: L
    reads: tuple[int, ...]
    """The nodes it reads, by index, in order."""
    inputs: tuple[Shape, ...]
    output: Shape
    place: Place
    """The line of the spec that it came from."""
    frozen: bool = False
    shares: int | None = None
    """The node whose parameters it uses, by index."""


@dataclass(frozen=True)
class Network:
    """A network, complete: nodes in an order in which each comes after what it reads."""

    name: str
    nodes: tuple[Input | Node, ...]
    outputs: tuple[int, ...]
    """The nodes that nothing reads, by index."""
    source: str = ""
    notes: str = ""
    published: tuple[tuple[str, str], ...] = ()
    """What the paper prints, figure by figure in its own words."""
    types: NumberTypes | None = None
    """The types of its numbers, where its source says them."""
    odd_weights: Mapping[str, str] = field(default_factory=dict)
    """The type of a layer's weights, by the layer's name, where its source says another than that
    of most weights."""
    program: LiteProgram | None = None
    """The steps of the TensorFlow Lite file that it was read from, if it is as it was there."""

    @cached_property
    def inputs(self) -> tuple[Input, ...]:
        return tuple(node for node in self.nodes if node.layer is None)

    @cached_property
    def layers(self) -> tuple[Node, ...]:
        return tuple(node for node in self.nodes if node.layer is not None)

    @cached_property
    def readers(self) -> tuple[tuple[int, ...], ...]:
        """For each node the nodes that read it, by index; one that reads it twice stands twice."""
        readers: list[list[int]] = [[] for _ in self.nodes]
        for node in self.nodes:
            for i in node.reads:
                readers[i].append(node.index)
        return tuple(map(tuple, readers))


class NetworkBuilder:
    """A network in the making."""

    def __init__(self) -> None:
        self.nodes: list[Input | Node] = []
        self.read: set[int] = set()

    def add_input(self, name: str, shape: Shape, place: Place) -> int:
        """Add an input; its index."""
        index = len(self.nodes)
        self.nodes.append(Input(index, name, shape, place))
        return index

    def add_layer(
        self,
        name: str,
        layer: Layer,
        reads: Sequence[int],
        place: Place,
        *,
        frozen: bool = False,
        shares: int | None = None,
    ) -> int:
        """Add a layer behind the nodes it reads; its index.

        Raises:
            Refused: the shapes do not fit, or the layer's counts pass 2^63.
        """
        inputs = tuple([self.nodes[i].output for i in reads])
        output = infer_output(layer, inputs)
        if shares is not None:
            self._check_sharing(layer, inputs[0], self.nodes[shares])
        index = len(self.nodes)
        self.nodes.append(
            Node(index, name, layer, tuple(reads), inputs, output, place, frozen, shares)
        )
        self.read.update(reads)
        return index

    def _check_sharing(self, layer: Layer, x: Shape, owner: Input | Node) -> None:
        """Refuse to share what differs in type or in a parameter's shape."""
        if owner.layer is None or not may_share(owner.layer, layer):
            word = owner.layer.word if owner.layer else "an input"
            raise Refused(
                f"{layer.word} cannot share the parameters of {owner.name}: it is {word}",
                "share with a layer of the same type; linear may share with embedding",
            )
        mine, theirs = layer.tensor_shapes(x), owner.layer.tensor_shapes(owner.inputs[0])
        if mine != theirs:
            raise Refused(
                f"{layer.word} cannot share the parameters of {owner.name}: "
                f"{_format_tensors(theirs)} there, {_format_tensors(mine)} here",
                "shared layers need the same parameter shapes: the same filters and kernel, "
                "and inputs of as many channels",
            )


TIED = {"embedding", "linear"}
"""Types whose weights may be one table: the words that are read, and scored (Press & Wolf 2017)."""


def may_share(owner: Layer, layer: Layer) -> bool:
    """Whether layers of these types may have the same parameters."""
    return type(owner) is type(layer) or {owner.word, layer.word} == TIED


@lru_cache(maxsize=1 << 12)
def infer_output(layer: Layer, inputs: tuple[Shape, ...]) -> Shape:
    """Infer the output's shape (cached: networks repeat their layers, and trials repeat whole
    networks).

    Raises:
        Refused: the shapes do not fit, or the layer's counts pass 2^63.
    """
    output = layer.infer_shape(inputs)
    _check_bound("units", output.units)
    if layer.counted:
        _check_bound("weights", layer.weights(inputs[0]))
        _check_bound("connections", layer.connections(inputs[0], output))
    return output


def _check_bound(what: str, count: int) -> None:
    if count > LARGEST:
        raise Refused(f"the layer has {count:.3g} {what}", "counts of one layer stay below 2^63")


def _format_tensors(tensors: dict[str, tuple[int, ...]]) -> str:
    return ", ".join(f"{name} {'x'.join(map(str, dims))}" for name, dims in tensors.items())
