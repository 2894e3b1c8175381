"""Expressions over exact rationals: `+ - * / //`, parentheses and six functions, nothing else.

Also what to write for numbers and truth values of YAML 1.1, which this language refuses.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from cnncost.errors import CnncostError, did_you_mean, quote_text
from cnncost.quantity import format_count, parse_number

if TYPE_CHECKING:
    from fractions import Fraction

    Number = int | Fraction
    Tree = Number | str | tuple[str, tuple["Tree", ...]]
    """A number, a name, or an operator or function with its operands."""


BOOLEANS = dict.fromkeys(("yes", "Yes", "YES", "on", "On", "ON", "True", "TRUE"), "true") | (
    dict.fromkeys(("no", "No", "NO", "off", "Off", "OFF", "False", "FALSE"), "false")
)
"""What to write for the words that YAML 1.1 takes for true and false."""

_DIGITS = "a number is 12, 0.5 or 1e6, of 60 digits at most"

_NUMBERLIKE = re.compile(r"[-+]?[0-9.][0-9A-Fa-fxXoObB_,:.]*", re.A)

_FORMS: tuple[tuple[str, Callable[[str], str]], ...] = (
    (r"-?0[0-9]+", lambda s: f"write {int(s)}: numbers are decimal, without leading zeros"),
    (r"0[xX][0-9a-fA-F]{1,16}", lambda s: f"write {int(s, 16)}: numbers are decimal"),
    (r"0[oO][0-7]{1,16}", lambda s: f"write {int(s, 8)}: numbers are decimal"),
    (r"0[bB][01]{1,64}", lambda s: f"write {int(s[2:], 2)}: numbers are decimal"),
    (r"[0-9]+(_[0-9]+)+", lambda s: f"write {s.replace('_', '')}"),
    (r"[0-9]+(,[0-9]{3})+", lambda s: f"write {s.replace(',', '')}"),
    (r"[0-9]+(:[0-9]+)+", lambda s: "a ratio is written 1/2, a list [5, 30]"),
    (r"[0-9]+[xX][0-9xX]+", lambda s: f"write [{', '.join(re.split('[xX]', s))}]"),
    (r"\+[0-9.]+", lambda s: f"write {s[1:]}"),
    (r"-?\.[0-9]+", lambda s: f"write {s.replace('.', '0.')}"),
    (r"[0-9]+\.", lambda s: f"write {s[:-1]}"),
    (r"-?[0-9.]+", lambda s: _DIGITS),
)
"""Forms of numbers that this language refuses, and what to write for each; the first one counts."""


def hint_for_number(text: str) -> str:
    """Say what to write for a number that only YAML 1.1 or another language reads; else empty."""
    if not _NUMBERLIKE.fullmatch(text):
        return ""
    if len(text) > 60:
        return _DIGITS
    return next((hint(text) for form, hint in _FORMS if re.fullmatch(form, text)), "")


def hint_for_tuple(text: str) -> str:
    """Say what to write for a list in parentheses, or without commas; else empty."""
    listed = r"[^()]*,[^()]*"
    if found := re.fullmatch(rf"\(({listed})\)|({listed})", text):
        return f"write [{(found[1] or found[2]).strip(' ,')}]"
    if re.fullmatch(r"[0-9]+( +[0-9]+)+", text):
        return f"write [{', '.join(text.split())}]"
    return ""


FUNCTIONS = {
    "min": (2, 99, "two to 99 values: min(a, b)"),
    "max": (2, 99, "two to 99 values: max(a, b)"),
    "round": (1, 1, "one value"),
    "floor": (1, 1, "one value"),
    "ceil": (1, 1, "one value"),
    "multiple": (1, 2, "multiple(v, d): one or two values"),
}
"""The fewest and the most arguments of each function, and the same in words."""

_TOKEN = re.compile(
    r"\s*(?:([0-9][0-9A-Za-z_.]*(?:(?<=[eE])[+-][0-9]+)?)|([A-Za-z_][A-Za-z0-9_.]*)|(//|[-+*/(),])|(\S))",
    re.A,
)
LONGEST, _DEEPEST = 1000, 40
_LARGEST = 2**200


class Token(NamedTuple):
    """One token of an expression: a number, a name, a sign, the end, or none of these."""

    kind: str
    text: str


def parse_expression(text: str) -> Tree:
    """Parse an expression into a tree.

    Raises:
        CnncostError: the text is no expression.
    """
    if len(text) > LONGEST:
        raise CnncostError(
            f"{quote_text(text)} is too long for an expression", f"{LONGEST:,} characters at most"
        )
    parser = _Parser(text)
    tree = parser.parse_sum(0)
    if parser.token.kind != "end":
        raise parser.refuse_token()
    return tree


def evaluate_tree(tree: Tree, look_up: Callable[[str], Number]) -> Number:
    """Compute a tree's exact value; `look_up` returns the value of a name.

    Raises:
        CnncostError: a division by zero or an absurdly large number.
    """
    # A long sum leans to the left: its operations are worked off one by one, not called in turn.
    waiting: list[tuple[str, tuple[Tree, ...]]] = []
    while isinstance(tree, tuple):
        operation, (tree, *others) = tree
        waiting.append((operation, tuple(others)))
    value = look_up(tree) if isinstance(tree, str) else tree
    for operation, operands in reversed(waiting):
        further = [evaluate_tree(operand, look_up) for operand in operands]
        value = _bound_value(_OPERATIONS[operation](value, *further))
    return value


def _bound_value(value: Number) -> Number:
    """Return the value, as an int if it is whole; refuse one that is absurdly large."""
    if not isinstance(value, int) and value.denominator == 1:
        value = value.numerator
    if not -_LARGEST <= value <= _LARGEST or value.denominator > _LARGEST:
        raise CnncostError("the expression's value is beyond all bounds")
    return value


class _Parser:
    """Recursive descent over the tokens of one text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = [_read_token(match) for match in _TOKEN.finditer(text)]
        self.tokens.append(Token("end", ""))
        self.position = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.position]

    def refuse_token(self) -> CnncostError:
        kind, text = self.token
        what = "it ends too early" if kind == "end" else f"{quote_text(text)} is out of place"
        hint = hint_for_tuple(self.text) or (hint_for_number(text) if kind != "end" else "")
        if not hint and (text == "*" or (kind == "bad" and text in "^%<>=!&|[]")):
            hint = "there is + - * / // and parentheses; no power, comparison or index"
        hint = hint or f"an expression has names, numbers, + - * / // and {', '.join(FUNCTIONS)}"
        return CnncostError(f"{quote_text(self.text)} is no expression: {what}", hint)

    def take_sign(self, *texts: str) -> str | None:
        if self.token.text in texts:
            self.position += 1
            return self.tokens[self.position - 1].text
        return None

    def parse_sum(self, depth: int) -> Tree:
        left = self.parse_product(depth)
        while sign := self.take_sign("+", "-"):
            left = (sign, (left, self.parse_product(depth)))
        return left

    def parse_product(self, depth: int) -> Tree:
        left = self.parse_operand(depth)
        while sign := self.take_sign("*", "/", "//"):
            left = (sign, (left, self.parse_operand(depth)))
        return left

    def parse_operand(self, depth: int) -> Tree:
        if depth > _DEEPEST:
            raise CnncostError(
                f"{quote_text(self.text)} is nested too deep for an expression",
                f"{_DEEPEST} levels at most",
            )
        if self.take_sign("-"):
            return ("negative", (self.parse_operand(depth + 1),))
        if self.take_sign("("):
            inside = self.parse_sum(depth + 1)
            self.close_parenthesis()
            return inside
        kind, text = self.token
        if (value := parse_number(text)) is not None:
            self.position += 1
            return value
        if kind != "name":
            raise self.refuse_token()
        self.position += 1
        return self.parse_call(text, depth) if self.take_sign("(") else text

    def parse_call(self, function: str, depth: int) -> Tree:
        if function not in FUNCTIONS:
            known = f"the functions are {', '.join(FUNCTIONS)}"
            hint = did_you_mean(function, list(FUNCTIONS), known)
            raise CnncostError(f"unknown function {function!r} in {quote_text(self.text)}", hint)
        operands = [] if self.token.text == ")" else [self.parse_sum(depth + 1)]
        while self.take_sign(","):
            operands.append(self.parse_sum(depth + 1))
        self.close_parenthesis()
        fewest, most, takes = FUNCTIONS[function]
        if not fewest <= len(operands) <= most:
            values = format_count(len(operands), "value") if operands else "no values"
            raise CnncostError(f"{function} has {values}", f"it takes {takes}")
        return (function, tuple(operands))

    def close_parenthesis(self) -> None:
        if not self.take_sign(")"):
            raise self.refuse_token()


