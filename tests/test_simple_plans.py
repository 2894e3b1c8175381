"""Uniform scaling: the largest factor that holds the budgets, beside every factor tried; and
spatial edits one after another."""

from __future__ import annotations

import random
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

import pytest
from spaces import draft_of
from suggested_edits import ALL
from wild_networks import wild_network

import cnncost
from cnncost.errors import CnncostError
from cnncost.place import Place
from cnncost.plans.decisions.search_space import list_decisions
from cnncost.plans.edits.budget import Budget, parse_budgets
from cnncost.plans.edits.editable_spec import EditableSpec
from cnncost.plans.edits.width import LabelledNumber, label_numbers
from cnncost.plans.search.plan import MOST_COUNTED, Plan
from cnncost.plans.search.simple_plans import add_spatial_edits, scale_uniformly
from cnncost.plans.suggestion.request import SuggestionRequest
from cnncost.plans.suggestion.suggester import Suggester
from cnncost.quantity import BUDGETS

QUARTER = Fraction(1, 4)

UNEVEN = """\
input: [3, 9, 9]
blocks:
  part(w):
    - {{conv: w, kernel: 1}}
    - {{conv: w // {d}, kernel: 1}}
    - {{conv: {g} * (w // 8), kernel: 3, padding: 1, groups: {g}}}
layers: [{{part: {a}}}, relu, {{part: {b}}}, global_avgpool, {{dense: 10}}]
"""
"""Of some widths no network comes: the groups do not divide the width // d."""


def uneven_network(pick: random.Random) -> str:
    return UNEVEN.format(
        a=pick.choice([24, 48, 96]),
        b=pick.choice([24, 40, 64]),
        d=pick.choice([2, 3, 4, 5]),
        g=pick.choice([2, 4, 8]),
    )


def rounded(value: int, factor: Fraction, step: int) -> int:
    """The multiple of a step nearest to a part of a value, halves up, one step at least."""
    exact = value * factor / step
    below = exact.numerator // exact.denominator
    return step * max(1, below + (exact - below >= Fraction(1, 2)))


def text_at(editable: EditableSpec, numbers: list[LabelledNumber], factor: Fraction) -> str:
    """The spec with every width a part of what it was, changed from the end of the text on."""
    places: dict[Place, int] = {}
    for one in numbers:
        for place, value, step in zip(one.number.places, one.number.values, one.steps, strict=True):
            places[place] = min(value, rounded(value, factor, step))
    text = editable.spec_text.text
    for place, value in sorted(places.items(), reverse=True):
        text = text[: place.start] + str(value) + text[place.end :]
    return text


