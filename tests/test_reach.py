"""Receptive fields against dependence propagated position by position, and published ones."""

from __future__ import annotations

import json
from fractions import Fraction
from math import prod

import pytest
from command import run
from dependence import LENGTH, Line, apply, lines, propagated, span, text_of
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import cnncost
from cnncost.costs.receptive_field import ReceptiveField, find_receptive_fields


def reach_of(text: str, name: str = "it") -> ReceptiveField:
    network = cnncost.loads(text).network
    return {network.nodes[i].name: reach for i, reach in find_receptive_fields(network).items()}[
        name
    ]


@given(st.lists(lines, min_size=1, max_size=3))
@settings(max_examples=150, deadline=None)
def test_dependence_position_by_position(drawn: list[Line]) -> None:
    try:
        reach = reach_of(text_of(drawn))
    except cnncost.CnncostError:
        assume(False)  # the windows do not fit, or the channels do not split
    assert reach.field is not None
    assert reach.stride is not None
    ((size,),), ((stride,),) = reach.field, reach.stride
    assume(size < LENGTH // 5)
    reads = propagated(drawn)
    middle = reads[len(reads) // 3 : -(len(reads) // 3)]
    # In the middle no window reaches the edges, and each pattern of positions comes up.
    assume(size < LENGTH // 5 and len(middle) > 12 and stride)
    assert size == max(map(span, middle))
    lows = [min(read) for read in middle if read]
    if len(lows) == len(middle):
        # Whole patterns apart, neighbours differ by the effective stride exactly.
        steps = (len(lows) - 1) // pattern(drawn) * pattern(drawn)
        assert lows[steps] - lows[0] == stride * steps


def pattern(drawn: list[Line]) -> int:
    """So many positions further the windows lie alike."""
    finer = [line["stride"] for line in drawn if "conv_transpose" in line]
    return prod([*finer, *(line[k] for line in drawn for k in FINER if k in line)])


FINER = ("upsample", "pixel_shuffle")


@given(st.lists(lines, max_size=2), st.sampled_from(["dense: 3", "global_avgpool", "attention: 1"]))
@settings(max_examples=60, deadline=None)
def test_what_a_whole_map_reads(drawn: list[Line], last: str) -> None:
    text = text_of(drawn) + f"  - {{name: all, {last}}}\n"
    try:
        reach = reach_of(text, "all")
    except cnncost.CnncostError:
        assume(False)
    read = span(set().union(*propagated(drawn)))
    assert reach.field is not None
    ((size,),) = reach.field
    # Behind padded maps, a position that sees little but padding counts as seeing the edge.
    assert read <= size <= LENGTH
    assert size == read or (len(drawn) > 1 and any(map(padded, drawn)))
    assert reach.stride == ((None,),)


def padded(line: Line) -> bool:
    return "parallel" in line or "pad" in line or any(map(any, line.get("padding", ())))


def test_adaptive_windows() -> None:
    for m in (1, 3, 7, 40, 160):
        reach = reach_of(
            f"input: [4, {LENGTH}]\nlayers:\n  - {{name: it, adaptive_avgpool: {m}}}\n"
        )
        reads = apply({"adaptive_avgpool": m}, [{p} for p in range(LENGTH)])
        assert reach.field == ((max(map(span, reads)),),)
        assert reach.stride == ((Fraction(LENGTH, m),),)


PUBLISHED = {
    # Araujo, Norris & Sim, Computing Receptive Fields of Convolutional Neural Networks,
    # Distill 2019: the last map of each network.
    ("vgg16", "maxpool5"): ("212x212", "32x32"),
    ("mobilenet_v1", "sep9.pointwise"): ("315x315", "32x32"),
    # The same table's 195 for AlexNet: its pooled form, 11, 3, 5, 3, 3, 3, 3, 3 wide windows.
    ("alexnet_pooled", "maxpool3"): ("195x195", "32x32"),
    # LeCun et al. 1998, sec. II-B: C3 sees 14x14 of the input, C5 all 32x32.
    ("lenet5", "C3"): ("14x14", "2x2"),
    ("lenet5", "C5"): ("32x32", "4x4"),
}


@pytest.mark.parametrize(("network", "layer"), PUBLISHED)
def test_published(network: str, layer: str) -> None:
    keys = "layer,receptive_field,effective_stride"
    data = json.loads(run("table", network, "--all", "--columns", keys, "-f", "json").stdout)
    found = {entry["layer"]: entry for entry in data["layers"]}[layer]
    expected = PUBLISHED[network, layer]
    assert (found["receptive_field"], found["effective_stride"]) == (
        expected[0],
        expected[1],
    )


SEVERAL = """\
input: {left: [1, 20, 30], right: [1, 16, 16, 16], vector: [3]}
layers:
  - {name: a, conv: 2, kernel: [3, 5], stride: [2, 1], dilation: [1, 2], from: left}
  - {name: moved, permute: [1, 3, 2]}
  - {name: b, conv: 2, kernel: [1, 1, 7], from: right}
  - {name: fa, flatten, from: moved}
  - {name: fb, dense: 4, from: b}
  - {name: c, concat: [fa, fb, vector]}
  - {name: odd, opaque: {output: [8], op: Einsum}}
  - {name: out, dense: 2}
"""


def test_axes_inputs_and_the_unknown() -> None:
    assert reach_of(SEVERAL, "a") == ReceptiveField(((3, 9),), ((2, 1),))
    # The input's axes keep their order whatever becomes of the layer's.
    assert reach_of(SEVERAL, "moved") == ReceptiveField(((3, 9),), ((2, 1),))
    assert reach_of(SEVERAL, "b") == ReceptiveField(((1, 1, 7),), ((1, 1, 1),))
    # Rows 0 to 18 of 20 are read: the stride leaves the last one out.
    assert reach_of(SEVERAL, "c").field == ((19, 30), (16, 16, 16))
    assert reach_of(SEVERAL, "out") == ReceptiveField(None, None)


def test_a_gate_sees_the_whole_map() -> None:
    text = (
        "input: [4, 50, 50]\nlayers:\n  - {name: c, conv: 4, kernel: 3}\n"
        "  - {name: g, global_avgpool}\n  - {name: it, mul: [c, g]}\n"
    )
    assert reach_of(text) == ReceptiveField(((50, 50),), ((None, None),))


def test_the_columns() -> None:
    shown = run("table", "unet", "--columns", "layer,receptive_field,effective_stride").stdout
    assert "204x204           1x1" in shown
    deep = run("table", "resnet18", "--depth", "1", "--columns", "layer,receptive_field").stdout
    assert "435x435" in deep
    assert "receptive_field" in run("table", "alexnet", "--columns", "help").stdout


def test_extreme_extents_end() -> None:
    huge = 2**40
    text = (
        f"input: [1, {huge}]\nlayers:\n  - {{conv: 1, kernel: {2**30}, stride: {2**9}}}\n"
        f"  - {{name: it, conv_transpose: 1, kernel: {2**14}, stride: {2**9}}}\n"
        f"  - {{name: up, upsample: {2**5}}}\n  - {{name: end, dense: 1}}\n"
    )
    # Each output lies under 2^14 / 2^9 = 32 windows, each 2^9 further.
    assert reach_of(text).field == ((2**30 + 31 * 2**9,),)
    assert reach_of(text, "end") == ReceptiveField(None, None)  # a pattern of 2^14 positions