def _read_token(match: re.Match[str]) -> Token:
    number, name, sign, bad = match.groups()
    if number:
        return Token("number" if parse_number(number) is not None else "bad", number)
    return Token("name", name) if name else Token("sign", sign) if sign else Token("bad", bad)


def _divide_exactly(a: Number, b: Number) -> Number:
    from fractions import Fraction

    if b == 0:
        raise CnncostError("the expression divides by zero")
    if a % b == 0:
        return int(a // b)
    return Fraction(a) / Fraction(b)


def _floor_quotient(a: Number, b: Number) -> int:
    if b == 0:
        raise CnncostError("the expression divides by zero")
    return int(a // b)


def _nearest_multiple(v: Number, d: Number = 8) -> Number:
    """Return the multiple of d nearest to v, at least d and not below 0.9 v (MobileNet's rule)."""
    if d <= 0:
        raise CnncostError(f"multiple needs a positive step, not {d}")
    n = max(d, (2 * v + d) // (2 * d) * d)
    return n + d if 10 * n < 9 * v else n


def _round_down(v: Number) -> int:
    return int(v // 1)


_OPERATIONS: dict[str, Callable[..., Number]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": _divide_exactly,
    "//": _floor_quotient,
    "negative": lambda a: -a,
    "min": min,
    "max": max,
    "round": round,
    "floor": _round_down,
    "ceil": lambda v: -_round_down(-v),
    "multiple": _nearest_multiple,
}
