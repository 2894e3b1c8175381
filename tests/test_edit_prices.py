"""Prices of single edits are what the parts of the damage of their texts cost."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator

import pytest
from potential_oracle import potential_by_loops
from spaces import draft_of
from suggested_edits import ALL
from wild_networks import wild_network

import cnncost
from cnncost.plans.decisions.search_space import list_decisions, try_options
from cnncost.plans.decisions.spatial_trials import SpatialTrials
from cnncost.plans.edits.catalogue import SPATIAL
from cnncost.plans.edits.edit import Edit, price_of, priced
from cnncost.plans.edits.editable_spec import EditableSpec

UNIT = 1e-5
"""Scores are whole units of it."""

AN_EDIT = 10
"""Units that a price has for the edit itself."""


def price_by_loops(editable: EditableSpec, edit: Edit) -> float | None:
    """What the parts of an edit's damage cost, in units, from its text; None where it is none."""
    spec = editable.read_edited(edit.changes)
    if spec is None:
        return None
    pairs = zip(*map(potential_by_loops, (editable.network, spec.network)), strict=True)
    return sum(max(0.0, after - before) for before, after in pairs) / UNIT + AN_EDIT


def priced_edits(editable: EditableSpec) -> Iterator[Edit]:
    """Every single edit of a spec, with its price."""
    for decision in list_decisions(editable, ALL):
        yield from try_options(editable, decision)[0].options[1:]
    trials = SpatialTrials(editable)
    for edit in [edit for kind in SPATIAL for edit in kind.edits(editable, ALL)]:
        trial = trials.try_edit(edit)
        if trial is not None:
            yield trial.edit


def hold_prices(editable: EditableSpec) -> Counter[str]:
    """Hold each edit's price against its text; how many of each kind there were."""
    kinds: Counter[str] = Counter()
    for edit in priced_edits(editable):
        expected = price_by_loops(editable, edit)
        assert expected is None or abs(edit.score - expected) < 0.51, edit.phrase
        kinds[edit.kind] += expected is not None
    return kinds


@pytest.mark.parametrize("block", range(4))
def test_prices_on_random_networks(block: int) -> None:
    kinds: Counter[str] = Counter()
    for seed in range(1000 * block, 1000 * block + 20):
        try:
            editable = draft_of(wild_network(random.Random(seed)))
        except cnncost.SpecError:  # some branches do not fit
            continue
        kinds += hold_prices(editable)
    assert {"width", "low-rank", "separable", "resolution", "stride"} <= set(kinds)


@pytest.mark.parametrize("name", [
    "alexnet", "vgg16", "squeezenet1_1", "resnet50", "mobilenet_v2", "m5_speech", "c3d",
    "shufflenet_v2", "lenet5",
])  # fmt: skip
def test_prices_on_bundled_networks(name: str) -> None:
    assert len(hold_prices(draft_of(cnncost.load(name).text.text))) > 3


LAST_STAGE = """\
input: [3, 16, 16]
blocks:
  unit(width): [{conv: width, kernel: 3, padding: 1}, relu]
layers:
- {unit: 16}
- {name: x, unit: 16, repeat: 4}
- global_avgpool
- {dense: 10}
"""


def test_the_last_copy_before_a_global_pool_counts_less_than_the_others() -> None:
    editable = draft_of(LAST_STAGE)
    edit = next(edit for edit in priced_edits(editable) if edit.phrase == "x: 4 to 3 copies")
    expected = price_by_loops(editable, edit)
    assert expected is not None
    assert abs(edit.score - expected) < 0.51


def test_what_an_edit_gains_is_not_set_against_what_it_costs() -> None:
    edit = Edit("width", "less")
    assert price_of((0.5, -0.25, 0.000004, -0.125, 0.0)) == 50_000
    assert price_of((0.5, -0.25, 0.000006, -0.125, 0.0)) == 50_001
    assert priced(edit, (-1.0, -0.5)).score == AN_EDIT
    assert priced(edit, ()).score == AN_EDIT
    assert priced(edit, (0.25, 0.125)).score == 37_500 + AN_EDIT
    assert priced(edit, (0.25,)).phrase == "less"