def all_factors(numbers: list[LabelledNumber]) -> list[Fraction]:
    """Every factor at which some width becomes another, and those between and at the ends."""
    edges = {QUARTER, Fraction(1)}
    for one in numbers:
        for value, step in zip(one.number.values, one.steps, strict=True):
            edges |= {Fraction(step * (2 * k + 1), 2 * value) for k in range(value // step)}
    inside = sorted(f for f in edges if QUARTER <= f <= 1)
    between = [(a + b) / 2 for a, b in pairwise(inside)]
    return sorted({*inside, *between})


def counted(text: str) -> dict[str, int] | None:
    try:
        totals = cnncost.count(cnncost.loads(text)).totals
    except CnncostError:
        return None
    return {metric: getattr(totals, metric) for metric in BUDGETS}


def largest(editable: EditableSpec, budgets: tuple[Budget, ...]) -> tuple[str | None, int]:
    """The text at the largest factor that holds the budgets, and how many make no network."""
    numbers = label_numbers(editable, None)
    found, none = None, 0
    for factor in all_factors(numbers):
        text = text_at(editable, numbers, factor)
        counts = counted(text)
        none += counts is None
        if counts is not None and all(counts[b.metric] <= b.most for b in budgets):
            found = text
    return found, none


def scaled(
    pick: random.Random, text: str
) -> tuple[EditableSpec, tuple[Budget, ...], Plan | None] | None:
    """Uniform scaling of a network to drawn budgets; None where it is no network."""
    try:
        editable = draft_of(text)
    except CnncostError:
        return None
    metrics = pick.sample(BUDGETS, pick.choice([1, 1, 2]))
    asked = [f"{metric}={pick.randint(3, 95)}%" for metric in metrics]
    budgets = parse_budgets(asked, editable.measure(editable.network))
    return editable, budgets, scale_uniformly(editable, list_decisions(editable, ALL), budgets, ALL)


def drawn(seeds: range, *, uneven: bool) -> Iterator[tuple[EditableSpec, Plan | None, str | None]]:
    for seed in seeds:
        pick = random.Random(seed)
        found = scaled(pick, uneven_network(pick) if uneven else wild_network(pick))
        if found is not None:
            editable, budgets, plan = found
            yield editable, plan, largest(editable, budgets)[0]


@pytest.mark.parametrize("block", range(3))
def test_the_largest_factor_of_random_networks(block: int) -> None:
    plans = 0
    for editable, plan, text in drawn(range(30 * block, 30 * block + 30), uneven=False):
        assert (None if plan is None else plan.text) == text, editable.spec_text.text
        plans += plan is not None
    assert plans > 5


def test_factors_that_make_no_network_are_stepped_over() -> None:
    plans = 0
    for _, plan, text in drawn(range(60), uneven=True):
        assert (None if plan is None else plan.text) == text
        plans += plan is not None
    assert plans > 5
    none = [largest(draft_of(text), ())[1] for text in map(uneven_of, range(40)) if is_spec(text)]
    assert sum(count > 0 for count in none) > 3


def uneven_of(seed: int) -> str:
    return uneven_network(random.Random(seed))


def is_spec(text: str) -> bool:
    return counted(text) is not None


CHAIN = """\
input: [1, 4, 4]
layers:
- {name: a, conv: 64, kernel: 1}
- {name: b, conv: 32, kernel: 1}
- {name: out, conv: 2, kernel: 1}
"""


@pytest.mark.parametrize(("most", "a", "b"), [
    # a + a b + 2 b weights, both multiples of 8. From 60 of 64 on a is 64, from 28 of 32 on b 32.
    (64 + 64 * 32 + 64 - 1, 56, 32),
    # Below 28 of 32 (a is 56 from 52 of 64 on) b is 24.
    (56 + 56 * 32 + 64 - 1, 56, 24),
    (56 + 56 * 24 + 48 - 1, 48, 24),
    (24 + 24 * 8 + 16, 24, 8),
    # A quarter is the least: 16 and 8.
    (24 + 24 * 8 + 16 - 1, 16, 8),
    (16 + 16 * 8 + 16, 16, 8),
])  # fmt: skip
def test_each_width_keeps_to_its_own_step(most: int, a: int, b: int) -> None:
    editable = draft_of(CHAIN)
    budgets = (Budget("weights", most, str(most)),)
    plan = scale_uniformly(editable, list_decisions(editable, ALL), budgets, ALL)
    assert plan is not None
    assert plan.text == CHAIN.replace("conv: 64", f"conv: {a}").replace("conv: 32", f"conv: {b}")
    assert plan.after["weights"] == a + a * b + 2 * b


def test_below_a_quarter_there_is_none() -> None:
    editable = draft_of(CHAIN)
    budgets = (Budget("weights", 16 + 16 * 8 + 16 - 1, "159"),)
    assert scale_uniformly(editable, list_decisions(editable, ALL), budgets, ALL) is None


def test_of_a_plan_of_many_edits_the_last_alone_is_counted() -> None:
    for count, known in ((MOST_COUNTED, MOST_COUNTED), (MOST_COUNTED + 1, 1)):
        lines = ["- {conv: 16, kernel: 1}\n"] * (count + 1)  # the last one's are the answers
        editable = draft_of("".join(["input: [1, 2, 2]\nlayers:\n", *lines]))
        # 8 weights of the first, 8 x 8 of each behind it, 8 x 16 of the last
        budgets = (Budget("weights", 8 + 64 * (count - 1) + 128, ""),)
        plan = scale_uniformly(editable, list_decisions(editable, ALL), budgets, ALL)
        assert plan is not None
        assert len(plan.steps) == count
        assert sum(step.after is not None for step in plan.steps) == known
        last = plan.steps[-1]
        assert last.after == plan.after
        assert last.total == plan.score


def test_where_it_is_the_plan_no_listed_plan_is_below_what_is_proved() -> None:
    """ResNet-50 at half its connections: a plan of two edits is as good as the best, of three, and
    uniform scaling is preferred to both; what no plan scores below is the price of the best."""
    asked = SuggestionRequest(budgets=("connections=50%",))
    found = Suggester(cnncost.load("resnet50"), asked).suggest()
    assert found.plan is not None
    assert found.plan is found.uniform
    assert len(found.others) > 1
    assert found.plan.bound <= min(plan.price for plan in found.others)


TALL = """\
params: {resolution: 32}
input: [3, resolution, resolution]
layers:
  - {conv: 8, kernel: 3, padding: 1}
  - relu
  - {conv: 8, kernel: 3, padding: 1}
  - relu
  - global_avgpool
  - {dense: 10}
"""


def test_spatial_edits_are_added_until_the_budgets_hold() -> None:
    # As it is 8 x 32 x 32 units twice are alive in int8, 16,384 bytes: no width below a quarter,
    # 4,096, is offered, so 1 KiB takes a smaller map besides.
    study = Suggester(cnncost.loads(TALL), SuggestionRequest(("sram=1KiB",)))
    path = add_spatial_edits(study.search.variants, study.budgets())
    sizes = [one.after["sram"] for one in path]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] < 16_384
    assert [size <= 1024 for size in sizes[:-1]] == [False] * (len(sizes) - 1)
    assert [one.score for one in path] == sorted(one.score for one in path)
    found = study.suggest()
    assert found.plan is not None
    assert found.plan.after["sram"] <= 1024


@pytest.mark.parametrize("budget", ["sram=100%", "weights=1"])
def test_nothing_is_added_where_nothing_helps(budget: str) -> None:
    # The first holds already; no spatial edit takes weights off, whose number no map decides.
    study = Suggester(cnncost.loads(TALL), SuggestionRequest((budget,)))
    assert add_spatial_edits(study.search.variants, study.budgets()) == []
