"""The time limit of a search, what it says of what it left out, and the short ways that keep it
short: each against the long way that it stands for."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from io import StringIO
from math import prod
from time import process_time

import pytest
from spaces import draft_of, random_draft

import cnncost
from cnncost.plans.decisions.cost_tables import CostTable, CostTables, SearchSpace
from cnncost.plans.decisions.search_space import build_search_space, list_decisions
from cnncost.plans.decisions.width_trials import read_network, try_width
from cnncost.plans.edits.clock import Clock, TimeOverError
from cnncost.plans.edits.edit import NO_EDIT, AllowedEdits, Decision, Edit
from cnncost.plans.edits.meter import METRICS
from cnncost.plans.edits.placed_layers import changed_layers
from cnncost.plans.search.elimination import find_elimination_order
from cnncost.plans.search.space_solver import choose_greedily
from cnncost.plans.suggestion.answer import Suggestion
from cnncost.plans.suggestion.request import SuggestionRequest
from cnncost.plans.suggestion.suggester import Suggester
from cnncost.views.page_writers import write_results
from cnncost.views.suggest import suggestion_results

HANG = 20.0
"""Seconds of processor time; a search that ignores its limit of a second takes minutes."""


def branches(count: int) -> str:
    """Convolutions with branches: of every five two join, and the next two are added up."""
    lines = ["input: [3, 32, 32]", "layers:", "- {name: t0, conv: 24, kernel: 3, padding: 1}"]
    for i in range(count // 5):
        lines += [
            f"- {{name: a{i}, conv: {32 + 8 * (i % 3)}, kernel: 3, padding: 1, from: t{i}}}",
            f"- {{name: b{i}, conv: 24, kernel: 1, from: t{i}}}",
            f"- {{name: j{i}, concat: [a{i}, b{i}]}}",
            f"- {{name: c{i}, conv: 24, kernel: 3, padding: 1, from: j{i}}}",
            f"- {{name: d{i}, conv: 24, kernel: 1, from: t{i}}}",
            f"- {{name: t{i + 1}, add: [c{i}, d{i}]}}",
        ]
    return "\n".join([*lines, "- global_avgpool", "- dense: 10"]) + "\n"


def suggested(text: str, seconds: float, *budgets: str) -> Suggestion:
    """What a study finds, within the processor time of one that does not hang."""
    started = process_time()
    found = Suggester(
        cnncost.loads(text), SuggestionRequest(budgets=budgets, seconds=seconds)
    ).suggest()
    for form in ("table", "json", "csv", "markdown"):
        write_results(StringIO(), suggestion_results(found), form)
    assert process_time() - started < HANG
    return found


@pytest.mark.parametrize("budget", ["training_memory=50%", "activation_memory=60%", "weights=50%"])
def test_a_hundred_convolutions_hold_a_time_limit_of_a_second(budget: str) -> None:
    found = suggested(branches(100), 1.0, budget)
    assert found.plan is None or all(
        found.plan.after[one.metric] <= one.most for one in found.budgets
    )
    # No price is below 0, whatever was left out.
    least = found.plan is not None and found.plan.bound == 0
    assert not found.proved or not found.left_out or least


def test_what_there_was_no_time_for_is_said() -> None:
    found = suggested(branches(200), 0.1, "training_memory=50%")
    assert not found.proved
    assert found.left_out
    page = StringIO()
    write_results(page, suggestion_results(found), "markdown")
    assert "No time to search: all but " in page.getvalue()
    assert "impossible" not in page.getvalue() or "not proved impossible" in page.getvalue()


def test_edits_that_there_was_no_time_to_count_again_are_said() -> None:
    singles = suggested(branches(3), 60.0, "weights=50%").singles
    with singles.editable.clock.until(0.0):
        assert len(list(singles)) == 1
    assert singles.uncounted == len(singles) - 1 > 0


def test_a_clock_holds_the_nearer_of_two_deadlines() -> None:
    clock = Clock()
    with clock.until(0.0), clock.until(float("inf")), pytest.raises(TimeOverError):
        clock.check()
    clock.check()
    assert clock.gather(iter("abc"), float("inf")) == (["a", "b", "c"], True)
    assert clock.gather(iter("abc"), 0.0) == ([], False)


# The short ways


def _greedy_step_by_step(space: SearchSpace, budgets: Mapping[int, int]) -> tuple[int, ...] | None:
    """Every single step priced by the costs of all tables."""

    def over(costs: Sequence[int]) -> float:
        return sum(max(0.0, costs[metric] / most - 1) for metric, most in budgets.items())

    chosen = (0,) * len(space.decisions)
    while (now := over(space.tables.costs(chosen) or ())) > 0:
        best: tuple[float, tuple[int, ...]] = (0.0, chosen)
        for v, decision in enumerate(space.decisions):
            for k, edit in enumerate(decision.options):
                dearer = edit.score - decision.options[chosen[v]].score
                step = (*chosen[:v], k, *chosen[v + 1 :])
                picked = zip(space.decisions, step, strict=True)
                touched = sum(one.options[own].convolutions for one, own in picked)
                after = space.tables.costs(step)
                if dearer > 0 and after is not None and touched <= space.convolutions:
                    best = max(best, ((now - over(after)) / dearer, step), key=lambda p: p[0])
        if best[0] <= 0:
            return None
        chosen = best[1]
    return chosen


@pytest.mark.parametrize("seed", range(12))
def test_greedy_takes_the_steps_of_its_definition(seed: int) -> None:
    pick = random.Random(seed)
    editable = random_draft(pick)
    space = build_search_space(editable, AllowedEdits())
    today = space.tables.costs((0,) * len(space.decisions))
    assert today is not None
    metrics = pick.sample(range(len(METRICS)), pick.choice([1, 2, 3]))
    budgets = {m: max(1, int(today[m] * pick.uniform(0.2, 0.9))) for m in metrics}
    assert choose_greedily(space, budgets) == _greedy_step_by_step(space, budgets)


def _order_by_definition(tables: CostTables) -> list[int]:
    """Always the table next that leaves the fewest states open, found by looking at all."""
    sizes = [len(decision.options) for decision in tables.decisions]
    scopes = [factor.scope for factor in tables.members]
    order: list[int] = []
    while scopes:
        priced = []
        for i, scope in enumerate(scopes):
            later = {v for s in scopes if not {*s} <= {*order, *scope} for v in s}
            before = {v for s in scopes for v in s if v in order}
            decided = {*before, *scope}
            left, whole = prod(sizes[v] for v in decided & later), prod(sizes[v] for v in decided)
            priced.append((left, whole, i))
        scope = scopes[min(priced)[2]]
        order += [v for v in scope if v not in order]
        scopes = [s for s in scopes if not {*s} <= {*order}]
    return order + [v for v in range(len(sizes)) if v not in order]


def _tables(pick: random.Random) -> CostTables:
    """Tables without costs over a few variables, most of them beside each other."""
    import numpy as np

    count = pick.randint(1, 12)
    decisions = tuple(
        Decision("", (NO_EDIT, *[Edit("", "", 0)] * pick.randint(1, 4)), v) for v in range(count)
    )
    scopes = set()
    for _ in range(pick.randint(1, 16)):
        v, width = pick.randrange(count), pick.randint(1, min(3, count))
        spread = pick.random() < 0.3
        scopes.add(tuple(sorted(pick.sample(range(count), width))) if spread else
                   tuple(range(v, min(count, v + width))))  # fmt: skip
    factors = []
    for scope in sorted(scopes):
        shape = [len(decisions[v].options) for v in scope]
        none = np.zeros((*shape, len(METRICS)), dtype=np.int64)
        factors.append(CostTable(scope, none, np.ones(shape, dtype=bool)))
    return CostTables(decisions, (0,) * len(METRICS), tuple(factors))


def test_the_order_of_elimination_is_that_of_its_definition() -> None:
    pick = random.Random(0)
    for _ in range(300):
        tables = _tables(pick)
        made = find_elimination_order(tables, [0])
        assert made is not None
        assert [stage.decision for stage in made.steps] == _order_by_definition(tables)


@pytest.mark.parametrize("seed", range(20))
def test_widths_followed_through_readers_are_those_of_the_text(seed: int) -> None:
    pick = random.Random(seed)
    editable = random_draft(pick) if seed % 2 else draft_of(branches(pick.choice([5, 10, 15])))
    for decision in list_decisions(editable, AllowedEdits()):
        for edit in decision.options[1:] if decision.group else ():
            network = read_network(editable, edit)
            expected = None if network is None else changed_layers(editable.network, network)
            assert try_width(editable, edit) == expected
