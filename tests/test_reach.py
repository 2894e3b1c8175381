"""Receptive fields against dependence propagated position by position, and published ones."""

from __future__ import annotations

import json
from fractions import Fraction
from math import prod
from typing import Any

import pytest
from command import run
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from yaml_line import written

import cnncost
from cnncost.costs.receptive_field import ReceptiveField, find_receptive_fields

LENGTH = 160

Line = dict[str, Any]  # Any: a spec's values
Sets = list[set[int]]
"""For each position the input positions that it depends on."""


def reach_of(text: str, name: str = "it") -> ReceptiveField:
    network = cnncost.loads(text).network
    return {network.nodes[i].name: reach for i, reach in find_receptive_fields(network).items()}[
        name
    ]


# Dependence along one axis, by loops over positions.


def slide(line: Line, reads: Sets) -> Sets:
    kernel, stride = line["kernel"], line["stride"]
    dilation, (before, after) = line.get("dilation", 1), line["padding"][0]
    padded: Sets = [set() for _ in range(before)] + reads + [set() for _ in range(after)]
    found, start = [], 0
    while start + dilation * (kernel - 1) < len(padded):
        found.append(set().union(*(padded[start + k * dilation] for k in range(kernel))))
        start += stride
    return found


def paint(line: Line, reads: Sets) -> Sets:
    kernel, stride, dilation = line["kernel"], line["stride"], line["dilation"]
    canvas: Sets = [set() for _ in range((len(reads) - 1) * stride + dilation * (kernel - 1) + 1)]
    for p, read in enumerate(reads):
        for k in range(kernel):
            canvas[p * stride + k * dilation] |= read
    before, after = line["padding"][0]
    return canvas[before : len(canvas) - after]


def upsample(line: Line, reads: Sets) -> Sets:
    factor, found = line["upsample"], []
    for q in range(len(reads) * factor):
        if line["mode"] == "nearest":
            found.append(set(reads[q // factor]))
            continue
        centre = Fraction(2 * q + 1, 2 * factor) - Fraction(1, 2)
        # A position counts if its triangle of half-width 1 covers the centre.
        near = range(max(0, int(centre) - 2), min(len(reads), int(centre) + 3))
        found.append(set().union(*(reads[p] for p in near if abs(p - centre) < 1)))
    return found


def apply(line: Line, reads: Sets) -> Sets:
    if "conv" in line or "avgpool" in line:
        return slide(line, reads)
    if "conv_transpose" in line:
        return paint(line, reads)
    if "upsample" in line:
        return upsample(line, reads)
    if "pixel_shuffle" in line:
        return [set(s) for s in reads for _ in range(line["pixel_shuffle"])]
    if "space_to_depth" in line:
        f = line["space_to_depth"]
        return [set().union(*reads[i : i + f]) for i in range(0, len(reads), f)]
    if "pad" in line:
        before, after = line["pad"][0]
        return [set() for _ in range(before)] + reads + [set() for _ in range(after)]
    if "crop" in line:
        before, after = line["crop"][0]
        return reads[before : len(reads) - after]
    if "adaptive_avgpool" in line:
        m, n = line["adaptive_avgpool"], len(reads)
        starts = [q * n // m for q in range(m)]
        ends = [-(-(q + 1) * n // m) for q in range(m)]
        return [set().union(*reads[a:b]) for a, b in zip(starts, ends, strict=True)]
    assert "parallel" in line
    branches = [reads] * len(line["parallel"])
    for i, branch in enumerate(line["parallel"]):
        for inner in branch:
            branches[i] = apply(inner, branches[i])
    return [set().union(*sets) for sets in zip(*branches, strict=True)]


pair = st.tuples(st.integers(0, 2), st.integers(0, 2)).map(list)


def window(**more: Any) -> st.SearchStrategy[Line]:
    return st.fixed_dictionaries(
        {
            "kernel": st.integers(1, 4),
            "stride": st.integers(1, 3),
            "padding": pair.map(lambda p: [p]),
            "dilation": st.integers(1, 2),
        }
    ).map(lambda line: {**more, **line})


def pool(line: Line) -> Line:
    del line["dilation"]
    line["padding"] = [[min(n, line["kernel"] // 2) for n in line["padding"][0]]]
    return {"avgpool": line.pop("kernel"), **line}


def branch(line: tuple[int, int, int]) -> list[Line]:
    """A convolution that keeps the extent, perhaps off its centre."""
    kernel, dilation, shift = line
    reach = dilation * (kernel - 1)
    before = max(0, min(reach, reach // 2 + shift))
    padding = [[before, reach - before]]
    conv = {"conv": 4, "kernel": kernel, "stride": 1, "padding": padding, "dilation": dilation}
    return [conv]


def split(drawn: list[tuple[int, int, int]]) -> Line:
    return {"parallel": [[], *map(branch, drawn)]}


lines = st.one_of(
    window(conv=4),
    window(conv_transpose=4),
    window().map(pool),
    st.builds(
        lambda f, mode: {"upsample": f, "mode": mode},
        st.integers(2, 3),
        st.sampled_from(["nearest", "bilinear"]),
    ),
    st.builds(lambda p: {"pad": [p]}, pair),
    st.builds(lambda p: {"crop": [p]}, pair),
    st.just({"pixel_shuffle": 2}),
    st.just({"space_to_depth": 2}),
    st.lists(
        st.tuples(st.integers(1, 5), st.integers(1, 2), st.integers(-2, 2)), min_size=1, max_size=2
    ).map(split),
)


def spelled(line: Line) -> Line:
    """As a spec writes it: avgpool's kernel is its own value."""
    return {key: value for key, value in line.items() if key != "kernel" or "avgpool" not in line}


def text_of(drawn: list[Line]) -> str:
    body = "".join(f"  - {written(spelled(line))}\n" for line in drawn)
    return f"input: [4, {LENGTH}]\nlayers:\n{body}  - {{name: it, identity}}\n"


def propagated(drawn: list[Line]) -> Sets:
    reads: Sets = [{p} for p in range(LENGTH)]
    for line in drawn:
        reads = apply({"kernel": line.get("avgpool"), **line}, reads)
    return reads


def span(read: set[int]) -> int:
    return max(read) - min(read) + 1 if read else 0


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
