"""Turn a graph into lists of pieces: each fork that closes again becomes a structure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from cnncost.formats.dense_connectivity import DenseCopies
from cnncost.formats.structure_pieces import (
    StructurePiece,
    common_module,
    follows_input,
    is_numbered,
    join_path,
    source_paths,
)
from cnncost.layers import JOINS, layer_type

if TYPE_CHECKING:
    from cnncost.formats.graph import Graph, Op, Value

FARTHEST = 200
"""The most pieces of a branch: this bounds the way back from a join."""

DEEPEST = 30
"""How deep structures may nest; a spec's lists and mappings nest to 100."""


USUAL: dict[str, Value] = {"stride": 1, "padding": 0, "groups": 1}
"""The defaults of a convolution's numbers."""

_TELLING = {
    "conv": tuple(USUAL),
    "depthwise_conv": ("stride", "padding"),
    "conv_transpose": ("stride", "padding"),
}
"""The numbers that every piece of a type has, given or not, so that one block can stand for
both."""


_UP = frozenset(("conv_transpose", "upsample", "pixel_shuffle"))


class Series:
    """The pieces of a graph, put together from the first operation to the last."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.pieces: list[StructurePiece] = []
        self.uses = Counter(read for op in graph.ops for read in op.reads)
        self.uses.update(graph.outputs)
        self.shared = {op.shares for op in graph.ops if op.shares}
        self.depth: dict[int, int] = {}
        self.paths = source_paths(graph)
        for op in graph.ops:
            if not (op.word in JOINS and (self._close_structure(op) or self._close_dense(op))):
                self.pieces.append(self._make_leaf(op))

    def _make_leaf(self, op: Op) -> StructurePiece:
        if follows_input(op):
            home = self.paths.get(op.reads[0], "").rpartition(".")[0]
            self.paths[op.name] = join_path(home, self.paths[op.name].rpartition(".")[2])
        piece = StructurePiece(
            op.word, _nondefault_values(op), self.paths[op.name], ",".join(op.reads), op.name
        )
        for key in _TELLING.get(op.word, ()):
            piece.args.setdefault(key, USUAL[key])
        order = list(layer_type(op.word).kinds)  # equal layers have their keys in one order
        piece.args = dict(
            sorted(piece.args.items(), key=lambda kv: order.index(kv[0]) if kv[0] in order else -1)
        )
        piece.named = layer_type(op.word).counted
        piece.fixed = bool(op.word in JOINS or op.shares or op.frozen or op.name in self.shared)
        return piece

    def _close_structure(self, join: Op) -> bool:
        """Make a structure of the join and the branches that end here; return whether it worked."""
        if join.word == "matmul":  # its two sides differ, and a structure has no groups
            return False
        entry = self._find_entry(join)
        if not entry or (join.word == "add" and len(join.reads) > 2):
            return False
        branches = self._find_branches(join, entry)
        if branches is None or _is_bridge(join, branches):
            return False
        depth = 1 + max((self.depth.get(id(p), 0) for b in branches for p in b), default=0)
        if depth > DEEPEST:
            return False
        del self.pieces[len(self.pieces) - sum(map(len, branches)) :]
        self.uses[entry] -= len(branches) - 1
        piece = self._make_structure(join, entry, branches)
        self.depth[id(piece)] = depth
        self.pieces.append(piece)
        return True

    def _make_structure(
        self, join: Op, entry: str, branches: list[list[StructurePiece]]
    ) -> StructurePiece:
        if is_numbered(join):  # it stands where its branches do
            homes = [piece.home for branch in branches for piece in branch]
            self.paths[join.name] = join_path(
                common_module(home for home in homes if home), join.name
            )
        path = self.paths[join.name]
        if join.word == "add":
            body = [b for b in branches if b]
            return StructurePiece("residual", {}, path, entry, join.name, branches=body)
        args: dict[str, Value] = {} if join.word == "concat" else {"join": join.word}
        return StructurePiece("parallel", args, path, entry, join.name, branches=branches)

    def _close_dense(self, join: Op) -> bool:
        """Make a structure of the copies that the join reads; return whether there are any."""
        dense = DenseCopies(self.pieces, join, self.uses)
        before = self.pieces[dense.start - 1].out if dense.start > 0 else ""
        if not dense.is_dense_block or (before or next(iter(self.graph.inputs))) != join.reads[0]:
            return False
        piece = dense.build_piece()
        depth = 1 + max(self.depth.get(id(p), 0) for p in piece.branches[0])
        if depth > DEEPEST:
            return False
        del self.pieces[dense.start :]
        self.uses[join.reads[0]] -= dense.copies
        self.depth[id(piece)] = depth
        self.pieces.append(piece)
        return True

    def _find_entry(self, join: Op) -> str:
        """Find what the last branch reads at its head; empty if there is no branch."""
        for back in range(len(self.pieces) - 1, max(-1, len(self.pieces) - FARTHEST), -1):
            piece = self.pieces[back]
            above = self.pieces[back - 1].out if back else ""
            if piece.reads in join.reads or piece.reads != above:
                return "" if "," in piece.reads else piece.reads
        return ""

    def _find_branches(self, join: Op, entry: str) -> list[list[StructurePiece]] | None:
        """Find the list of pieces behind each of the join's reads; None if they overlap."""
        found: list[list[StructurePiece]] = []
        end = len(self.pieces)
        for read in self._order_reads(join):
            start = end
            if read != entry:
                start = self._find_head(end, read, entry)
                if start < 0:
                    return None
            found.insert(0, self.pieces[start:end])
            end = start
        before = self.pieces[end - 1].out if end else next(iter(self.graph.inputs))
        apart = before == entry and sum(not b for b in found) <= 1 and any(found)
        return found if apart else None

    def _order_reads(self, join: Op) -> list[str]:
        """List the join's reads, last first; those of a sum or product as they are computed."""
        reads = list(reversed(join.reads))
        if join.word != "concat" and self.pieces and self.pieces[-1].out != reads[0]:
            reads = [r for r in reads if r == self.pieces[-1].out] + [
                r for r in reads if r != self.pieces[-1].out
            ]
        return reads

    def _find_head(self, end: int, out: str, entry: str) -> int:
        """Find where the branch that ends with `out` begins; -1 if others read a part of it."""
        want = out
        for at in range(end - 1, max(-1, end - FARTHEST), -1):
            piece = self.pieces[at]
            if piece.out != want or self.uses[want] != 1:
                return -1
            if piece.reads == entry:
                return at
            want = piece.reads
        return -1


