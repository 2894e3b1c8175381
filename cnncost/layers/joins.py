"""Joins: several inputs become one activation."""

from __future__ import annotations

from cnncost.errors import Refused
from cnncost.layers.base import Layer, layer, must_split
from cnncost.layers.kinds import STAND_IN, field_of_kind, flag_field, whole_field
from cnncost.shape import Shape


class Join(Layer):
    """A layer of at least two inputs; no weights."""

    def infer_shape(self, xs: tuple[Shape, ...]) -> Shape:
        raise NotImplementedError


@layer("add")
class Add(Join):
    """The sum of equal shapes: a residual connection (He et al. 2016, sec. 3.2)."""

    inplace: bool = flag_field("may write over its first input where it may", usually=False)
    stands_for: str = field_of_kind(STAND_IN)

    def infer_shape(self, xs: tuple[Shape, ...]) -> Shape:
        first, *others = xs
        for other in others:
            if other != first:
                raise Refused(f"shapes {first} and {other} cannot be added", _REPAIR)
        return first


@layer("mul")
class Mul(Join):
    """The product of equal shapes, or of a map and a 1x1 gate of its channels (Hu et al.
    2018, sec. 3)."""

    stands_for: str = field_of_kind(STAND_IN)

    def infer_shape(self, xs: tuple[Shape, ...]) -> Shape:
        largest = max(xs, key=lambda x: x.positions)
        for x in xs:
            gate = x.channels == largest.channels and all(n == 1 for n in x.extents)
            if x != largest and not gate:
                raise Refused(
                    f"shapes {largest} and {x} cannot be multiplied",
                    "equal shapes can, or a gate of the same channels and 1x1 positions",
                )
            if len(x.extents) != len(largest.extents):
                raise Refused(
                    f"shapes {largest} and {x} cannot be multiplied",
                    "keep the gate's 1x1 map: global_avgpool does, dense and flatten don't; "
                    "conv with kernel 1 serves for dense",
                )
        return largest


@layer("concat")
class Concat(Join):
    """The channels of all inputs, one after another (Szegedy et al. 2015, sec. 4)."""

    def infer_shape(self, xs: tuple[Shape, ...]) -> Shape:
        first, *others = xs
        for other in others:
            if other.extents != first.extents:
                raise Refused(
                    f"shapes {first} and {other} cannot be concatenated",
                    "only the channels may differ: match the strides and padding of the "
                    "branches, or crop or pad one",
                )
        return Shape(sum(x.channels for x in xs), first.extents)


@layer("matmul")
class MatMul(Join):
    """The product of two activations: C channels at Q positions, as a matrix, times Q channels
    at P positions (attention without weights of its own: Wang et al. 2018, sec. 3.2). With
    groups the channels of both split into as many, and each is multiplied by its own: heads."""

    counted = True
    groups: int = whole_field("channels of both split into this many (heads)", 1)

    def infer_shape(self, xs: tuple[Shape, ...]) -> Shape:
        first, second, *more = xs
        if more:
            raise Refused(f"matmul takes two inputs, not {len(xs)}", "multiply one after another")
        if len(first.extents) != 1 or len(second.extents) != 1:
            raise Refused(
                f"matmul needs two maps of one axis, not {first} and {second}",
                "reshape: [C, -1] lines the positions up",
            )
        for x in xs:
            must_split(f"input {x}", x.channels, "channels", self.groups)
        if first.positions * self.groups != second.channels:
            times = f" x {self.groups} groups" if self.groups > 1 else ""
            raise Refused(
                f"shapes {first} and {second} cannot be multiplied",
                f"the second's channels are the first's positions{times}; "
                "permute: [2, 1] swaps the two",
            )
        return Shape(first.channels, second.extents)

    def connections(self, x: Shape, y: Shape) -> int:
        # Nothing is learned; each unit of the first is multiplied at every position of the
        # second, by a unit of its own group.
        return x.units * y.positions


_REPAIR = (
    "give both branches the same filters, strides and padding (a 1x1 conv in the shortcut "
    "projects), or concat them"
)
