"""Smaller kernels: where they are offered, what they save and cost, and that shapes stay."""

from __future__ import annotations

import pytest
from spaces import draft_of
from suggested_edits import edits, one, phrases

import cnncost

PLAIN = """\
input: [3, 32, 32]
layers:
  - {name: c1, conv: 8, kernel: 7, padding: 3}
  - relu
  - {name: c2, conv: 8, kernel: 5, padding: same}
  - relu
  - {name: c3, conv: 8, kernel: 3, padding: 1}
  - relu
  - {name: c4, conv: 8, kernel: 3, padding: 1}
  - relu
  - {name: c5, conv: 8, kernel: 3, stride: 2, padding: 1}
  - relu
  - {dense: 10}
"""


def test_each_size_is_offered_where_shapes_stay() -> None:
    assert sorted(phrases(draft_of(PLAIN), "kernel")) == [
        "c1: 7x7 to 3x3",
        "c1: 7x7 to 5x5",
        "c2: 5x5 to 3x3",
        # Not c3 as well: then a 1x1 might stand behind a 1x1. Not c5: it would skip positions.
        "c4: 3x3 to 1x1",
    ]


@pytest.mark.parametrize(("phrase", "weights"), [
    ("c1: 7x7 to 5x5", 3 * 8 * (49 - 25)), ("c1: 7x7 to 3x3", 3 * 8 * (49 - 9)),
    ("c2: 5x5 to 3x3", 8 * 8 * (25 - 9)), ("c4: 3x3 to 1x1", 8 * 8 * (9 - 1)),
])  # fmt: skip
def test_what_it_saves(phrase: str, weights: int) -> None:
    editable = draft_of(PLAIN)
    after = cnncost.loads(editable.edited_text(one(editable, phrase).changes))
    before = cnncost.loads(PLAIN)
    assert cnncost.count(before).totals.weights - cnncost.count(after).totals.weights == weights
    shapes = [[node.output for node in spec.network.nodes] for spec in (before, after)]
    assert shapes[0] == shapes[1]
    assert cnncost.damage(before, after).score > 0


@pytest.mark.parametrize("line", [
    "{conv: 8, kernel: 5}",  # no padding to take off
    "{conv: 8, kernel: 7, padding: 1}",  # to 3 it would be -1, to 5 it is 0
    "{conv: 8, kernel: 5, padding: 2, dilation: 2}",
])  # fmt: skip
def test_not_where_shapes_would_change(line: str) -> None:
    text = f"input: [3, 32, 32]\nlayers:\n  - {line}\n  - relu\n  - {{dense: 10}}\n"
    assert not [phrase for phrase in phrases(draft_of(text), "kernel") if "to 3x3" in phrase]


BETWEEN = """\
input: [3, 16, 16]
layers:
  - {{conv: 8, kernel: 3, padding: 1}}
  - relu
  - {{name: before, conv: 8, kernel: {before}, padding: {pad}}}
  - relu
  - {{name: it, {it}, padding: 1}}
  - relu
  - {{conv: 8, kernel: 3, padding: 1, stride: 2}}
  - relu
  - {{dense: 10}}
"""


@pytest.mark.parametrize(("before", "it", "offered"), [
    (3, "conv: 8, kernel: 3", True),
    (1, "conv: 8, kernel: 3", False),  # it would stand behind a 1x1
    (3, "depthwise_conv: 3", False),
    (3, "conv: 8, kernel: 3, groups: 8", False),  # depthwise, too
    (3, "conv: 8, kernel: 3, groups: 2", True),
])  # fmt: skip
def test_to_single_positions(before: int, it: str, *, offered: bool) -> None:
    text = BETWEEN.format(before=before, pad=before // 2, it=it)
    assert ("it: 3x3 to 1x1" in phrases(draft_of(text), "kernel")) == offered


def test_a_layer_without_a_non_linearity_is_not_made_smaller_for_nothing() -> None:
    """The estimate sees no kernel there, so it has no price."""
    text = """\
input: [3, 16, 16]
layers:
  - {name: c1, conv: 8, kernel: 5, padding: 2}
  - {name: c2, conv: 8, kernel: 3, padding: 1}
  - relu
  - {dense: 10}
"""
    assert phrases(draft_of(text), "kernel") == ["c2: 3x3 to 1x1"]


def test_the_kernel_of_a_call_and_of_a_signature() -> None:
    editable = draft_of(cnncost.load("efficientnet_b0").text.text)
    found = phrases(editable, "kernel")
    # The five rows of the table with 5x5, and the two first lines of them.
    assert {phrase.partition(":")[0] for phrase in found} == {
        "mb3a", "mb3b", "mb5a", "mb5b and 1 more", "mb6a", "mb6b and 2 more",
    }  # fmt: skip
    stem = phrases(draft_of(cnncost.load("resnet18").text.text), "kernel")
    assert stem == ["conv1: 7x7 to 5x5", "conv1: 7x7 to 3x3"]


def test_it_is_decided_once_with_what_else_may_stand_there() -> None:
    """VGG's convolutions: a plan never puts a smaller kernel into what it replaces."""
    editable = draft_of(cnncost.load("vgg16").text.text)
    of_kernels = [e for e in edits(editable) if e.kind == "kernel"]
    assert len(of_kernels) == 6
    from suggested_edits import ALL

    from cnncost.plans.decisions.search_space import list_decisions

    for decision in list_decisions(editable, ALL):
        kinds = {e.kind for e in decision.options[1:]}
        assert "kernel" not in kinds or "separable" in kinds
