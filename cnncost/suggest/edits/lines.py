"""The lines that structural edits rewrite: which layers a line makes, and its parts as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from cnncost.layers import Layer, layer_type, read
from cnncost.network import Node
from cnncost.place import Place
from cnncost.shape import Shape
from cnncost.spec.lines import Line
from cnncost.suggest.change import Change
from cnncost.suggest.draft import Draft, named
from cnncost.suggest.variable import Piece

if TYPE_CHECKING:
    from cnncost.layers.kinds import Raw

NORMS = ("batchnorm", "layernorm", "instancenorm")
ACTIVATIONS = (
    *("relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "silu", "hardswish"),
    *("sigmoid", "hardsigmoid", "tanh", "softplus", "mish"),
)
COMMON = ("name", "from", "repeat", "frozen")
"""The keys of a line that a sequence in its place keeps."""

Part = str | Place


@dataclass(frozen=True)
class Site:
    """One line of the file and the layers that it makes, all of one type."""

    draft: Draft
    line: Line
    nodes: tuple[Node, ...]

    @property
    def layers(self) -> list[Layer]:
        return [layer for node in self.nodes if (layer := node.layer) is not None]

    @property
    def label(self) -> str:
        """The first layer, and how many more the line makes."""
        more = len(self.nodes) - 1
        return self.nodes[0].name + (f" and {more} more" if more else "")

    def given(self, field: str) -> list[Part]:
        """`, field: VALUE` with the value as it is written; nothing where it is not given."""
        node = self.line.arguments.get(field)
        if node is None:
            return []
        return [f", {field}: ", Place(node.start, node.end)]

    def main(self) -> Place:
        """The main argument as it is written."""
        assert self.line.main is not None  # a convolution or dense layer has its width
        return self.line.main.place

    def same(self, field: str) -> object:
        """The value of a field that all the layers share; None where they differ."""
        values = {getattr(layer, field): None for layer in self.layers}
        return next(iter(values)) if len(values) == 1 else None

    def weight(self) -> float:
        """The damage weight of what the line's layers write: a share of each one's group."""
        total = 0.0
        for node in self.nodes:
            group = self.draft.groups.written(node.index)
            if group is not None:
                total += group.raw / group.blocks
        raws = sum(g.raw for g in self.draft.groups.groups.values() if not g.frozen)
        return total / raws if raws else 0.0

    def sequence(self, items: Sequence[Sequence[Part]]) -> Change:
        """The line as a sequence of these layers, under its own name."""
        parts: list[Part] = ["{"]
        for key in COMMON:
            if key in self.line.common:
                parts += [f"{key}: ", self.line.common[key].place, ", "]
        parts.append("sequence: [")
        for position, item in enumerate(items):
            parts += [", "] * bool(position) + list(item)
        parts.append("]}")
        return Change(self.draft.sheet.span(self.line), tuple(parts))

    def following(self) -> tuple[str, ...] | None:
        """The norm and activation behind every one of the layers; None where they differ."""
        found = {_behind(self.draft, node): None for node in self.nodes}
        return next(iter(found)) if len(found) == 1 else None


def sites(draft: Draft, word: str, kept: Sequence[str]) -> Iterator[Site]:
    """The lines that make layers of a type which structural edits may rewrite.

    Left out are lines that share parameters, and ones of which a layer is kept.
    """
    by_line: dict[int, list[Node]] = {}
    owners = {node.shares for node in draft.network.nodes if node.shares is not None}
    for node in draft.network.layers:
        if node.layer is not None and node.layer.word == word:
            by_line.setdefault(draft.spec.written[node.index].line.start, []).append(node)
    for nodes in by_line.values():
        line = draft.spec.written[nodes[0].index].line
        shared = any(node.shares is not None or node.index in owners for node in nodes)
        held = any(named(node.name, kept) for node in nodes)
        if line.main is not None and line.word == word and not shared and not held:
            yield Site(draft, line, tuple(nodes))


def _behind(draft: Draft, node: Node) -> tuple[str, ...]:
    readers = _readers(draft)
    words: list[str] = []
    at = node.index
    for allowed in (NORMS, ACTIVATIONS):
        following = readers.get(at, [])
        if len(following) != 1:
            break
        layer = draft.network.nodes[following[0]].layer
        if layer is not None and layer.word in allowed:
            words.append(layer.word)
            at = following[0]
    return tuple(words)


def _readers(draft: Draft) -> dict[int, list[int]]:
    readers: dict[int, list[int]] = {}
    for node in draft.network.nodes:
        for index in node.reads:
            readers.setdefault(index, []).append(node.index)
    return readers


def chained(xs: tuple[Shape, ...], steps: Sequence[tuple[str, dict[str, Raw]]]) -> list[Piece]:
    """Layers one behind the other, made as a spec would make them.

    Raises:
        Refused: one cannot take its input.
    """
    pieces: list[Piece] = []
    for word, arguments in steps:
        layer, y = _made(word, tuple(arguments.items()), xs[0])
        pieces.append((layer, xs))
        xs = (y,)
    return pieces


@lru_cache(maxsize=1 << 16)
def _made(word: str, arguments: tuple[tuple[str, Raw], ...], x: Shape) -> tuple[Layer, Shape]:
    """One layer and its output; the same ones stand in many combinations of choices."""
    layer = read(layer_type(word), dict(arguments), x)
    return layer, layer.infer((x,))


def saves(pieces: Sequence[Piece], layer: Layer, xs: tuple[Shape, ...]) -> bool:
    """Whether layers in another's place have fewer weights or connections, and the same output."""
    y = layer.infer(xs)
    last, inputs = pieces[-1]
    if last.infer(inputs) != y:
        return False
    weights = sum(one.weights(x) for one, (x,) in pieces)
    uses = sum(one.connections(x, one.infer((x,))) for one, (x,) in pieces)
    return weights < layer.weights(xs[0]) or uses < layer.connections(xs[0], y)
