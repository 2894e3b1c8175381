"""Plans that grow: the options above today's values, their prices, and the search over both."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import product

import pytest
from spaces import draft_of, random_draft

import cnncost
from cnncost.costs import count_network
from cnncost.plans.decisions.search_space import (
    build_search_space,
    list_decisions,
    list_spatial_trials,
)
from cnncost.plans.edits.catalogue import kind_names, parse_allowed_edits
from cnncost.plans.edits.editable_spec import measure_counts
from cnncost.plans.edits.meter import METRICS
from cnncost.plans.suggestion.answer import Suggestion
from cnncost.plans.suggestion.request import SuggestionRequest
from cnncost.plans.suggestion.suggester import Suggester

TWO = """\
input: [3, {size}, {size}]
layers:
  - {{name: a, conv: {a}, kernel: 3, padding: 1}}
  - relu
  - {{name: b, conv: {b}, kernel: 3, padding: 1}}
  - relu
  - global_avgpool
  - {{dense: 10}}
"""

PER_EDIT = 1e-4


def _suggest(text: str, *budgets: str, forbid: tuple[str, ...] = ()) -> Suggestion:
    """What is suggested for a text that may grow."""
    allowed = parse_allowed_edits((), forbid, (), grow=True)
    request = SuggestionRequest(budgets, allowed)
    return Suggester(cnncost.loads(text), request).suggest()


def _offered(text: str, *, beyond: bool = False) -> list[str]:
    """The phrases of all single edits of a text that may grow."""
    allowed = parse_allowed_edits(["extrapolation"] if beyond else (), (), (), grow=True)
    editable = draft_of(text)
    found = [edit for one in list_decisions(editable, allowed) for edit in one.options[1:]]
    found += [trial.edit for trial in list_spatial_trials(editable, allowed)]
    return [edit.phrase for edit in found]


# What is offered


def test_widths_up_to_twice_today_s_are_offered_in_their_own_steps() -> None:
    wider = [p for p in _offered(TWO.format(size=16, a=64, b=64)) if p.startswith("a: 64 to ")]
    widths = sorted(int(phrase.split()[3]) for phrase in wider)
    # Multiples of 8 up to 128, and the narrower ones down to a quarter.
    assert [n for n in widths if n > 64] == [72, 80, 88, 96, 112, 128]
    assert min(widths) == 16
    assert all(n % 8 == 0 for n in widths)


def test_four_times_the_width_only_by_extrapolation() -> None:
    text = TWO.format(size=16, a=64, b=64)
    assert "a: 64 to 256 filters" in _offered(text, beyond=True)
    assert "a: 64 to 256 filters" not in _offered(text)


def test_larger_inputs_keep_their_remainder() -> None:
    sizes = [p for p in _offered(TWO.format(size=224, a=8, b=8)) if p.startswith("input")]
    assert sizes == [f"input: 224 to {n} positions a side" for n in (256, 288, 320, 384)]


def test_copies_factors_and_multipliers_grow() -> None:
    found = _offered(cnncost.load("mobilenet_v2").text.text)
    assert "b3b: 2 to 3 copies" in found
    assert "inverted: factor 6 to 9" in found
    assert "inverted: factor 6 to 10" not in found
    assert "alpha: 1 to 1.5" in found
    assert not any("stride" in phrase or "maxpool" in phrase for phrase in found)


def test_nothing_larger_is_offered_without_being_asked_for() -> None:
    editable = draft_of(cnncost.load("mobilenet_v2").text.text)
    allowed = parse_allowed_edits((), (), ())
    edits = [edit for one in list_decisions(editable, allowed) for edit in one.options]
    edits += [trial.edit for trial in list_spatial_trials(editable, allowed)]
    assert not any(edit.grows for edit in edits)


# Costs


@pytest.mark.parametrize("name", ["resnet50", "mobilenet_v2", "alexnet", "squeezenet1_1"])
def test_tables_equal_the_recount(name: str) -> None:
    editable = draft_of(cnncost.load(name).text.text)
    space = build_search_space(editable, parse_allowed_edits((), (), (), grow=True))
    pick, grown = random.Random(name), 0
    for _ in range(12):
        chosen = tuple(pick.randrange(len(v.options)) for v in space.decisions)
        edits = space.edits_of(chosen)
        spec = editable.read_edited([change for edit in edits for change in edit.changes])
        costs = space.tables.costs(chosen)
        if spec is not None and costs is not None:
            assert dict(zip(METRICS, costs, strict=True)) == measure_counts(spec.network)
            grown += any(edit.grows for edit in edits)
    assert grown > 5


def test_a_further_copy_costs_what_a_block_costs() -> None:
    text = (
        "input: [8, 6, 6]\nblocks:\n  two(n):\n    - {conv: n, kernel: 3, padding: 1}\n    - relu\n"
        "layers:\n  - {name: s, two: 8, repeat: 2}\n  - {conv: 4, kernel: 1}\n"
    )
    found = _suggest(text, "weights=400%", forbid=tuple(set(kind_names()) - {"depth"}))
    # 2 x 8 x 8 x 9 and 8 x 4 weights; a stage of two blocks may have a third.
    assert found.before["weights"] == 1184
    assert found.plan is not None
    assert [edit.phrase for edit in found.plan.edits] == ["s: 2 to 3 copies"]
    assert found.plan.after["weights"] == 1184 + 576


# The plan


def test_uniform_scaling_up_by_hand() -> None:
    # 256 positions x (27 a + 9 a b) + 10 b connections: 202,832 of a = b = 8. Of 150 %, 304,248,
    # both may be 10 (299,620), not 12 (414,840).
    found = _suggest(TWO.format(size=16, a=8, b=8), "connections=150%")
    assert found.before["connections"] == 202_832
    assert found.uniform is not None
    assert [edit.phrase for edit in found.uniform.edits] == [
        "a: 8 to 10 filters",
        "b: 8 to 10 filters",
    ]
    assert found.uniform.after["connections"] == 299_620


WIDTHS = (2, 4, 6, 8, 10, 12, 14, 16)
SIZES = (16, 18, 21, 23, 27)
"""The options of two layers of 8 filters over 16 positions a side, by hand: multiples of 2 between
a quarter and twice; the nearest to 8/7, 9/7, 10/7 and 12/7."""

OTHERS = tuple(set(kind_names()) - {"width", "resolution"})


@cache
def _network(size: int, a: int, b: int) -> cnncost.Spec:
    return cnncost.loads(TWO.format(size=size, a=a, b=b))


def _price(before: cnncost.Spec, after: cnncost.Spec, *, grows: bool) -> float:
    """An edit's price: what it costs, and if it grows the network what it gains as well."""
    parts = [part.score for part in cnncost.damage(before, after).parts]
    return sum(parts if grows else [max(0.0, part) for part in parts]) + PER_EDIT


