"""Gradient expressions: symbols, and what is done with them, written as formulas are."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Expression:
    """An operation of some kind on its operands; Python's operators build them.

    `a + b`, `a - b` and `a / b` are what they look like, `a * b` is the product element by
    element, `a @ b` that of matrices (a map is one: a row a channel, a column a position),
    `a.T` a transpose, `a**0.75` a power.
    """

    kind: str
    operands: tuple[Expression, ...] = ()
    word: str = ""
    """A number's digits, or the name of a function or an operator."""
    options: str = ""
    """What stands in brackets at an operator: `s=2,p=1`."""

    def __add__(self, other: Expression) -> Expression:
        return Expression("+", (self, other))

    def __sub__(self, other: Expression) -> Expression:
        return Expression("-", (self, other))

    def __mul__(self, other: Expression) -> Expression:
        return Expression("times", (self, other))

    def __truediv__(self, other: Expression) -> Expression:
        return Expression("/", (self, other))

    def __matmul__(self, other: Expression) -> Expression:
        return Expression("product", (self, other))

    def __pow__(self, exponent: str) -> Expression:
        return Expression("power", (self, number(exponent)))

    @property
    def T(self) -> Expression:  # noqa: N802  as mathematics and NumPy write it
        return Expression("transpose", (self,))


@dataclass(frozen=True)
class Symbol(Expression):
    """A letter, as in `y_conv1`: an activation, a parameter, or what a layer works out."""

    kind: str = "symbol"
    mark: str = ""
    """A capital behind the letter: the Q of attention's WQ."""
    of: str = ""
    """The layer's name; none where the letter alone says which."""
    accent: str = ""
    """`bar` for the derivative of the loss, `hat` for a normalised activation."""

    @property
    def bar(self) -> Symbol:
        """The derivative of the loss by this."""
        return replace(self, accent="bar")


def number(text: str | int) -> Expression:
    """A constant, by its digits."""
    return Expression("number", word=str(text))


def call(word: str, *arguments: Expression, options: str = "") -> Expression:
    """A function's value: `vec(x)`."""
    return Expression("call", arguments, word, options)


def slope(word: str, x: Expression, options: str = "") -> Expression:
    """A function's derivative at x: `relu′(x)`, element by element, or a Jacobian matrix."""
    return Expression("slope", (x,), word, options)


def operator(word: str, options: str = "") -> Expression:
    """A linear map as a matrix, to be multiplied: `upsample[f=2]`."""
    return Expression("operator", (), word, options)


def convolve(kernel: Expression, x: Expression, options: str) -> Expression:
    """Every window of x times the kernel; a transposed kernel paints windows instead."""
    return Expression("convolve", (kernel, x), options=options)


def correlate(y: Expression, x: Expression, options: str) -> Expression:
    """For each tap of a kernel, what y holds times what that tap sees of x, added up."""
    return Expression("correlate", (y, x), options=options)


def by_head(a: Expression, b: Expression, heads: int) -> Expression:
    """The product of matrices, head by head."""
    return Expression("by head", (a, b), options=f"h={heads}")


def total(axes: str, x: Expression) -> Expression:
    """The sum over axes: n for examples, i for channels, p for positions."""
    return Expression("sum", (x,), axes)


def mean(axes: str, x: Expression, options: str = "") -> Expression:
    """The mean over axes; channels by groups of g where `options` says so."""
    return Expression("mean", (x,), axes, options)


def where(x: Symbol, relation: str) -> Expression:
    """1 where x is so, as in `> 0`, else 0: Iverson's bracket."""
    return Expression("where", (x,), relation)


def root(text: str | int) -> Expression:
    """The square root of a number."""
    return Expression("root", (number(text),))


def unknown(x: Expression) -> Expression:
    """What nobody can say."""
    return Expression("unknown", (x,))
