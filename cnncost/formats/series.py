"""A graph as lists of pieces: each fork that closes again becomes a structure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from cnncost.formats.dense import Dense
from cnncost.formats.pieces import Piece
from cnncost.layers import JOINS, layer_type

if TYPE_CHECKING:
    from cnncost.formats.graph import Graph, Op, Value

FARTHEST = 200
"""Pieces that a branch may be long: what bounds the way back from a join."""

DEEPEST = 30
"""Structures inside each other; specs nest to 100 lists and mappings."""


class Series:
    """The pieces of a graph, joined from the first operation to the last."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.pieces: list[Piece] = []
        self.uses = Counter(read for op in graph.ops for read in op.reads)
        self.uses.update(graph.outputs)
        self.shared = {op.shares for op in graph.ops if op.shares}
        self.depth: dict[int, int] = {}
        for op in graph.ops:
            if not (op.word in JOINS and (self._close(op) or self._close_dense(op))):
                self.pieces.append(self._leaf(op))

    def _leaf(self, op: Op) -> Piece:
        piece = Piece(op.word, _told(op), op.name, ",".join(op.reads), op.name)
        if op.word == "conv":  # given or not, one block can stand for both
            for key, usual in (("stride", 1), ("padding", 0)):
                piece.args.setdefault(key, usual)
        order = list(layer_type(op.word).kinds)  # equal layers have their keys in one order
        piece.args = dict(
            sorted(piece.args.items(), key=lambda kv: order.index(kv[0]) if kv[0] in order else -1)
        )
        piece.named = layer_type(op.word).counted
        piece.fixed = bool(op.word in JOINS or op.shares or op.frozen or op.name in self.shared)
        return piece

    def _close(self, join: Op) -> bool:
        """Make a structure of the join and the branches that end here; whether it could be."""
        entry = self._entry(join)
        if not entry or (join.word == "add" and len(join.reads) > 2):
            return False
        branches = self._branches(join, entry)
        if branches is None:
            return False
        depth = 1 + max((self.depth.get(id(p), 0) for b in branches for p in b), default=0)
        if depth > DEEPEST:
            return False
        del self.pieces[len(self.pieces) - sum(map(len, branches)) :]
        self.uses[entry] -= len(branches) - 1
        piece = _structure(join, entry, branches)
        self.depth[id(piece)] = depth
        self.pieces.append(piece)
        return True

    def _close_dense(self, join: Op) -> bool:
        """Make a structure of the copies that the join reads all of; whether there are any."""
        dense = Dense(self.pieces, join, self.uses)
        before = self.pieces[dense.start - 1].out if dense.start > 0 else ""
        if not dense.found or (before or next(iter(self.graph.inputs))) != join.reads[0]:
            return False
        piece = dense.piece()
        depth = 1 + max(self.depth.get(id(p), 0) for p in piece.branches[0])
        if depth > DEEPEST:
            return False
        del self.pieces[dense.start :]
        self.uses[join.reads[0]] -= dense.copies
        self.depth[id(piece)] = depth
        self.pieces.append(piece)
        return True

    def _entry(self, join: Op) -> str:
        """What the last branch reads at its head; empty where there is none."""
        for back in range(len(self.pieces) - 1, max(-1, len(self.pieces) - FARTHEST), -1):
            piece = self.pieces[back]
            above = self.pieces[back - 1].out if back else ""
            if piece.reads in join.reads or piece.reads != above:
                return "" if "," in piece.reads else piece.reads
        return ""

    def _branches(self, join: Op, entry: str) -> list[list[Piece]] | None:
        """The list of pieces for each of the join's reads; None where they are not apart."""
        found: list[list[Piece]] = []
        end = len(self.pieces)
        for read in self._order(join):
            start = end
            if read != entry:
                start = self._head(end, read, entry)
                if start < 0:
                    return None
            found.insert(0, self.pieces[start:end])
            end = start
        before = self.pieces[end - 1].out if end else next(iter(self.graph.inputs))
        apart = before == entry and sum(not b for b in found) <= 1 and any(found)
        return found if apart else None

    def _order(self, join: Op) -> list[str]:
        """The join's reads, last first; a sum's or product's as they are computed."""
        reads = list(reversed(join.reads))
        if join.word != "concat" and self.pieces and self.pieces[-1].out != reads[0]:
            reads = [r for r in reads if r == self.pieces[-1].out] + [
                r for r in reads if r != self.pieces[-1].out
            ]
        return reads

    def _head(self, end: int, out: str, entry: str) -> int:
        """Where the branch that ends with `out` begins; -1 where it is no chain of its own."""
        want = out
        for at in range(end - 1, max(-1, end - FARTHEST), -1):
            piece = self.pieces[at]
            if piece.out != want or self.uses[want] != 1:
                return -1
            if piece.reads == entry:
                return at
            want = piece.reads
        return -1


def _told(op: Op) -> dict[str, Value]:
    """The arguments that differ from the defaults; imports may say more."""
    kinds = layer_type(op.word).kinds
    return {k: v for k, v in op.arguments.items() if k not in kinds or kinds[k].default != v}


def _structure(join: Op, entry: str, branches: list[list[Piece]]) -> Piece:
    if join.word == "add":
        body = [b for b in branches if b]
        return Piece("residual", {}, join.name, entry, join.name, branches=body)
    args = {} if join.word == "concat" else {"join": join.word}
    return Piece("parallel", dict(args), join.name, entry, join.name, branches=branches)


def link(graph: Graph, pieces: list[Piece]) -> set[str]:
    """Fix and name what is read elsewhere than in the line below; the names needed."""
    needed = {op.shares for op in graph.ops if op.shares}
    if len(graph.outputs) > 1:
        needed.update(graph.outputs)
    above = next(iter(graph.inputs)) if len(graph.inputs) == 1 else ""
    for piece in pieces:
        reads = piece.reads.split(",")
        if piece.word in JOINS or reads != [above]:
            piece.fixed = True
            needed.update(read for read in reads if read != above)
        above = piece.out
    for piece in pieces:
        for inner in piece.walk():
            if inner.out in needed:
                inner.fixed = inner.named = True
    for piece in reversed(pieces):
        _spread(piece)
    return needed


def _spread(piece: Piece) -> bool:
    """A structure that holds something fixed is fixed itself."""
    inner = [_spread(p) for branch in piece.branches for p in branch]
    piece.fixed = piece.fixed or any(inner)
    return piece.fixed
