"""Evaluate a scalar or list of a spec, and record the scalars that its number derives from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple

from cnncost.errors import CnncostError, did_you_mean, quote_text
from cnncost.language import expression
from cnncost.language.expression import BOOLEANS, hint_for_number
from cnncost.language.nodes import Items, Node, Scalar
from cnncost.language.problems import Hint
from cnncost.layers.kinds import spell_value
from cnncost.place import Place
from cnncost.quantity import parse_number

if TYPE_CHECKING:
    from fractions import Fraction
    from typing import TypeAlias

    from cnncost.layers.kinds import Raw

    Parsed: TypeAlias = "int | Fraction | bool | Name | Formula | Bad"
    """What a scalar is by its text alone."""

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.A)
PATH = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)*", re.A)


Role = Literal["number", "expression", "default", "param", "setting", "boolean", "word"]


class Origin(NamedTuple):
    """One scalar of the file that a value derives from.

    `tests/test_origins.py` holds these promises:

    - `place` spans the whole scalar, with its quotes, in the text as it was read.
    - A field's origins are all the scalars that its value derives from: another text at a
      place changes only fields that have it among their origins (and what follows from those
      fields: shapes, counts, other uses of `channels`). None at all: the value is the type's
      default, or follows a shape (`channels`, the extents of a layer named in `size`).
    - They stand in the order of reading: a list's item by item, an expression before the
      scalars of the names in it. A scalar that is read twice stands twice.
    - `role` tells what the scalar is, and so what an edit may do with it:
      `number`: a number alone, in a line or in a call's arguments: it can be replaced. If it
      is the field's only origin, it is the field's value;
      `expression`: the value is computed, from the numbers in it and from what follows it: a
      ratio, so not editable;
      `default`: in a block's signature: it belongs to all calls that don't give the argument;
      `param`: a value of `params`: it belongs to all that name it;
      `setting`: the same while `--set` overrides it: another text there changes nothing;
      `boolean`: true or false;
      `word`: a keyword, a layer's type or name.
    """

    place: Place
    role: Role


class Word(str):
    """A layer type as a value: `then: relu`."""

    __slots__ = ()


class Reference(int):
    """A node of the network, by index, as a value; it is refused wherever a number must stand."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Reference({int(self)})"

    def __str__(self) -> str:
        return "a layer"


class BoundValue(NamedTuple):
    """The value that a name stands for, and the scalars that it derives from."""

    value: Raw
    origins: tuple[Origin, ...] = ()


class Bad(NamedTuple):
    """A scalar that cannot be read as a value, and why."""

    what: str
    hint: str


class Name(NamedTuple):
    """A scalar that is one word, or words with dots; its meaning depends on where it stands."""

    text: str


class Formula(NamedTuple):
    """A scalar that is an expression."""

    tree: expression.Tree


class Misread(Exception):
    """A value that is refused; `offset` is where the scalar at fault stands."""

    def __init__(self, offset: int, what: str, hint: Hint = "") -> None:
        self.offset, self.what, self.hint = offset, what, hint


class UnknownValue(Exception):
    """A value that depends on a layer that was refused, so that there is nothing more to report."""


Env = Mapping[str, BoundValue | None]
"""What names stand for; None if that is unknown because of an earlier problem."""


def parse_scalar(scalar: Scalar) -> Parsed:
    """Parse a scalar's text, without regard to what names stand for."""
    if scalar.parsed is None:
        scalar.parsed = _parse_text(scalar.text.strip())
    return scalar.parsed  # type: ignore[return-value]  # nothing else is kept there


def read_literal(node: Node) -> int | None:
    """Read a scalar that is a whole number or a boolean; None for anything else."""
    known = parse_scalar(node) if isinstance(node, Scalar) else None
    return known if isinstance(known, int) else None


def read_plain_number(scalar: Scalar) -> int | Fraction | Bad:
    """Read a scalar that is a plain number."""
    known = parse_scalar(scalar)
    if isinstance(known, Bad):
        return known
    if isinstance(known, bool | Name | Formula):
        return Bad(f"{quote_text(scalar.text)} is no number", "values are plain numbers")
    return known


