"""Names, copies, shared layers, joins and structures on small specs, networks worked out by hand.

A case is a spec and its layers, one text each as `reading` writes them.
"""

from __future__ import annotations

import pytest
from reading import read

from cnncost.language import read_spec

CASES = {
    "repeat: copies, none, a boolean": (
        """
        input: [3, 8, 8]
        params: {n: 2}
        layers:
          - {conv: 3, kernel: 3, name: c, repeat: n}
          - {relu, repeat: 0}
          - {relu, repeat: false}
          - {relu, repeat: true}
          - {tanh, repeat: 1}
          - {add: [previous, c.1], repeat: 0}
          - {sigmoid, from: c, name: last}
          - {sigmoid, from: c.1, name: first}
          - {add: [tanh1, tanh1.1]}
        """,
        # A line that is left out has taken its number all the same.
        [
            *("c.1 3x6x6", "c.2 3x4x4", "relu3 3x4x4", "tanh1.1 3x4x4", "last 3x4x4 < c.2"),
            *("first 3x6x6 < c.1", "add2 3x4x4 < tanh1.1 tanh1.1"),
        ],
    ),
    "from with repeat is the first copy's only": (
        """
        input: [3, 8, 8]
        layers:
          - {relu, name: a}
          - {conv: 3, kernel: 3, from: input, repeat: 2}
          - {add: [conv1.2, conv1]}
        """,
        ["a 3x8x8", "conv1.1 3x6x6 < input", "conv1.2 3x4x4", "add1 3x4x4 < conv1.2 conv1.2"],
    ),
    "unnamed layers are numbered by type, taken names skipped": (
        """
        input: [3, 8, 8]
        layers:
          - {relu, name: relu2}
          - relu
          - relu
          - {tanh, name: tanh1}
          - tanh
        """,
        ["relu2 3x8x8", "relu1 3x8x8", "relu3 3x8x8", "tanh1 3x8x8", "tanh2 3x8x8"],
    ),
    "frozen and share": (
        """
        input: [3, 8, 8]
        layers:
          - {conv: 3, kernel: 1, name: a, frozen: true}
          - {conv: 3, kernel: 1, share: a}
          - {conv: 3, kernel: 1, frozen: false, name: b}
          - {conv: 3, kernel: 1, name: c, share: b}
          - {conv: 3, kernel: 1, name: d, share: c}
        """,
        ["a 3x8x8 frozen", "conv1 3x8x8 frozen = a", "b 3x8x8", "c 3x8x8 = b", "d 3x8x8 = b"],
    ),
    "frozen and share on a block hold for all inside": (
        """
        input: {left: [1, 8, 8], right: [1, 8, 8]}
        blocks:
          tower(width):
            - {conv: width, kernel: 3}
            - {relu, name: act}
            - sequence: [{dense: 5, name: out}]
              repeat: 1
        layers:
          - {tower: 2, name: t, from: left, frozen: true}
          - {tower: 2, name: u, from: right, share: t}
          - {concat: [t, u]}
        """,
        [
            *("t.conv1 2x6x6 < left frozen", "t.act 2x6x6 frozen", "t.sequence1.1.out 5 frozen"),
            "u.conv1 2x6x6 < right frozen = t.conv1",
            *("u.act 2x6x6", "u.sequence1.1.out 5 frozen = t.sequence1.1.out"),
            "concat1 10 < t.sequence1.1.out u.sequence1.1.out",
        ],
    ),
    "a line of its own share in a shared block": (
        """
        input: [3, 8, 8]
        blocks:
          b(again): [{conv: 3, kernel: 1, name: x}, {conv: 3, kernel: 1, share: x, repeat: again}]
        layers: [{b: false, name: p}, {b: true, share: p}]
        """,
        ["p.x 3x8x8", "b1.x 3x8x8 = p.x", "b1.conv1 3x8x8 = p.x"],
    ),
    "share with a copy": (
        """
        input: [3, 8, 8]
        layers:
          - {conv: 3, kernel: 1, repeat: 2, name: a}
          - {conv: 3, kernel: 1, share: a}
          - {conv: 3, kernel: 1, share: a.1}
        """,
        ["a.1 3x8x8", "a.2 3x8x8", "conv1 3x8x8 = a.2", "conv2 3x8x8 = a.1"],
    ),
    "joins": (
        """
        input: [4, 8, 8]
        layers:
          - {conv: 4, kernel: 1, name: a}
          - {add: [previous, input]}
          - {concat: [previous, a, input]}
          - {name: gate, global_avgpool}
          - {mul: [concat1, gate]}
          - {mul: [gate, previous]}
        """,
        [
            *("a 4x8x8", "add1 4x8x8 < a input", "concat1 12x8x8 < add1 a input", "gate 12x1x1"),
            *("mul1 12x8x8 < concat1 gate", "mul2 12x8x8 < gate mul1"),
        ],
    ),
    "structures": (
        """
        input: [4, 8, 8]
        layers:
          - residual: [{conv: 4, kernel: 3, padding: 1}, relu]
          - residual: [{conv: 6, kernel: 1}]
            shortcut: [{conv: 6, kernel: 1, bias: false}]
          - parallel: [[{conv: 2, kernel: 1}], [], [maxpool: 1, relu]]
          - {parallel: [[], [sigmoid]], join: mul}
          - {parallel: [[], [tanh]], join: add}
          - sequence: [relu, {sequence: [tanh]}]
        """,
        [
            *("conv1 4x8x8", "relu1 4x8x8", "add1 4x8x8 < relu1 input", "conv2 6x8x8"),
            *("conv3 6x8x8 < add1", "add2 6x8x8 < conv2 conv3", "conv4 2x8x8"),
            *("maxpool1 6x8x8 < add2", "relu2 6x8x8", "concat1 14x8x8 < conv4 add2 relu2"),
            *("sigmoid1 14x8x8", "mul1 14x8x8 < concat1 sigmoid1", "tanh1 14x8x8"),
            *("add3 14x8x8 < mul1 tanh1", "relu3 14x8x8", "tanh2 14x8x8"),
        ],
    ),
    "a repeated structure has a scope of names for each copy": (
        """
        input: [4, 8, 8]
        layers:
          - residual: [{relu, name: a}, {add: [a, previous]}]
            repeat: 2
            name: r
          - {add: [r, r.1, r.2.a, input]}
        """,
        [
            # The structure's line comes before those inside, so its join is add1.
            *("r.1.a 4x8x8", "r.1.add2 4x8x8 < r.1.a r.1.a", "r.1.add1 4x8x8 < r.1.add2 input"),
            *("r.2.a 4x8x8", "r.2.add2 4x8x8 < r.2.a r.2.a", "r.2.add1 4x8x8 < r.2.add2 r.1.add1"),
            "add1 4x8x8 < r.2.add1 r.1.add1 r.2.a input",
        ],
    ),
    "from on a structure is what enters it": (
        """
        input: [4, 8, 8]
        layers:
          - {relu, name: a}
          - {relu, name: b}
          - {residual: [tanh], from: a, name: c}
          - {add: [b, c]}
        """,
        ["a 4x8x8", "b 4x8x8", "tanh1 4x8x8 < a", "c 4x8x8 < tanh1 a", "add1 4x8x8 < b c"],
    ),
    "several outputs: the named ones and the last": (
        """
        input: [4, 8, 8]
        layers:
          - {relu, name: a}
          - {tanh, name: b, from: input}
          - {sigmoid, from: input}
        """,
        ["a 4x8x8", "b 4x8x8 < input", "sigmoid1 4x8x8 < input"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_layers(name: str) -> None:
    text, wanted = CASES[name]
    assert read(text) == wanted


def test_outputs_are_the_last_and_the_named() -> None:
    network = read_spec(CASES["several outputs: the named ones and the last"][0], "x.yaml").network
    assert [network.nodes[index].name for index in network.outputs] == ["a", "b", "sigmoid1"]
