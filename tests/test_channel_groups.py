"""Which widths change together, and which not at all: held by trying every one of them."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cnncost
from cnncost.errors import CnncostError
from cnncost.plans.edits.channel_groups import ChannelGroups

Lines = list[tuple[str, str, int]]
"""A layer's name, its text with `W` for its width, and the width; 0 for a layer without."""


def text_of(lines: Lines, halved: frozenset[str] = frozenset()) -> str:
    """The spec in which some layers are half as wide."""
    rows = [
        f"- {{name: {name}, {line.replace('W', str(width // 2 if name in halved else width))}}}"
        for name, line, width in lines
    ]
    return "\n".join(["input: [4, 3, 3]", "layers:", *rows]) + "\n"


def works(lines: Lines, halved: frozenset[str]) -> bool:
    """Whether this is a network, with the same output."""
    try:
        network = cnncost.loads(text_of(lines, halved)).network
    except CnncostError:
        return False
    before = cnncost.loads(text_of(lines)).network
    return all(network.nodes[i].output == before.nodes[i].output for i in before.outputs)


def told(lines: Lines) -> tuple[set[frozenset[str]], set[frozenset[str]]]:
    """The groups that can change and those that cannot, by their writers' names."""
    network = cnncost.loads(text_of(lines)).network
    free: set[frozenset[str]] = set()
    frozen: set[frozenset[str]] = set()
    for group in ChannelGroups(network).groups.values():
        names = frozenset(network.nodes[i].name for i in group.writers)
        (frozen if group.frozen else free).add(names)
    return free, frozen


@st.composite
def branching(draw: st.DrawFn) -> Lines:
    """Maps of 4 or more channels, convolved, joined or passed on."""
    widths, lines = {"input": 4}, []
    convolved: list[tuple[str, str, int]] = []
    for i in range(draw(st.integers(2, 8))):
        name = f"l{i}"
        read = draw(st.sampled_from(sorted(widths)))
        kind = draw(st.sampled_from(["conv", "conv", "conv", "join", "concat", "pass", "share"]))
        twins = sorted(n for n, w in widths.items() if w == widths[read])
        shared = [one for one in convolved if widths[one[1]] == widths[read]]
        if kind == "join":
            word = draw(st.sampled_from(["add", "mul"]))
            line, width = f"{word}: [{read}, {draw(st.sampled_from(twins))}]", widths[read]
        elif kind == "concat" and widths[read] < 12:
            other = draw(st.sampled_from(sorted(widths)))
            line, width = f"concat: [{read}, {other}]", widths[read] + widths[other]
        elif kind == "pass":
            word = draw(st.sampled_from(["relu: ", "batchnorm: ", "depthwise_conv: 1"]))
            line, width = f"{word}, from: {read}", widths[read]
        elif kind == "share" and shared:
            source, _, width = draw(st.sampled_from(shared))
            line = f"conv: W, kernel: 1, from: {read}, share: {source}"
        else:
            width = draw(st.sampled_from([4, 8]))
            line = f"conv: W, kernel: 1, from: {read}"
            convolved.append((name, read, width))
        widths[name] = width
        lines.append((name, line, width if "conv: W" in line else 0))
    return lines


@given(branching())
@settings(max_examples=150, deadline=None)
def test_a_group_is_the_least_that_can_be_halved(lines: Lines) -> None:
    free, frozen = told(lines)
    assert set().union(*free, *frozen) == {name for name, _, width in lines if width}
    for group in free:
        assert works(lines, group)
    for group in frozen:
        assert not works(lines, group)
    for group in free | frozen:
        some = [frozenset(p) for n in range(1, len(group)) for p in combinations(group, n)]
        assert not any(works(lines, part) for part in some)


