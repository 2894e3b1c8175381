"""A factor and the widths that it multiplies are counted together as their text reads."""

from __future__ import annotations

from itertools import combinations, product

import pytest
from spaces import draft_of

import cnncost
from cnncost.plans.decisions.cost_tables import CostTables
from cnncost.plans.decisions.search_space import build_search_space
from cnncost.plans.edits.catalogue import kind_names, parse_allowed_edits
from cnncost.plans.edits.editable_spec import EditableSpec
from cnncost.plans.edits.meter import METRICS

OTHERS = tuple(name for name in kind_names() if name not in ("width", "expansion"))

NET = """
input: [3, 16, 16]
blocks:
  wide(filters, factor):
    - {{conv: factor * channels, kernel: 1}}
    - {{conv: factor * channels, kernel: 3, padding: 1, groups: {groups}}}
    - {{conv: filters, kernel: 1}}
layers:
  - {{name: stem, conv: 32, kernel: 3, padding: 1}}
  - {{name: neck, conv: 24, kernel: 1}}
  - {{name: first, wide: 48, factor: {factor}}}
  - {{name: second, wide: 40, factor: {factor}}}
  - global_avgpool
  - {{name: out, dense: 10}}
"""


@pytest.mark.parametrize(("factor", "groups"), [(4, 1), (6, "depthwise"), (3, 8)])
def test_factors_with_one_or_two_widths(factor: int, groups: object) -> None:
    editable = draft_of(NET.format(factor=factor, groups=groups))
    tables = build_search_space(editable, parse_allowed_edits((), OTHERS, ())).tables
    widths = [v for v, one in enumerate(tables.decisions) if one.group]
    factors = [v for v in widths if "factor" in tables.decisions[v].label]
    assert [tables.decisions[v].options[1].phrase for v in factors] == [
        f"first factor: {factor} to {factor - 1}",
        f"second factor: {factor} to {factor - 1}",
    ]
    compared = 0
    for scope in (*combinations(widths, 2), *combinations(widths, 3)):
        if set(scope) & set(factors):
            for picked in product(*[range(1, len(tables.decisions[v].options), 2) for v in scope]):
                compared += _hold_costs(editable, tables, dict(zip(scope, picked, strict=True)))
    assert compared > 50


def _hold_costs(editable: EditableSpec, tables: CostTables, picked: dict[int, int]) -> bool:
    """Compare the tables' costs under some options with a count of the text that they write."""
    counted = tables.costs(tuple([picked.get(v, 0) for v in range(len(tables.decisions))]))
    if counted is None:
        return False
    edits = [tables.decisions[v].options[k] for v, k in picked.items()]
    text = editable.edited_text(tuple(change for edit in edits for change in edit.changes))
    totals = cnncost.count(cnncost.loads(text)).totals
    expected = tuple([getattr(totals, metric) for metric in METRICS])
    assert counted[: len(METRICS)] == expected, [edit.phrase for edit in edits]
    return True