def _is_bridge(join: Op, branches: list[list[StructurePiece]]) -> bool:
    """Whether it is a U-Net's: a map put beside one that came back up from smaller maps.

    Nested structures for these would make lists as deep as the network.
    """
    inner = (piece.word for branch in branches for part in branch for piece in part.walk_pieces())
    return join.word == "concat" and [] in branches and not _UP.isdisjoint(inner)


def _nondefault_values(op: Op) -> dict[str, Value]:
    """Return the arguments that differ from the defaults; imports may give more."""
    kinds = layer_type(op.word).kinds
    return {k: v for k, v in op.arguments.items() if k not in kinds or kinds[k].default != v}


def mark_links(graph: Graph, pieces: list[StructurePiece]) -> set[str]:
    """Mark pieces that other lines than the next one read, and return the names that they need."""
    needed = {op.shares for op in graph.ops if op.shares}
    if len(graph.outputs) > 1:
        needed.update(graph.outputs)
    above = next(iter(graph.inputs)) if len(graph.inputs) == 1 else ""
    for piece in pieces:
        reads = piece.reads.split(",")
        if piece.word in JOINS or reads != [above]:
            piece.foreign = True
            needed.update(read for read in reads if read != above)
        above = piece.out
    for piece in pieces:
        for inner in piece.walk_pieces():
            if inner.out in needed:
                inner.referred = inner.named = True
    for piece in reversed(pieces):
        _mark_fixed(piece)
    return needed


def _mark_fixed(piece: StructurePiece) -> bool:
    """Mark each structure that holds something fixed as fixed."""
    inner = [_mark_fixed(p) or p.referred for branch in piece.branches for p in branch]
    piece.fixed = piece.fixed or any(inner)
    return piece.fixed
