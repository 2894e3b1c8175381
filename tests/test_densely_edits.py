"""Edits of dense connectivity: the width of all copies is one number."""

from __future__ import annotations

import cnncost
from cnncost.plans.decisions.search_space import list_decisions
from cnncost.plans.edits.catalogue import parse_allowed_edits
from cnncost.plans.edits.editable_spec import read_editable_spec
from cnncost.plans.edits.text_changes import SpecText
from cnncost.plans.suggestion.request import SuggestionRequest
from cnncost.plans.suggestion.single_edits import ForeseenEdit, measure_single_edit
from cnncost.plans.suggestion.suggester import Suggester

EDITED = """\
input: [8, 4, 4]
layers:
  - {name: d, densely: [relu, {name: new, conv: 32, kernel: 3, padding: 1}], times: 3}
  - {name: out, dense: 10}
"""


def weights(width: int) -> int:
    """Three convolutions of 3x3 over 8 maps and those of the copies before, then dense over all."""
    grown = sum(9 * (8 + copy * width) * width for copy in range(3))
    return grown + (8 + 3 * width) * 4 * 4 * 10


def test_the_width_of_all_copies_is_one_number() -> None:
    editable = read_editable_spec(SpecText("net.yaml", EDITED))
    assert editable.measure(editable.network)["weights"] == weights(32)
    after = {}
    for decision in list_decisions(editable, parse_allowed_edits((), (), ())):
        for edit in decision.options[1:]:
            one = measure_single_edit(editable, ForeseenEdit(edit, {}))
            assert one is not None, edit.phrase  # every edit makes a network
            after[edit.phrase] = one.after["weights"]
    for width in (8, 16, 24):
        assert after[f"d.1.new, d.2.new, d.3.new: 32 to {width} filters"] == weights(width)


def test_a_plan_holds_its_budget() -> None:
    request = SuggestionRequest(budgets=(f"weights={weights(20)}",))
    study = Suggester(cnncost.loads(EDITED), request)
    found = study.suggest()
    assert found.plan is not None
    assert found.proved
    written = cnncost.loads(study.writer.write(found.plan))
    assert cnncost.count(written).totals.weights <= weights(20)
    assert "times: 3" in written.text.text
