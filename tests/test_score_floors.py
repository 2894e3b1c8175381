"""What plans with an option score at least, and searches in cores, against all plans tried."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import partial
from itertools import product

import numpy as np
import pytest

from cnncost.plans.decisions.cost_tables import CostTables, tables_of
from cnncost.plans.edits.clock import Clock
from cnncost.plans.search import space_solver
from cnncost.plans.search.integer_programme import find_floors, solve_programme
from cnncost.plans.search.label_setting import prepare_labels
from cnncost.plans.search.plan import SearchLimits
from cnncost.plans.search.score_floors import ReducedCosts, ScoreFloors

Plans = dict[tuple[int, ...], int]
"""The options of every plan that holds the budget, and its score."""


def _random_tables(seed: int) -> tuple[CostTables, int, Plans]:
    """A ring of five decisions with some combinations ruled out, a budget, and all plans in it."""
    pick = random.Random(seed)
    sizes = [pick.randint(2, 4) for _ in range(5)]
    scores = [[0, *(pick.randint(1, 40) for _ in range(n - 1))] for n in sizes]
    scopes = [(0, 1), (1, 2), (2, 3), (3, 4), (0, 4), (2,), (1, 2, 4)]
    costs = {
        scope: np.array(
            [pick.randint(0, 60) for _ in product(*(range(sizes[v]) for v in scope))]
        ).reshape([sizes[v] for v in scope])
        for scope in scopes
    }
    tables = tables_of(scores, costs)
    members = [
        replace(one, possible=np.array([pick.random() < 0.9 for _ in range(one.possible.size)])
                .reshape(one.possible.shape))
        for one in tables.members
    ]  # fmt: skip
    for one in members:
        one.possible[(0,) * len(one.scope)] = True
    tables = replace(tables, members=tuple(members))
    budget = pick.randint(80, 260)
    plans = {}
    for chosen in product(*(range(n) for n in sizes)):
        taken = tables.costs(chosen)
        if taken is not None and taken[0] <= budget:
            plans[chosen] = sum(own[k] for own, k in zip(scores, chosen, strict=True))
    return tables, budget, plans


def _assert_floors(tables: CostTables, floors: ScoreFloors, plans: Plans) -> None:
    best = min(plans.values())
    assert floors.least <= best + 1e-6
    for chosen, score in plans.items():
        for v, k in enumerate(chosen):
            assert floors.options[v][k] <= score + 1e-6
        for table, own in zip(tables.members, floors.combinations, strict=True):
            assert own[tuple(chosen[v] for v in table.scope)] <= score + 1e-6
    core = floors.keep_up_to(tables, best)
    assert core is not None
    kept = [core.pick_among_kept(chosen) for chosen, score in plans.items() if score == best]
    assert all(chosen is not None and core.tables.costs(chosen) is not None for chosen in kept)
    assert floors.keep_up_to(tables, int(floors.least) - 1) is None


@pytest.mark.parametrize("block", range(4))
def test_no_plan_scores_below_its_floors(block: int) -> None:
    tried = 0
    for seed in range(25 * block, 25 * block + 25):
        tables, budget, plans = _random_tables(seed)
        if not plans:
            continue
        tried += 1
        limits = SearchLimits({0: budget}, convolutions=0)
        of_duals = find_floors(tables, limits, Clock())
        search = prepare_labels(tables, limits)
        assert of_duals is not None
        assert search is not None
        _assert_floors(tables, of_duals, plans)
        _assert_floors(tables, search.find_floors(), plans)
        # Whatever the prices: those of nothing are floors as well, the least scores of options.
        free = ReducedCosts(
            tables,
            0.0,
            [np.array([float(edit.score) for edit in one.options]) for one in tables.decisions],
            [np.zeros(int(table.possible.sum())) for table in tables.members],
        ).floors()
        _assert_floors(tables, free, plans)
    assert tried > 15


@pytest.mark.parametrize("block", range(4))
def test_cores_have_the_best_plan(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(space_solver, "MOST_MADE", 0)
    for seed in range(25 * block, 25 * block + 25):
        tables, budget, plans = _random_tables(seed)
        limits = SearchLimits({0: budget}, convolutions=0)
        best = min(plans.values(), default=None)
        handed_on = space_solver.solve_space(tables, limits, lambda *_: None, (), lambda: None)
        for outcome in (solve_programme(tables, limits), handed_on):
            assert outcome.proved
            assert (outcome.chosen and plans[outcome.chosen]) == best, seed
        if best is None:
            continue
        refuted = tuple(chosen for chosen, score in plans.items() if score == best)
        left = min((score for score in plans.values() if score > best), default=None)
        for behind in (replace(limits, forbidden=refuted), limits):
            # A plan that scores as much as the best that is left is known besides.
            aim = left if behind.forbidden else best
            cutoff = None if aim is None else partial(int, aim)
            second = space_solver.solve_space(
                tables, behind, lambda *_: None, (), cutoff or (lambda: None)
            )
            assert second.proved
            assert (second.chosen and plans[second.chosen]) == aim, seed
        second = solve_programme(tables, replace(limits, forbidden=refuted))
        assert (second.chosen and second.score) == left, seed
        above = replace(limits, cutoff=best - 1)
        none = space_solver.solve_space(tables, limits, lambda *_: None, (), partial(int, best - 1))
        for outcome in (solve_programme(tables, above), none):
            assert outcome.chosen is None
            assert outcome.proved


def test_without_time_nothing_is_proved() -> None:
    tables, budget, _ = _random_tables(1)
    outcome = solve_programme(tables, SearchLimits({0: budget}, convolutions=0, seconds=-1.0))
    assert outcome.chosen is None
    assert not outcome.proved
