"""Find dense connectivity again: copies of a list that each read all copies before them."""

from __future__ import annotations

import re
from os.path import commonprefix
from typing import TYPE_CHECKING

from cnncost.formats.structure_pieces import StructurePiece

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnncost.formats.graph import Op

LONGEST = 100
"""The most pieces of one copy: this bounds the way back from a concatenation."""


class DenseCopies:
    """The copies at the end of a list of pieces that a concatenation joins.

    Copy k of DenseNet's blocks reads `concat(x, y1, ..., y(k-1))` and gives yk; the join reads x
    and every y.
    """

    def __init__(self, pieces: list[StructurePiece], join: Op, uses: Mapping[str, int]) -> None:
        self.pieces = pieces
        self.join = join
        self.uses = uses
        self.copies = len(join.reads) - 1
        self.length = self._copy_length() if join.word == "concat" and self.copies > 1 else 0
        self.start = len(pieces) - self.copies * (self.length + 1) + 1
        """The index of the first copy; each further copy has a concatenation before it."""

    @property
    def is_dense_block(self) -> bool:
        """Whether these are copies of one list, and nothing else reads a part of them."""
        if not self.length or self.start < 0:
            return False
        return all(self._is_copy(number) for number in range(self.copies, 0, -1))

    def build_piece(self) -> StructurePiece:
        """Make the structure that stands for the copies."""
        inner = [part for piece in self.pieces[self.start :] for part in piece.walk_pieces()]
        shared = commonprefix([part.path for part in inner if part.named])  # noqa: RUF071  names
        path = re.sub(r"[._]?[^._]*$", "", shared)  # whole words: copies are numbered behind it
        body = self._copy_pieces(1)
        _rebase_paths(body, path)
        return StructurePiece(
            "densely",
            {"times": self.copies},
            path or self.join.name,
            self.join.reads[0],
            self.join.name,
            named=bool(path),
            branches=[body],
        )

    def _copy_length(self) -> int:
        """Count the pieces of the last copy; 0 if it does not read the others' concatenation."""
        if self.uses[self.join.reads[-1]] > 1:
            return 0  # another join reads this copy too: there are more of them
        others = ",".join(self.join.reads[:-1])
        for length in range(1, min(LONGEST, len(self.pieces) - 1) + 1):
            if self.pieces[-length - 1].reads == others:
                return length
        return 0

    def _copy_pieces(self, number: int) -> list[StructurePiece]:
        at = self.start + (number - 1) * (self.length + 1)
        return self.pieces[at : at + self.length]

    def _is_copy(self, number: int) -> bool:
        """Whether a copy is like the first, reads all copies before it, and only later ones read
        it."""
        body = self._copy_pieces(number)
        above = self._copy_input(number)
        for piece in body:
            if piece.reads != above or (piece is not body[0] and self.uses[above] > 1):
                return False
            above = piece.out
        return (
            above == self.join.reads[number]
            and self.uses[above] == self.copies - number + 1
            and all(map(_are_alike, body, self._copy_pieces(1)))
        )

    def _copy_input(self, number: int) -> str:
        """Return what a copy's first piece must read; empty if the graph has something else."""
        if number == 1:
            return self.join.reads[0]
        piece = self.pieces[self.start + (number - 1) * (self.length + 1) - 1]
        all_before = ",".join(self.join.reads[:number])
        joins = piece.word == "concat" and piece.reads == all_before and self.uses[piece.out] == 1
        return piece.out if joins else ""


def _rebase_paths(body: list[StructurePiece], path: str) -> None:
    """Remove the first copy's module from the paths of its lines, which stand for all copies."""
    inner = [part for piece in body for part in piece.walk_pieces()]
    homes = [part.path.split(".")[:-1] for part in inner if part.named]
    own = commonprefix(homes)  # noqa: RUF071  lists of names, not texts
    for part in inner:
        words = part.path.split(".")
        if path and len(own) > path.count(".") + 1 and words[: len(own)] == own:
            part.path = ".".join([path, *words[len(own) :]])


def _are_alike(a: StructurePiece, b: StructurePiece) -> bool:
    """Whether one text can stand for both pieces."""
    return (
        not (a.fixed or b.fixed)
        and (a.word, a.args) == (b.word, b.args)
        and len(a.branches) == len(b.branches)
        and all(
            len(x) == len(y) and all(map(_are_alike, x, y))
            for x, y in zip(a.branches, b.branches, strict=True)
        )
    )
