"""The best options in one search space: options that cannot win dropped, then an exact solver.

Options that another beats are dropped first. Then label setting searches, or HiGHS where too many
tables are open at once or too many labels are made, behind a greedy plan that cuts its search down.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING

from cnncost.plans.decisions.cost_tables import CostTable, CostTables, SearchSpace
from cnncost.plans.search.integer_programme import NONE_YET, solve_nearest, solve_programme
from cnncost.plans.search.label_setting import Report, prepare_labels
from cnncost.plans.search.plan import SearchLimits, SearchOutcome

if TYPE_CHECKING:
    from cnncost.arrays import Bools, Floats, Ints

MOST_MADE = 1_000_000
"""Labels that a search makes before it is left to HiGHS."""

MOST_LABELLED = 4
"""Limits that label setting takes; bytes alive at each step are many more."""

REACH_SECONDS = 2.0
"""How long one variant is searched for how far it reaches."""


def solve_space(
    tables: CostTables,
    limits: SearchLimits,
    report: Report,
    prices: Sequence[float],
    find_cutoff: Callable[[], int | None],
) -> SearchOutcome:
    """Find the options of least score: by label setting where few layers are open at once and few
    labels serve, else by HiGHS.

    `find_cutoff` returns a score that some plan does not go above, or None: it is asked before
    HiGHS starts, whose programme is the smaller for it.
    """
    deadline = monotonic() + limits.seconds
    few = len(limits.budgets) <= MOST_LABELLED
    search = prepare_labels(tables, limits, report, prices, MOST_MADE) if few else None
    if search is None and limits.cutoff is None and _is_out_of_reach(tables, limits):
        return SearchOutcome(None)
    outcome = None if search is None or limits.forbidden else search.solve()
    if outcome is not None:
        return outcome
    if not limits.forbidden and (cutoff := find_cutoff()) is not None:
        limits = replace(limits, cutoff=cutoff)
    limits = replace(limits, seconds=max(deadline - monotonic(), 0.1))
    if search is None:
        return solve_programme(tables, limits, report)
    floors, known = search.find_floors(), search.best
    # A plan met on the way may be refuted already, or worse than the one behind the cutoff.
    if limits.forbidden or (limits.cutoff is not None and known.score > limits.cutoff):
        known = NONE_YET
    outcome = solve_programme(tables, limits, report, floors, known)
    return replace(outcome, prices=tuple(search.prices.tolist()))


def _is_out_of_reach(tables: CostTables, limits: SearchLimits) -> bool:
    """Whether no options hold the budgets, whatever they score: this is proved quickly."""
    if any(tables.floor(metric) > most for metric, most in limits.budgets.items()):
        return True
    tables = drop_dominated_options(tables, tuple(limits.budgets), scored=False)
    seconds = min(REACH_SECONDS, limits.seconds)
    _, factor = solve_nearest(tables, limits.budgets, limits.convolutions, seconds)
    return factor > 1 + 1e-6


def drop_dominated_options(
    tables: CostTables, metrics: Sequence[int], *, scored: bool = True
) -> CostTables:
    """Drop the options that another option of the same decision beats everywhere.

    >>> from cnncost.plans.decisions.cost_tables import tables_of
    >>> tables = tables_of([[0, 3, 4]], {(0,): [60, 40, 40]})
    >>> [edit.score for edit in drop_dominated_options(tables, [0]).decisions[0].options]
    [0, 3]

    One option beats another if it scores no higher, touches no more convolutions, and costs no
    more of any of the metrics whatever the other decisions choose. Without `scored` the scores
    do not count: what is left are the options that reach least.
    """
    import numpy as np

    arrays = [
        np.where(table.possible[..., None], table.costs[..., list(metrics)], np.inf)
        for table in tables.members
    ]
    kept: list[list[int]] = []
    for v, decision in enumerate(tables.decisions):
        views = [
            np.moveaxis(array, table.scope.index(v), 0)
            for table, array in zip(tables.members, arrays, strict=True)
            if v in table.scope
        ]
        alive = list(range(len(decision.options)))
        for k in range(len(decision.options) - 1, 0, -1):
            rivals = [other for other in alive if other != k]
            if any(_dominates(tables, views, v, (other, k), scored=scored) for other in rivals):
                alive.remove(k)
        alive = alive if scored else _drop_as_it_is(tables, views, v, alive)
        kept.append(alive)
    return tables.restrict(kept)


def drop_kinds(tables: CostTables, kinds: Collection[str]) -> CostTables:
    """The tables without the options of some kinds of edit."""
    if not kinds:
        return tables
    kept = [
        [k for k, edit in enumerate(decision.options) if edit.kind not in kinds]
        for decision in tables.decisions
    ]
    return tables.restrict(kept)


def _drop_as_it_is(
    tables: CostTables, views: Sequence[Bools], v: int, alive: list[int]
) -> list[int]:
    """Drop the option that edits nothing where another costs no more, and no convolution."""
    rivals = [k for k in alive if k]
    beaten = any(_dominates(tables, views, v, (other, 0), scored=False) for other in rivals)
    return rivals if beaten else alive


def _dominates(
    tables: CostTables, views: Sequence[Bools], v: int, pair: tuple[int, int], *, scored: bool
) -> bool:
    """Whether the first of two options of a decision beats the second."""
    other, k = pair
    one, two = tables.decisions[v].options[other], tables.decisions[v].options[k]
    if one.convolutions > two.convolutions or (scored and one.score > two.score):
        return False
    return all(bool((view[other] <= view[k]).all()) for view in views)


def choose_greedily(space: SearchSpace, budgets: Mapping[int, int]) -> tuple[int, ...] | None:
    """Take step by step the option that saves the most excess for its score; None where none
    saves any and a budget is still exceeded.

    The second decision saves 30 for a score of 4, the first only 20 for 3.

    >>> from cnncost.plans.decisions.cost_tables import tables_of
    >>> from cnncost.plans.edits.editable_spec import SpecText, read_editable_spec
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
        """For each row of costs the shares by which budgets are exceeded, added in the order of the
        budgets (the sums of floats depend on it)."""
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
