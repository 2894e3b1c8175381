"""Shape changes: units move, are repeated, cut or padded; nothing is learned."""

from __future__ import annotations

from math import prod

from cnncost.errors import Refused
from cnncost.layers.base import Layer, layer, must_split
from cnncost.layers.kinds import (
    STAND_IN,
    ChoiceKind,
    ExtentsOf,
    field_of_kind,
    per_axis_field,
    spell_value,
    whole_field,
)
from cnncost.layers.list_fields import Amount, AxisOrder, Dims, Span
from cnncost.layers.sliding_window import Pairs
from cnncost.shape import Shape


@layer("identity")
class Identity(Layer):
    """Its input, unchanged; or a function of each unit without a word of its own."""

    stands_for: str = field_of_kind(STAND_IN)


@layer("flatten")
class Flatten(Layer):
    """All units as one vector."""

    def output_shape(self, x: Shape) -> Shape:
        return Shape(x.units)


@layer("reshape", main="shape")
class Reshape(Layer):
    """The same units in another shape."""

    shape: tuple[int, ...] = field_of_kind(
        Dims("the new shape, channels first; -1 is what is left")
    )

    def check_input(self, x: Shape) -> None:
        if self._known_units != x.units if -1 not in self.shape else x.units % self._known_units:
            raise Refused(
                f"{x} has {x.units:,} units, which do not fill the shape "
                f"{'x'.join('?' if n == -1 else str(n) for n in self.shape)}",
                "one entry may be -1: what is left over",
            )

    def output_shape(self, x: Shape) -> Shape:
        channels, *extents = (x.units // self._known_units if n == -1 else n for n in self.shape)
        return Shape(channels, tuple(extents))

    @property
    def _known_units(self) -> int:
        """The product of the entries that are given, which leaves out a -1."""
        return prod(n for n in self.shape if n > 0)


@layer("permute", main="axes")
class Permute(Layer):
    """The axes in another order, counted from 1 (the channels), without the batch."""

    axes: tuple[int, ...] = field_of_kind(AxisOrder("the input's axes in their new order"))

    def output_shape(self, x: Shape) -> Shape:
        channels, *extents = (x.dims[axis - 1] for axis in self.axes)
        return Shape(channels, tuple(extents))


@layer("pad", main="amount")
class Pad(Layer):
    """Zeros around the map, as a layer of their own: connections to them count as any."""

    maps_only = True
    amount: Pairs = field_of_kind(Amount("positions added at each edge"))
    stands_for: str = field_of_kind(STAND_IN)

    def output_shape(self, x: Shape) -> Shape:
        added = zip(x.extents, self.amount, strict=True)
        return Shape(x.channels, tuple(n + before + after for n, (before, after) in added))


@layer("crop", main="amount")
class Crop(Layer):
    """The map without its edges."""

    maps_only = True
    amount: Pairs = field_of_kind(Amount("positions taken off at each edge"))

    def check_input(self, x: Shape) -> None:
        if min(self.output_shape(x).extents) < 1:
            raise Refused(f"nothing is left of its input {x}", "crop less")

    def output_shape(self, x: Shape) -> Shape:
        taken = zip(x.extents, self.amount, strict=True)
        return Shape(x.channels, tuple(n - before - after for n, (before, after) in taken))


@layer("slice", main="span")
class Slice(Layer):
    """Some of the channels."""

    span: tuple[int, int] = field_of_kind(Span("[from, to]: channels from 0, the end excluded"))

    def check_input(self, x: Shape) -> None:
        if self.span[1] > x.channels:
            raise Refused(
                f"channels {self.span[0]} to {self.span[1]} are more than its input {x} has",
                f"the end is excluded: at most {x.channels}",
            )

    def output_shape(self, x: Shape) -> Shape:
        start, end = self.span
        return Shape(end - start, x.extents)


@layer("channel_shuffle", main="groups")
class ChannelShuffle(Layer):
    """Channels interleaved across groups (Zhang et al. 2018, sec. 3.1)."""

    groups: int = whole_field("groups that are mixed")

    def check_input(self, x: Shape) -> None:
        must_split(f"input {x}", x.channels, "channels", self.groups)


@layer("pixel_shuffle", main="factor")
class PixelShuffle(Layer):
    """Channels become finer positions (Shi et al. 2016, sec. 3.2)."""

    maps_only = True
    factor: tuple[int, ...] = per_axis_field("how much finer")

    def check_input(self, x: Shape) -> None:
        if x.channels % prod(self.factor):
            raise Refused(
                f"input {x} has {x.channels} channels, which do not split into "
                f"{' x '.join(map(str, self.factor))}",
                f"the channels must be a multiple of {prod(self.factor)}",
            )

    def output_shape(self, x: Shape) -> Shape:
        finer = tuple(n * f for n, f in zip(x.extents, self.factor, strict=True))
        return Shape(x.channels // prod(self.factor), finer)


@layer("space_to_depth", main="factor")
class SpaceToDepth(Layer):
    """Positions become channels: pixel_shuffle the other way (Sajjadi et al. 2018)."""

    maps_only = True
    factor: tuple[int, ...] = per_axis_field("how much coarser")

    def check_input(self, x: Shape) -> None:
        for n, f in zip(x.extents, self.factor, strict=True):
            if n % f:
                raise Refused(
                    f"an extent of {n} does not split into blocks of {f} (input {x})",
                    "pad or crop the input first",
                )

    def output_shape(self, x: Shape) -> Shape:
        coarser = tuple(n // f for n, f in zip(x.extents, self.factor, strict=True))
        return Shape(x.channels * prod(self.factor), coarser)


@layer("upsample", main="factor")
class Upsample(Layer):
    """The map at a finer grid, by a factor or to a size; nothing learned."""

    maps_only = True
    factor: tuple[int, ...] = per_axis_field("how much finer", 0, minimum=0)
    mode: str = field_of_kind(
        ChoiceKind("how positions between are filled", ("nearest", "bilinear"), "nearest")
    )
    size: tuple[int, ...] = field_of_kind(ExtentsOf("extents, or the layer that has them", 0))
    stands_for: str = field_of_kind(STAND_IN)

    def check_input(self, x: Shape) -> None:
        if any(self.factor) == any(self.size):
            raise Refused(
                "upsample needs a factor or a size, and not both",
                "write {upsample: 2} or {upsample, size: [h, w]}",
            )
        for word, given in (("factor", self.factor), ("size", self.size)):
            if any(given) and not all(given):
                raise Refused(
                    f"{word} {spell_value(given)} leaves no position of its input {x}",
                    "give each axis a whole number of at least 1",
                )

    def output_shape(self, x: Shape) -> Shape:
        if 0 in self.factor:  # then it has a size
            return Shape(x.channels, self.size)
        return Shape(x.channels, tuple(n * f for n, f in zip(x.extents, self.factor, strict=True)))
