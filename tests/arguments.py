"""Draws of tiny shapes, and of the arguments that layers of several types take."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from oracle import Arguments, Dims
from oracle.cells import surrounded

LONGEST = {1: 9, 2: 6, 3: 4}
"""The largest extent drawn, by the number of axes: few enough units to enumerate."""

maps = st.sampled_from([1, 2, 2, 3]).flatmap(
    lambda axes: st.tuples(st.integers(1, 4), *[st.integers(1, LONGEST[axes])] * axes)
)
vectors = st.tuples(st.integers(1, 12))
shapes = maps | vectors


@st.composite
def an_axis(draw: st.DrawFn, values: list[Any]) -> Any:
    """One value an axis, or a plain number for all where they are equal."""
    equal = all(value == values[0] for value in values)
    return values[0] if equal and draw(st.booleans()) else values


@st.composite
def optional(draw: st.DrawFn, **choices: st.SearchStrategy[Any]) -> Arguments:
    """Some of these arguments."""
    return {key: draw(values) for key, values in choices.items() if draw(st.booleans())}


@st.composite
def window(draw: st.DrawFn, dims: Dims, *, dilated: bool = True, crops: bool = False) -> Arguments:
    """Kernel, stride, padding, dilation that fit into a map; any do where padding crops."""
    axes = len(dims) - 1
    form = draw(st.sampled_from(["none", "number", "axes", "pairs", "same", "valid"]))
    amount = st.integers(0, 2)
    if form == "number":
        amounts = [(draw(amount),) * 2] * axes
    elif form == "axes":
        amounts = [(draw(amount),) * 2 for _ in range(axes)]
    elif form == "pairs":
        amounts = [(draw(amount), draw(amount)) for _ in range(axes)]
    else:
        amounts = [(0, 0)] * axes
    anything = crops or form == "same"
    taps = [(k, d) for k in range(1, 5) for d in range(1, 4 if dilated else 2)]
    cells = [len(surrounded(n, *pair)) for n, pair in zip(dims[1:], amounts, strict=True)]
    fits = [[tap for tap in taps if anything or _in(*tap, n)] for n in cells]
    drawn = [draw(st.sampled_from(pairs)) for pairs in fits]
    found: Arguments = {"kernel": draw(an_axis([k for k, _ in drawn]))}
    if any(d > 1 for _, d in drawn):
        found["dilation"] = draw(an_axis([d for _, d in drawn]))
    if draw(st.booleans()):
        found["stride"] = draw(an_axis([draw(st.integers(1, 4)) for _ in range(axes)]))
    return found | _padding(form, amounts)


def _in(kernel: int, dilation: int, cells: int) -> bool:
    return kernel <= len(range(0, cells, dilation))


def _padding(form: str, amounts: list[tuple[int, ...]]) -> Arguments:
    if form == "none":
        return {}
    if form == "number":
        return {"padding": amounts[0][0]}
    if form == "axes":
        return {"padding": [before for before, _ in amounts]}
    return {"padding": [list(pair) for pair in amounts] if form == "pairs" else form}


@st.composite
def grouped(draw: st.DrawFn, channels: int) -> tuple[int, Arguments]:
    """Filters, and groups that split both."""
    splits = [g for g in range(1, channels + 1) if channels % g == 0]
    groups = draw(st.sampled_from(splits))
    filters = groups * draw(st.integers(1, 3))
    if groups == 1 and draw(st.booleans()):
        return filters, {}
    word = groups == channels and draw(st.booleans())
    return filters, {"groups": "depthwise" if word else groups}
