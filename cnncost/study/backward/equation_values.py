"""The values of a network's equations: random parameters and inputs, then line by line."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import prod, sqrt
from typing import TYPE_CHECKING, NamedTuple, cast

from cnncost.study.backward.backward_pass import BackwardPass
from cnncost.study.backward.equation import Equation
from cnncost.study.backward.formula_values import FormulaWork, count_numbers, list_ranges
from cnncost.study.backward.gradient_expression import ParameterSymbol, Symbol
from cnncost.study.backward.index_form import write_indices
from cnncost.study.backward.index_inputs import find_vocabularies
from cnncost.study.backward.index_letters import EXAMPLE
from cnncost.study.backward.index_writer import IndexEquation
from cnncost.study.backward.scalar_formula import IndexRange
from cnncost.study.backward.symbol_sizes import UNSHARED, find_mask, list_symbol_sizes
from cnncost.study.backward.time_steps import EquationGroup, group_equations
from cnncost.study.convolution_matrix import list_entries

if TYPE_CHECKING:
    from cnncost.arrays import Floats
    from cnncost.layers.convolution import Convolving
    from cnncost.network import Node

Entry = tuple[int, ...]
"""The indices of one number of a tensor, its example first."""


class Push(NamedTuple):
    """One number of a tensor, and how far it is moved."""

    symbol: Symbol
    place: Entry
    step: float


class EquationValues:
    """The numbers of every symbol; each tensor has the examples on its first axis, and parameters
    one in their place."""

    def __init__(self, found: BackwardPass, examples: int, seed: int) -> None:
        import numpy as np

        self.found = found
        self.examples = examples
        self.generator = np.random.default_rng(seed)
        self.sizes = list_symbol_sizes(found)
        self.written: dict[int, IndexEquation] = {}
        self.tensors: dict[Symbol, Floats] = {}
        self.masks: dict[Symbol, Floats] = {}
        """The mask of each kernel that does not see all maps."""
        self.forward_groups = group_equations(found.forward)
        self._draw_all()

    def _draw_all(self) -> None:
        """Draw the inputs, the parameters, the masks, and the loss by every output."""
        network = self.found.network
        vocabularies = find_vocabularies(network)
        for node in network.inputs:
            symbol, dims = self.found.values[node.index], (self.examples, *node.output.dims)
            words = vocabularies.get(node.index)
            drawn = self._draw(*dims) if words is None else self._draw_indices(words, dims)
            self.tensors[symbol] = drawn
        for symbol, size in self.sizes.items():
            if symbol.word in ("m", "M") and symbol not in self.found.values:
                self.tensors[symbol] = self._draw_mask(symbol, size.dims)
        for owned in self.found.parameters:
            self.tensors[owned.symbol] = self._draw_parameter(owned)
        for bar in self.found.given:
            self.tensors[bar] = self._draw(self.examples, *self.sizes[bar.base].dims)

    def _draw(self, *dims: int, scale: float = 1.0) -> Floats:
        drawn: Floats = self.generator.normal(0.0, scale, dims)
        return drawn

    def _draw_indices(self, words: int, dims: tuple[int, ...]) -> Floats:
        """Draw words, none twice in an example if there are enough of them."""
        import numpy as np

        examples, units = dims[0], prod(dims[1:])
        again = units > words
        rows = [self.generator.choice(words, units, replace=again) for _ in range(examples)]
        drawn: Floats = np.array(rows, dtype=float).reshape(dims)
        return drawn

    def _draw_mask(self, symbol: Symbol, dims: tuple[int, ...]) -> Floats:
        """Draw what dropping leaves, 0 or 2; a kernel's connections are given."""
        import numpy as np

        if symbol.word == "m":
            kept: Floats = self.generator.integers(0, 2, (self.examples, *dims)).astype(float)
            return kept + kept
        (node,) = (node for node in self.found.network.layers if node.name == symbol.of)
        mask = np.zeros((1, *dims))
        for row, maps in enumerate(getattr(node.layer, "connects", ())):
            mask[0, row, list(maps)] = 1
        if node.layer.word == UNSHARED:
            for entry in list_entries(cast("Node[Convolving]", node)):
                mask[0, entry.row, entry.column] = 1
        return mask

    def _draw_parameter(self, owned: ParameterSymbol) -> Floats:
        """Draw weights that keep the size of activations; where a filter sees no map they are 0."""
        dims = self.sizes[owned.symbol].dims
        drawn = self._draw(1, *dims, scale=1 / sqrt(prod(dims[1:])))
        mask = find_mask(owned)
        if mask is None:
            return drawn
        self.masks[owned.symbol] = self.tensors[mask]
        return drawn * self.tensors[mask]

    def run_forward(self) -> None:
        """Compute the forward equations in their order."""
        for group in self.forward_groups:
            self._run_group(group, self.tensors)

    def run_backward(self) -> None:
        """Compute the gradients in their order."""
        for group in group_equations(self.found.equations):
            self._run_group(group, self.tensors)

    def _run_group(
        self, group: EquationGroup, tensors: dict[Symbol, Floats], push: Push | None = None
    ) -> None:
        """Compute a group's equations; those through time one position after another.

        A push is added to one number as soon as that is computed, so that the positions behind it
        read what it makes of it.
        """
        import numpy as np

        if not group.direction:
            for equation in group.equations:
                tensors[equation.left] = self.compute(equation, tensors)
            return
        for equation in group.equations:
            dims = self.sizes[equation.left.base].dims
            tensors[equation.left] = np.zeros((self.examples, *dims))
        for at in group.order_positions(dims[-1]):
            for equation in group.equations:
                whole = tensors[equation.left]
                whole[..., at : at + 1] = self.compute(equation, tensors, position=at)
                if push and push.symbol == equation.left and push.place[-1] == at:
                    whole[push.place] += push.step

    def count_computations(self) -> int:
        """Count how often an equation is computed on the way forward, at one position or at all."""
        found = 0
        for group in self.forward_groups:
            positions = self.sizes[group.equations[0].left.base].dims[-1] if group.direction else 1
            found += positions * len(group.equations)
        return found

    def compute(
        self, equation: Equation, tensors: dict[Symbol, Floats], position: int | None = None
    ) -> Floats:
        """Compute an equation's right side for every entry of its left side, or for those at one
        position of its last axis."""
        written = self._write(equation)
        ranges = self._list_axes(written)
        work = FormulaWork(tensors, ranges, self.examples)
        dims = [one.size for one in written.ranges]
        if position is not None:
            work.hold_letter(written.ranges[-1].letter, position)
            dims[-1] = 1
        value = work.evaluate(written.right)
        whole: Floats = _spread(value, [self.examples, *dims], len(ranges))
        if not self.sizes[equation.left.base].shared:
            return whole
        if equation.left.accent:  # the gradients of a parameter add up
            total: Floats = whole.sum(0, keepdims=True)
            return total
        return whole[:1]

    def _write(self, equation: Equation) -> IndexEquation:
        key = id(equation)
        if key not in self.written:
            self.written[key] = write_indices(equation, self.sizes)
        return self.written[key]

    def _list_axes(self, written: IndexEquation) -> list[IndexRange]:
        """List the letters of an equation: examples, the left side's, those of sums."""
        ranges = [IndexRange(EXAMPLE, self.examples), *written.ranges]
        known = {one.letter for one in ranges}
        for one in list_ranges(written.right):
            if one.letter not in known:
                known.add(one.letter)
                ranges.append(one)
        return ranges

    def count_numbers(self, equation: Equation) -> int:
        """Return how many numbers the largest array has that computing an equation makes."""
        written = self._write(equation)
        sizes = {one.letter: one.size or self.examples for one in self._list_axes(written)}
        return self.examples * count_numbers(written.right, sizes)

    def choose_entries(self, symbol: Symbol, most: int) -> Iterator[Entry]:
        """Choose entries of a tensor at random, or all if there are no more."""
        tensor = self.tensors[symbol]
        places = list(product(*map(range, tensor.shape)))
        if symbol in self.masks:
            places = [place for place in places if self.masks[symbol][place]]
        if len(places) > most:
            picked = self.generator.choice(len(places), most, replace=False)
            places = [places[at] for at in sorted(picked)]
        yield from places

    def move_entry(self, symbol: Symbol, place: Entry, step: float) -> float:
        """Return how much the loss changes when one number of a tensor is moved by a step."""
        moved = dict(self.tensors)
        moved[symbol] = moved[symbol].copy()
        moved[symbol][place] += step
        changed = {symbol}
        for group in self.forward_groups:
            is_moved = symbol in group.lefts
            if is_moved and not group.direction:
                continue
            reads = (part for equation in group.equations for part in equation.right.walk())
            if is_moved or not changed.isdisjoint(reads):
                self._run_group(group, moved, Push(symbol, place, step))
                changed |= group.lefts
        return sum(self._loss_change(moved[bar.base], bar) for bar in self.found.given)

    def _loss_change(self, moved: Floats, bar: Symbol) -> float:
        import numpy as np

        before = self.tensors[bar.base]
        # A window on padding alone has no largest unit: -inf stays what it was.
        change = np.where(moved == before, 0.0, moved) - np.where(moved == before, 0.0, before)
        return float((change * self.tensors[bar]).sum())


def _spread(value: Floats, dims: list[int], axes: int) -> Floats:
    """Spread a value over the axes of the left side, and drop the axes of its sums."""
    import numpy as np

    return np.broadcast_to(value, [*dims, *[1] * (axes - len(dims))]).reshape(dims)
