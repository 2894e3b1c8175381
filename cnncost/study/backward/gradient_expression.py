"""Gradient expressions: symbols and operations on them, in Python written like formulas."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Expression:
    """An operation of some kind on operands; Python's operators build expressions.

    `a + b`, `a - b` and `a / b` are what they look like; `a * b` is the product element by
    element, `a @ b` the product of matrices, `a.T` a transpose, `a**0.75` a power. A map is a
    matrix with one row per channel and one column per position.
    """

    kind: str
    operands: tuple[Expression, ...] = ()
    word: str = ""
    """A number's digits, or the name of a function or an operator."""
    options: str = ""
    """The text in brackets behind an operator: `s=2,p=1`."""

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
    """A letter, as in `y_conv1`: an activation, a parameter, or a layer's intermediate result."""

    kind: str = "symbol"
    mark: str = ""
    """A capital letter behind it: the Q of attention's WQ."""
    of: str = ""
    """The layer's name; empty if the letter alone says which layer."""
    accent: str = ""
    """`bar` for the derivative of the loss, `hat` for a normalised activation."""

    @property
    def bar(self) -> Symbol:
        """The symbol of the derivative of the loss by this symbol."""
        return replace(self, accent="bar")


def number(text: str | int) -> Expression:
    """Write a constant, given by its digits."""
    return Expression("number", word=str(text))


def call(word: str, *arguments: Expression, options: str = "") -> Expression:
    """Write a function's value: `vec(x)`."""
    return Expression("call", arguments, word, options)


def slope(word: str, x: Expression, options: str = "") -> Expression:
    """Write a function's derivative at x, `relu′(x)`: element by element, or a Jacobian matrix."""
    return Expression("slope", (x,), word, options)


def operator(word: str, options: str = "") -> Expression:
    """Write a linear map as a matrix to multiply by: `upsample[f=2]`."""
    return Expression("operator", (), word, options)


def convolve(kernel: Expression, x: Expression, options: str) -> Expression:
    """Write a convolution: windows of x times the kernel; a transposed kernel paints windows."""
    return Expression("convolve", (kernel, x), options=options)


def correlate(y: Expression, x: Expression, options: str) -> Expression:
    """Write a kernel's gradient: for each tap, the sum of y times what the tap reads of x."""
    return Expression("correlate", (y, x), options=options)


def by_head(a: Expression, b: Expression, heads: int) -> Expression:
    """Write the product of two matrices, head by head."""
    return Expression("by head", (a, b), options=f"h={heads}")


def total(axes: str, x: Expression) -> Expression:
    """Write the sum over axes: n for examples, i for channels, p for positions."""
    return Expression("sum", (x,), axes)


def mean(axes: str, x: Expression, options: str = "") -> Expression:
    """Write the mean over axes; `options` may say that channels are taken in groups of g."""
    return Expression("mean", (x,), axes, options)


def where(x: Symbol, relation: str) -> Expression:
    """Write Iverson's bracket: 1 where the condition, such as `> 0`, holds for x, else 0."""
    return Expression("where", (x,), relation)


def root(text: str | int) -> Expression:
    """Write the square root of a number."""
    return Expression("root", (number(text),))


def unknown(x: Expression) -> Expression:
    """Write an unknown function of x."""
    return Expression("unknown", (x,))
