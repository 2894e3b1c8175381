"""Strides and pools that are refused: positions that were read would be read no longer, or a
kernel would outgrow its map."""

from __future__ import annotations

import pytest
from spaces import draft_of
from suggested_edits import ALL

from cnncost.plans.decisions.spatial_trials import SpatialTrials
from cnncost.plans.edits.catalogue import SPATIAL

ENDS = "- {name: e, conv: 4, kernel: 1}\n- global_avgpool\n- {dense: 3}\n"


def tried(lines: str, shape: str) -> tuple[list[str], list[str]]:
    """The phrases of the spatial edits that are made, and of those that are refused."""
    return tried_text(f"input: {shape}\nlayers:\n{lines}")


def tried_text(text: str) -> tuple[list[str], list[str]]:
    editable = draft_of(text)
    trials, made, refused = SpatialTrials(editable), [], []
    for edit in [edit for kind in SPATIAL for edit in kind.edits(editable, ALL)]:
        (made if trials.try_edit(edit) else refused).append(edit.phrase)
    return made, refused


@pytest.mark.parametrize(("pool", "size", "wider", "kept"), [
    # Stride 4 from position 0 on: it reads the first 4 of 7 each way, 16 of 49; today 36.
    ("maxpool: 2", 7, 4, False),
    ("avgpool: 2", 7, 4, False),
    ("maxpool: 2", 8, 4, True),  # all of 8
    ("maxpool: 2", 9, 4, True),  # 8 of 9, as today
    ("maxpool: 2", 11, 4, False),  # 8 of 11; today 10
    ("maxpool: 2", 6, 4, False),
    ("maxpool: 2", 4, 4, True),
    ("maxpool: 2, ceil: true", 7, 4, True),  # the window at the end reads what is left
    ("maxpool: 3, stride: 2", 13, 4, False),  # 12 of 13; today 13
    ("maxpool: 3, stride: 2", 12, 4, True),  # 12 of 12; today 11
    ("maxpool: 3, stride: 2, padding: 1", 8, 4, False),  # from -1 on: 7 of 8, today 8
    ("maxpool: 5, stride: 2", 13, 4, True),  # its kernel is wide enough: 4 x 2 + 5
])  # fmt: skip
def test_a_pool_is_widened_where_it_reads_as_much(
    pool: str, size: int, wider: int, kept: bool
) -> None:
    lines = f"- {{name: c, conv: 8, kernel: 1}}\n- relu\n- {{name: p, {pool}}}\n{ENDS}"
    made, refused = tried(lines, f"[3, {size}, {size}]")
    assert (f"p: stride 2 to {wider}" in made) is kept
    assert (f"p: stride 2 to {wider}" in refused) is not kept


@pytest.mark.parametrize(("size", "kept"), [(6, True), (7, False), (8, True), (3, False)])
def test_a_pool_is_added_where_it_divides_the_map(size: int, kept: bool) -> None:
    lines = f"- {{name: c, conv: 8, kernel: 1}}\n- relu\n{ENDS}"
    made, _ = tried(lines, f"[3, {size}, {size}]")
    assert ("maxpool 2 added behind c" in made) is kept


@pytest.mark.parametrize(("conv", "shape", "kept"), [
    ("conv: 8, kernel: 3, padding: 1", "[3, 9, 9]", True),
    ("conv: 8, kernel: 3, padding: 1", "[3, 8, 8]", True),  # the last window reads 6, 7 and 8
    ("conv: 8, kernel: 3", "[3, 9, 9]", True),
    ("conv: 8, kernel: 3", "[3, 8, 8]", False),  # 7 of 8; today 8
    ("conv: 8, kernel: 3", "[3, 9, 8]", False),
    ("conv: 8, kernel: 3", "[3, 101]", True),
    ("conv: 8, kernel: 3", "[3, 100]", False),
    ("conv: 8, kernel: 3, padding: same", "[3, 8, 8]", True),
    ("conv: 8, kernel: 2", "[3, 8, 8]", True),
    ("conv: 8, kernel: 3, dilation: 2", "[3, 9, 9]", True),  # 0, 2, 4 up to 4, 6, 8
    ("conv: 8, kernel: 3, dilation: 2", "[3, 10, 10]", False),
])  # fmt: skip
def test_a_stride_is_doubled_where_it_reads_as_much(conv: str, shape: str, kept: bool) -> None:
    made, refused = tried(f"- {{name: c, {conv}}}\n- relu\n{ENDS}", shape)
    assert ("c: stride 1 to 2" in made) is kept
    assert ("c: stride 1 to 2" in refused) is not kept


