"""Draws of recurrent layers, as the arguments of a spec."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from oracle import Arguments, Dims

signals = st.tuples(st.integers(1, 3), st.integers(1, 4))


@st.composite
def recurrent_arguments(draw: st.DrawFn, word: str) -> tuple[Dims, Any, Arguments]:
    """A signal's shape, the main argument and some of the others."""
    hidden = draw(st.integers(1, 3))
    some: dict[str, st.SearchStrategy[Any]] = {
        "layers": st.integers(1, 2),
        "bidirectional": st.booleans(),
        "bias": st.booleans(),
        "last": st.booleans(),
    }
    if word == "rnn":
        some["activation"] = st.sampled_from(["tanh", "relu"])
    if word == "lstm" and hidden > 1:
        some["projection"] = st.integers(1, hidden - 1)
    found = {key: draw(values) for key, values in some.items() if draw(st.booleans())}
    if found.get("bias", True) and draw(st.integers(0, 2)) == 0:
        found["single_bias"] = True
    return draw(signals), hidden, found
