"""A quick search for a plan that a recount holds; and which widths multipliers leave."""

from __future__ import annotations

from time import monotonic

import pytest

import cnncost
from cnncost.costs.memory import measure_embedded
from cnncost.network import Network
from cnncost.plans.edits.edit import NARROWEST
from cnncost.plans.edits.meter import Meter
from cnncost.plans.search.simple_plans import PlanDive
from cnncost.plans.suggestion.prepared_search import PreparedSearch
from cnncost.plans.suggestion.request import SuggestionRequest

FAMILY = """\
params: {alpha: 1, side: 48}
input: [3, side, side]
blocks:
  inverted(filters, factor=4):
  - {conv: factor * channels, kernel: 1}
  - relu6
  - {depthwise_conv: 3, padding: 1}
  - {conv: filters, kernel: 1}
layers:
- {name: stem, conv: multiple(32 * alpha), kernel: 3, padding: 1}
- {name: middle, conv: multiple(32 * alpha), kernel: 1}
- {name: a, inverted: multiple(32 * alpha)}
- {maxpool: 2}
- {name: b, inverted: multiple(64 * alpha)}
- {name: head, conv: 256, kernel: 1}
- global_avgpool
- {dense: 10}
"""


def prepare(text: str, *budgets: str) -> PreparedSearch:
    spec = cnncost.loads(text)
    return PreparedSearch(spec, SuggestionRequest(budgets, meter=Meter(), seconds=20.0))


def test_widths_that_a_multiplier_and_a_factor_leave() -> None:
    """With half the multiplier and half the factor, a block is a quarter as wide inside: the width
    that it follows stays. The stem is half as wide, the head as wide as before: they may be
    narrower."""
    study = prepare(FAMILY, "connections=10%")
    variants = study.search.variants
    wanted = ("alpha: 1 to 0.5", "inverted: factor 4 to 2")
    key = tuple(at for at, one in enumerate(variants.trials) if one.edit.phrase in wanted)
    assert len(key) == 2
    lazy = variants.price(key)
    assert lazy is not None
    space = variants.variant(lazy).space
    least = {one.label: one.options[-1].phrase for one in space.decisions if one.group}
    assert least["stem"] == "stem: 32 to 16 filters"  # 8 of 32
    assert least["head"] == "head: 256 to 64 filters"
    assert not {"middle", "a"} & set(least)
    before = study.editable.network.nodes
    for decision in space.decisions:
        for edit in decision.options[1:]:
            spec = space.editable.read_edited(edit.changes)
            if spec is None or not decision.group:
                continue
            for old, new in zip(before, spec.network.nodes, strict=True):
                assert new.output.channels >= NARROWEST * old.output.channels


@pytest.mark.parametrize("surplus", [1.0, 1.7, 2.5])
def test_a_plan_whose_recount_holds(surplus: float) -> None:
    """As if what is needed were so many times the lower bound, and 2 KiB."""
    study = prepare(FAMILY, "sram=200KiB", "flash=60KiB")

    def recount(network: Network) -> float:
        return (surplus * measure_embedded(network).sram + 2048) / (200 * 1024)

    assert recount(study.editable.network) > 1
    dive = PlanDive(study.search.variants, study.budgets(), "sram", recount, monotonic() + 10)
    plan = dive.find_plan()
    assert plan is not None
    network = cnncost.loads(plan.text).network
    found = measure_embedded(network)
    assert surplus * found.sram + 2048 <= 200 * 1024
    assert found.flash <= 60 * 1024
    assert plan.price >= plan.bound


def test_nothing_is_found_where_nothing_holds() -> None:
    study = prepare(FAMILY, "sram=200KiB")
    dive = PlanDive(study.search.variants, study.budgets(), "sram", lambda _: 1e9, monotonic() + 2)
    assert dive.find_plan() is None


def test_the_time_is_kept() -> None:
    study = prepare(FAMILY, "sram=20KiB", "flash=10KiB")
    start = monotonic()
    dive = PlanDive(study.search.variants, study.budgets(), "sram", lambda _: 2.0, start)
    assert dive.find_plan() is None
    assert monotonic() - start < 2
