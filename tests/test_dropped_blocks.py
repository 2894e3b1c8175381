"""Blocks that are written out go one by one, as copies of a repeated one do."""

from __future__ import annotations

import pytest
from command import run
from spaces import draft_of
from suggested_edits import ALL, edits, one, phrases

import cnncost
from cnncost.plans.decisions.search_space import build_search_space, list_decisions, try_options
from cnncost.plans.edits.editable_spec import measure_counts


def flat_text(name: str) -> str:
    done = run("convert", name, "-", "--flat")
    assert done.returncode == 0, done.stderr
    return done.stdout


def depth_prices(text: str) -> list[int]:
    """The prices of all edits of depth, in the order of the file."""
    editable = draft_of(text)
    priced = [try_options(editable, one)[0] for one in list_decisions(editable, ALL)]
    return [edit.score for one in priced for edit in one.options if edit.kind == "depth"]


@pytest.mark.parametrize(("name", "many"), [
    ("resnet50", 5),  # a third of 3, 4, 6 and 3 blocks: 1 + 1 + 2 + 1 counts
    ("mobilenet_v1", 1),  # a third of 5
])  # fmt: skip
def test_a_written_block_costs_what_a_copy_costs(name: str, many: int) -> None:
    prices = depth_prices(flat_text(name))
    assert prices == depth_prices(cnncost.load(name).text.text)
    assert len(prices) == many


RESIDUAL = """\
input: [16, 12, 12]
layers:
  - {name: stem, conv: 16, kernel: 3, padding: 1}
  - {name: in1, relu}
  - {name: a1, conv: 32, kernel: 3, padding: 1}   # one
  - relu
  - {name: a2, conv: 16, kernel: 3, padding: 1}
  - {name: sum1, add: [previous, in1]}
  - {name: out1, relu}
  - {name: b1, conv: 48, kernel: 3, padding: 1}
  - relu
  - {name: b2, conv: 16, kernel: 3, padding: 1}
  - {name: sum2, add: [out1, previous]}
  - {name: out2, relu}
  - {name: c1, conv: 64, kernel: 3, padding: 1}
  - relu
  - {name: c2, conv: 16, kernel: 3, padding: 1}
  - {name: sum3, add: [previous, out2]}
  - {name: out3, relu}
  - {name: late, conv: 8, kernel: 1, from: out2}
  - {name: both, concat: [late, out3]}
  - global_avgpool
  - {name: fc, dense: 10}
"""


def at(name: str) -> int:
    """Where the line of a layer begins."""
    return RESIDUAL.index(f"  - {{name:{name},")


def test_a_block_between_others_is_dropped_with_its_lines() -> None:
    """What named its output names what it read."""
    editable = draft_of(RESIDUAL)
    edit = one(editable, "b1: 1 block dropped")
    text = editable.edited_text(edit.changes)
    before, block, after = (
        RESIDUAL[: at(" b1")],
        RESIDUAL[at(" b1") : at(" c1")],
        RESIDUAL[at(" c1") :],
    )
    assert block.count("\n") == 5
    assert text == before + after.replace("out2]", "out1]").replace("from: out2", "from: out1")
    saved = measure_counts(editable.network)["weights"]
    saved -= measure_counts(cnncost.loads(text).network)["weights"]
    assert saved == 2 * 9 * 16 * 48


def test_blocks_that_differ_are_offered_each() -> None:
    found = phrases(draft_of(RESIDUAL), "depth")
    assert found == [f"{name}: 1 block dropped" for name in ("c1", "b1", "a1")]


@pytest.mark.parametrize(("block", "before", "after"), [
    ("a1", "add: [previous, in1]", "add: [previous, stem]"),  # its branch reads something else
    ("b1", "from: out2", "from: b2"),  # a layer within the block is read elsewhere
])  # fmt: skip
def test_what_is_no_block_stays(block: str, before: str, after: str) -> None:
    assert f"{block}: 1 block dropped" in phrases(draft_of(RESIDUAL), "depth")
    editable = draft_of(RESIDUAL.replace(before, after))
    offered = [edit for edit in edits(editable) if edit.kind == "depth"]
    assert f"{block}: 1 block dropped" not in [edit.phrase for edit in offered]
    for edit in offered:
        spec = editable.read_edited(edit.changes)
        assert spec is not None
        gone = len(editable.network.nodes) - len(spec.network.nodes)
        assert gone == len(edit.substitutes)


