"""Where stacks, fewer copies and other heads are offered, and what scores are units of."""

from __future__ import annotations

import pytest
from spaces import draft_of
from suggested_edits import one, phrases

from cnncost.plans.edits.edit import UNIT, units

NET = """\
input: [3, 32, 32]
layers:
- {name: stem, conv: 32, kernel: 3, padding: 1}
- {name: mid, conv: 64, kernel: 5, padding: 2}
- {name: up, conv: 128, kernel: 3, padding: 1}
- {name: down, conv: 64, kernel: 3, padding: 1}
- global_avgpool
- {name: out, dense: 10}
"""


@pytest.mark.parametrize(("kind", "offered"), [
    ("separable", {"up: depthwise, then 1x1", "down: depthwise, then 1x1",
                   "mid: depthwise, then 1x1"}),
    ("kernel-stack", {"mid: 5x5 as two 3x3, through 32 filters"}),
    ("bottleneck", {"down: 1x1 to 32, the kernel there, 1x1 up",
                    "down: 1x1 to 16, the kernel there, 1x1 up"}),
    ("low-rank", {"down: 32 filters, then 1x1 up"}),
    ("grouped", {"down: in 2 groups, shuffled", "down: in 4 groups, shuffled",
                 "down: in 8 groups, shuffled"}),
    ("asymmetric", {"mid: 1x5, then 5x1"}),
])  # fmt: skip
def test_replacements_are_offered(kind: str, offered: set[str]) -> None:
    assert offered <= set(phrases(draft_of(NET), kind))


def test_a_stack_of_the_same_width() -> None:
    editable = draft_of(NET.replace("mid, conv: 64", "mid, conv: 32"))
    assert phrases(editable, "kernel-stack") == ["mid: 5x5 as two 3x3"]


def test_seven_is_a_stack_of_three() -> None:
    wide = "conv: 32, kernel: 7, padding: 3"
    editable = draft_of(NET.replace("conv: 64, kernel: 5, padding: 2", wide))
    assert phrases(editable, "kernel-stack") == ["mid: 7x7 as three 3x3"]


@pytest.mark.parametrize("line", [
    "conv: 64, kernel: [5, 3], padding: [2, 1]", "conv: 64, kernel: 5", "conv: 64, kernel: 4",
    "conv: 64, kernel: 5, padding: 4, dilation: 2", "conv: 64, kernel: 3, padding: 1",
])  # fmt: skip
def test_what_is_no_stack(line: str) -> None:
    editable = draft_of(NET.replace("conv: 64, kernel: 5, padding: 2", line))
    assert phrases(editable, "kernel-stack") == []


HEAD = """\
input: [3, 8, 8]
layers:
- {name: stem, conv: 16, kernel: 3, padding: 1}
- {name: a, dense: 32}
- relu
- {name: b, dense: 32}
- relu
- {name: out, dense: 10}
"""


def test_edits_of_the_head() -> None:
    editable = draft_of(HEAD)
    pools = ["maxpool to 4x4 before a", "avgpool to 2x2 before a", "avgpool to 1x1 before a"]
    drops = ["a dropped", "b dropped"]
    assert phrases(editable, "drop-dense") == drops
    assert phrases(editable, "global-pool-head") == ["global average pool in place of a and b"]
    # A pool goes with the layer that does not read the map itself.
    assert phrases(editable, "pool-before-dense") == [*pools, *(f"{p}, b dropped" for p in pools)]


def test_fewer_copies() -> None:
    text = """\
input: [3, 16, 16]
layers:
- {name: stem, conv: 64, kernel: 3, padding: 1}
- {name: x, conv: 64, kernel: 3, padding: 1, repeat: 6}
- global_avgpool
- {name: out, dense: 10}
"""
    # A third of a stage's six at most.
    assert phrases(draft_of(text), "depth") == ["x: 6 to 5 copies", "x: 6 to 4 copies"]
    edit = one(draft_of(text), "x: 6 to 4 copies")
    assert "repeat: 4" in draft_of(text).edited_text(edit.changes)


def test_scores_are_whole_units_of_1e_5() -> None:
    assert units(10.0) == 1_000_000
    assert [units(x * 1e-5) for x in (1.4, 1.6, -1.4, -1.6, 0.0)] == [1, 2, -1, -2, 0]
    assert UNIT == 100_000
