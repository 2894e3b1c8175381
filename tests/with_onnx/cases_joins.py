"""What joins or cuts tensors, as exporters write them."""

from __future__ import annotations

from case import Case
from cases_windows import CONV

JOINS = [
    Case("add", (1, 3, 8), "r = Relu (x)\ny = Add (x, r)", "relu\n{add: [input, previous]}"),
    Case("sub", (1, 3, 8), "r = Relu (x)\ny = Sub (x, r)", "relu\n{add: [input, previous]}"),
    Case(
        "sum",
        (1, 3, 8),
        "r = Relu (x)\nt = Tanh (x)\ny = Sum (x, r, t)",
        "{name: r, relu: }\n{tanh: , from: input}\n{add: [input, r, previous]}",
    ),
    Case("sum_of_one", (1, 3, 8), "r = Relu (x)\ny = Sum (r)", "relu"),
    Case(
        "mean_of_two", (1, 3, 8), "r = Tanh (x)\ny = Mean (x, r)", "tanh\n{add: [input, previous]}"
    ),
    Case(
        "gate",
        (1, 3, 8, 9),
        "g = GlobalAveragePool (x)\ns = Sigmoid (g)\ny = Mul (s, x)",
        "global_avgpool\nsigmoid\n{mul: [previous, input]}",
    ),
    Case(  # a bias a channel, computed: the smaller is repeated
        "spread",
        (1, 3, 8, 9),
        "g = GlobalAveragePool (x)\ny = Add (x, g)",
        "global_avgpool\n{upsample, size: [8, 9]}\n{add: [input, previous]}",
    ),
    Case(
        "concat",
        (1, 3, 8),
        "r = Relu (x)\ny = Concat <axis = 1> (r, x)",
        "relu\n{concat: [previous, input]}",
    ),
    Case(
        "split",
        (1, 6, 8),
        "a, b = Split <axis = 1> (x)\nr = Relu (a)\ny = Concat <axis = 1> (b, r)",
        "{name: a, slice: [0, 3]}\n{name: b, slice: [3, 6], from: input}\n"
        "{relu: , from: a}\n{concat: [b, previous]}",
    ),
    Case(
        "split_unevenly",
        (1, 6, 8),
        "a, b = Split <axis = -2> (x, n)\ny = Relu (b)",
        "{slice: [4, 6]}\nrelu",
        numbers={"n": [4, 2]},
    ),
    Case(
        "shared",
        (1, 3, 8),
        "a = Conv <pads = [1, 1]> (x, w)\ny = Conv <pads = [1, 1]> (a, w)",
        "{name: c, conv: 3, kernel: 3, padding: 1, bias: false}\n"
        "{conv: 3, kernel: 3, padding: 1, bias: false, share: c}",
        {"w": (3, 3, 3)},
    ),
    Case(
        "merged",
        (1, 3, 8),
        "v = Identity (w)\na = Conv <pads = [1, 1]> (x, w)\ny = Conv <pads = [1, 1]> (a, v)",
        "{conv: 3, kernel: 3, padding: 1, bias: false}\n"
        "{conv: 3, kernel: 3, padding: 1, bias: false}",
        {"w": (3, 3, 3)},
    ),
    Case(
        "folded",
        (1, 3, 8, 9),
        """
        s = Shape (x)
        n = Gather (s, zero)
        u = Unsqueeze (n, zeros)
        c = Concat <axis = 0> (u, rest)
        y = Reshape (x, c)
        """,
        "flatten",
        numbers={"zero": 0, "zeros": [0], "rest": [-1]},
    ),
    Case(  # padding that is worked out from the input's shape: (4 - 1) x 2 + 3 - 8 = 1, behind
        "computed_padding",
        (1, 3, 8, 8),
        """
        s = Shape (x)
        h = Gather (s, two)
        f = Cast <to = 1> (h)
        d = Div (f, stride)
        o = Ceil (d)
        l = Sub (o, one)
        m = Mul (l, stride)
        r = Add (m, three)
        e = Sub (r, f)
        g = Clip (e, nothing)
        i = Cast <to = 7> (g)
        u = Unsqueeze (i, zeros)
        n = Concat <axis = 0> (six, u, u)
        p = Pad (x, n)
        y = Conv <strides = [2, 2]> (p, w)
        """,
        "{conv: 4, kernel: 3, stride: 2, padding: [[0, 1], [0, 1]], bias: false}",
        CONV,
        {
            "two": 2,
            "stride": 2.0,
            "one": 1.0,
            "three": 3.0,
            "nothing": 0.0,
            "zeros": [0],
            "six": [0] * 6,
        },
    ),
]
