"""How near plans come to budgets that no plan holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from math import inf
from typing import NamedTuple

from cnncost.plans.decisions.budget_limits import limit_tables
from cnncost.plans.decisions.cost_tables import CostTables
from cnncost.plans.edits.budget import Budget
from cnncost.plans.edits.clock import TimeOverError
from cnncost.plans.edits.meter import Measures
from cnncost.plans.edits.placed_layers import Costs
from cnncost.plans.search.compound_variants import LazyVariant, SpatialVariants
from cnncost.plans.search.integer_programme import solve_nearest, solve_programme
from cnncost.plans.search.label_setting import find_least, solve_by_labels
from cnncost.plans.search.plan import Plan, SearchLimits, SearchOutcome, SpatialVariant
from cnncost.plans.search.space_solver import MOST_LABELLED, REACH_SECONDS, drop_dominated_options


class NearestPlan(NamedTuple):
    """The plan that is nearest to budgets that none holds."""

    plan: Plan | None
    proved: bool
    """Whether no plan comes nearer."""


def find_nearest_plan(variants: SpatialVariants, budgets: Sequence[Budget]) -> NearestPlan:
    """Find the plan whose worst excess, as a share of its budget, is least.

    Raises:
        TimeOverError: there was no time to look at any plan.
    """
    clock = variants.clock

    def excess_of(after: Measures) -> float:
        return max(after[budget.metric] / budget.most for budget in budgets)

    reaching, complete = variants.furthest(excess_of)
    limiting = (_limited_variant(variants, lazy, budgets) for lazy in reaching)
    limited, in_time = clock.gather(limiting, inf)
    proved = complete and in_time
    if not limited:
        raise TimeOverError
    floors = [
        max(variant.space.tables.floor(metric) / most for metric, most in limits.items())
        for variant, limits in limited
    ]
    best: tuple[float, Callable[[], Plan | None]] | None = None
    # The variants that may come nearest first; one that cannot come nearer is not searched.
    for floor, (variant, limits) in sorted(
        zip(floors, limited, strict=True), key=lambda pair: pair[0]
    ):
        if best is not None and floor >= best[0]:
            break
        if best is not None and clock.left <= 0:
            proved = False
            break
        costs, certain = _nearest_costs(variant, limits)
        proved = proved and certain
        excess = max(costs[metric] / most for metric, most in limits.items())
        if best is None or excess < best[0]:
            best = (
                excess,
                partial(_least_damaging, variant, _amounts_to_reach(costs, limits, len(budgets))),
            )
    assert best is not None  # the spec as it stands is always offered
    return NearestPlan(best[1](), proved)


def _limited_variant(
    variants: SpatialVariants, lazy: LazyVariant, budgets: Sequence[Budget]
) -> tuple[SpatialVariant, dict[int, int]]:
    """Build a variant with the limits of all budgets, those that nothing exceeds included."""
    variant = variants.variant(lazy)
    ruled = variant.space.with_rules(variant.space.rules)
    space, limits = limit_tables(ruled, budgets, every=True)
    return replace(variant, space=space), limits


def _nearest_costs(variant: SpatialVariant, limits: Mapping[int, int]) -> tuple[Costs, bool]:
    """Find what the options of one variant that come nearest cost; and whether that is proved."""
    space = variant.space
    tables = drop_dominated_options(space.tables, tuple(limits), scored=False)
    seconds = _seconds_for(variant)
    outcome = _solve_furthest(tables, limits, space.convolutions, seconds)
    if outcome is None:
        outcome, _ = solve_nearest(tables, limits, space.convolutions, _seconds_for(variant))
    # In no time at all: the spec as it is.
    costs = tables.costs(outcome.chosen or (0,) * len(tables.decisions))
    assert costs is not None  # the solver picks possible combinations
    return costs, outcome.proved


def _seconds_for(variant: SpatialVariant) -> float:
    """How long one variant may be searched still."""
    return max(0.0, min(REACH_SECONDS, variant.space.editable.clock.left))


def _solve_furthest(
    tables: CostTables, limits: Mapping[int, int], convolutions: int, seconds: float
) -> SearchOutcome | None:
    """Find the options that take least of the metric that stays furthest above its limit.

    None come nearer if the other metrics can come as near beside it; None where that is not proved.
    """
    if len(limits) > MOST_LABELLED:
        return None
    alone: dict[int, tuple[int, SearchOutcome]] = {}
    asked = SearchLimits({}, convolutions, seconds=seconds)
    for metric in limits:
        outcome = find_least(tables, metric, asked)
        if outcome is None or outcome.chosen is None or not outcome.proved:
            return None
        costs = tables.costs(outcome.chosen)
        assert costs is not None  # the solver picks possible combinations
        alone[metric] = costs[metric], outcome
    furthest = max(limits, key=lambda metric: Fraction(alone[metric][0], limits[metric]))
    least, outcome = alone[furthest]
    others = {m: most * least // limits[furthest] for m, most in limits.items() if m != furthest}
    if not others:
        return outcome
    beside = find_least(tables, furthest, replace(asked, budgets=others))
    if beside is None or beside.chosen is None:
        return None
    costs = tables.costs(beside.chosen)
    return beside if costs is not None and costs[furthest] == least else None


def _amounts_to_reach(costs: Costs, limits: Mapping[int, int], budgets: int) -> dict[int, int]:
    """For each limit the amount that a plan must keep to, to be as near as these costs.

    With one budget it is the same amount for all its limits; with several, a limit that is held
    need not be held by more.
    """
    if budgets == 1:  # whose limits are one in counts, and of bytes one a step that may be a peak
        return dict.fromkeys(limits, max(costs[metric] for metric in limits))
    return {metric: max(costs[metric], most) for metric, most in limits.items()}


def _least_damaging(variant: SpatialVariant, reached: Mapping[int, int]) -> Plan | None:
    """Find the plan of least score among those of a variant that keep to these amounts.

    Edits that do not help to reach them, such as the width of a layer that goes, are no part of it.
    """
    space = variant.space
    limits = SearchLimits(reached, space.convolutions, seconds=_seconds_for(variant))
    tables = drop_dominated_options(space.tables, tuple(reached))
    outcome = solve_by_labels(tables, limits) or solve_programme(tables, limits)
    if outcome.chosen is None:  # not in time: the spec as it is
        outcome = SearchOutcome((0,) * len(tables.decisions), space.gain)
    return replace(variant, space=replace(space, tables=tables)).write_plan(outcome)


class SmallestAmount(NamedTuple):
    """How small a metric becomes."""

    value: int
    proved: bool
    """Whether no plan reaches less."""
    connections: int
    """Of the network that is so small."""


class UnmetBudgets(NamedTuple):
    """How near plans come to budgets that none of them holds."""

    least: Mapping[str, SmallestAmount]
    """The smallest value of each metric that has a budget, each taken alone."""
    binding: tuple[str, ...]
    """The metrics whose budget is out of reach even alone; all if only together."""
    nearest: Plan | None
    """The plan whose worst excess, as a share of its budget, is least; of those with its spatial
    change that come as near the one of the least score."""
    proved: bool
    """Whether no plan comes nearer."""


def find_unmet(variants: SpatialVariants, budgets: Sequence[Budget]) -> UnmetBudgets:
    """Find how small each metric can be, and the plan that is nearest to all budgets."""
    near = find_nearest_plan(variants, budgets)
    least = {
        budget.metric: _smallest_amount(
            budget, near if len(budgets) == 1 else find_nearest_plan(variants, [budget])
        )
        for budget in budgets
    }
    binding = tuple(b.metric for b in budgets if least[b.metric].value > b.most)
    names = tuple(budget.metric for budget in budgets)
    return UnmetBudgets(least, binding or names, near.plan, near.proved)


def _smallest_amount(budget: Budget, near: NearestPlan) -> SmallestAmount:
    if near.plan is None:
        return SmallestAmount(0, near.proved, 0)
    after = near.plan.after
    return SmallestAmount(after[budget.metric], near.proved, after["connections"])
