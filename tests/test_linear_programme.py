"""Linear programmes, and what is said where HiGHS is not begun for want of memory."""

from __future__ import annotations

import pytest

from cnncost import linear_programme
from cnncost.linear_programme import LinearProgramme, find_duals, solve_whole
from cnncost.plans.decisions.cost_tables import tables_of
from cnncost.plans.search.integer_programme import solve_programme
from cnncost.plans.search.plan import SearchLimits

KNAPSACK = ((5.0, 3.0), (4.0, 2.0), (3.0, 1.0))
"""Costs and amounts: 5 and 3, 4 and 2, 3 and 1. At least 4 are wanted: the last two make 3, the
first and the last make 4 for 8."""


def knapsack() -> LinearProgramme:
    programme = LinearProgramme()
    columns = [programme.add_column(cost, whole=True) for cost, _ in KNAPSACK]
    amounts = [amount for _, amount in KNAPSACK]
    programme.add_row(4, float("inf"), dict(zip(columns, amounts, strict=True)))
    return programme


def test_the_cheapest_columns_are_found() -> None:
    found = solve_whole(knapsack(), 10.0, 0.5)
    assert found.optimal
    assert found.values == pytest.approx([1, 0, 1])
    # The first costs 5/3 per unit, the second 2, the third 3: whole 1, and half of the second.
    constant, reduced = knapsack().reduce_costs(duals := find_duals(knapsack(), 10.0))
    assert duals is not None
    assert constant + reduced.clip(max=0).sum() == pytest.approx(5 + 4 / 2)


def test_without_room_nothing_is_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linear_programme, "MOST_BEGUN", 0)
    found = solve_whole(knapsack(), 10.0, 0.5)
    assert (found.values, found.optimal, found.infeasible) == (None, False, False)
    duals = find_duals(knapsack(), 10.0)
    assert duals is not None
    assert duals.tolist() == [0.0]


def test_a_search_without_room_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = tables_of([[0, 3], [0, 4]], {(0, 1): [[60, 30], [40, 20]]})
    limits = SearchLimits({0: 45}, convolutions=0)
    assert solve_programme(tables, limits).chosen == (1, 0)
    monkeypatch.setattr(linear_programme, "MOST_BEGUN", 0)
    found = solve_programme(tables, limits)
    assert found.chosen is None
    assert not found.proved
    assert found.bound <= 3


def test_a_search_is_not_begun_on_more_terms_than_there_is_room_for() -> None:
    programme = LinearProgramme()
    terms = dict.fromkeys(range(1000), 1.0)
    most = linear_programme.MOST_BEGUN // linear_programme.WHOLE_BYTES // len(terms) + 1
    for _ in range(1000):
        programme.add_column(1.0)
    for _ in range(most):
        programme.rows.append((1.0, 1.0, list(terms), [1.0] * len(terms)))
    assert not solve_whole(programme, 10.0, 0.5).optimal
    del programme.rows[10:]
    assert solve_whole(programme, 10.0, 0.5).optimal
