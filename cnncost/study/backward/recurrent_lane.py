"""One direction of one layer of a recurrent layer, and the parts that its gradients have: what one
position hands on to the next is the same map, shifted by one position."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from cnncost.study.backward.gradient_expression import Expression, Symbol, operator, total
from cnncost.study.backward.layer_use import GradientStep, SymbolSizes, Use

if TYPE_CHECKING:
    from cnncost.layers.recurrent import Recurrent


@dataclass(frozen=True)
class Lane:
    """One direction of one layer of a recurrent layer."""

    use: Use[Recurrent]
    number: int
    reverse: bool
    part: str
    """What its symbols have behind the layer's name; empty if it is the only one."""
    x: Symbol
    channels: int
    """Of `x`."""

    def parameter(self, letter: str) -> Symbol:
        return self.use.own_parameter(letter, self.part)

    def symbol(self, letter: str) -> Symbol:
        return self.use.own_symbol(letter, part=self.part)

    def before(self, of: Expression) -> Expression:
        """Write what the step before has made, in the column of the step that reads it."""
        return operator("later" if self.reverse else "earlier") @ of

    def behind(self, of: Expression) -> Expression:
        """Write what the next step sends back; the last step computed gets nothing."""
        return operator("earlier" if self.reverse else "later") @ of

    @property
    def steps(self) -> int:
        return self.use.shape.positions

    def keep(self, symbol: Symbol, value: Expression, *, read: int = 0) -> GradientStep:
        """Return an intermediate result of a number per hidden unit and position, each of which
        has `read` weights."""
        hidden = self.use.layer.hidden
        sizes = SymbolSizes((hidden, *self.use.shape.extents))
        return GradientStep(symbol, value, read * hidden * self.steps, sizes)

    def weighted(self, gate: str, state: Expression | None) -> Expression:
        """Write W x + U (state) + b + c for a gate; without U and c if there is no state."""
        terms: list[Expression] = [self.parameter(f"W{gate}") @ self.x]
        if state is not None:
            terms.append(self.parameter(f"U{gate}") @ state)
        if self.use.layer.bias:
            terms.append(self.parameter(f"b{gate}"))
            if state is not None and not self.use.layer.single_bias:
                terms.append(self.parameter(f"c{gate}"))
        return Expression("+", tuple(terms))

    def parameter_steps(
        self, gate: str, gradient: Symbol, state: Expression, sent: Symbol
    ) -> list[GradientStep]:
        """Return the gradients of a gate's parameters: `gradient` is of what W and b make, `sent`
        of what U makes of `state`, and c."""
        layer = self.use.layer
        unit = layer.hidden * self.steps
        found = [
            GradientStep(self.parameter(f"W{gate}"), gradient @ self.x.T, unit * self.channels),
            GradientStep(self.parameter(f"U{gate}"), sent @ state.T, unit * layer.state),
        ]
        if layer.bias:
            found.append(GradientStep(self.parameter(f"b{gate}"), total("p", gradient)))
            if not layer.single_bias:
                found.append(GradientStep(self.parameter(f"c{gate}"), total("p", sent)))
        return found

    def sent_back(self, gates: str, letter: str = "A") -> list[Expression]:
        """Write Uᵀ times what the next step's gates send back."""
        names = gates or ("",)
        return [
            self.parameter(f"U{g}").T @ self.behind(self.symbol(f"{letter}{g}").bar) for g in names
        ]


class LaneRule(NamedTuple):
    """What a lane computes forward, its gradients, and its parameters' gradients."""

    kept: list[GradientStep]
    steps: list[GradientStep]
    parameters: list[GradientStep]


def sum_of(terms: Sequence[Expression]) -> Expression:
    """Add up terms, of which there is at least one."""
    return Expression("+", tuple(terms)) if len(terms) > 1 else terms[0]


def state_step(lane: Lane, terms: list[Expression], gates: int) -> GradientStep:
    """Add up the gradient of the states: from above, and from the next step."""
    layer = lane.use.layer
    used = gates * layer.hidden * layer.state * (lane.steps - 1)
    return GradientStep(lane.symbol("H").bar, sum_of(terms), used)
