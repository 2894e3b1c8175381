"""What stands for a tensor while a program or file is read: an activation, seen through views,
or something made of parameters alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import NamedTuple

Shape = tuple[int, ...]
"""Extents without the batch."""


@dataclass(frozen=True)
class ViewStep:
    """One view: another shape of the same order, or another order of the axes."""

    shape: Shape
    """The shape after it."""
    order: tuple[int, ...] = ()
    """For a permutation, the axis that each axis was before."""


@dataclass(frozen=True)
class Value:
    """An activation: what an operation made, seen through views that no layer has taken yet.

    A network turns its maps around and back (channels last, channels split in groups); kept
    as views, most of that cancels before a layer reads it.
    """

    base: str
    """The operation's name."""
    made: Shape
    """The shape that it made."""
    steps: tuple[ViewStep, ...] = ()
    spread: Shape = ()
    """The shape that it is repeated to along axes of one, where it is."""

    @property
    def shape(self) -> Shape:
        """The shape as seen, before it is spread."""
        return self.steps[-1].shape if self.steps else self.made

    def reshape_to(self, shape: Shape) -> Value:
        """Return the same numbers in the same order in another shape."""
        if shape == self.shape:
            return self
        steps = self.steps
        while steps and not steps[-1].order:
            steps = steps[:-1]
        before = steps[-1].shape if steps else self.made
        return self._with_steps(steps if shape == before else (*steps, ViewStep(shape)))

    def permute_axes(self, order: tuple[int, ...]) -> Value:
        """Return the axes in another order; axes of one move by a new shape alone."""
        shape = tuple(self.shape[axis] for axis in order)
        wide = [axis for axis in order if self.shape[axis] != 1]
        if wide == sorted(wide):
            return self.reshape_to(shape)
        if self.steps and self.steps[-1].order:
            earlier = self.steps[-1].order
            return replace(self, steps=self.steps[:-1], spread=()).permute_axes(
                tuple(earlier[axis] for axis in order)
            )
        return self._with_steps((*self.steps, ViewStep(shape, order)))

    def move_to_front(self, axis: int) -> Value:
        """Return the value with that axis as the first, where a layer expects channels."""
        rest = [other for other in range(len(self.shape)) if other != axis]
        return self.permute_axes((axis, *rest))

    def move_from_front(self, axis: int) -> Value:
        """Return the value with the first axis put where `move_to_front` took it from."""
        order = list(range(1, len(self.shape)))
        order.insert(axis, 0)
        return self.permute_axes(tuple(order))

    def _with_steps(self, steps: tuple[ViewStep, ...]) -> Value:
        return replace(self, steps=steps, spread=())


class StoragePlace(NamedTuple):
    """Numbers of a tensor's storage, as a view of it sees them."""

    sizes: Shape
    strides: tuple[int, ...]
    offset: int = 0

    @property
    def size(self) -> int:
        return prod(self.sizes)

    @property
    def is_spread(self) -> bool:
        """Whether some number is seen more than once, along an expanded axis."""
        return any(n > 1 and not step for n, step in zip(self.sizes, self.strides, strict=True))

    @property
    def is_dense(self) -> bool:
        """Whether the numbers stand in a row, in order."""
        step = 1
        for size, stride in reversed(tuple(zip(self.sizes, self.strides, strict=True))):
            if size > 1 and stride != step:
                return False
            step *= size
        return True


@dataclass(frozen=True)
class Constant:
    """A tensor that depends on no input: a parameter, a buffer, or something made of them."""

    shape: Shape
    """With all its axes: it has no batch."""
    parts: tuple[tuple[str, int], ...] = ()
    """The parameters that it is made of, each with all its numbers; none for a buffer."""
    place: StoragePlace | None = None
    """Where its numbers lie in its one parameter; None if it is made otherwise."""
    work: frozenset[tuple[str, int]] = frozenset()
    """The multiply-accumulates that make it: the name of each product, and how many."""

    @classmethod
    def from_parameter(cls, shape: Shape, name: str) -> Constant:
        """Make the constant of all numbers of a parameter, in any shape."""
        size = prod(shape)
        return cls(shape, ((name, size),), StoragePlace((size,), (1,)))

    @property
    def size(self) -> int:
        return prod(self.shape)

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of its parameters."""
        return tuple(name for name, _ in self.parts)
