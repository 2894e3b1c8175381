"""The search as a mixed-integer programme, for spaces too entangled for label setting.

Each decision picks one option (binary, one of them 1). Each cost table over several decisions
has one continuous column a combination, whose sums over all but one decision equal that
decision's option (the local polytope): with whole options exactly one combination is 1. Budgets
are rows. The whole programme is solved only as a linear one, whose duals say what plans score at
least with each option; then the core of the plans up to a score is solved, one score after another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import ceil, inf
from time import monotonic

from cnncost.linear_programme import LinearProgramme, find_duals, solve_whole
from cnncost.plans.decisions.cost_tables import CostTable, CostTables
from cnncost.plans.edits.clock import Clock, TimeOverError
from cnncost.plans.edits.placed_layers import Costs
from cnncost.plans.search.plan import SearchLimits, SearchOutcome
from cnncost.plans.search.score_floors import TOLERANCE, ReducedCosts, ScoreFloors

SCALE = 1000.0
"""A budget row is scaled so that today's network takes about this."""

RUNG, STEEPER = 4, 2
"""Up to how much above the bound the first core reaches; how many times as far each next one."""

ENOUGH = 10.0
"""Seconds for which a core is searched for a plan that is hardly better (`SearchLimits.within`)."""

NONE_YET = SearchOutcome(None, proved=False)

Report = Callable[[float, float], None]


@dataclass
class _TableProgramme(LinearProgramme):
    """The programme of some tables."""

    options: list[list[int]] = field(default_factory=list)
    """For each decision the columns of its options."""
    combinations: list[list[int]] = field(default_factory=list)
    """For each table those of its possible combinations."""

    def options_of(self, values: Sequence[float]) -> tuple[int, ...]:
        """Return the option of each decision whose column is 1."""
        picked = [[values[column] for column in mine] for mine in self.options]
        return tuple([mine.index(max(mine)) for mine in picked])


def solve_programme(
    tables: CostTables,
    limits: SearchLimits,
    report: Report | None = None,
    floors: ScoreFloors | None = None,
    known: SearchOutcome = NONE_YET,
) -> SearchOutcome:
    """Find the options of least score within the limits.

    >>> from cnncost.plans.decisions.cost_tables import tables_of
    >>> tables = tables_of([[0, 3], [0, 4]], {(0, 1): [[60, 30], [40, 20]]})
    >>> solve_programme(tables, SearchLimits({0: 45}, convolutions=0)).chosen
    (1, 0)

    `report` is told the best score found so far and the bound, in score units. `floors` are what
    plans score at least, and `known` a plan, where these are known already.
    """
    deadline = monotonic() + limits.seconds
    if floors is None:
        clock = Clock()
        try:
            with clock.until(deadline):
                floors = find_floors(tables, limits, clock)
        except TimeOverError:
            return SearchOutcome(None, proved=False)
    if floors is None:
        return SearchOutcome(None)
    return _CoreSearch(tables, limits, floors, known, deadline, report).climb()


def find_floors(tables: CostTables, limits: SearchLimits, clock: Clock) -> ScoreFloors | None:
    """Solve the programme of whole tables as a linear one; None where no options hold it."""
    model = _build_programme(tables, limits, clock, _costs_today(tables))
    duals = None if model is None else find_duals(model, clock.left)
    if model is None or duals is None:
        return None
    constant, reduced = model.reduce_costs(duals)
    options, combinations = model.options, model.combinations
    return ReducedCosts(
        tables, constant, [reduced[own] for own in options], [reduced[own] for own in combinations]
    ).floors()


