"""Spatial edits tried without reading the text: the same costs as the text makes."""

from __future__ import annotations

import random
from contextlib import suppress

import pytest
from lost_positions import loses_positions, starves
from spaces import draft_of
from wild_networks import wild_network

import cnncost
from cnncost.plans.decisions.spatial_trials import SpatialTrials
from cnncost.plans.edits.catalogue import SPATIAL, parse_allowed_edits
from cnncost.plans.edits.editable_spec import EditableSpec

EVERYTHING = parse_allowed_edits((), (), ())

FOLLOWED = {
    "a map resized to another": """\
input: [3, 32, 32]
layers:
  - {conv: 8, kernel: 3, padding: 1, name: early}
  - {conv: 8, kernel: 3, stride: 2, padding: 1}
  - {maxpool: 2}
  - {upsample, size: early}
  - {conv: 4, kernel: 3}
  - global_avgpool
  - {dense: 10}
""",
    "an output that would be smaller": """\
input: [3, 32, 32]
layers:
  - {conv: 8, kernel: 3, padding: 1}
  - relu
  - {conv: 8, kernel: 3, padding: 1}
""",
    "a kernel that would be larger than its map": """\
input: [3, 9, 9]
layers:
  - {conv: 8, kernel: 3, padding: 1}
  - relu
  - {conv: 8, kernel: 7}
  - global_avgpool
  - {dense: 10}
""",
    "pools of every form, on a signal": """\
input: [2, 64]
layers:
  - {conv: 8, kernel: 5, padding: same}
  - relu
  - {maxpool: 3, stride: 2, ceil: true}
  - {conv: 8, kernel: 3, dilation: 2}
  - relu
  - {avgpool: 4, stride: 2, padding: 1}
  - flatten
  - {dense: 10}
""",
}


def _compare(editable: EditableSpec) -> tuple[int, int]:
    """Compare every spatial edit's trial with its text; how many were tried, and how many make
    a network."""
    tried = made = 0
    trials = SpatialTrials(editable)
    for edit in [edit for kind in SPATIAL for edit in kind.edits(editable, EVERYTHING)]:
        trial, spec = trials.try_edit(edit), editable.read_edited(edit.changes)
        tried += 1
        coarser = edit.kind in ("stride", "pooling")
        if (
            spec is None
            or starves(editable.spec, spec)
            or (coarser and loses_positions(editable.spec, spec))
        ):
            assert trial is None, edit.phrase
            continue
        assert trial is not None, edit.phrase
        report = cnncost.count(spec)
        totals = report.totals
        rows = [row for row in report.layers if row.counted]
        assert [(c[0], c[2], c[3]) for c in trial.costs] == [
            (row.weights, row.connections, row.units) for row in rows
        ], edit.phrase
        assert trial.after == {metric: getattr(totals, metric) for metric in trial.after}
        made += 1
    return tried, made


@pytest.mark.parametrize("name", ["alexnet", "vgg16", "squeezenet1_1", "m5", "c3d"])
def test_trials_of_bundled_networks_equal_their_texts(name: str) -> None:
    assert _compare(draft_of(cnncost.load(name).text.text))[1] > 1


@pytest.mark.parametrize("block", range(4))
def test_trials_of_random_networks_equal_their_texts(block: int) -> None:
    made = 0
    for seed in range(block, 160, 4):
        text = wild_network(random.Random(seed))
        with suppress(cnncost.SpecError):  # some branches do not fit
            made += _compare(draft_of(text))[1]
    assert made > 40


@pytest.mark.parametrize("what", FOLLOWED)
def test_whatever_follows_the_extents_is_followed(what: str) -> None:
    assert _compare(draft_of(FOLLOWED[what]))[0] > 2


def test_the_costs_of_a_doubled_stride_spelled_out() -> None:
    """3x3 filters over 8x8 become 4x4: a quarter of the products, the second layer's as well."""
    text = """\
input: [1, 8, 8]
layers:
  - {conv: 2, kernel: 3, padding: 1}
  - {conv: 5, kernel: 1}
  - global_avgpool
  - {dense: 3}
"""
    editable = draft_of(text)
    (edit,) = [e for e in SPATIAL[2].edits(editable, EVERYTHING) if e.phrase.startswith("conv1")]
    trial = SpatialTrials(editable).try_edit(edit)
    assert trial is not None
    assert trial.costs[0][2:] == (4 * 4 * 2 * 9, 4 * 4 * 2)
    assert trial.costs[1][2:] == (4 * 4 * 5 * 2, 4 * 4 * 5)
    assert trial.costs[2][0] == 3 * 5
