"""Drawn chains of layers along one axis, and what each position depends on, by loops."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from hypothesis import strategies as st
from yaml_line import written

LENGTH = 160
"""Positions of the input."""

Line = dict[str, Any]  # Any: a spec's values
Sets = list[set[int]]
"""For each position the input positions that it depends on."""


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
