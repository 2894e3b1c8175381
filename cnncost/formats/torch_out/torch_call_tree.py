"""The calls of a spec's blocks as a tree, each that can be a module as a unit."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cnncost.formats.torch_out.torch_parts import ClassPart, Unit, leaf_part

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cnncost.formats.torch_out.torch_layer_code import CodePiece
    from cnncost.language.scope import BlockCall
    from cnncost.network import Network

_NAME = re.compile(r"[^.]+(?:\.\d+)*")
"""A name of a call or layer, with the numbers of its copy."""

MOST_INPUTS = 3
"""Of one class: what reads more reads better written out."""


class Tree:
    """The network's parts; layers that do nothing are left out."""

    def __init__(
        self,
        network: Network,
        pieces: Mapping[int, CodePiece],
        calls: Mapping[int, BlockCall | None],
    ) -> None:
        self.network = network
        self.layers = {node.index: node for node in network.layers}
        self.pieces = pieces
        self.chains = [_chain_of(calls.get(node.index)) for node in network.nodes]
        self.same = self._passed_nodes()
        """For each node the node whose output it passes on, itself as a rule."""
        self.outputs = tuple(self.same[i] for i in network.outputs)
        self.last_reader, self.last_sharer = self._last_uses()
        nodes = range(len(network.inputs), len(network.nodes))
        self.parts = self._build_parts(nodes, 0, 0)

    def list_units(self) -> list[Unit]:
        """All units, those within others first."""
        found: list[Unit] = []
        _collect_units(self.parts, found)
        return found

    def _passed_nodes(self) -> list[int]:
        same: list[int] = []
        for node in self.network.nodes:
            piece = self.pieces.get(node.index)
            idle = piece is not None and piece.call == "{x}" and not piece.module
            same.append(same[node.reads[0]] if idle else node.index)
        return same

    def _last_uses(self) -> tuple[list[int], list[int]]:
        """For each node the last that reads it, and the last that shares its parameters."""
        count = len(self.network.nodes)
        readers, sharers = [-1] * count, [-1] * count
        for node in self.network.nodes:
            if self.same[node.index] != node.index:
                continue
            for i in node.reads:
                readers[self.same[i]] = node.index
            if node.shares is not None:
                sharers[node.shares] = node.index
        for i in self.outputs:
            readers[i] = count
        return readers, sharers

    def _build_parts(self, nodes: range, depth: int, base: int) -> tuple[ClassPart, ...]:
        """The parts of a stretch that lies in `depth` calls, named from within `base` of them."""
        parts: list[ClassPart] = []
        start = nodes.start
        while start < nodes.stop:
            chain, end = self.chains[start], start + 1
            if len(chain) > depth:
                while end < nodes.stop and self._is_within(end, chain[depth], depth):
                    end += 1
                parts += self._build_call(range(start, end), depth + 1, base)
            elif self.same[start] == start:
                parts.append(self._build_leaf(start, base))
            start = end
        return tuple(parts)

    def _is_within(self, node: int, call: BlockCall, depth: int) -> bool:
        chain = self.chains[node]
        return len(chain) > depth and chain[depth] is call

    def _build_leaf(self, index: int, base: int) -> ClassPart:
        node = self.layers[index]
        part = leaf_part(node, self.pieces[index], ".".join(_name_tokens(node.name)[base:]))
        return part._replace(reads=tuple(self.same[i] for i in node.reads))

    def _build_call(self, nodes: range, depth: int, base: int) -> tuple[ClassPart, ...]:
        """One call: a unit, or what is in it where it cannot be one or would hold one line."""
        ends = self._find_ends(nodes)
        parts = self._build_parts(nodes, depth, base if ends is None else depth)
        if ends is None:
            return parts
        name = ".".join(_name_tokens(self.network.nodes[nodes.start].name)[base:depth])
        if len(parts) == 1 and parts[0].unit:
            return (parts[0]._replace(name=name),)
        if len(parts) == 1:
            return self._build_parts(nodes, depth, base)
        sources, output = ends
        frozen = self._is_frozen(nodes)
        if frozen:
            parts = tuple(part._replace(frozen=False) for part in parts)
        unit = Unit(self.chains[nodes.start][depth - 1], sources, output, nodes, parts)
        return (ClassPart(name, output, sources, "", (), "{m}({xs})", frozen=frozen, unit=unit),)

    def _find_ends(self, nodes: range) -> tuple[tuple[int, ...], int] | None:
        """The tensors that a call reads and the one it gives, if no more ties it to the rest."""
        sources: dict[int, None] = {}
        outputs: list[int] = []
        for i in nodes:
            if self.same[i] != i:
                continue
            node = self.network.nodes[i]
            sources |= {self.same[j]: None for j in node.reads if self.same[j] < nodes.start}
            if self.last_reader[i] >= nodes.stop:
                outputs.append(i)
            owner = node.shares
            if self.last_sharer[i] >= nodes.stop or (owner is not None and owner not in nodes):
                return None
        if len(outputs) != 1 or len(sources) > MOST_INPUTS:
            return None
        return tuple(sources), outputs[0]

    def _is_frozen(self, nodes: range) -> bool:
        """Whether all that the call learns is frozen."""
        layers = [self.layers[i] for i in nodes]
        learning = [node for node in layers if node.layer.learns]
        return bool(learning) and all(node.frozen for node in learning)


def _chain_of(call: BlockCall | None) -> list[BlockCall]:
    """The calls around a layer, the outermost first."""
    found: list[BlockCall] = []
    while call is not None:
        found.append(call)
        call = call.outer
    return found[::-1]


def _name_tokens(name: str) -> list[str]:
    return [match.group() for match in _NAME.finditer(name)]


def _collect_units(parts: tuple[ClassPart, ...] | Iterator[ClassPart], found: list[Unit]) -> None:
    for part in parts:
        if part.unit is not None:
            _collect_units(part.unit.parts, found)
            found.append(part.unit)
