"""Recurrent layers, which have no word and whose costs are known."""

from __future__ import annotations

from case import Case

_STEPS, _INPUTS, _HIDDEN = 7, 5, 6


def _case(op: str, gates: int) -> Case:
    """Both directions over seven steps of one example; a bias for each of the two matrices."""
    rows = gates * _HIDDEN
    learned = 2 * rows * (_INPUTS + _HIDDEN + 2)
    uses = _STEPS * 2 * rows * (_INPUTS + _HIDDEN)
    costs = f"weights: 0, biases: 0, extras: {learned}, connections: {uses}"
    return Case(
        op.lower(),
        (1, _STEPS, _INPUTS),
        f"""
        t = Transpose <perm = [1, 0, 2]> (x)
        s = {op} <hidden_size = {_HIDDEN}, direction = "bidirectional"> (t, w, r, b)
        y = Transpose <perm = [2, 0, 1, 3]> (s)
        """,
        f"{{opaque: {{op: {op}, output: [{_STEPS}, 2, 1, {_HIDDEN}], {costs}}}}}\n"
        f"{{reshape: [{_STEPS}, 2, {_HIDDEN}]}}",
        {"w": (2, rows, _INPUTS), "r": (2, rows, _HIDDEN), "b": (2, 2 * rows)},
    )


RECURRENT = [_case("RNN", 1), _case("GRU", 3), _case("LSTM", 4)]
