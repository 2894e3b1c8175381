"""How views of a tensor order its numbers, and the layers that make what is seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations
from math import prod
from typing import Any, NamedTuple

from cnncost.formats.importing import AXES
from cnncost.formats.tensor_value import Shape, Value, ViewStep


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
    """Return the order that views give; None where one splits an axis at no divisor of its size."""
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
        """Return the atoms seen by the axes of a shape; they are split where an axis ends
        within."""
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
    """Merge axes that are neighbours before and after into one."""
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
    """Split the order into steps of at most `most` axes each; `most` must be four or more."""
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


class ViewLayer(NamedTuple):
    """A layer of the language that does what some views do together."""

    word: str
    main: str = ""
    value: Any = None  # Any: a number or a tuple of them
    shape: Shape = ()
    """What it gives."""

    @property
    def arguments(self) -> dict[str, Any]:
        """Its only argument by name, if it has one."""
        return {self.main: self.value} if self.main else {}


def layers_of(value: Value) -> list[ViewLayer] | None:
    """Return the layers that make what is seen out of what was made; None if no layers can."""
    if len(value.shape) > AXES:
        return None
    if not any(step.order for step in value.steps):
        return [] if value.shape == value.made else [_reshape_layer(value.shape)]
    order = order_of(value.made, value.steps)
    if order is None:
        return None
    if order.is_identity:
        return [] if value.shape == value.made else [_reshape_layer(value.shape)]
    for layer, seen in _candidate_layers(value.made, value.shape, order):
        if seen.shape == value.shape and order_of(seen.made, seen.steps) == order:
            return [layer._replace(shape=value.shape)]
    return _literal_layers(value, order)


def _reshape_layer(shape: Shape) -> ViewLayer:
    if len(shape) == 1:
        return ViewLayer("flatten", shape=shape)
    return ViewLayer("reshape", "shape", shape, shape)


def _literal_layers(value: Value, order: NumberOrder) -> list[ViewLayer]:
    """Return reshape, permute and reshape again; more than once where there are many axes."""
    layers, shape = [], value.made
    for move in split_into_moves(order, AXES):
        if shape != move.shape:
            layers.append(_reshape_layer(move.shape))
        shape = tuple(move.shape[axis] for axis in move.axes)
        axes = tuple(axis + 1 for axis in move.axes)
        layers.append(ViewLayer("permute", "axes", axes, shape))
    if shape != value.shape:
        layers.append(_reshape_layer(value.shape))
    return layers


def _candidate_layers(
    made: Shape, shape: Shape, order: NumberOrder
) -> Iterator[tuple[ViewLayer, Value]]:
    """List single layers that may do the same, each with the views that it is."""
    plain = Value("", made)
    channels, *extents = made
    if len(made) == len(shape):
        for axes in permutations(range(len(made))):
            yield ViewLayer("permute", "axes", tuple(a + 1 for a in axes)), plain.permute_axes(axes)
    if shape == made and channels % order.sizes[0] == 0:
        groups = order.sizes[0]
        split = plain.reshape_to((groups, channels // groups, *extents))
        turned = split.permute_axes((1, 0, *range(2, len(made) + 1)))
        yield ViewLayer("channel_shuffle", "groups", groups), turned.reshape_to(made)
    if len(made) == len(shape) == 3:
        yield from _pixel_shuffles(plain, shape)
        yield from _space_to_depths(plain, shape)


def _pixel_shuffles(plain: Value, shape: Shape) -> Iterator[tuple[ViewLayer, Value]]:
    """Channels to blocks of r x r positions, the block's axes behind or before the rest."""
    c, h, w = plain.made
    r = shape[1] // h
    if r < 2 or shape != (c // (r * r), h * r, w * r):
        return
    layer, rest = ViewLayer("pixel_shuffle", "factor", r), c // (r * r)
    yield (
        layer,
        plain.reshape_to((rest, r, r, h, w)).permute_axes((0, 3, 1, 4, 2)).reshape_to(shape),
    )
    yield (
        layer,
        plain.reshape_to((r, r, rest, h, w)).permute_axes((2, 3, 0, 4, 1)).reshape_to(shape),
    )


def _space_to_depths(plain: Value, shape: Shape) -> Iterator[tuple[ViewLayer, Value]]:
    """Blocks of r x r positions to channels, in any order of the block's axes."""
    c, h, w = plain.made
    r = h // shape[1]
    if r < 2 or (shape[0], shape[1] * r, shape[2] * r) != (c * r * r, h, w):
        return
    blocks = plain.reshape_to((c, h // r, r, w // r, r))
    for order in ((0, 2, 4, 1, 3), (2, 4, 0, 1, 3), (4, 2, 0, 1, 3), (0, 4, 2, 1, 3)):
        yield ViewLayer("space_to_depth", "factor", r), blocks.permute_axes(order).reshape_to(shape)
