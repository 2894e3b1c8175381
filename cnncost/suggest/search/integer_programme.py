"""The search as a mixed-integer programme, for spaces too entangled for label setting.

Each decision picks one option (binary, one of them 1). Each cost table over several decisions
has one continuous column a combination, whose sums over all but one decision equal that
decision's option (the local polytope): with whole options exactly one combination is 1. Budgets
are rows. HiGHS (Huangfu & Hall 2018) proves the optimum.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from time import monotonic
from typing import Any

from cnncost.errors import CnncostError
from cnncost.suggest.decisions.cost_tables import CostTable, CostTables
from cnncost.suggest.edits.clock import Clock, TimeOverError
from cnncost.suggest.search.plan import SearchLimits, SearchOutcome

SCALE = 1000.0
"""A budget row is scaled so that today's network takes about this."""


@dataclass
class _Programme:
    """Columns and rows of the programme."""

    costs: list[float] = field(default_factory=list)
    most: list[float] = field(default_factory=list)
    whole: list[bool] = field(default_factory=list)
    rows: list[tuple[float, float, list[int], list[float]]] = field(default_factory=list)

    def add_column(self, cost: float = 0.0, *, whole: bool = False, most: float = 1.0) -> int:
        self.costs.append(cost)
        self.most.append(most)
        self.whole.append(whole)
        return len(self.costs) - 1

    def add_row(self, low: float, high: float, terms: Mapping[int, float]) -> None:
        self.rows.append((low, high, list(terms), list(terms.values())))


def solve_programme(
    tables: CostTables, limits: SearchLimits, progress: Callable[[float, float], None] | None = None
) -> SearchOutcome:
    """Find the options of least score within the limits.

    >>> from cnncost.suggest.decisions.cost_tables import tables_of
    >>> tables = tables_of([[0, 3], [0, 4]], {(0, 1): [[60, 30], [40, 20]]})
    >>> solve_programme(tables, SearchLimits({0: 45}, convolutions=0)).chosen
    (1, 0)

    `progress` is told the best score found so far and the bound, in score units.
    """
    columns: list[list[int]] = []
    clock, deadline = Clock(), monotonic() + limits.seconds
    try:
        with clock.until(deadline):
            model = _build_programme(tables, limits, columns, clock)
    except TimeOverError:
        return SearchOutcome(None, proved=False)
    limits = replace(limits, seconds=deadline - monotonic())
    return SearchOutcome(None) if model is None else _run_highs(model, columns, limits, progress)


def solve_nearest(
    tables: CostTables, budgets: Mapping[int, int], convolutions: int, seconds: float
) -> tuple[SearchOutcome, float]:
    """Find the options whose worst excess over the budgets is least; return them with a bound on
    it.

    The excess is what a metric takes as a share of its budget; where the bound is above 1 no
    options hold all budgets. A budget of 0 stands for today's value.
    """
    columns: list[list[int]] = []
    limits = SearchLimits(budgets, convolutions, seconds=seconds)
    model = _build_programme(tables, limits, columns, Clock(), excess=True)
    assert model is not None  # an excess is allowed
    outcome = _run_highs(model, columns, limits, None, gap=1e-4)
    if outcome.chosen is None:
        return outcome, 0.0
    picked = zip(tables.decisions, outcome.chosen, strict=True)
    score = sum(decision.options[k].score for decision, k in picked)
    return replace(outcome, score=score), outcome.exact / SCALE


def _build_programme(
    tables: CostTables,
    limits: SearchLimits,
    columns: list[list[int]],
    clock: Clock,
    *,
    excess: bool = False,
) -> _Programme | None:
    """Build the programme, and append the columns of each decision's options to `columns`; None
    where what no option reaches is over a budget already.

    With `excess` the aim is instead the least factor by which all budgets are exceeded.
    """
    model = _Programme()
    for decision in tables.decisions:
        scores = [0.0 if excess else float(edit.score) for edit in decision.options]
        mine = [model.add_column(score, whole=True) for score in scores]
        columns.append(mine)
        model.add_row(1, 1, dict.fromkeys(mine, 1.0))
    metrics: dict[int, dict[int, float]] = {metric: {} for metric in limits.budgets}
    for part in clock.watch(tables.members):
        own = _add_combinations(model, columns, part)
        for metric, terms in metrics.items():
            amounts = part.costs[..., metric][part.possible]
            for at in amounts.nonzero()[0].tolist():
                terms[own[at]] = terms.get(own[at], 0.0) + int(amounts[at])
    factor = model.add_column(SCALE, most=inf) if excess else None
    today = tables.costs((0,) * len(columns)) or tables.base
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
    _limit_edits(model, tables, columns, limits)
    for chosen in limits.forbidden:
        picked = {columns[v][k]: 1.0 for v, k in enumerate(chosen)}
        model.add_row(-inf, len(chosen) - 1, picked)
    if limits.cutoff is not None:
        whole = {c: cost for c, cost in enumerate(model.costs) if cost}
        model.add_row(-inf, limits.cutoff, whole)
    return model


