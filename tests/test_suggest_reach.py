"""How near plans come to budgets that none holds, beside every plan tried."""

from __future__ import annotations

import random
from collections.abc import Iterator
from fractions import Fraction
from itertools import product

import pytest
from spaces import WIDTHS, random_draft

import cnncost
from cnncost.plans.decisions.cost_tables import SearchSpace
from cnncost.plans.edits.catalogue import parse_allowed_edits
from cnncost.plans.edits.editable_spec import measure_counts
from cnncost.plans.edits.meter import METRICS
from cnncost.plans.search.unmet_budgets import find_nearest_plan, find_unmet
from cnncost.plans.suggestion.request import SuggestionRequest
from cnncost.plans.suggestion.suggester import Suggester


def _plans(space: SearchSpace) -> Iterator[tuple[int, dict[str, int]]]:
    """Every plan's price, and its counts from its text."""
    for chosen in product(*(range(len(v.options)) for v in space.decisions)):
        options = space.edits_of(chosen)
        spec = space.editable.read_edited([change for c in options for change in c.changes])
        if spec is not None:
            yield sum(edit.score for edit in options), measure_counts(spec.network)


@pytest.mark.parametrize("seed", range(24))
def test_the_nearest_plan_is_the_nearest_of_all(seed: int) -> None:
    pick = random.Random(seed)
    text = random_draft(pick).spec_text.text
    budgets = {metric: pick.choice([1, 3, 40]) for metric in pick.sample(METRICS, 1 + seed % 3)}
    asked = tuple(f"{metric}={most}" for metric, most in budgets.items())
    no_moves = parse_allowed_edits((), [*WIDTHS.forbidden, "resolution", "stride", "pooling"], ())
    study = Suggester(cnncost.loads(text), SuggestionRequest(asked, no_moves))
    found = find_unmet(study.search.variants, study.budgets())
    plans = list(_plans(study.search.variants.variant(study.search.variants.all[0]).space))

    for metric in budgets:
        assert found.least[metric][:2] == (min(after[metric] for _, after in plans), True)

    def excess(after: dict[str, int]) -> Fraction:
        return max(Fraction(after[metric], most) for metric, most in budgets.items())

    assert found.nearest is not None
    nearest = min(excess(after) for _, after in plans)
    assert excess(dict(found.nearest.after)) == nearest
    if len(budgets) == 1:  # of several it is enough to hold those that can be held
        assert found.nearest.price == min(s for s, after in plans if excess(after) == nearest)


def test_no_edit_of_the_nearest_plan_is_idle() -> None:
    """Such as the width of a layer that another edit takes away."""
    study = Suggester(cnncost.load("alexnet"), SuggestionRequest(("weights=20",)))
    plan = find_nearest_plan(study.search.variants, study.budgets()).plan
    assert plan is not None
    for edit in plan.own_edits:
        others = [change for c in plan.own_edits if c is not edit for change in c.changes]
        spec = plan.editable.read_edited(others)
        assert spec is None or measure_counts(spec.network)["weights"] > plan.after["weights"]


def test_alexnet_shrinks_to_what_its_narrowest_layers_hold() -> None:
    # Each width a quarter: 24, 64, 96, 96, 64; conv1 7x7, conv2 3x3 (two groups), conv3 in 8
    # groups, conv4 1x1 (two groups), as conv5 behind it has a stride and stays 3x3; the head one
    # dense layer on 64 means.
    conv1, conv2, conv3 = 7 * 7 * 3 * 24, 9 * (24 // 2) * 64, 9 * (64 // 8) * 96
    weights = conv1 + conv2 + conv3 + (96 // 2) * 96 + 9 * (96 // 2) * 64 + 64 * 1000
    study = Suggester(cnncost.load("alexnet"), SuggestionRequest(("weights=20",)))
    found = find_unmet(study.search.variants, study.budgets())
    assert found.least["weights"].value == weights
