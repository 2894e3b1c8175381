"""What a gradient rule reads and returns: a layer with its symbols, and its gradients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple

from cnncost.network import L, Node
from cnncost.shape import Shape
from cnncost.study.backward.gradient_expression import Expression, Symbol, Symbols


class SymbolSizes(NamedTuple):
    """How many numbers a symbol stands for along each of its axes, examples left out."""

    dims: tuple[int, ...]
    axes: tuple[int, ...] = ()
    """Which parts of a unit's place (its channel is 0, its positions follow) index the symbol, if
    not the first ones."""
    shared: bool = False
    """Whether all examples have the same numbers."""
    heads: bool = False
    """Whether it is one matrix per head, from positions to positions."""


class GradientStep(NamedTuple):
    """A symbol, its value, and the connections that computing it takes."""

    symbol: Symbol
    value: Expression
    connections: int = 0
    sizes: SymbolSizes | None = None
    """The sizes of an intermediate result; None if they are those of the layer's input."""


class Rule(NamedTuple):
    """A layer's equations: its output, and its gradients, computed from its output's (the
    vector-Jacobian product)."""

    inputs: tuple[Expression, ...]
    """The gradient of each input."""
    parameters: tuple[GradientStep, ...] = ()
    """The gradient of each parameter; the symbols are those of the parameters themselves."""
    kept: tuple[GradientStep, ...] = ()
    """Intermediate results of the forward pass, in the order in which it computes them."""
    steps: tuple[GradientStep, ...] = ()
    """Intermediate results that the gradients of parameters and inputs have in common."""
    input_connections: int = 0
    """The connections of the gradient of each input."""
    output: Expression | None = None
    """What the layer computes; if None, a function that only has the layer type's name."""
    output_connections: int = 0
    """The connections of the output, without those of `kept`."""


@dataclass(frozen=True)
class Use(Generic[L]):
    """A layer in its network, with the symbols of its inputs (`x`), of its output (`y`) and of the
    derivative of the loss by its output (`dy`)."""

    node: Node[L]
    x: tuple[Symbol, ...]
    y: Symbol
    dy: Symbol
    symbols: Symbols

    @property
    def layer(self) -> L:
        return self.node.layer

    @property
    def shape(self) -> Shape:
        """The shape of the first input."""
        return self.node.inputs[0]

    @property
    def connections(self) -> int:
        """The connections of one gradient: it uses weights as often as the forward pass does."""
        return self.layer.connections(self.shape, self.node.output)

    def own_parameter(self, letter: str) -> Symbol:
        return self.symbols.parameter_symbol(self.node, letter)

    def own_symbol(self, letter: str, accent: str = "") -> Symbol:
        """Return the symbol of an intermediate result of this layer: its standard deviation σ."""
        return Symbol(word=letter, of=self.node.name, accent=accent)


Rules = dict[str, Callable[[Use[Any]], Rule]]  # Any: each rule names its layer type
"""The rule of each layer type, by its word."""


def existing_axes(shape: Shape, axes: str) -> str:
    """Leave out axes that the shape lacks: a vector has no positions."""
    return axes.replace("p", "") if shape.is_vector else axes
