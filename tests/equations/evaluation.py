"""The printed gradient equations, evaluated line by line in PyTorch, without its autograd."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING
from unicodedata import normalize

from cnncost.errors import CnncostError
from equations import maps, pools
from equations.printed import Line, Node, read_equations
from equations.slopes import SLOPES

if TYPE_CHECKING:
    from torch import Tensor

EPSILON = 1e-5
"""What a norm adds to the variance."""

BAR = "\u0304"


def evaluate(
    text: str,
    activations: Mapping[str, Tensor],
    parameters: Mapping[str, Tensor],
    gradients: Mapping[str, Tensor],
) -> dict[str, Tensor]:
    """The value of each equation's left side, by the symbol as it is printed (NFD).

    Args:
        text: what `cnncost explain ARCH --backward` prints into a pipe.
        activations: every layer's output and input by its symbol, the batch first; and the
            masks of what drops, `m_dropout1`, of a shape that the activation's divides.
        parameters: by symbol, in PyTorch's layouts; a layer with `connects` has the full
            kernel, zero where a filter sees no map, and `M` of that shape, 1 where it does.
        gradients: what is given, `ȳ_output`: the loss by each output.

    Raises:
        CnncostError: a line cannot be read, has an opaque layer, or a value is missing.
    """
    work = _Work(_plain(activations), _plain(parameters), _plain(gradients))
    for line in read_equations(text):
        if BAR in line.left or _is_intermediate(line.left):
            work.add(line)
    return work.found


def _is_intermediate(left: str) -> bool:
    """Whether a line of the forward pass gives σ or the like, no activation."""
    return "_" in left and not left.startswith(("y_", "x_"))


FLOOR = 1e-6
"""Of the largest entry of all gradients: what is smaller is rounding. A shift before a batch
norm has no gradient, and both sides give some 1e-15 for it."""


def disagreeing(
    found: Mapping[str, Tensor], expected: Mapping[str, Tensor], tolerance: float
) -> list[str]:
    """The symbols of `expected` that are not found, or differ by more than the tolerance,
    relative to their largest entry."""
    scale = max((float(value.abs().max()) for value in expected.values()), default=0.0)
    wrong = []
    for name, value in expected.items():
        ours = found.get(normalize("NFD", name))
        if ours is None or ours.shape != value.shape:
            wrong.append(name)
            continue
        allowed = tolerance * max(float(value.abs().max()), FLOOR * scale)
        if not float((ours - value).abs().max()) <= allowed:  # so that NaN differs
            wrong.append(name)
    return wrong


def _plain(values: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {normalize("NFD", name): value for name, value in values.items()}


class _Work:
    """Values by symbol; every tensor has the batch for its first axis, of 1 for parameters."""

    def __init__(
        self,
        activations: dict[str, Tensor],
        parameters: dict[str, Tensor],
        gradients: dict[str, Tensor],
    ) -> None:
        self.parameters = parameters
        self.values = {name: value[None] for name, value in parameters.items()}
        self.values |= activations | gradients
        self.found: dict[str, Tensor] = {}

    def add(self, line: Line) -> None:
        """Evaluate a line and remember it, in the shape of what it is the gradient by."""
        base = line.left.replace(BAR, "")
        shape = self.values[base].shape if BAR in line.left and base in self.values else None
        value = self.value(line.right, shape)
        if base in self.parameters:
            value = value.sum(0).reshape(self.parameters[base].shape)
        elif shape is not None:
            value = value.reshape(shape)
        self.found[line.left] = self.values[line.left] = value

    def value(self, node: Node, shape: Shape | None) -> Tensor:
        """The value of an expression; `shape` is what a linear map may have to fill."""
        return _KINDS[node.kind](self, node, shape)

    def symbol(self, node: Node, shape: Shape | None) -> Tensor:
        if node.text not in self.values:
            raise CnncostError(f"the equations need a value of {node.text}")
        value = self.values[node.text]
        if not node.options:
            return value
        start, end = map(int, node.options.split(":"))
        return value[:, start:end]

    def number(self, node: Node, shape: Shape | None) -> Tensor:
        import torch

        digits = node.text.removeprefix("√")
        value = float(digits) ** (0.5 if digits != node.text else 1)
        return torch.tensor([value], dtype=torch.float64)

    def both(self, node: Node, shape: Shape | None) -> Tensor:
        """A sum, a difference, a product element by element, or a quotient."""
        left, right = (self.value(operand, shape) for operand in node.operands)
        axes = max(left.dim(), right.dim())
        left, right = (side[(..., *(None,) * (axes - side.dim()))] for side in (left, right))
        return _ARITHMETIC[node.kind](left, right)

    def product(self, node: Node, shape: Shape | None) -> Tensor:
        """Matrices side by side: which kind is seen from the sides."""
        left, right = node.operands
        turned = left.kind == "transpose"
        inner = left.operands[0] if turned else left
        if inner.kind == "matrix":
            return self.mapped(inner, self.value(right, None), shape, turned=turned)
        if inner.kind == "slope":
            x, options = self.value(inner.operands[0], None), inner.options
            return pools.largest(inner.text, options, x, self.value(right, None))
        if right.kind == "transpose":
            return self.outer(left, right.operands[0], shape)
        value = self.value(right, shape)
        if inner.kind == "number":
            return self.value(inner, None) * value
        matrix = self.value(inner, None)[0]
        return maps.columns(matrix.T if turned else matrix, value)

    def mapped(self, node: Node, value: Tensor, shape: Shape | None, *, turned: bool) -> Tensor:
        key = node.text + ("ᵀ" if turned else "")
        table: dict[str, maps.Map] = {**maps.MAPS, **pools.MAPS}
        return table[key](value, node.options, shape or ())

    def outer(self, left: Node, right: Node, shape: Shape | None) -> Tensor:
        """A column times a row: over all positions and examples, or a column of ones."""
        import torch

        column = self.value(left, None)
        if right.kind == "number":
            return column.expand(shape)
        row = self.value(right, None)
        column, row = (side[..., None].flatten(2) for side in (column, row))
        return torch.einsum("nop,nip->oi", column, row)[None]

    def convolved(self, node: Node, shape: Shape | None) -> Tensor:
        kernel, right = node.operands
        turned = kernel.kind == "transpose"
        weights = self.value(kernel.operands[0] if turned else kernel, None)[0]
        value = self.value(right, None)
        run = maps.paint if turned else maps.slide
        return run(weights, value, node.options, shape or ())

    def correlated(self, node: Node, shape: Shape | None) -> Tensor:
        y, x = (self.value(operand, None) for operand in node.operands)
        return maps.correlate(y, x, node.options, shape or ())

    def by_head(self, node: Node, shape: Shape | None) -> Tensor:
        sides = []
        for operand in node.operands:
            turned = operand.kind == "transpose"
            value = self.value(operand.operands[0] if turned else operand, None)
            sides.append((value, turned))
        found = maps.by_head(sides[0], sides[1], int(node.options.removeprefix("h=")))
        if shape is None or found.dim() <= len(shape):
            return found
        return maps.as_map(found)  # a matrix a head, but an activation's gradient

    def summed(self, node: Node, shape: Shape | None) -> Tensor:
        value = self.value(node.operands[0], shape)
        axes = maps.axes(node.text, value)
        return value.sum(axes, keepdim=True) if axes else value

    def averaged(self, node: Node, shape: Shape | None) -> Tensor:
        return maps.mean(self.value(node.operands[0], shape), node.text, node.options)

    def deviation(self, node: Node, shape: Shape | None) -> Tensor:
        x = self.value(node.operands[0], shape)
        centred = x - maps.mean(x, node.text, node.options)
        variance: Tensor = maps.mean(centred**2, node.text, node.options)
        return (variance + EPSILON).sqrt()

    def power(self, node: Node, shape: Shape | None) -> Tensor:
        base, exponent = node.operands
        return self.value(base, shape) ** float(exponent.text)

    def call(self, node: Node, shape: Shape | None) -> Tensor:
        if node.text == "unknown":
            raise CnncostError("nobody knows the gradient of an opaque layer")
        return _CALLS[node.text](self.value(node.operands[0], None))

    def slope(self, node: Node, shape: Shape | None) -> Tensor:
        return SLOPES[node.text](self.value(node.operands[0], None))

    def where(self, node: Node, shape: Shape | None) -> Tensor:
        x = self.value(node.operands[0], None)
        holds = x > 0 if node.text == "> 0" else x <= 0
        return holds.to(x.dtype)


Shape = Sequence[int]

_ARITHMETIC: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "+": lambda a, b: a + b,
    "−": lambda a, b: a - b,
    "∘": lambda a, b: a * b,
    "/": lambda a, b: a / b,
}

_CALLS: dict[str, Callable[[Tensor], Tensor]] = {
    "vec": lambda x: x.flatten(1),
    "exp": lambda x: x.exp(),
    "softmax": lambda x: x.softmax(1),
}

_KINDS: dict[str, Callable[[_Work, Node, Shape | None], Tensor]] = {
    "symbol": _Work.symbol,
    "number": _Work.number,
    **dict.fromkeys(_ARITHMETIC, _Work.both),
    "product": _Work.product,
    "∗": _Work.convolved,
    "⋆": _Work.correlated,
    "·": _Work.by_head,
    "Σ": _Work.summed,
    "mean": _Work.averaged,
    "std": _Work.deviation,
    "power": _Work.power,
    "call": _Work.call,
    "slope": _Work.slope,
    "where": _Work.where,
}
