"""Norms, whole and by parts, as exporters write them."""

from __future__ import annotations

from case import Case

STATISTICS = {"s": (3,), "b": (3,), "m": (3,), "v": (3,)}
NORMS = [
    Case(
        "batchnorm", (1, 3, 8, 9), "y = BatchNormalization (x, s, b, m, v)", "batchnorm", STATISTICS
    ),
    Case(
        "batchnorm_vector",
        (1, 3),
        "y = BatchNormalization (x, s, b, m, v)",
        "batchnorm",
        STATISTICS,
    ),
    Case(
        "batchnorm_by_parts",
        (1, 3, 8, 9),
        "r = Relu (x)\nc = Mul (r, s)\ny = Add (c, b)",
        "relu\nbatchnorm",
        {"s": (3, 1, 1), "b": (3, 1, 1)},
    ),
    Case(
        "rmsnorm",
        (1, 7, 3),
        "y = RMSNormalization (x, s)",
        "{permute: [2, 1]}\nrmsnorm\n{permute: [2, 1]}",
        {"s": (3,)},
        opset=23,
    ),
    Case(
        "instancenorm",
        (1, 3, 8, 9),
        "y = InstanceNormalization (x, s, b)",
        "instancenorm",
        STATISTICS,
    ),
    Case(
        "instancenorm_plain",
        (1, 3, 8, 9),
        "y = InstanceNormalization (x, s, b)",
        "{instancenorm, affine: false}",
        numbers={"s": [1.0] * 3, "b": [0.0] * 3},
    ),
    Case(
        "groupnorm",
        (1, 6, 8, 9),
        "y = GroupNormalization <num_groups = 2> (x, s, b)",
        "{groupnorm: 2}",
        {"s": (6,), "b": (6,)},
        opset=21,
    ),
    Case(
        "groupnorm_by_parts",
        (1, 6, 8, 9),
        """
        g = Reshape (x, n)
        i = InstanceNormalization (g, one, zero)
        r = Reshape (i, m)
        c = Mul (r, s)
        y = Add (c, b)
        """,
        "{groupnorm: 2}",
        {"s": (6, 1, 1), "b": (6, 1, 1)},
        {"n": [0, 2, -1], "m": [1, 6, 8, 9], "one": [1.0, 1.0], "zero": [0.0, 0.0]},
    ),
    Case(
        "layernorm_of_channels_last",
        (1, 6, 8, 9),
        """
        t = Transpose <perm = [0, 2, 3, 1]> (x)
        n = LayerNormalization (t, s, b)
        y = Transpose <perm = [0, 3, 1, 2]> (n)
        """,
        "layernorm",
        {"s": (6,), "b": (6,)},
    ),
    Case(
        "layernorm_of_factors",
        (1, 6),
        "y = LayerNormalization (x, s)",
        "{layernorm, affine: false}\nscale",
        {"s": (6,)},
    ),
    Case(
        "layernorm_by_parts",
        (1, 5, 6),
        """
        m = ReduceMean <axes = [-1]> (x)
        d = Sub (x, m)
        q = Pow (d, two)
        v = ReduceMean <axes = [-1]> (q)
        e = Add (v, eps)
        r = Sqrt (e)
        n = Div (d, r)
        c = Mul (n, s)
        y = Add (c, b)
        """,
        "{permute: [2, 1]}\nlayernorm\n{permute: [2, 1]}",
        {"s": (6,), "b": (6,)},
        {"two": 2.0, "eps": 1e-5},
    ),
    Case(
        "mean_variance",
        (1, 3, 8, 9),
        "y = MeanVarianceNormalization (x)",
        "{instancenorm, affine: false}",
    ),
    Case("lrn", (1, 6, 8, 9), "y = LRN <size = 5> (x)", "{lrn: 5}"),
]