@dataclass
class _CoreSearch:
    """One search: the plans up to a score, then up to a higher one."""

    tables: CostTables
    limits: SearchLimits
    floors: ScoreFloors
    best: SearchOutcome
    """The best plan so far."""
    deadline: float
    report: Report | None

    def __post_init__(self) -> None:
        self.bound = max(0, ceil(self.floors.least - TOLERANCE))
        """No plan scores less."""
        highest = sum(max(edit.score for edit in one.options) for one in self.tables.decisions)
        cutoff = self.limits.cutoff
        self.ceiling = highest if cutoff is None else min(highest, cutoff)
        if self.best.chosen is not None:
            self.ceiling = min(self.ceiling, self.best.score - 1)
        self.today = _costs_today(self.tables)

    def climb(self) -> SearchOutcome:
        """Search core after core: each has all plans up to a score."""
        start, reach = self.bound, RUNG
        while self.bound <= self.ceiling and self.deadline > monotonic():
            if self.report is not None:
                self.report(self.ceiling + 1, self.bound)
            target = min(start + reach, self.ceiling)
            outcome = self._search_core(target, self._seconds_for(target))
            if outcome.chosen is not None:
                self.best, self.ceiling = outcome, outcome.score - 1
            self.bound = max(self.bound, outcome.bound)
            last = outcome.chosen is None and target == self.ceiling
            if not outcome.proved and (last or self._is_near):
                break
            reach *= STEEPER
        proved = self.bound > self.ceiling
        return replace(self.best, bound=self.bound, proved=proved, exact=float(self.bound))

    @property
    def _is_near(self) -> bool:
        """Whether a plan is known that no other is much better than."""
        known = self.best.chosen is not None or self.limits.cutoff is not None
        return known and self.ceiling + 1 - self.bound <= self.limits.within

    def _seconds_for(self, target: int) -> float:
        """How long a core is searched. While no plan is known it leaves half of the time to larger
        ones: a plan of these is better than none."""
        left = self.deadline - monotonic()
        if self._is_near:
            return min(left, ENOUGH)
        known = self.best.chosen is not None or self.limits.cutoff is not None
        return left if known or target == self.ceiling else left / 2

    def _search_core(self, target: int, seconds: float) -> SearchOutcome:
        """Find the best plan that scores at most so much."""
        clock, until = Clock(), monotonic() + seconds
        none = SearchOutcome(None, bound=target + 1)
        core = self.floors.keep_up_to(self.tables, target)
        if core is None:
            return none
        refuted = [core.pick_among_kept(chosen) for chosen in self.limits.forbidden]
        forbidden = tuple([own for own in refuted if own is not None])
        limits = replace(self.limits, cutoff=target, forbidden=forbidden)
        try:
            with clock.until(until):
                model = _build_programme(core.tables, limits, clock, self.today)
        except TimeOverError:
            return SearchOutcome(None, proved=False)
        if model is None:
            return none
        outcome = _solve(model, until - monotonic(), 0.5, self.report)  # scores are whole
        if outcome.chosen is not None:
            return replace(outcome, chosen=core.pick_among_all(outcome.chosen))
        return none if outcome.proved else replace(outcome, bound=min(outcome.bound, target + 1))


def _solve(
    model: _TableProgramme, seconds: float, gap: float, report: Report | None = None
) -> SearchOutcome:
    """Solve a programme, and say what it means for the decisions."""
    answer = solve_whole(model, seconds, gap, report)
    if answer.infeasible:
        return SearchOutcome(None)
    bound = ceil(answer.bound - 1e-4) if abs(answer.bound) < 1e9 else 0
    if answer.values is None:
        return SearchOutcome(None, bound=bound, proved=False)
    chosen = model.options_of(answer.values)
    score = round(sum(model.costs[own[k]] for own, k in zip(model.options, chosen, strict=True)))
    bound = score if answer.optimal else min(bound, score)
    return SearchOutcome(chosen, score, bound, answer.optimal, answer.bound)


def solve_nearest(
    tables: CostTables, budgets: Mapping[int, int], convolutions: int, seconds: float
) -> tuple[SearchOutcome, float]:
    """Find the options whose worst excess over the budgets is least; return them with a bound on
    it.

    The excess is what a metric takes as a share of its budget; where the bound is above 1 no
    options hold all budgets. A budget of 0 stands for today's value.
    """
    limits = SearchLimits(budgets, convolutions, seconds=seconds)
    model = _build_programme(tables, limits, Clock(), _costs_today(tables), excess=True)
    assert model is not None  # an excess is allowed
    outcome = _solve(model, seconds, 1e-4)
    if outcome.chosen is None:
        return outcome, 0.0
    picked = zip(tables.decisions, outcome.chosen, strict=True)
    score = sum(decision.options[k].score for decision, k in picked)
    return replace(outcome, score=score), outcome.exact / SCALE


