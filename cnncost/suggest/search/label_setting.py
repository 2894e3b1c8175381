"""The search by label setting: the plan of the least score within all budgets, proved.

A label is what a part of a plan has taken so far: its score and each resource. Variable after
variable every label is extended by every choice; dropped are labels that cannot end within the
budgets, that cannot end below the score looked for (by the Lagrangian bound to the end), and of
two in one state the one that is no better in anything. What is left at the end is the best.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from math import inf
from time import monotonic
from typing import Any, NamedTuple

from cnncost.suggest.decisions.cost_tables import Tables
from cnncost.suggest.search.dominance import undominated
from cnncost.suggest.search.elimination import Bound, Chain, chained
from cnncost.suggest.search.plan import Limits, Outcome

Report = Callable[[float, float], None]

MOST_LABELS = 300_000
"""Labels held at once; a search that needs more is left to the general solver."""

ROUNDS = 120
"""How often the prices are improved."""

TOLERANCE = 1e-3
"""Far below one unit of score, far above what floating-point sums of them lose."""


class _Prices(NamedTuple):
    """What the best prices of the resources say."""

    bound: Bound
    least: float
    """No plan scores less."""
    chosen: tuple[int, ...] | None
    """The best plan within the budgets met on the way."""
    score: int


def solve(
    tables: Tables,
    limits: Limits,
    report: Report | None = None,
    prices: Sequence[float] = (),
) -> Outcome | None:
    """The best plan within the limits; None where label setting is not the way.

    `report` is told the best score found so far and the bound, in score units. `prices` are
    those of an outcome under the same budgets: a start that saves time.
    """
    if limits.forbidden:
        return None
    metrics = tuple(limits.budgets)
    chain = chained(tables, metrics)
    return None if chain is None else _Labels(chain, limits, report, prices).solve()


def smallest(tables: Tables, metric: int, limits: Limits) -> Outcome | None:
    """The choices that take least of a metric, its part above the tables' floor as their score;
    None where label setting is not the way."""
    chain = chained(tables, tuple(limits.budgets), metric)
    return None if chain is None else _Labels(chain, limits, None, ()).solve()


class _Labels:
    """One search."""

    def __init__(
        self, chain: Chain, limits: Limits, report: Report | None, prices: Sequence[float]
    ) -> None:
        import numpy as np

        self.chain = chain
        self.report = report
        self.deadline = monotonic() + limits.seconds
        base = [chain.tables.base[metric] for metric in chain.metrics]
        budgets = [limits.budgets[metric] for metric in chain.metrics]
        room = [most - taken for most, taken in zip(budgets, base, strict=True)]
        self.room = np.array([*room, limits.convolutions], dtype=np.int64)
        self.scales = np.maximum(np.array([*budgets, limits.convolutions], dtype=np.float64), 1)
        highest = chain.highest
        self.ceiling = highest if limits.cutoff is None else min(highest, limits.cutoff)
        self.tolerance = max(TOLERANCE, highest * 1e-12)
        units = [[0.0] * (len(room) + 2) for _ in [*room, 0]]
        for resource, unit in enumerate(units, 1):
            unit[resource] = 1.0
        self.needs = [chain.ahead(unit) for unit in units]
        """What each resource takes at least to the end."""
        self.prices: Any = np.zeros(len(self.room))  # Any: numpy's array
        """What the share of a budget costs, in score: the best prices so far."""
        if len(prices) == len(self.room):
            self.prices = np.array(prices)

    def solve(self) -> Outcome | None:
        """The best plan; None where there would be too many labels."""
        outcome = self._solved()
        return outcome and replace(outcome, prices=tuple(self.prices.tolist()))

    def _solved(self) -> Outcome | None:
        if any(need.least > room for need, room in zip(self.needs, self.room, strict=True)):
            return Outcome(None)
        prices = self._prices()
        ceiling = self.ceiling if prices.chosen is None else prices.score
        if prices.least > ceiling + self.tolerance:
            return self._outcome(prices, prices.score, proved=True)
        least = max(0, _up(prices.least, self.tolerance))
        for target in _targets(least, ceiling):
            if self.report is not None:
                self.report(prices.score, least)
            if monotonic() > self.deadline:
                return self._outcome(prices, least, proved=False)
            try:
                found = self._extended(prices.bound, prices.least, target)
            except _TimeOverError:
                return self._outcome(prices, least, proved=False)
            except _TooManyError:
                return None
            if found is not None:
                chosen, score = found
                return Outcome(chosen, score, score, exact=float(score))
            least = target + 1
        return self._outcome(prices, prices.score, proved=True)

    def _outcome(self, prices: _Prices, bound: int, *, proved: bool) -> Outcome:
        if prices.chosen is None:
            return Outcome(None, bound=bound, proved=proved)
        return Outcome(prices.chosen, prices.score, bound, proved, float(bound))

    def _prices(self) -> _Prices:
        """Prices of the resources whose bound is high: a subgradient's way (Polyak's step)."""
        import numpy as np

        prices = self.prices
        bound = self.chain.ahead([1.0, *(prices / self.scales)])
        # Prices of another search may start anywhere below: a bound of -10 is a bound.
        best: tuple[float, Bound] = (-inf, bound)
        chosen, score, pace, since = None, self.ceiling + 1, 1.0, 0
        for _ in range(ROUNDS):
            value = bound.least - float(prices @ (self.room / self.scales))
            since += 1
            if value > best[0]:
                since = since if value < best[0] + 0.5 else 0
                best = value, bound
                self.prices = prices
            picked = bound.choices()
            amounts = self._amounts(picked)
            over = (amounts[1:] - self.room) / self.scales
            if (over <= 0).all() and amounts[0] < score:
                chosen, score = picked, int(amounts[0])
            if best[0] > score - 1 + self.tolerance:
                break
            if since >= 5:
                pace, since = pace / 2, 0
            length = float(over @ over)
            if length == 0 or pace < 0.01 or monotonic() > self.deadline:
                break
            # The aim lies above the bound even where the best known score is met nearly.
            step = pace * (max(score, best[0] + 1) - value) / length
            prices = np.maximum(prices + step * over, 0)
            bound = self.chain.ahead([1.0, *(prices / self.scales)])
        return _Prices(best[1], best[0], chosen, score)

    def _amounts(self, chosen: Sequence[int]) -> Any:  # Any: numpy's array
        """The score and the resources of a plan."""
        import numpy as np

        total: Any = np.zeros(len(self.room) + 1, dtype=np.int64)
        for stage in self.chain.stages:
            at = [chosen[v] for v in (*stage.before, stage.variable)]
            sizes = stage.costs.shape[:-1]
            total += stage.costs[tuple([k if n > 1 else 0 for k, n in zip(at, sizes, strict=True)])]
        return total

    def _extended(
        self, bound: Bound, least: float, target: int
    ) -> tuple[tuple[int, ...], int] | None:
        """The best plan that scores at most `target`, with its score.

        Of equal scores the one that takes least of the first resource, then of the second, and
        so on; of equals in everything the one whose choices come first in their order.
        """
        import numpy as np

        price = float(least - bound.least)  # what the prices credit for the room that there is
        labels: Any = np.zeros((1, len(self.room) + 1), dtype=np.int64)
        states: Any = np.zeros(1, dtype=np.int64)
        back: list[tuple[Any, Any]] = []  # Any: numpy's arrays
        for step, stage in enumerate(self.chain.stages, 1):
            if monotonic() > self.deadline:
                raise _TimeOverError
            labels, states, parents, picks = self._grown(stage, labels, states)
            keep = self._promising(step, bound, labels, states, target - price)
            if not keep.any():
                return None
            labels, states, parents, picks = (a[keep] for a in (labels, states, parents, picks))
            keep = undominated(labels, states)
            labels, states = labels[keep], states[keep]
            back.append((parents[keep], picks[keep]))
        at = 0  # labels are in the order of their amounts
        score = int(labels[at, 0])
        if score > target:  # the prices credit it for room that it leaves
            return None
        chosen = [0] * len(self.chain.sizes)
        for stage, (parents, picks) in zip(
            reversed(self.chain.stages), reversed(back), strict=True
        ):
            chosen[stage.variable] = int(picks[at])
            at = int(parents[at])
        return tuple(chosen), score

    def _grown(self, stage: Any, labels: Any, states: Any) -> tuple[Any, ...]:  # numpy's arrays
        """Every label extended by every choice: amounts, states, parents, choices."""
        import numpy as np

        size = self.chain.sizes[stage.variable]
        if len(labels) * size > MOST_LABELS:
            raise _TooManyError
        shape = [self.chain.sizes[v] for v in stage.before]
        parents: Any = np.repeat(np.arange(len(labels)), size)
        picks = np.tile(np.arange(size), len(labels))
        at = (*_unravelled(states[parents], shape), picks)
        own = stage.costs.shape[:-1]
        costs = stage.costs[tuple([k if n > 1 else 0 for k, n in zip(at, own, strict=True)])]
        axes = (*stage.before, stage.variable)
        new: Any = np.zeros(len(parents), dtype=np.int64)
        for v, k in zip(axes, at, strict=True):
            if v in stage.after:
                new = new * self.chain.sizes[v] + k
        return labels[parents] + costs, new, parents, picks

    def _promising(self, step: int, bound: Bound, labels: Any, states: Any, most: float) -> Any:
        """Which labels can end within the budgets and the score; Any: numpy's arrays."""
        rest = bound.totals[step].reshape(-1)[states]
        near = labels @ bound.prices + rest <= most + self.tolerance
        fits = (labels[:, 1:] + self._needed[step][states] <= self.room).all(axis=1)
        return near & fits

    @cached_property
    def _needed(self) -> list[Any]:  # Any: numpy's arrays
        """After each step: what each resource takes at least to the end, from each state."""
        import numpy as np

        steps = zip(*(need.totals for need in self.needs), strict=True)
        return [np.stack([total.reshape(-1) for total in step], axis=-1) for step in steps]


class _TimeOverError(Exception):
    """The time is over."""


class _TooManyError(Exception):
    """There are too many labels."""


def _up(value: float, tolerance: float) -> int:
    """The least whole score that is not below a bound."""
    return int(-((-value + tolerance) // 1))


def _targets(least: int, most: int) -> list[int]:
    """Scores to look below, one after another: few labels first."""
    gap = most - least
    return list(dict.fromkeys(least + gap * part // 64 for part in (2, 8, 32, 48, 64)))


def _unravelled(states: Any, shape: Sequence[int]) -> tuple[Any, ...]:  # Any: numpy's arrays
    import numpy as np

    return np.unravel_index(states, shape) if shape else ()
