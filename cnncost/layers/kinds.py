"""The kinds of fields that layers have; each kind reads and checks the values that a spec gives."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any

from cnncost.errors import Refused, did_you_mean, quote_text
from cnncost.shape import AXES, Shape

if TYPE_CHECKING:
    from fractions import Fraction

    Raw = int | Fraction | str | tuple["Raw", ...]
    """What a spec's argument evaluates to: a number, true or false, a word, or a list."""

REQUIRED = ""
"""Stands for the missing default of a field that must be given; no spec can write it."""

LARGEST = 2**63 - 1

WHOLE = "expressions can use round, floor, ceil or multiple to make one"


class FieldKind:
    """The kind of one field: its meaning, and its default as a spec would write it.

    `keywords` are the words that the field takes besides numbers. If `numeric` is true, any
    other string is read as an expression.
    """

    keywords: tuple[str, ...] = ()
    numeric = True
    takes = "a number"

    def __init__(self, text: str, default: Raw = REQUIRED) -> None:
        self.text = text
        self.default = default

    @property
    def is_required(self) -> bool:
        return isinstance(self.default, str) and self.default == REQUIRED

    def read_value(self, value: Raw, x: Shape | None) -> Any:  # Any: each kind has its own
        """Return the value to store, for an input of shape `x` (None if it is not known).

        Raises:
            Refused: the value does not fit; the message continues the field's name.
        """
        raise NotImplementedError

    def make_refusal(self, value: Raw, hint: str = "") -> Refused:
        return Refused(f"must be {self.takes}, but is {spell_value(value)}", hint)


class Whole(FieldKind):
    """A whole number of at least `minimum`."""

    def __init__(self, text: str, default: Raw = REQUIRED, minimum: int = 1) -> None:
        super().__init__(text, default)
        self.minimum = minimum
        self.takes = f"a whole number of at least {minimum}"

    def read_value(self, value: Raw, x: Shape | None) -> Any:  # Any: int; Groups adds a word
        if type(value) is int and self.minimum <= value <= LARGEST:
            return value
        if isinstance(value, (bool, str, tuple)):
            raise self.make_refusal(value)
        if not isinstance(value, int):
            raise self.make_refusal(value, WHOLE)
        if value > LARGEST:
            raise Refused("is beyond 2^63", "dimensions and counts stay below 2^63")
        raise self.make_refusal(value)


class GroupsKind(Whole):
    """A whole number, or `depthwise`: as many groups as channels."""

    keywords = ("depthwise",)

    def read_value(self, value: Raw, x: Shape | None) -> Any:  # Any: int, or the word unread
        if value == "depthwise":
            return x.channels if x else value
        return super().read_value(value, x)


class Given(int):
    """A cost that a spec gives as a number: it is called like a formula and ignores the shapes.

    -1 means that the cost is unknown.
    """

    def __call__(self, *shapes: Shape) -> int:
        return max(0, int(self))


class Cost(Whole):
    """A cost that the spec gives as a number, or `unknown`."""

    keywords = ("unknown",)

    def __init__(self, text: str, default: Raw = "unknown") -> None:
        super().__init__(text, default, minimum=0)

    def read_value(self, value: Raw, x: Shape | None) -> Any:  # Any: a Given
        if isinstance(value, Given):
            return value
        return Given(-1) if value == "unknown" else Given(super().read_value(value, x))


class PerAxis(Whole):
    """A whole number for all spatial axes, or a list with one number per axis."""

    def __init__(self, text: str, default: Raw = REQUIRED, minimum: int = 1) -> None:
        super().__init__(text, default, minimum)
        self.item = Whole(text, minimum=minimum)
        self.takes += ", or a list of one an axis"

    def read_value(self, value: Raw, x: Shape | None) -> Any:  # Any: a tuple of int
        if isinstance(value, tuple):
            items = tuple(self.item.read_value(item, x) for item in value)
            one_an_axis(items, x)
            return items
        number = super().read_value(value, x)
        return (number,) * (len(x.extents) if x else 1)


class Flag(FieldKind):
    """true or false."""

    takes = "true or false"

    def read_value(self, value: Raw, x: Shape | None) -> Any:  # Any: bool
        if not isinstance(value, bool):
            raise self.make_refusal(value)
        return value