def _costs_today(tables: CostTables) -> Costs:
    return tables.costs((0,) * len(tables.decisions)) or tables.base


def _build_programme(
    tables: CostTables,
    limits: SearchLimits,
    clock: Clock,
    today: Costs,
    *,
    excess: bool = False,
) -> _TableProgramme | None:
    """Build the programme; None where what no option reaches is over a budget already.

    `today` is what the network takes. With `excess` the aim is instead the least factor by which
    all budgets are exceeded.
    """
    model = _TableProgramme()
    for decision in tables.decisions:
        scores = [0.0 if excess else float(edit.score) for edit in decision.options]
        model.options.append([model.add_column(score, whole=True) for score in scores])
        model.add_row(1, 1, dict.fromkeys(model.options[-1], 1.0))
    metrics: dict[int, dict[int, float]] = {metric: {} for metric in limits.budgets}
    for part in clock.watch(tables.members):
        own = _add_combinations(model, part)
        for metric, terms in metrics.items():
            amounts = part.costs[..., metric][part.possible]
            for at in amounts.nonzero()[0].tolist():
                terms[own[at]] = terms.get(own[at], 0.0) + int(amounts[at])
    factor = model.add_column(SCALE, most=inf) if excess else None
    for metric, most in limits.budgets.items():
        room = most - tables.base[metric]
        if room < 0 and factor is None:
            return None
        scale = SCALE / max(today[metric], 1)
        uses = {column: cost * scale for column, cost in metrics[metric].items()}
        if factor is not None:
            # Without a budget to exceed the aim is the metric itself, as a share of today's.
            uses[factor] = -(most or today[metric]) * scale
            room = -tables.base[metric]
        model.add_row(-inf, room * scale, uses)
    _limit_edits(model, tables, limits)
    return model


def _add_combinations(model: _TableProgramme, table: CostTable) -> list[int]:
    """Add a column for each possible combination of a table's options, tied to the options' own
    columns; return them in the order of the combinations."""
    import numpy as np

    keys = np.argwhere(table.possible).tolist()
    if len(table.scope) == 1:
        mine = model.options[table.scope[0]]
        for (k,) in np.argwhere(~table.possible).tolist():
            model.add_row(0, 0, {mine[k]: 1.0})
        model.combinations.append([mine[k] for (k,) in keys])
        return model.combinations[-1]
    own = [model.add_column() for _ in keys]
    for position, v in enumerate(table.scope):
        of_options: list[dict[int, float]] = [{} for _ in model.options[v]]
        for key, column in zip(keys, own, strict=True):
            of_options[key[position]][column] = 1.0
        for edit, terms in zip(model.options[v], of_options, strict=True):
            model.add_row(0, 0, {**terms, edit: -1.0})
    model.combinations.append(own)
    return own


def _limit_edits(model: _TableProgramme, tables: CostTables, limits: SearchLimits) -> None:
    """Limit what is counted of the edits themselves, the score among it; and forbid plans."""
    for name, most in limits.counted.items():
        taken = {
            column: float(amount)
            for decision, mine in zip(tables.decisions, model.options, strict=True)
            for edit, column in zip(decision.options, mine, strict=True)
            if (amount := getattr(edit, name))
        }
        if sum(taken.values()) > most:
            model.add_row(-inf, most, taken)
    for chosen in limits.forbidden:
        picked = {model.options[v][k]: 1.0 for v, k in enumerate(chosen)}
        model.add_row(-inf, len(chosen) - 1, picked)
    if limits.cutoff is not None:
        model.add_row(-inf, limits.cutoff, {c: cost for c, cost in enumerate(model.costs) if cost})
