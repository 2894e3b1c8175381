"""Which sizes of inputs are offered, and which coarser maps; a param that is a width is one too."""

from __future__ import annotations

import pytest
from spaces import draft_of
from suggested_edits import phrases

import cnncost
from cnncost.plans.suggestion.request import SuggestionRequest
from cnncost.plans.suggestion.suggester import Suggester


def patches(size: int, patch: int) -> str:
    """Patches of a picture, and a layer behind."""
    return f"""\
input: [3, {size}, {size}]
layers:
  - {{conv: 32, kernel: {patch}, stride: {patch}}}
  - relu
  - {{conv: 16, kernel: 1}}
  - relu
  - global_avgpool
  - {{dense: 10}}
"""


@pytest.mark.parametrize(("size", "patch", "smaller"), [
    (32, 4, [28, 24, 20, 16]),  # 32 x 6 / 7 is 27.4
    (56, 7, [49, 42, 35, 28]),
    (28, 2, [24, 20, 16, 14]),  # 24.5, 24, 21, 16, 14: to even ones
    (224, 14, [196, 168, 126, 112]),  # 32 is no multiple of 14
    (224, 16, [192, 160, 128]),
    (227, 1, [195, 163, 131, 99]),  # 7 x 32 + 3
])  # fmt: skip
def test_sizes_of_inputs_leave_no_position_out(size: int, patch: int, smaller: list[int]) -> None:
    found = phrases(draft_of(patches(size, patch)), "resolution")
    assert found == [f"input: {size} to {one} positions a side" for one in smaller]


def test_sides_of_a_picture_that_is_no_square_are_named() -> None:
    found = phrases(draft_of(patches(40, 4).replace("40, 40", "40, 100")), "resolution")
    # Parts of 7/8, 6/7, 3/4, 4/7 and 1/2, to multiples of 4: of 40 35, 34.3, 30, 22.9 and 20, of
    # 100 87.5, 85.7, 75, 57.1 and 50, a half to the even multiple.
    sides = ("36x88", "36x84", "32x76", "24x56", "20x48")
    assert found == [f"input: 40x100 to {one}" for one in sides]


STATE = """\
input: [2, 64]
layers:
  - {{conv: 16, kernel: 3, padding: 1}}
  - relu
  - {{conv: 16, kernel: 3, padding: 1}}
  - relu
  - {layer}
  - global_avgpool
  - {{dense: 5}}
"""


@pytest.mark.parametrize(("layer", "offered"), [
    ("tanh", True), ("lstm: 8", False), ("gru: 8", False), ("rnn: 8", False),
])  # fmt: skip
def test_no_coarser_maps_where_a_state_runs_over_them(layer: str, offered: bool) -> None:
    written = f"{{{layer}}}" if ":" in layer else layer
    editable = draft_of(STATE.format(layer=written))
    coarser = [*phrases(editable, "stride"), *phrases(editable, "pooling")]
    assert bool(coarser) is offered


WIDE = """\
params: {dim: 64}
input: [3, 16, 16]
layers:
  - {name: a, conv: dim, kernel: 3, padding: 1}
  - relu
  - {name: b, conv: 2 * dim, kernel: 3, padding: 1}
  - relu
  - global_avgpool
  - {dense: 10}
"""


@pytest.mark.parametrize("budget", ["weights=60%", "weights=30%", "connections=20%"])
def test_a_param_that_is_a_width_is_edited_once(budget: str) -> None:
    found = Suggester(cnncost.loads(WIDE), SuggestionRequest((budget,), seconds=8)).suggest()
    assert found.plan is not None
    for plan in (found.plan, *found.alternatives):
        places = [change.place for edit in plan.edits for change in edit.changes]
        assert len(places) == len({*places})
        assert not any(edit.phrase.startswith("dim:") for edit in plan.edits)


@pytest.mark.parametrize("budget", ["weights=60%", "weights=30%", "connections=50%"])
def test_each_file_is_listed_once(budget: str) -> None:
    found = Suggester(cnncost.loads(WIDE), SuggestionRequest((budget,), seconds=8)).suggest()
    assert found.plan is not None
    texts = [found.plan.text, *(plan.text for plan in found.alternatives)]
    assert len(texts) == len({*texts})
