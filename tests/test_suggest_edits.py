"""The catalogue's edits as changes of a file: where they are offered, and what they write."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest
from spaces import draft_of
from suggested_edits import edits, one, phrases

import cnncost
from cnncost.plans.decisions.search_space import build_search_space
from cnncost.plans.edits.catalogue import kind_names, parse_allowed_edits
from cnncost.plans.edits.editable_spec import measure_counts
from cnncost.plans.edits.meter import METRICS
from cnncost.plans.edits.text_changes import apply_changes, unified_diff


def test_each_kind_is_offered_on_two_networks() -> None:
    on: dict[str, list[str]] = {kind: [] for kind in kind_names()}
    for name in (
        *("alexnet", "alexnet_torchvision", "vgg16", "resnet18", "resnet50"),
        *("mobilenet_v1", "mobilenet_v2"),
    ):
        kinds = {edit.kind for edit in edits(draft_of(cnncost.load(name).text.text))}
        for kind in kinds:
            on[kind].append(name)
    assert {kind for kind, found in on.items() if len(found) < 2} == set()


# A block's call written out

BLOCKS = """\
input: [16, 12, 12]
blocks:
  conv_bn(filters, kernel=3, stride=1, then=relu):   # the usual three
    - {conv: filters, kernel: kernel, stride: stride, padding: kernel // 2, bias: false}
    - batchnorm
    - then
layers:
  - {name: a, conv_bn: 32, kernel: 5}  # wide
  - {name: b, conv_bn: 48, stride: 2, then: identity}
  - {name: c, conv_bn: 48, kernel: 1}
  - global_avgpool
  - {name: out, dense: 10}
"""


@pytest.mark.parametrize(
    ("phrase", "line"),
    [
        (
            "a: depthwise, then 1x1",
            "{name: a, sequence: [{name: a_1, depthwise_conv: 5, padding: 2, bias: false}, "
            "batchnorm, relu, {name: a_2, conv: 32, kernel: 1, bias: false}, batchnorm, "
            "relu]}  # wide",
        ),
        (
            "b: in 2 groups, shuffled",
            "{name: b, sequence: [{name: b_1, conv: 48, kernel: 3, stride: 2, padding: 1, "
            "groups: 2, bias: false}, {channel_shuffle: 2}, batchnorm, identity]}",
        ),
        (
            "b: 1x3, then 3x1",
            "{name: b, sequence: [{name: b_1, conv: 48, kernel: [1, 3], padding: [0, 1], "
            "stride: [1, 2], bias: false}, batchnorm, {name: b_2, conv: 48, kernel: [3, 1], "
            "padding: [1, 0], stride: [2, 1], bias: false}, batchnorm, identity]}",
        ),
    ],
)
def test_a_call_is_written_out_and_the_others_stay(phrase: str, line: str) -> None:
    editable = draft_of(BLOCKS)
    text = editable.edited_text(one(editable, phrase).changes)
    name = phrase[0]
    (changed,) = [row for row in text.splitlines() if row.startswith(f"  - {{name: {name},")]
    assert changed == f"  - {line}"
    others = [row for row in BLOCKS.splitlines() if not row.startswith(f"  - {{name: {name},")]
    assert [row for row in text.splitlines() if row != changed] == others


def test_a_width_changes_within_the_call_that_is_written_out() -> None:
    editable = draft_of(BLOCKS)
    both = [one(editable, "a: depthwise, then 1x1"), one(editable, "a: 32 to 16 filters")]
    spec = editable.read_edited([change for edit in both for change in edit.changes])
    assert spec is not None
    # depthwise 5 x 5 x 16, 1x1 16 to 16; then 3 x 3 x 16 x 48, 48 x 48, 48 x 10
    assert cnncost.count(spec).totals.weights == 400 + 256 + 6_912 + 2_304 + 480


@pytest.mark.parametrize(
    ("block", "call"),
    [
        ("unit(filters): [{conv: 24, kernel: 3}, relu]", "{unit: 24}"),  # the block's own width
        ("unit(filters): [{conv: filters, kernel: 3}, {conv: filters, kernel: 1}]", "{unit: 32}"),
        ("unit(filters): [{conv: filters + channels, kernel: 3}, relu]", "{unit: 8}"),
        ("unit(filters): [{residual: [relu]}, {conv: filters, kernel: 3}]", "{unit: 32}"),
    ],
)
def test_calls_that_cannot_be_written_out_are_left(block: str, call: str) -> None:
    text = f"""\
input: [32, 16, 16]
blocks: {{"{block.partition(":")[0]}": {block.partition(":")[2].strip()}}}
layers: [{call}, {call}, {{name: last, unit: 40}}, global_avgpool, {{dense: 10}}]
"""
    editable = draft_of(text)
    calls = text.index("layers:")
    replaced = [edit for edit in edits(editable) if edit.convolutions]
    assert not any(change.place.start > calls for c in replaced for change in c.changes)


def test_a_call_that_is_referred_into_stays() -> None:
    text = BLOCKS.replace("global_avgpool", "{upsample, size: a.relu1}\n  - global_avgpool")
    assert not any(phrase.startswith("a: depth") for phrase in phrases(draft_of(text), "separable"))
    assert any(phrase.startswith("b: depth") for phrase in phrases(draft_of(text), "separable"))


@pytest.mark.parametrize("name", ["resnet18", "googlenet", "m5_speech"])
def test_written_out_calls_and_fewer_copies_count_as_predicted(name: str) -> None:
    editable = draft_of(cnncost.load(name).text.text)
    space = build_search_space(editable, parse_allowed_edits((), ["width", "dense"], ()))
    pick, compared = random.Random(name), 0
    for _ in range(10):
        chosen = tuple(pick.randrange(len(v.options)) for v in space.decisions)
        costs = space.tables.costs(chosen)
        spec = editable.read_edited([c for edit in space.edits_of(chosen) for c in edit.changes])
        assert spec is not None
        assert costs is not None
        assert dict(zip(METRICS, costs, strict=True)) == measure_counts(spec.network)
        compared += any(edit.convolutions for edit in space.edits_of(chosen))
    assert compared


# Layers referred to by number

NUMBERED = """\
input: [16, 16, 16]
layers:
  - {name: a, conv: 16, kernel: 3, padding: 1}
  - relu
  - {name: b, conv: 16, kernel: 3, padding: 1}
  - {add: [relu1, previous]}
  - {name: out, dense: 10}
"""


def test_no_edit_makes_a_number_another_layer() -> None:
    kinds = {edit.phrase.partition(",")[0] for edit in edits(draft_of(NUMBERED))}
    # A depthwise convolution with a relu behind it in the place of a would be what relu1 means.
    assert "a: depthwise" not in kinds
    assert "b: depthwise" in kinds
    is_named = NUMBERED.replace("- relu\n", "- {name: first, relu}\n").replace("relu1", "first")
    kinds = {edit.phrase.partition(",")[0] for edit in edits(draft_of(is_named))}
    assert {"a: depthwise", "b: depthwise"} <= kinds


# Depth


def test_a_stem_is_no_block_of_its_stage() -> None:
    # ResNet-18's first stage has two blocks: a third of it is none.
    assert phrases(draft_of(cnncost.load("resnet18").text.text), "depth") == []
    # ResNet-50's has three, and MobileNetV2's with the strided one before its copies (table 2).
    resnet50 = phrases(draft_of(cnncost.load("resnet50").text.text), "depth")
    assert "conv2b: 2 to 1 copies" in resnet50
    assert "conv4b: 5 to 3 copies" in resnet50
    assert "conv4b: 5 to 2 copies" not in resnet50
    assert "b3b: 2 to 1 copies" in phrases(
        draft_of(cnncost.load("mobilenet_v2").text.text), "depth"
    )


# Resolution


def test_frames_stay_and_the_picture_shrinks() -> None:
    editable = draft_of(cnncost.load("c3d").text.text)
    (edit,) = [c for c in edits(editable) if c.kind == "resolution" and "112 to 80" in c.phrase]
    assert "input: [3, 16, 80, 80]" in editable.edited_text(edit.changes)
    cube = draft_of("input: [1, 64, 64, 64]\nlayers: [{conv: 8, kernel: 3}, global_avgpool]\n")
    assert any("[1, 32, 32, 32]" in cube.edited_text(c.changes) for c in edits(cube))


# Labels


def test_a_call_s_numbers_are_told_apart() -> None:
    found = phrases(draft_of(cnncost.load("googlenet").text.text), "width")
    assert "i3a reduce3: 96 to 48 filters" in found
    assert "i3a wide5: 32 to 16 filters" in found
    assert "i3a: 64 to 32 filters" in found


# Diffs


@pytest.mark.parametrize("name", ["/somewhere/net.yaml", "../net.yaml", "sub/../../net.yaml"])
def test_a_diff_of_a_file_elsewhere_is_a_patch(name: str, tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(BLOCKS)
    after = BLOCKS.replace("48", "40")
    difference = unified_diff(BLOCKS, after, name)
    subprocess.run(["patch", "-p1", "-s"], input=difference, text=True, cwd=tmp_path, check=True)
    assert (tmp_path / "net.yaml").read_text() == after


def test_changes_are_made_in_any_order() -> None:
    editable = draft_of(BLOCKS)
    both = [
        *one(editable, "a: depthwise, then 1x1").changes,
        *one(editable, "c: 48 to 24 filters").changes,
    ]
    assert apply_changes(BLOCKS, both) == apply_changes(BLOCKS, both[::-1])
