"""One layer as its gradient rule sees it, and what the rule answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple

from cnncost.network import L, Node
from cnncost.shape import Shape
from cnncost.study.backward.gradient_expression import Expression, Symbol
from cnncost.study.backward.gradient_symbols import Symbols


class GradientStep(NamedTuple):
    """A symbol that a layer works out on the way, and its connections."""

    symbol: Symbol
    value: Expression
    connections: int = 0


class Rule(NamedTuple):
    """A layer's gradients, from that of its output: its vector-Jacobian product."""

    inputs: tuple[Expression, ...]
    """One for each input."""
    parameters: tuple[GradientStep, ...] = ()
    """The symbols are the parameters, not their gradients."""
    kept: tuple[GradientStep, ...] = ()
    """What the forward pass has worked out already."""
    steps: tuple[GradientStep, ...] = ()
    """What the gradients of parameters and inputs have in common."""
    input_connections: int = 0
    """Of the gradient of each input."""


@dataclass(frozen=True)
class Use(Generic[L]):
    """A layer where it stands: the symbols of what it reads (`x`), puts out (`y`), and of the
    derivative by its output (`dy`)."""

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
        """The (first) input's shape."""
        return self.node.inputs[0]

    @property
    def connections(self) -> int:
        """Each gradient uses every weight as often as the forward pass does."""
        return self.layer.connections(self.shape, self.node.output)

    def own_parameter(self, letter: str) -> Symbol:
        return self.symbols.parameter_symbol(self.node, letter)

    def own_symbol(self, letter: str, accent: str = "") -> Symbol:
        """Something that this layer works out: its standard deviation σ."""
        return Symbol(word=letter, of=self.node.name, accent=accent)


Rules = dict[str, Callable[[Use[Any]], Rule]]  # Any: each rule names its layer type
"""Rules by the layer type's word."""


def existing_axes(shape: Shape, axes: str) -> str:
    """The axes that there are: a vector has no positions to add over."""
    return axes.replace("p", "") if shape.is_vector else axes
