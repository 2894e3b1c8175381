"""Activations, whole and by parts, as exporters write them."""

from __future__ import annotations

from case import Case

SIX = {"three": 3.0, "zero": 0.0, "six": 6.0}
CURVES = [
    *(
        Case(word, (1, 3, 8, 9), f"y = {op} (x)", word)
        for op, word in {
            "Relu": "relu",
            "Sigmoid": "sigmoid",
            "Tanh": "tanh",
            "Softplus": "softplus",
            "HardSwish": "hardswish",
            "LeakyRelu <alpha = 0.2>": "leaky_relu",
            "Elu": "elu",
            "Selu": "selu",
            "HardSigmoid <alpha = 0.1666667, beta = 0.5>": "hardsigmoid",
            "HardSigmoid": "hardsigmoid",
            "Softmax <axis = 1>": "softmax",
            "LogSoftmax <axis = 1>": "logsoftmax",
        }.items()
    ),
    Case("gelu", (1, 3, 8, 9), 'y = Gelu <approximate = "tanh"> (x)', "gelu", opset=20),
    Case("mish", (1, 3, 8, 9), "y = Mish (x)", "mish", opset=18),
    Case("relu6", (1, 3, 8, 9), "y = Clip (x, zero, six)", "relu6", numbers=SIX),
    Case("relu6_old", (1, 3, 8, 9), "y = Clip <min = 0.0, max = 6.0> (x)", "relu6", opset=10),
    Case("relu6_by_parts", (1, 3, 8, 9), "r = Relu (x)\ny = Min (r, six)", "relu6", numbers=SIX),
    Case(
        "step_by_parts",
        (1, 3, 8, 9),
        "t = GreaterOrEqual (x, zero)\ny = Cast <to = 1> (t)",
        "step",
        numbers=SIX,
        opset=13,
    ),
    # 1 above zero and 0 at zero, where a threshold unit is 1.
    Case(
        "no_step_by_parts",
        (1, 3, 8, 9),
        "s = Sign (x)\ny = Relu (s)",
        "identity\nrelu",
        opset=13,
    ),
    Case("silu_by_parts", (1, 3, 8, 9), "s = Sigmoid (x)\ny = Mul (x, s)", "silu"),
    Case(
        "hardswish_by_parts",
        (1, 3, 8, 9),
        "a = Add (x, three)\nc = Clip (a, zero, six)\nm = Mul (x, c)\ny = Div (m, six)",
        "hardswish",
        numbers=SIX,
    ),
    Case(
        "hardsigmoid_by_parts",
        (1, 3, 8, 9),
        "a = Add (x, three)\nc = Clip (a, zero, six)\ny = Div (c, six)",
        "hardsigmoid",
        numbers=SIX,
    ),
    Case(
        "gelu_by_erf",
        (1, 3, 8, 9),
        "d = Div (x, root)\ne = Erf (d)\na = Add (e, one)\nm = Mul (x, a)\ny = Mul (m, half)",
        "gelu",
        numbers={"root": 2.0**0.5, "one": 1.0, "half": 0.5},
    ),
    Case(
        "gelu_by_tanh",
        (1, 3, 8, 9),
        """
        p = Pow (x, three)
        q = Mul (p, little)
        s = Add (x, q)
        t = Mul (s, slope)
        u = Tanh (t)
        v = Add (u, one)
        h = Mul (x, half)
        y = Mul (h, v)
        """,
        "gelu",
        numbers={"three": 3.0, "little": 0.044715, "slope": 0.7978845608, "one": 1.0, "half": 0.5},
    ),
    Case("mish_by_parts", (1, 3, 8, 9), "s = Softplus (x)\nt = Tanh (s)\ny = Mul (x, t)", "mish"),
    Case("prelu", (1, 3, 8, 9), "y = PRelu (x, s)", "prelu", {"s": (3, 1, 1)}),
    Case("prelu_shared", (1, 3, 8, 9), "y = PRelu (x, s)", "{prelu, shared: true}", {"s": (1,)}),
    Case(
        "softmax_last",
        (1, 5, 3),
        "y = Softmax <axis = -1> (x)",
        "{permute: [2, 1]}\nsoftmax\n{permute: [2, 1]}",
    ),
    Case("scale", (1, 3, 8, 9), "r = Relu (x)\ny = Mul (r, g)", "relu\nscale", {"g": (3, 1, 1)}),
    Case(  # a position's embedding: a number a unit
        "added",
        (1, 3, 8),
        "r = Relu (x)\ny = Add (r, e)",
        "relu\nflatten\nscale\n{reshape: [3, 8]}",
        {"e": (1, 3, 8)},
    ),
    Case(
        "no_cost",
        (1, 3, 8),
        "i = Identity (x)\nc = Cast <to = 1> (i)\nm = Mul (c, half)\ny = Relu (m)",
        "relu",
        numbers={"half": 0.5},
    ),
    Case("dropout", (1, 3, 8), "y = Dropout (x, half)", "{dropout: 0.5}", numbers={"half": 0.5}),
    Case("celu", (1, 3, 8), "y = Celu (x)", "elu"),
    Case("swish", (1, 3, 8), "y = Swish (x)", "silu", opset=24),
    Case(
        "hardtanh", (1, 3, 8), "r = Tanh (x)\ny = Clip (r, zero, three)", "tanh\nrelu6", numbers=SIX
    ),
    Case("relu_by_max", (1, 3, 8), "y = Max (x, zero)", "relu", numbers=SIX),
    Case(
        "quantised",
        (1, 3, 8),
        "q = QuantizeLinear (x, s, z)\nd = DequantizeLinear (q, s, z)\n"
        "c = CastLike (d, x)\ny = Relu (c)",
        "relu",
        numbers={"s": 0.5, "z": 0},
    ),
    Case(
        "no_word",
        (1, 3, 8),
        "s = Sin (x)\ne = Exp (x)\ny = Mul (e, s)",
        "{name: s, identity: }\n{name: e, identity: , from: input}\n{mul: [e, s]}",
    ),
]
