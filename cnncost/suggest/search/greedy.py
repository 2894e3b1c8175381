"""The greedy search: a first plan that cuts the exact search down, never called the best."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cnncost.suggest.decisions.cost_tables import CostTable, SearchSpace

if TYPE_CHECKING:
    from cnncost.arrays import Bools, Floats, Ints


def choose_greedily(space: SearchSpace, budgets: Mapping[int, int]) -> tuple[int, ...] | None:
    """Take step by step the option that saves the most excess for its score; None where none
    saves any and a budget is still exceeded.

    The second decision saves 30 for a score of 4, the first only 20 for 3.

    >>> from cnncost.suggest.decisions.cost_tables import tables_of
    >>> from cnncost.suggest.text.editable_spec import SpecText, read_editable_spec
    >>> spec = read_editable_spec(SpecText("a.yaml", "input: [3, 8, 8]\\nlayers: [relu]"))
    >>> tables = tables_of([[0, 3], [0, 4]], {(0, 1): [[60, 30], [40, 20]]})
    >>> choose_greedily(SearchSpace(spec, tables, convolutions=0), {0: 30})
    (0, 1)

    `budgets` are by the metric's place among the costs. Structural replacements stay within
    what a plan may touch.

    Raises:
        TimeOverError: the spec's clock has run out.
    """
    steps = _GreedySteps(space, budgets)
    while steps.over > 0:
        space.editable.clock.check()
        if not steps.take_best_step():
            return None
    return tuple(steps.chosen)


class _GreedySteps:
    """The options so far, and what each next step would change: one row per option of each
    decision. A step changes only the rows of decisions that share a table with its own."""

    def __init__(self, space: SearchSpace, budgets: Mapping[int, int]) -> None:
        import numpy as np

        self.space, self.metrics = space, list(budgets)
        self.most = np.array([budgets[m] for m in self.metrics], dtype=np.float64)
        options = [decision.options for decision in space.decisions]
        self.starts: list[int] = np.cumsum([0, *map(len, options)]).tolist()
        self.scores = np.array([c.score for own in options for c in own], dtype=np.int64)
        self.touched = np.array([c.convolutions for own in options for c in own], dtype=np.int64)
        self.owners: Ints = np.repeat(np.arange(len(options)), [len(own) for own in options])
        self.chosen = [0] * len(options)
        self.tables_of: list[list[CostTable]] = [[] for _ in options]
        """For each decision the tables that it is in."""
        for table in space.tables.members:
            for v in table.scope:
                self.tables_of[v].append(table)
        now = space.tables.costs(self.chosen)
        assert now is not None  # as it is, it is a network
        self.now: Ints = np.array([now[m] for m in self.metrics], dtype=np.int64)
        self.changes: Ints = np.zeros((len(self.scores), len(self.metrics)), dtype=np.int64)
        """What each option adds to the costs as they are now."""
        self.possible: Bools = np.ones(len(self.scores), dtype=bool)
        for v in range(len(options)):
            space.editable.clock.check()
            self._update_rows(v)

    @property
    def over(self) -> float:
        """By how much the budgets are exceeded, as shares of each, added up."""
        return float(self._excess_of(self.now[None])[0])

    def take_best_step(self) -> bool:
        """Take the step that saves most excess for its score; False where none saves any."""
        import numpy as np

        rows = [self.starts[v] + k for v, k in enumerate(self.chosen)]
        dearer = self.scores - self.scores[rows][self.owners]
        touched = self.touched[rows]
        fits = int(touched.sum()) - touched[self.owners] + self.touched <= self.space.convolutions
        good = np.flatnonzero((dearer > 0) & fits & self.possible)
        worth = (self.over - self._excess_of(self.now + self.changes[good])) / dearer[good]
        if not len(good) or worth.max() <= 0:
            return False
        row = int(good[int(worth.argmax())])
        v = int(self.owners[row])
        self.now = self.now + self.changes[row]
        self.chosen[v] = row - self.starts[v]
        for w in dict.fromkeys([v, *(w for table in self.tables_of[v] for w in table.scope)]):
            self._update_rows(w)
        return True

    def _excess_of(self, costs: Ints) -> Floats:
        """One excess per row of costs; summed in the order of the budgets, as floats must be."""
        import numpy as np

        shares = np.maximum(0.0, costs / self.most - 1)
        total: Floats = np.zeros(len(costs))
        for column in range(shares.shape[1]):
            total = total + shares[:, column]
        return total

    def _update_rows(self, v: int) -> None:
        """Compute the rows of one decision anew."""
        rows = slice(self.starts[v], self.starts[v + 1])
        self.changes[rows], self.possible[rows] = 0, True
        for table in self.tables_of[v]:
            at = tuple([slice(None) if w == v else self.chosen[w] for w in table.scope])
            costs = table.costs[at][:, self.metrics]
            self.changes[rows] += costs - costs[self.chosen[v]]
            self.possible[rows] &= table.possible[at]
