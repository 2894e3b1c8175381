"""Gradient expressions: symbols and operations on them, in Python written like formulas,
and the symbol of each tensor of a network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from cnncost.network import Input, Network, Node


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

    def walk(self) -> Iterator[Expression]:
        """List the expression and all its parts."""
        yield self
        for operand in self.operands:
            yield from operand.walk()

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

    @property
    def base(self) -> Symbol:
        """The symbol that this one is the derivative by; itself if it is none."""
        return replace(self, accent="") if self.accent == "bar" else self


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


def unknown(*x: Expression) -> Expression:
    """Write an unknown function of x."""
    return Expression("unknown", x)


LETTERS: dict[str, tuple[str, ...]] = {
    "conv": ("W", "b"),
    "depthwise_conv": ("W", "b"),
    "conv_transpose": ("W", "b"),
    "locally_connected": ("W", "b"),
    "dense": ("W", "b"),
    "linear": ("W", "b"),
    "subsample": ("w", "b"),
    "batchnorm": ("γ", "β"),
    "layernorm": ("γ", "β"),
    "groupnorm": ("γ", "β"),
    "instancenorm": ("γ", "β"),
    "prelu": ("a",),
    "scale": ("γ",),
    "attention": ("WQ", "WK", "WV", "bQ", "bK", "bV", "WO", "bO"),
}
"""The letters of each layer type's parameters, in the order of `tensor_shapes`; a tensor may have
several letters, which share its rows."""

PAIRS = (("W", "b"), ("V", "c"))
"""The letters of weights and biases in a network with at most two layers that have weights."""

STACKED = 3
"""How many letters share one tensor's rows: queries, keys and values have a third each."""


class ParameterSymbol(NamedTuple):
    """The parameter that a symbol stands for, by PyTorch's names."""

    symbol: Symbol
    node: Node
    tensor: str
    """The tensor's key in the layer's `tensor_shapes`."""
    part: int = 0
    parts: int = 1
    """How many equal parts the tensor's rows have; the symbol stands for part number `part`."""


class Symbols:
    """The symbols of one network.

    A layer or input whose name is one letter has that letter. A single input is x; of several
    inputs, `left` is x_left. Any other layer `conv1` is y_conv1, and its weights are W_conv1.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self.letters = {node.name for node in network.nodes if _is_letter(node.name)}
        self.pairs = _textbook_letters(network, self.letters)

    def output_symbol(self, node: Input | Node) -> Symbol:
        """Return the symbol of a node's output."""
        if node.name in self.letters:
            return Symbol(word=node.name)
        if node.layer is not None:
            return Symbol(word="y", of=node.name)
        alone = len(self.network.inputs) == 1 and "x" not in self.letters
        return Symbol(word="x", of="" if alone else node.name)

    def parameter_symbol(self, node: Node, letter: str) -> Symbol:
        """Return the symbol of a layer's parameter; a shared one has the symbol of its owner's."""
        owner = node if node.shares is None else self.network.nodes[node.shares]
        if owner.index in self.pairs:
            return Symbol(word=self.pairs[owner.index][letter])
        return Symbol(word=letter[0], mark=letter[1:], of=owner.name)

    def list_parameters(self, node: Node) -> tuple[ParameterSymbol, ...]:
        """List the parameters that belong to a layer; those of an opaque layer have no letters."""
        layer = node.layer
        if layer.word not in LETTERS or node.shares is not None:
            return ()
        found: list[ParameterSymbol] = []
        letters = iter(LETTERS[layer.word])
        for tensor in layer.tensor_shapes(node.inputs[0]):
            parts = STACKED if tensor.startswith("in_proj") else 1
            for part in range(parts):
                symbol = self.parameter_symbol(node, next(letters))
                found.append(ParameterSymbol(symbol, node, tensor, part, parts))
        return tuple(found)


def _is_letter(name: str) -> bool:
    return len(name) == 1 and name.isascii() and name.isalpha()


def _textbook_letters(network: Network, letters: set[str]) -> dict[int, dict[str, str]]:
    """Return the textbook's W, b and V, c if only one or two layers have parameters."""
    owners = [n for n in network.layers if n.layer.learns and n.shares is None]
    owners = [n for n in owners if n.layer.tensor_shapes(n.inputs[0])]
    taken = letters & {letter for pair in PAIRS for letter in pair}
    plain = all(LETTERS.get(n.layer.word) == PAIRS[0] for n in owners)
    if len(owners) > len(PAIRS) or taken or not plain:
        return {}
    return {n.index: dict(zip(PAIRS[0], pair, strict=True)) for n, pair in zip(owners, PAIRS)}  # noqa: B905  fewer owners than pairs do