def _add_combinations(
    model: _Programme, columns: Sequence[Sequence[int]], table: CostTable
) -> list[int]:
    """Add a column for each possible combination of a table's options, tied to the options' own
    columns; return them in the order of the combinations."""
    import numpy as np

    keys = np.argwhere(table.possible).tolist()
    if len(table.scope) == 1:
        mine = columns[table.scope[0]]
        for (k,) in np.argwhere(~table.possible).tolist():
            model.add_row(0, 0, {mine[k]: 1.0})
        return [mine[k] for (k,) in keys]
    own = [model.add_column() for _ in keys]
    for position, v in enumerate(table.scope):
        of_options: list[dict[int, float]] = [{} for _ in columns[v]]
        for key, column in zip(keys, own, strict=True):
            of_options[key[position]][column] = 1.0
        for edit, terms in zip(columns[v], of_options, strict=True):
            model.add_row(0, 0, {**terms, edit: -1.0})
    return own


def _limit_edits(
    model: _Programme, tables: CostTables, columns: Sequence[Sequence[int]], limits: SearchLimits
) -> None:
    """Limit what is counted of the edits themselves."""
    for name, most in limits.counted.items():
        taken = {
            column: float(amount)
            for decision, mine in zip(tables.decisions, columns, strict=True)
            for edit, column in zip(decision.options, mine, strict=True)
            if (amount := getattr(edit, name))
        }
        if sum(taken.values()) > most:
            model.add_row(-inf, most, taken)


def _run_highs(
    model: _Programme,
    columns: Sequence[Sequence[int]],
    limits: SearchLimits,
    progress: Callable[[float, float], None] | None,
    gap: float = 0.5,
) -> SearchOutcome:
    highs = _make_highs(limits, gap)
    _pass_programme(highs, model)
    if progress is not None:
        report = progress
        highs.cbMipImprovingSolution += lambda e: report(
            e.data_out.mip_primal_bound, e.data_out.mip_dual_bound
        )
    _run_within(highs, limits.seconds)
    import highspy

    status = highs.getModelStatus()
    if status == highspy.HighsModelStatus.kInfeasible:
        return SearchOutcome(None)
    info = highs.getInfo()
    feasible = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    bound = int(-(-(info.mip_dual_bound - 1e-4) // 1)) if abs(info.mip_dual_bound) < 1e9 else 0
    if not feasible:
        return SearchOutcome(None, bound=bound, proved=False)
    values = highs.getSolution().col_value
    picked = [[values[column] for column in mine] for mine in columns]
    chosen = tuple([mine.index(max(mine)) for mine in picked])
    score = round(sum(model.costs[mine[k]] for mine, k in zip(columns, chosen, strict=True)))
    optimal = status == highspy.HighsModelStatus.kOptimal
    return SearchOutcome(
        chosen, score, score if optimal else min(bound, score), optimal, info.mip_dual_bound
    )


def _run_within(highs: Any, seconds: float) -> None:  # Any: highspy has no types
    """Run HiGHS for at most so many seconds: it looks at its own time limit late.

    It runs in a thread: an exception in its callbacks, as Ctrl-C raises, would be lost there.
    """
    from threading import Event, Thread

    ended = Event()  # Thread.join() takes a thread for ended once Ctrl-C has interrupted it

    def run() -> None:
        try:
            highs.run()
        finally:
            ended.set()

    highs.HandleUserInterrupt = True
    Thread(target=run, daemon=True).start()
    try:
        ended.wait(seconds)
    finally:
        highs.cancelSolve()
        ended.wait()


def _make_highs(limits: SearchLimits, gap: float) -> Any:  # Any: highspy has no types
    try:
        import highspy
    except ModuleNotFoundError:
        raise CnncostError("highspy is not installed", "pip install highspy") from None

    class Quiet(highspy.Highs):  # type: ignore[misc]  # its class has no types
        def enableCallbacks(self) -> None:  # noqa: N802  HiGHS' name
            # Called while it is made; the first thing that could print its banner.
            self.setOptionValue("output_flag", False)
            super().enableCallbacks()

    highs = Quiet()
    for option, value in (
        ("output_flag", False),
        ("mip_rel_gap", 0.0),
        ("mip_abs_gap", gap),  # scores are whole: less than one is no difference
        ("time_limit", float(limits.seconds)),
        ("threads", 1),
        ("random_seed", 0),
        ("mip_detect_symmetry", False),
    ):
        highs.setOptionValue(option, value)
    return highs


def _pass_programme(highs: Any, model: _Programme) -> None:  # Any: highspy has no types
    import highspy
    import numpy as np

    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(model.costs), len(model.rows)
    lp.col_cost_ = np.array(model.costs)
    lp.col_lower_ = np.zeros(len(model.costs))
    lp.col_upper_ = np.array(model.most)
    lp.row_lower_ = np.array([row[0] for row in model.rows])
    lp.row_upper_ = np.array([row[1] for row in model.rows])
    kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
    lp.integrality_ = [kinds[whole] for whole in model.whole]
    starts = np.cumsum([0, *(len(row[2]) for row in model.rows)])
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = starts.astype(np.int32)
    lp.a_matrix_.index_ = np.array([i for row in model.rows for i in row[2]], dtype=np.int32)
    lp.a_matrix_.value_ = np.array([v for row in model.rows for v in row[3]])
    highs.passModel(lp)
