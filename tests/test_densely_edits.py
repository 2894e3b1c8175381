"""Edits of dense connectivity: the width of all copies is one number."""

from __future__ import annotations

import cnncost
from cnncost.suggest.decisions.catalogue import menu
from cnncost.suggest.decisions.search_space import offered
from cnncost.suggest.search.plan import single
from cnncost.suggest.suggestion.request import Request
from cnncost.suggest.suggestion.suggester import Study
from cnncost.suggest.text.editable_spec import drafted
from cnncost.suggest.text.text_places import Sheet

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
    draft = drafted(Sheet("net.yaml", EDITED))
    assert draft.measured(draft.network)["weights"] == weights(32)
    after = {}
    for variable in offered(draft, menu((), (), ())):
        for choice in variable.choices[1:]:
            edit = single(draft, choice)
            assert edit is not None, choice.phrase  # every edit makes a network
            after[choice.phrase] = edit.after["weights"]
    for width in (8, 16, 24):
        assert after[f"d.1.new, d.2.new, d.3.new: 32 to {width} filters"] == weights(width)


def test_a_plan_holds_its_budget() -> None:
    request = Request(budgets=(f"weights={weights(20)}",))
    study = Study(cnncost.loads(EDITED), request)
    found = study.suggest()
    assert found.plan is not None
    assert found.proved
    written = cnncost.loads(study.finished(found.plan))
    assert cnncost.count(written).totals.weights <= weights(20)
    assert "times: 3" in written.text.text