@pytest.mark.parametrize("lines", [
    # The channels of the second factor are the positions of the first.
    [("r", "reshape: [4, 9]", 0), ("x", "conv: W, kernel: 1", 8),
     ("a", "conv: W, kernel: 1, from: r", 9), ("p", "matmul: [x, a]", 0),
     ("out", "conv: 5, kernel: 1", 0)],
    # Nobody knows which channels an opaque layer needs.
    [("a", "conv: W, kernel: 1", 8), ("p", "opaque: {output: [6, 3, 3]}", 0),
     ("out", "conv: 5, kernel: 1", 0)],
    # Nor can those change that it makes, or that enter the network.
    [("o", "opaque: {output: [6, 3, 3]}", 0), ("a", "conv: W, kernel: 1, from: input", 6),
     ("p", "add: [o, a]", 0), ("out", "conv: 5, kernel: 1", 0)],
    [("a", "conv: W, kernel: 1", 4), ("p", "mul: [input, a]", 0), ("out", "conv: 5, kernel: 1", 0)],
    # Cut differently: no width alone can change, nor what one of them is made of.
    [("a", "conv: W, kernel: 1, from: input", 4), ("b", "conv: W, kernel: 1, from: input", 4),
     ("p", "concat: [a, b]", 0), ("d", "conv: W, kernel: 1, from: input", 8),
     ("s", "add: [p, d]", 0), ("out", "conv: 5, kernel: 1", 0)],
    [("a", "conv: W, kernel: 1, from: input", 8), ("b", "conv: W, kernel: 1, from: input", 4),
     ("c", "conv: W, kernel: 1, from: input", 4), ("d", "conv: W, kernel: 1, from: input", 8),
     ("p", "concat: [a, b]", 0), ("q", "concat: [c, d]", 0), ("s", "mul: [p, q]", 0),
     ("out", "conv: 5, kernel: 1", 0)],
    # An output's channels stay, and so do those that they are moved from.
    [("a", "conv: W, kernel: 1", 8), ("p", "flatten: ", 0)],
    [("a", "conv: W, kernel: 1", 8), ("p", "depthwise_conv: 1, multiplier: 2", 0),
     ("b", "conv: W, kernel: 1, from: input", 16), ("s", "add: [b, p]", 0)],
])  # fmt: skip
def test_a_width_that_must_stay(lines: Lines) -> None:
    _, frozen = told(lines)
    names = {name for name, _, width in lines if width} - {"x", "out"}
    assert names <= set().union(*frozen)


def test_what_can_be_halved_alone_and_what_together() -> None:
    lines = [
        ("a", "conv: W, kernel: 1, from: input", 8),
        ("b", "conv: W, kernel: 1, from: input", 4),
        ("ab", "concat: [a, b]", 0),
        ("c", "conv: W, kernel: 1, from: input", 8),
        ("d", "conv: W, kernel: 1, from: input", 4),
        ("cd", "concat: [c, d]", 0),
        ("sum", "add: [ab, cd]", 0),
        ("e", "conv: W, kernel: 1", 8),
        ("shared", "conv: W, kernel: 1, from: cd, share: e", 8),
        ("gate", "conv: W, kernel: 1, from: e", 8),
        ("out", "mul: [shared, gate]", 0),
        ("end", "conv: 5, kernel: 1", 0),
    ]
    free, _ = told(lines)
    together = {frozenset("ac"), frozenset("bd"), frozenset({"e", "shared", "gate"})}
    assert free == together
    assert all(works(lines, group) for group in together)


@pytest.mark.parametrize("moved", [
    "flatten: ", "reshape: [-1]", "reshape: [-1, 1]", "identity: ",
    "channel_shuffle: 2",
])  # fmt: skip
def test_widths_on_both_sides_of_a_layer_that_keeps_the_channels(moved: str) -> None:
    word = "dense: W" if moved in ("flatten: ", "reshape: [-1]") else "conv: W, kernel: 1"
    lines = [("a", "conv: W, kernel: 1", 8), ("g", "global_avgpool: ", 0), ("m", moved, 0),
             ("b", word, 8), ("s", "add: [m, b]", 0), ("out", "dense: 5", 0)]  # fmt: skip
    free, _ = told(lines)
    assert frozenset({"a", "b"}) in free
    assert works(lines, frozenset({"a", "b"}))
    assert not any(works(lines, frozenset({name})) for name in "ab")