@pytest.mark.parametrize(("kernel", "padding", "kept"), [
    # Behind the stride 4 x 4 are left of 8 x 8.
    (1, 0, True), (3, 1, True), (4, 2, True), (5, 2, False), (7, 3, False),
    (9, 4, True),  # outgrown as things stand
    ("[3, 5]", "[1, 2]", False), ("[3, 9]", "[1, 4]", True),
])  # fmt: skip
def test_a_kernel_behind_is_not_outgrown(kernel: str, padding: str, kept: bool) -> None:
    lines = f"""\
- {{name: c, conv: 8, kernel: 3, padding: 1}}
- relu
- {{name: d, conv: 8, kernel: {kernel}, padding: {padding}}}
- relu
{ENDS}"""
    made, refused = tried(lines, "[3, 8, 8]")
    assert ("c: stride 1 to 2" in made) is kept
    assert ("maxpool 2 added behind c" in made) is kept
    assert ("maxpool 2 added behind c" in refused) is not kept


def test_a_smaller_input_starves_no_kernel() -> None:
    lines = f"- {{name: c, conv: 8, kernel: 7, padding: 3}}\n- relu\n{ENDS}"
    made, _ = tried(lines, "[3, 8, 8]")
    assert "input: 8 to 7 positions a side" in made
    assert "input: 8 to 4 positions a side" not in made


CALLED = """\
input: [3, {size}, {size}]
blocks:
  unit(width, stride=1, k=3): [{{conv: width, kernel: k, stride: stride, padding: k // 2}}, relu]
layers:
- {{name: u, unit: 8}}
- {{name: v, unit: 8, k: {k}}}
- global_avgpool
- {{dense: 3}}
"""
"""What a call makes of its stride only its text tells."""


@pytest.mark.parametrize(("size", "k", "kept"), [(8, 3, True), (8, 5, False), (8, 9, True)])
def test_calls_of_blocks_keep_to_the_same_rules(size: int, k: int, kept: bool) -> None:
    editable = draft_of(CALLED.format(size=size, k=k))
    trials = SpatialTrials(editable)
    edits = {edit.phrase: edit for kind in SPATIAL for edit in kind.edits(editable, ALL)}
    assert not edits["u: stride 1 to 2"].substitutes
    assert (trials.try_edit(edits["u: stride 1 to 2"]) is not None) is kept


def test_a_call_that_leaves_positions_out_is_refused() -> None:
    text = CALLED.format(size=8, k=3).replace(", padding: k // 2", "")
    editable = draft_of(text)
    edits = {edit.phrase: edit for kind in SPATIAL for edit in kind.edits(editable, ALL)}
    # 3 of stride 2 read 7 of 8; today 8.
    assert SpatialTrials(editable).try_edit(edits["u: stride 1 to 2"]) is None
    nine = draft_of(text.replace("8, 8]", "9, 9]"))
    assert SpatialTrials(nine).try_edit(edits["u: stride 1 to 2"]) is not None


POOLS_BY_NUMBER = """\
input: [3, 8, 8]
layers:
- {name: c, conv: 8, kernel: 1, padding: 0}
- relu
- {name: d, conv: 8, kernel: 1}
- {maxpool: 2}
- {conv: 4, kernel: 1}
- {upsample, size: c}
- global_avgpool
- {dense: 3}
"""
"""A pool that is added is maxpool1, and the old one maxpool2 then; only the text tells extents."""


@pytest.mark.parametrize(("size", "kept"), [(8, True), (9, False), (7, False)])
def test_a_new_pool_is_told_from_those_that_it_renumbers(size: int, kept: bool) -> None:
    made, refused = tried_text(POOLS_BY_NUMBER.replace("8, 8]", f"{size}, {size}]"))
    assert ("maxpool 2 added behind c" in made) is kept
    assert ("maxpool 2 added behind c" in refused) is not kept
