"""The price of each kind of edit: the published figures and the fits' factors, by hand."""

from __future__ import annotations

import csv
from math import log
from pathlib import Path

import pytest
from spaces import draft_of
from suggested_edits import one, phrases

from cnncost.suggest.text import damage
from cnncost.suggest.text.editable_spec import EditableSpec

GRIDS = Path(__file__).parent / "reference" / "damage" / "mobilenet_grids.csv"


def phi(u: float) -> float:
    """The fit over MobileNet's width tables, as the notes on it give it."""
    return 0.2373 * u + 0.1027 * u * u


def units(score: float) -> int:
    """Units of 1e-5, and 1e-4 for an edit."""
    return round(score * 100_000) + 10


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
W = 1 / 4.5
"""The stem weighs 1.5, the three others 1 each."""


@pytest.fixture(scope="module")
def net() -> EditableSpec:
    return draft_of(NET)


@pytest.mark.parametrize(("phrase", "score"), [
    # Weights 64 x 128 x 9 to 64 x (9 + 128); 128 x 64 x 9 to 128 x (9 + 64), of 128 channels half.
    ("up: depthwise, then 1x1", 1.5 * W * phi(log(64 * 128 * 9 / (64 * (9 + 128))) / 2)),
    ("down: depthwise, then 1x1", 1.5 * W * phi(log(128 * 64 * 9 / (128 * (9 + 64))) / 2) / 2),
    ("mid: depthwise, then 1x1", 1.5 * W * phi(log(32 * 64 * 25 / (32 * (25 + 64))) / 2)),
    ("mid: 5x5 as two 3x3, through 32 filters", 0.75 * W * phi(log(2))),
    ("down: 1x1 to 32, the kernel there, 1x1 up", 1.5 * W * phi(log(2))),
    ("down: 1x1 to 16, the kernel there, 1x1 up", 1.5 * W * phi(log(4))),
    ("down: 32 filters, then 1x1 up", 0.75 * W * phi(log(2))),
    ("down: in 2 groups, shuffled", 0.02),
    ("down: in 4 groups, shuffled", 0.04),
    ("down: in 8 groups, shuffled", 0.06),
    ("mid: 1x5, then 5x1", 0.008),
])  # fmt: skip
def test_a_structural_replacement(net: EditableSpec, phrase: str, score: float) -> None:
    assert one(net, phrase).score == units(score)


@pytest.mark.parametrize(("extent", "score"), [
    (11, 0.008), (12, 0.003), (20, 0.003), (21, 0.008),
])  # fmt: skip
def test_asymmetric_kernels_work_on_maps_of_12_to_20_positions(extent: int, score: float) -> None:
    editable = draft_of(NET.replace("32, 32]", f"{extent}, {extent}]"))
    assert one(editable, "mid: 1x5, then 5x1").score == units(score)


def test_a_stack_of_the_same_width_costs_nothing() -> None:
    editable = draft_of(NET.replace("mid, conv: 64", "mid, conv: 32"))
    assert one(editable, "mid: 5x5 as two 3x3").score == units(0)


def test_seven_is_a_stack_of_three() -> None:
    wide = "conv: 32, kernel: 7, padding: 3"
    editable = draft_of(NET.replace("conv: 64, kernel: 5, padding: 2", wide))
    assert one(editable, "mid: 7x7 as three 3x3").score == units(0)


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
    scores = {
        phrase: one(editable, phrase).score
        for kind in ("pool-before-dense", "global-pool-head", "drop-dense")
        for phrase in phrases(editable, kind)
    }
    # A layer less, .01; half the map by a pool, .03; all of it, .08; a global pool instead, .10.
    for score in (0.01, 0.03, 0.08, 0.10):
        assert units(score) in scores.values(), scores


def test_the_interval_of_the_heads_edits() -> None:
    edit = one(draft_of(HEAD), "maxpool to 4x4 before a")
    assert edit.head
    # As the reason says it.
    low, high = edit.because.removeprefix("judgement, ").split(" to ")
    assert damage.HEAD_INTERVAL == (float(low), float(high)) == (-0.12, 0.23)


def test_fewer_copies() -> None:
    text = """\
input: [3, 16, 16]
layers:
- {name: stem, conv: 64, kernel: 3, padding: 1}
- {name: x, conv: 64, kernel: 3, padding: 1, repeat: 6}
- global_avgpool
- {name: out, dense: 10}
"""
    editable = draft_of(text)
    # Seven convolutions; a third of a stage's six at most.
    assert one(editable, "x: 6 to 5 copies").score == units(0.17 * log(7 / 6))
    assert one(editable, "x: 6 to 4 copies").score == units(0.17 * log(7 / 5))
    assert "x: 6 to 3 copies" not in phrases(editable, "depth")


def test_what_is_known_ends_where_the_published_tables_end() -> None:
    with GRIDS.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    resolutions = [int(row["resolution"]) for row in rows]
    assert min(float(row["width"]) for row in rows) == 0.25 == damage.NARROWEST
    assert round(min(resolutions) / max(resolutions), 2) == damage.COARSEST


def test_scores_are_whole_units_of_1e_5() -> None:
    assert damage.units(10.0) == 1_000_000
    # The largest residual of the fits is .024: two plans may be off by that much each.
    assert 2 * 0.024 < damage.EQUIVALENT == 0.05