CHAIN = """\
input: [8, 12, 12]
layers:
  - {name: c1, conv: 32, kernel: 3, padding: 1}
  - relu
  - {name: c2, conv: 32, kernel: 3, padding: 1}
  - relu
  - {name: c3, conv: 32, kernel: 3, padding: 1}
  - relu
  - {maxpool: 2}
  - {name: fc, dense: 10}
"""


def test_a_convolution_of_three_alike_may_go() -> None:
    """The last one stays, so what is behind it reads what it read."""
    editable = draft_of(CHAIN)
    assert phrases(editable, "depth") == ["c2: 1 convolution dropped"]
    text = editable.edited_text(one(editable, "c2: 1 convolution dropped").changes)
    assert text == CHAIN.replace("  - {name: c2, conv: 32, kernel: 3, padding: 1}\n  - relu\n", "")


def test_a_residual_block_and_a_convolution_within_it_are_told_apart() -> None:
    """Four blocks of three equal convolutions: a block may go, or a convolution of each."""
    branch = "{conv: 16, kernel: 3, padding: 1}"
    block = f"  - {{name: x, conv: 16, kernel: 3, padding: 1}}\n  - {branch}\n  - {branch}\n"
    lines = ["input: [3, 8, 8]\nlayers:\n  - {name: s0, conv: 16, kernel: 1}\n"]
    for n in range(4):
        lines.append(block.replace("name: x", f"name: x{n}"))
        lines.append(f"  - {{name: s{n + 1}, add: [previous, s{n}]}}\n")
    lines.append("  - global_avgpool\n  - {name: fc, dense: 10}\n")
    editable = draft_of("".join(lines))
    offered = [edit for edit in edits(editable) if edit.kind == "depth"]
    assert len({edit.phrase for edit in offered}) == len(offered)
    assert "x3: 1 block dropped" in [edit.phrase for edit in offered]
    for edit in offered:
        assert editable.read_edited(edit.changes) is not None


def test_the_widths_around_a_dropped_convolution_stay() -> None:
    """Where the layers beside it are narrower, a table says that it may not go."""
    space = build_search_space(draft_of(CHAIN), ALL, structural=False)
    labels = [decision.label for decision in space.decisions]
    drop = next(v for v, d in enumerate(space.decisions) if d.options[-1].kind == "depth")
    chosen = [0] * len(labels)
    chosen[drop] = 1
    alone = space.tables.costs(chosen)
    # c1 9 x 8 x 32, c3 9 x 32 x 32, fc 32 x 6 x 6 x 10
    assert alone is not None
    assert alone[0] == 9 * 8 * 32 + 9 * 32 * 32 + 32 * 36 * 10
    for label in ("c1", "c2"):
        narrowed = [*chosen]
        narrowed[labels.index(label)] = 1
        assert space.tables.costs(narrowed) is None


def test_two_of_three_blocks_are_not_dropped_together() -> None:
    """A third of a stage at most: two alike are not enough."""
    two = CHAIN.replace("  - {name: c2, conv: 32, kernel: 3, padding: 1}\n  - relu\n", "")
    assert phrases(draft_of(two), "depth") == []


def test_kept_blocks_stay() -> None:
    done = run("suggest", "-", "--keep", "b1", "--top", "99", "-f", "json", text=RESIDUAL)
    assert done.returncode == 0, done.stderr
    assert "b1: 1 block dropped" not in done.stdout
    assert "c1: 1 block dropped" in done.stdout


DEPTHWISE = """\
input: [3, 16, 16]
layers:
  - {name: expand, conv: 96, kernel: 1}
  - relu6
  - {name: dw, conv: 96, kernel: 3, padding: 1, groups: 96}
  - {name: project, conv: 16, kernel: 1}
  - global_avgpool
  - {name: fc, dense: 10}
"""


def test_the_filters_and_groups_of_a_depthwise_convolution_follow_its_width() -> None:
    editable = draft_of(DEPTHWISE)
    edit = one(editable, "expand: 96 to 48 filters")
    spec = cnncost.loads(editable.edited_text(edit.changes))
    # 3 x 48, 9 x 48, 48 x 16, 16 x 10
    assert cnncost.count(spec).totals.weights == 144 + 432 + 768 + 160
    assert "groups: 48" in editable.edited_text(edit.changes)