class Rate(FieldKind):
    """A probability: at least 0, less than 1."""

    takes = "a number from 0 to less than 1"

    def read_value(self, value: Raw, x: Shape | None) -> Any:  # Any: int or Fraction
        if isinstance(value, (bool, str, tuple)) or not 0 <= value < 1:
            raise self.make_refusal(value)
        return value


class ChoiceKind(FieldKind):
    """One of a few words."""

    numeric = False

    def __init__(self, text: str, keywords: tuple[str, ...], default: Raw = REQUIRED) -> None:
        super().__init__(text, default)
        self.keywords = keywords
        self.takes = " or ".join(keywords)

    def read_value(self, value: Raw, x: Shape | None) -> Any:  # Any: str
        if value not in self.keywords:
            known = did_you_mean(str(value), self.keywords, "")
            raise self.make_refusal(value, known)
        return value


class Width(Whole):
    """A number of channels; the input's own unless it is given."""

    def __init__(self, text: str) -> None:
        super().__init__(text, default="channels")

    def read_value(self, value: Raw, x: Shape | None) -> Any:  # Any: int
        if value == self.default:
            return x.channels if x else 1
        return super().read_value(value, x)


class Named(FieldKind):
    """A word that says what something is called; it changes no number."""

    numeric = False
    takes = "a word"

    def read_value(self, value: Raw, x: Shape | None) -> Any:  # Any: str
        if not isinstance(value, str):
            raise self.make_refusal(value)
        return value


ITSELF = "itself"
"""The value of `stands_for` for a layer that stands for no other operation."""


STAND_IN = Named("the operation whose memory it takes, by PyTorch's name", ITSELF)
"""The operation that an import wrote as this layer; the layer takes that operation's memory."""


class ExtentsOf(PerAxis):
    """Extents, or the name of a layer that has them (the loader puts its extents in place)."""

    def __init__(self, text: str, default: Raw = REQUIRED) -> None:
        super().__init__(text, default, minimum=0)
        self.takes += ", or a layer's name"


def one_an_axis(items: tuple[object, ...], x: Shape | None) -> None:
    """Refuse a list that does not have one value per spatial axis.

    Raises:
        Refused: the message names the axes.
    """
    if x and len(items) != len(x.extents):
        axes = AXES[len(x.extents)]
        raise Refused(
            f"has {len(items)} values, but its input {x} has {len(axes)} "
            f"spatial axes ({', '.join(axes)})",
            "give one value an axis, or one number for all",
        )


def spell_value(value: Raw) -> str:
    """Return the value as a spec would write it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        text = "[" + ", ".join(spell_value(item) for item in value[:9]) + "]"
        return text if len(value) <= 9 else text[:-1] + ", ...]"
    return quote_text(value) if isinstance(value, str) else _format_number(value)


def _format_number(value: int | Fraction) -> str:
    """Write a number as a decimal if six places hold it exactly, else as a ratio."""
    if isinstance(value, int):
        return str(value)[:40]
    millionths: Fraction = abs(value) * 10**6
    if millionths.denominator != 1:
        return str(value)[:40]
    whole, rest = divmod(int(millionths), 10**6)
    return f"{'-' if value < 0 else ''}{whole}.{rest:06}".rstrip("0")


def whole_field(
    text: str, default: Raw = REQUIRED, minimum: int = 1
) -> Any:  # Any: as dataclasses do
    """Declare a field that holds a whole number."""
    return field(metadata={"kind": Whole(text, default, minimum)})


def per_axis_field(text: str, default: Raw = REQUIRED, minimum: int = 1) -> Any:  # Any: the same
    """Declare a field that holds one whole number per axis."""
    return field(metadata={"kind": PerAxis(text, default, minimum)})


def flag_field(text: str, *, usually: bool) -> Any:  # Any: the same
    """Declare a field that is true or false."""
    return field(metadata={"kind": Flag(text, usually)})


def field_of_kind(kind: FieldKind) -> Any:  # Any: the same
    """Declare a field of any other kind."""
    return field(metadata={"kind": kind})
