"""Counting a network over other extents, against reading it anew over them."""

from __future__ import annotations

import pytest
from command import run
from hypothesis import given, settings
from hypothesis import strategies as st
from kinds import list_kinds

import cnncost
from cnncost.costs import Convention
from cnncost.costs.shape_replay import ShapeReplay
from cnncost.errors import CnncostError, Refused
from cnncost.language import Spec

SPECS = {name: cnncost.load(name) for name in list_kinds()}
REPLAYS = {
    (name, convention): ShapeReplay(spec.network, convention)
    for name, spec in SPECS.items()
    for convention in (Convention(), Convention(biases=True, exclude_padding=True))
}
FOLLOWING = [key for key, replay in REPLAYS.items() if replay.follows_extents]


def read_anew(name: str, extents: tuple[int, ...]) -> Spec | None:
    shape = (SPECS[name].network.inputs[0].output.channels, *extents)
    try:
        return cnncost.load(name, inputs={"": shape})
    except CnncostError:
        return None


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(FOLLOWING), st.lists(st.integers(1, 400), min_size=3, max_size=3))
def test_other_extents_count_as_if_read_anew(key: tuple[str, Convention], drawn: list[int]) -> None:
    name, convention = key
    axes = len(SPECS[name].network.inputs[0].output.extents)
    extents = tuple(drawn[:axes])
    spec = read_anew(name, extents)
    if spec is None:
        with pytest.raises(Refused):
            REPLAYS[key].count_totals(extents)
        return
    report = cnncost.count(spec, **convention._asdict())
    assert REPLAYS[key].count_totals(extents) == report.totals


def test_most_bundled_networks_follow_their_extents() -> None:
    names = {name for name, _ in FOLLOWING}
    assert {"alexnet", "resnet50", "googlenet", "densenet121", "unet"} <= names


UPSAMPLED = """\
input: [1, 8, 8]
layers:
  - {name: a, conv: 2, kernel: 3, padding: 1}
  - {maxpool: 2}
  - {upsample, size: a}
  - {conv: 1, kernel: 3}
"""
SHARED = """\
input: [1, 8, 8]
layers:
  - {name: a, conv: 1, kernel: 3, padding: 1}
  - {conv: 1, kernel: 3, padding: 1, share: a}
"""


@pytest.mark.parametrize("text", [UPSAMPLED, SHARED])
def test_networks_that_are_read_anew(text: str) -> None:
    """One takes a number from another layer's extents, one another layer's parameters."""
    assert not ShapeReplay(cnncost.loads(text).network, Convention()).follows_extents
    rows = run("sweep", "-", "--input", "8,12", "-f", "csv", text=text).stdout.splitlines()[1:]
    for side, row in zip((8, 12), rows, strict=True):
        totals = cnncost.count(cnncost.loads(text, inputs={"": (1, side, side)})).totals
        assert row == f"{side},{totals.units},{totals.weights},{totals.parameters}," + str(
            totals.connections
        )


def test_what_no_layer_can_take_is_said_with_its_line() -> None:
    done = run("sweep", "alexnet", "--input", "5,227", "-f", "csv")
    assert done.returncode == 2
    assert done.stderr.startswith("input=5: alexnet.yaml:9:5: ")
    assert "conv1: the window reaches over 11" in done.stderr
    assert done.stdout.splitlines()[1:] == ["227,659272,200415264,200425832,863867424"]
