"""What views do to the order of an activation's numbers, as a permutation of as few axes as tell
it."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import NamedTuple

from cnncost.formats.tensor_value import Shape, ViewStep


class NumberOrder(NamedTuple):
    """Axes of the numbers as they were made, and the order in which they are seen.

    Axes that stay side by side are one, and none has size one: so that two rows of views
    have equal orders where they do the same.
    """

    sizes: Shape
    axes: tuple[int, ...]

    @property
    def is_identity(self) -> bool:
        """Whether the numbers stay where they are."""
        return self.axes == tuple(range(len(self.axes)))


@dataclass(eq=False)
class _Atom:
    """A part of an axis that no view has split so far."""

    size: int


def order_of(made: Shape, steps: tuple[ViewStep, ...]) -> NumberOrder | None:
    """The order that views give; none where one splits an axis at no divisor of its size."""
    atoms = [_Atom(n) for n in made if n > 1]
    work = _OrderWork(atoms, list(atoms))
    shape = made
    for step in steps:
        groups = work.group_atoms(shape if step.order else step.shape)
        if groups is None:
            return None
        if step.order:
            work.seen = [atom for axis in step.order for atom in groups[axis]]
        shape = step.shape
    return _merge_axes([atom.size for atom in work.made], [work.made.index(a) for a in work.seen])


@dataclass
class _OrderWork:
    """The atoms as they were made, and as they are seen."""

    made: list[_Atom]
    seen: list[_Atom]

    def group_atoms(self, shape: Shape) -> list[list[_Atom]] | None:
        """The atoms seen by the axes of a shape; they are split where an axis ends within."""
        found, at = [], 0
        for size in shape:
            group: list[_Atom] = []
            while size > 1:
                if at == len(self.seen):
                    return None
                atom = self.seen[at]
                if size % atom.size and atom.size % size:
                    return None
                if size % atom.size:
                    atom = self._split_atom(atom, size)
                size //= atom.size
                group.append(atom)
                at += 1
            found.append(group)
        return found

    def _split_atom(self, atom: _Atom, size: int) -> _Atom:
        """Its first part, of that size."""
        parts = [_Atom(size), _Atom(atom.size // size)]
        for atoms in (self.made, self.seen):
            at = atoms.index(atom)
            atoms[at : at + 1] = parts
        return parts[0]


def _merge_axes(sizes: list[int], axes: list[int]) -> NumberOrder:
    """Axes that are neighbours before and after taken as one."""
    runs: list[list[int]] = []
    for axis in axes:
        if runs and runs[-1][-1] + 1 == axis:
            runs[-1].append(axis)
        else:
            runs.append([axis])
    firsts = sorted(run[0] for run in runs)
    by_first = {run[0]: prod(sizes[axis] for axis in run) for run in runs}
    return NumberOrder(
        tuple(by_first[first] for first in firsts),
        tuple(firsts.index(run[0]) for run in runs),
    )


class Move(NamedTuple):
    """Two blocks of numbers that change places: the shape to do it in, and the axes' order."""

    shape: Shape
    axes: tuple[int, ...]


def split_into_moves(order: NumberOrder, most: int) -> list[Move]:
    """The same order in steps of at most `most` axes each, of which there must be four."""
    if len(order.sizes) <= most:
        return [Move(order.sizes, order.axes)]
    now, found = list(range(len(order.sizes))), []
    for i, axis in enumerate(order.axes):
        j = now.index(axis)
        if i == j:
            continue
        end = j + 1
        while end < len(now) and order.axes[i + end - j] == now[end]:
            end += 1
        blocks = [now[:i], now[i:j], now[j:end], now[end:]]
        sizes = [prod(order.sizes[axis] for axis in block) for block in blocks]
        turned = [place for place in (0, 2, 1, 3) if sizes[place] > 1]
        kept = sorted(turned)
        found.append(
            Move(tuple(sizes[place] for place in kept), tuple(kept.index(p) for p in turned))
        )
        now = [*blocks[0], *blocks[2], *blocks[1], *blocks[3]]
    return found
