"""One equation of the forward or backward pass."""

from __future__ import annotations

from typing import NamedTuple

from cnncost.network import Input, Node
from cnncost.study.backward.gradient_expression import Expression, Symbol
from cnncost.study.backward.layer_use import SymbolSizes


class Equation(NamedTuple):
    """One equation: a symbol, its value, and the multiply-accumulates for one example."""

    left: Symbol
    right: Expression
    connections: int | None
    """None if nobody knows."""
    node: Input | Node
    """The node whose output, parameter or other quantity the symbol stands for."""
    passed: bool = False
    """Whether it is the gradient of the node's output, which the layers that read it pass back."""
    needed: bool = True
    """False for what training does not need: gradients that only lead to an input."""
    same: bool = False
    """Whether other equations do without its symbol: it gives a second name to a gradient, or its
    value stands in the one sum that reads it."""
    sizes: SymbolSizes | None = None
    """The sizes of an intermediate result, if they are not those of the layer's input."""