def _priced_plans(size: int, most: Mapping[str, int]) -> Iterator[float]:
    """The price of every plan over one size of the input that holds the budgets."""
    as_it_is, base = _network(16, 8, 8), _network(size, 8, 8)
    for a, b in product(WIDTHS, WIDTHS):
        totals = count_network(_network(size, a, b).network).totals
        if all(getattr(totals, metric) <= n for metric, n in most.items()):
            made = [(as_it_is, base, True)] if size > 16 else []
            made += [(base, _network(size, a, 8), a > 8)] if a != 8 else []
            made += [(base, _network(size, 8, b), b > 8)] if b != 8 else []
            yield sum(_price(old, new, grows=grows) for old, new, grows in made)


@pytest.mark.parametrize("budgets", [
    {"connections": 100}, {"connections": 150}, {"connections": 300}, {"weights": 130},
    {"connections": 200, "units": 120}, {"connections": 70, "weights": 400},
])  # fmt: skip
def test_the_search_equals_brute_force(budgets: dict[str, int]) -> None:
    text = TWO.format(size=16, a=8, b=8)
    allowed = parse_allowed_edits((), OTHERS, (), grow=True)
    asked = tuple(f"{metric}={share}%" for metric, share in budgets.items())
    study = Suggester(cnncost.loads(text), SuggestionRequest(asked, allowed))
    plan = study.search.find_best(study.budgets()).plan
    assert plan is not None
    assert plan.proved
    most = {budget.metric: budget.most for budget in study.budgets()}
    # A larger input takes no weights: where they alone are limited, nothing pays for it.
    sizes = SIZES[:1] if set(budgets) == {"weights"} else SIZES
    expected = min(price for size in sizes for price in _priced_plans(size, most))
    assert plan.price / 1e5 == pytest.approx(expected, abs=3e-5)  # three prices are rounded


@cache
def _grown(seed: int) -> tuple[Suggestion, Mapping[str, int]]:
    """What is suggested for a random network that may grow, and its budgets' amounts."""
    pick = random.Random(seed)
    text = random_draft(pick).spec_text.text
    if seed % 3 == 0:
        text = text.replace("- {block: ", "- {repeat: 2, block: ")
    metrics = pick.sample(["connections", "weights", "units", "sram"], pick.choice([1, 1, 2]))
    asked = [f"{metric}={pick.choice([60, 100, 115, 150, 260])}%" for metric in metrics]
    found = _suggest(text, *asked)
    return found, {budget.metric: budget.most for budget in found.budgets}


@pytest.mark.parametrize("seed", range(40))
def test_plans_of_random_networks_hold_and_gain(seed: int) -> None:
    found, most = _grown(seed)
    for plan in (found.plan, *found.alternatives):
        if plan is None:
            continue
        spec = cnncost.loads(plan.text)
        after = plan.editable.measure(spec.network)
        assert all(after[metric] <= n for metric, n in most.items())
        damage = cnncost.damage(found.spec, spec)
        assert plan.score / 1e5 == pytest.approx(damage.score, abs=1e-5)
        assert plan.bound <= plan.price
    if found.plan is not None and found.uniform is not None:
        surely = found.plan.damage_beside(found.uniform).high < 0
        assert found.plan is found.uniform or surely


def test_random_plans_grow() -> None:
    plans = [_grown(seed)[0].plan for seed in range(40)]
    kinds = {edit.kind for plan in plans if plan for edit in plan.edits if edit.grows}
    assert {"width", "dense", "resolution", "depth"} <= kinds


# What the user reads