def _parse_text(text: str) -> Parsed:
    number = parse_number(text)
    if number is not None:
        return number
    if text in ("true", "false"):
        return text == "true"
    if len(text) <= expression.LONGEST and PATH.fullmatch(text):
        if text in BOOLEANS:
            return Bad(f"{quote_text(text)} is neither true nor false", f"write {BOOLEANS[text]}")
        return Name(text)
    if text in ("", "~"):
        return Bad("a value is missing here", "give one, or leave the key out")
    if hint := hint_for_number(text):
        return Bad(f"{quote_text(text)} is no number", hint)
    try:
        return Formula(expression.parse_expression(text))
    except CnncostError as error:
        return Bad(error.what, error.hint)


class Reading:
    """Evaluates one argument, given what names stand for where it is written."""

    def __init__(self, env: Env, keywords: tuple[str, ...] = ()) -> None:
        self.env = env
        self.keywords = keywords
        self.origins: list[Origin] = []

    def evaluate_node(self, node: Node) -> Raw:
        """Evaluate a node in a field that takes numbers and keywords.

        Raises:
            Misread: it is no such value.
            UnknownValue: it depends on something that was refused before.
        """
        if isinstance(node, Scalar):
            return self._evaluate_scalar(node)
        if isinstance(node, Items):
            return tuple([self.evaluate_node(item) for item in node.items])
        raise Misread(node.start, "a mapping stands where a value is due", "braces make a layer")

    def _evaluate_scalar(self, scalar: Scalar) -> Raw:
        known = parse_scalar(scalar)
        if isinstance(known, bool):
            self.origins.append(Origin(scalar.place, "boolean"))
            return known
        if isinstance(known, Name):
            if known.text in self.keywords:
                self.origins.append(Origin(scalar.place, "word"))
                return known.text
            return self._look_up_value(known.text, scalar)
        if isinstance(known, Formula):
            self.origins.append(Origin(scalar.place, "expression"))
            try:
                return expression.evaluate_tree(
                    known.tree, lambda name: self._look_up_number(name, scalar)
                )
            except CnncostError as error:
                raise Misread(scalar.start, f"{error.what} ({quote_text(scalar.text)})") from None
        if isinstance(known, Bad):
            raise Misread(scalar.start, known.what, known.hint)
        self.origins.append(Origin(scalar.place, "number"))
        return known

    def read_word(self, node: Node) -> Raw:
        """Read the word in a field that takes a word only.

        Raises:
            Misread: it is no word.
            UnknownValue: it depends on something that was refused before.
        """
        if not isinstance(node, Scalar):
            raise Misread(node.start, "a word is due")
        if node.text in self.env:
            return self._look_up_value(node.text, node)
        known = parse_scalar(node)
        if isinstance(known, Bad):
            raise Misread(node.start, known.what, known.hint)
        self.origins.append(Origin(node.place, "word"))
        return node.text

    def _look_up_value(self, name: str, scalar: Scalar) -> Raw:
        if name not in self.env:
            raise self.refuse_name(name, scalar)
        bound = self.env[name]
        if bound is None:
            raise UnknownValue
        self.origins.extend(bound.origins)
        return bound.value

    def _look_up_number(self, name: str, scalar: Scalar) -> expression.Number:
        value = self._look_up_value(name, scalar)
        if isinstance(value, (bool, str, tuple, Reference)):
            raise Misread(
                scalar.start, f"{name} is {spell_value(value)} here, and no part of an expression",
                "expressions are of numbers",
            )  # fmt: skip
        return value

    def refuse_name(self, name: str, scalar: Scalar) -> Misread:
        def hint() -> str:
            choices = [*self.env, *self.keywords]
            known = f"known here: {', '.join(choices[:12])}" if choices else "write a number"
            return did_you_mean(name, choices, known)

        return Misread(scalar.start, f"unknown name {quote_text(name)}", hint)
