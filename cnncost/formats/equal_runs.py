"""Find runs of lines that are equal but for their numbers, which may become a block."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cnncost.formats.structure_pieces import is_number
from cnncost.layers import FAMILIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnncost.formats.structure_pieces import StructurePiece

    Key = tuple[int, ...]

    Parent = tuple[Key, int, int] | None
    """The key of the run or structure around a run, the branch of it, and the place there."""

_CONVOLUTIONS = (*FAMILIES["convolution"], *FAMILIES["dense"])
_TAIL = {
    **dict.fromkeys(FAMILIES["normalisation"], "norm"),
    **dict.fromkeys(FAMILIES["activation"], "activation"),
}
"""The types that may follow a convolution in its cell, with their kind; each kind stands once."""


class EqualRun(NamedTuple):
    """Lines of a list that stand together, and the run or structure around them."""

    key: Key
    """One number per line; it is the same for lines that one block can stand for."""
    line: list[StructurePiece]
    at: int
    length: int
    parent: Parent = None

    @property
    def pieces(self) -> list[StructurePiece]:
        return self.line[self.at : self.at + self.length]


class Keys:
    """Gives each line a number: the same for lines that differ in numbers and names only."""

    def __init__(self) -> None:
        self.numbers: dict[object, int] = {}
        self.known: dict[int, int] = {}
        """The number of each piece, by identity, until one changes."""

    def number_of(self, piece: StructurePiece) -> int:
        """Return a piece's number; a piece that cannot be in a block has a number of its own."""
        number = self.known.get(id(piece))
        if number is None:
            skeleton: object = id(piece) if piece.fixed or piece.bound else self._skeleton_of(piece)
            number = self.numbers.setdefault(skeleton, len(self.numbers))
            self.known[id(piece)] = number
        return number

    def _skeleton_of(self, piece: StructurePiece) -> object:
        given = tuple([(k, None if is_number(v) else v) for k, v in piece.args.items()])
        if not piece.branches:
            return piece.word, given
        return (
            piece.word,
            given,
            tuple([tuple(map(self.number_of, branch)) for branch in piece.branches]),
        )

    def walk_lists(
        self, lists: list[list[StructurePiece]]
    ) -> Iterator[tuple[list[StructurePiece], Parent]]:
        """List every list, each before those of the structures in it; pieces are numbered anew, as
        they may have changed."""
        self.known.clear()
        waiting: list[tuple[list[StructurePiece], Parent]] = [(line, None) for line in lists]
        for line, parent in waiting:
            yield line, parent
            for piece in line:
                for number, branch in enumerate(piece.branches):
                    waiting.append((branch, ((self.number_of(piece),), number, 0)))


def find_cells(lists: list[list[StructurePiece]], keys: Keys) -> Iterator[EqualRun]:
    """Find each convolution with the norm and activation behind it.

    A list that begins with a norm or activation has them before its convolutions instead
    (He et al. 2016, Huang et al. 2017): it has no cells.
    """
    for line, parent in keys.walk_lists(lists):
        if parent and line and line[0].word in _TAIL:
            continue
        for at, piece in enumerate(line):
            length = _cell_length(line, at) if piece.word in _CONVOLUTIONS else 1
            if length > 1:
                around = parent and (parent[0], parent[1], at)
                key = tuple(keys.number_of(p) for p in line[at : at + length])
                yield EqualRun(key, line, at, length, around)


def find_modules(lists: list[list[StructurePiece]], keys: Keys) -> Iterator[EqualRun]:
    """Find each run of lines that is a module of the source, and each structure; outer first."""
    for line, parent in keys.walk_lists(lists):
        numbers = tuple(keys.number_of(piece) for piece in line)
        yield from _module_runs(line, numbers, (0, len(line), 0), parent)


def _cell_length(line: list[StructurePiece], at: int) -> int:
    """Count the lines of a convolution's cell; 1 if it cannot be in a block."""
    seen: set[str] = set()
    end = at + 1
    while end < len(line) and end - at < len(_TAIL) and not line[end - 1].referred:
        kind = _TAIL.get(line[end].word)
        if kind is None or kind in seen or line[end].foreign or line[end].fixed:
            break
        seen.add(kind)
        end += 1
    return 1 if line[at].fixed else end - at


def _module_runs(
    line: list[StructurePiece], numbers: Key, span: tuple[int, int, int], parent: Parent
) -> Iterator[EqualRun]:
    """Find the runs in a span of a list whose pieces have `depth` modules in common."""
    start, end, depth = span
    for low, high in _group_by_module(line, start, end, depth):
        around = parent and (parent[0], parent[1], parent[2] + low - start)
        high = max(high, low + 1)
        if high - low == 1 and line[low].branches:
            high = _structure_end(line, low, end)
            yield EqualRun(numbers[low:high], line, low, high - low, around)
        elif (low, high) == (start, end) and depth:
            yield from _module_runs(line, numbers, (low, high, depth + 1), parent)
        elif high - low > 1:
            run = EqualRun(numbers[low:high], line, low, high - low, around)
            if _is_whole(run):
                yield run
                if parent is None or run.length < len(line):  # not all that a structure holds
                    around = (run.key, 0, 0)
            yield from _module_runs(line, numbers, (low, high, depth + 1), around)


def _group_by_module(
    line: list[StructurePiece], start: int, end: int, depth: int
) -> list[tuple[int, int]]:
    """Split a span by the next module of each piece's path; a piece without one stands alone.

    A module whose pieces stand in two places does not count.
    """
    heads: list[str | None] = []
    for piece in line[start:end]:
        parts = piece.path.split(".")
        heads.append(parts[depth] if len(parts) > depth + 1 else None)
    spans: list[tuple[int, int]] = []
    places: dict[str | None, int] = {}
    for at, head in enumerate(heads, start):
        if spans and head is not None and head == heads[at - 1 - start]:
            spans[-1] = (spans[-1][0], at + 1)
            continue
        places[head] = places.get(head, 0) + 1
        spans.append((at, at + 1))
    found = []
    for low, high in spans:
        if places[heads[low - start]] == 1 or heads[low - start] is None:
            found.append((low, high))
        else:
            found += [(at, at + 1) for at in range(low, high)]
    return found


def _structure_end(line: list[StructurePiece], at: int, end: int) -> int:
    """Find the end of a structure, with the activation behind it if both belong to no module."""
    after = at + 1
    apart = after < end and not line[at].home and not line[after].home
    if apart and line[after].word in FAMILIES["activation"] and _is_whole_pair(line, at):
        return after + 1
    return after


def _is_whole_pair(line: list[StructurePiece], at: int) -> bool:
    return not (line[at].referred or line[at + 1].foreign or line[at + 1].fixed)


def _is_whole(run: EqualRun) -> bool:
    """Whether other lines read only the run's end, and only its head reads other lines.

    A run that joins maps more than once in a row is a stage: its blocks are smaller.
    """
    pieces = run.pieces
    return not (
        any(piece.foreign for piece in pieces[1:])
        or any(piece.referred for piece in pieces[:-1])
        or any(piece.fixed for piece in pieces)
        or sum(piece.joins for piece in pieces) > 1
    )
