"""The kinds of fields that hold lists: padding, shapes, axis orders, choices of channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnncost.errors import Refused
from cnncost.layers.kinds import LARGEST, FieldKind, Whole, one_an_axis, spell_value
from cnncost.shape import Shape

if TYPE_CHECKING:
    from cnncost.layers.kinds import Raw


class Padding(FieldKind):
    """Zeros around a map: one number, one number or pair per axis, `same` or `valid`.

    The value that is stored is `same`, or one pair (before, after) per axis.
    """

    keywords: tuple[str, ...] = ("same", "valid")
    takes = "a whole number of at least 0, a list of one or a pair [before, after] an axis"

    def read_value(self, value: Raw, x: Shape | None) -> Any:  # Any: pairs, or the word `same`
        if isinstance(value, str):
            if value in self.keywords:
                return value if value == "same" else self.read_value(0, x)
            raise self.make_refusal(value)
        if not isinstance(value, tuple):
            return (self._read_pair(value),) * (len(x.extents) if x else 1)
        pairs = tuple(self._read_pair(item) for item in value)
        one_an_axis(pairs, x)
        return pairs

    def _read_pair(self, value: Raw) -> tuple[int, int]:
        whole = Whole("", minimum=0)
        if not isinstance(value, tuple):
            return (whole.read_value(value, None),) * 2
        if len(value) != 2:
            raise self.make_refusal(value, "a pair is [before, after]")
        before, after = (whole.read_value(item, None) for item in value)
        return before, after


class Amount(Padding):
    """What `pad` adds and `crop` cuts off: written like padding, but without keywords."""

    keywords: tuple[str, ...] = ()


class Dims(FieldKind):
    """A shape, channels first. If `free`, one entry may be -1 and takes the units that remain."""

    takes = "a list of one to four whole numbers, channels first"

    def __init__(self, text: str, *, free: bool = True) -> None:
        super().__init__(text)
        self.free = free
        if free:
            self.takes += ", of which one may be -1"

    def read_value(self, value: Raw, x: Shape | None) -> Any:  # Any: a tuple of int
        if not isinstance(value, tuple) or not 1 <= len(value) <= 4:
            raise self.make_refusal(value)
        for item in value:
            if type(item) is not int or not (item == -1 * self.free or 1 <= item <= LARGEST):
                raise self.make_refusal(value)
        if value.count(-1) > 1:
            raise self.make_refusal(value)
        return value


class AxisOrder(FieldKind):
    """A permutation of the axes; they count from 1, and axis 1 is the channels."""

    takes = "a list of all axes, counted from 1 (the channels)"

    def read_value(self, value: Raw, x: Shape | None) -> Any:  # Any: a tuple of int
        if not isinstance(value, tuple) or not all(type(item) is int for item in value):
            raise self.make_refusal(value)
        axes = len(x.dims) if x else len(value)
        if sorted(int(str(item)) for item in value) != list(range(1, axes + 1)):
            raise self.make_refusal(value, f"its input has the axes 1 to {axes}")
        return value


class Span(FieldKind):
    """A range of channels: the first one, counted from 0, and the one behind the last."""

    takes = "[from, to]: channels from 0, the end excluded"

    def read_value(self, value: Raw, x: Shape | None) -> Any:  # Any: a pair of int
        if not isinstance(value, tuple) or len(value) != 2:
            raise self.make_refusal(value)
        start, end = value
        if type(start) is not int or type(end) is not int or not 0 <= start < end:
            raise self.make_refusal(value)
        return value


class Connects(FieldKind):
    """One list per filter: the input maps that it reads, counted from 0."""

    takes = "a list, for each filter, of lists of input maps, counted from 0"

    def read_value(self, value: Raw, x: Shape | None) -> Any:  # Any: a tuple of tuples of int
        if not isinstance(value, tuple):
            raise self.make_refusal(value)
        for maps in value:
            if not isinstance(maps, tuple) or not maps:
                raise self.make_refusal(value)
            for item in maps:
                if type(item) is not int or item < 0:
                    raise self.make_refusal(value)
                if x and item >= x.channels:
                    raise Refused(
                        f"names map {item}, but its input {x} has the maps 0 to {x.channels - 1}"
                    )
            if len(set(maps)) < len(maps):
                raise Refused(f"lists a map twice in {spell_value(maps)}")
        return value
