"""Products with matrices and with activations, and recurrent layers, as exporters write them."""

from __future__ import annotations

from case import Case

PRODUCTS = [
    Case("gemm", (1, 8), "y = Gemm <transB = 1> (x, w, b)", "{dense: 4}", {"w": (4, 8), "b": (4,)}),
    Case("gemm_plain", (1, 8), "y = Gemm (x, w)", "{dense: 4, bias: false}", {"w": (8, 4)}),
    Case(
        "gemm_of_a_map",
        (1, 8, 2, 3),
        "f = Flatten (x)\ny = Gemm <transB = 1> (f, w, b)",
        "flatten\n{dense: 4}",
        {"w": (4, 48), "b": (4,)},
    ),
    Case(
        "matmul_bias",
        (1, 8),
        "p = MatMul (x, w)\ny = Add (b, p)",
        "{dense: 4}",
        {"w": (8, 4), "b": (4,)},
    ),
    Case(
        "linear",
        (1, 7, 8),
        "p = MatMul (x, w)\ny = Add (p, b)",
        "{permute: [2, 1]}\n{linear: 4}\n{permute: [2, 1]}",
        {"w": (8, 4), "b": (4,)},
    ),
    Case(
        "linear_of_channels_last",
        (1, 8, 5, 6),
        """
        t = Transpose <perm = [0, 2, 3, 1]> (x)
        p = MatMul (t, w)
        y = Transpose <perm = [0, 3, 1, 2]> (p)
        """,
        "{linear: 4, bias: false}",
        {"w": (8, 4)},
    ),
    Case(
        "weights_from_the_left",
        (1, 8, 7),
        "y = MatMul (w, x)",
        "{linear: 4, bias: false}",
        {"w": (4, 8)},
    ),
    Case(  # tokens by two heads of three: for each head 5 x 3 times 3 x 5
        "heads",
        (1, 6, 5),
        """
        a = Reshape (x, n)
        b = Transpose <perm = [0, 1, 3, 2]> (a)
        y = MatMul (b, a)
        """,
        "{name: t, reshape: [2, 3, 5]}\n{permute: [1, 3, 2]}\n{name: k, reshape: [10, 3]}\n"
        "{matmul: [k, input], groups: 2}\n{reshape: [2, 5, 5]}\n{permute: [1, 3, 2]}",
        numbers={"n": [0, 2, 3, 5]},
    ),
]


_STEPS, _INPUTS, _HIDDEN = 7, 5, 6


def _case(op: str, gates: int) -> Case:
    """Both directions over seven steps of one example; a bias for each of the two matrices."""
    rows = gates * _HIDDEN
    return Case(
        op.lower(),
        (1, _STEPS, _INPUTS),
        f"""
        t = Transpose <perm = [1, 0, 2]> (x)
        s = {op} <hidden_size = {_HIDDEN}, direction = "bidirectional"> (t, w, r, b)
        y = Transpose <perm = [2, 0, 1, 3]> (s)
        """,
        f"{{permute: [2, 1]}}\n{{{op.lower()}: {_HIDDEN}, bidirectional: true}}\n"
        f"{{permute: [2, 1]}}\n{{reshape: [{_STEPS}, 2, {_HIDDEN}]}}",
        {"w": (2, rows, _INPUTS), "r": (2, rows, _HIDDEN), "b": (2, 2 * rows)},
    )


RECURRENT = [_case("RNN", 1), _case("GRU", 3), _case("LSTM", 4)]
