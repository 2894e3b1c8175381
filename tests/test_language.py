"""Values, windows, groups and expressions of the language on small specs, worked out by hand.

A case is a spec and its layers, one text each as `reading` writes them.
"""

from __future__ import annotations

import pytest
from reading import read

import cnncost

CASES = {
    "a word, a mapping, a type without a value, two braceless keys": (
        """
        input: [3, 8, 8]
        layers:
          - relu
          - {conv: 4, kernel: 3}
          - {maxpool: 2, name: pool}
          - {relu, name: last}
          - dropout: 0.5
        """,
        ["relu1 3x8x8", "conv1 4x6x6", "pool 4x3x3", "last 4x3x3", "dropout1 4x3x3"],
    ),
    "block style": (
        """
        input:
        - 3
        - 8
        - 8
        layers:
        - name: first
          conv: 4
          kernel: 1
        - dense: 10
        """,
        ["first 4x8x8", "dense1 10"],
    ),
    "quotes are no different": (
        """
        "input": ["3", '8', 8]
        layers: ["relu", {'conv': "4", "kernel": '3'}, {upsample: 2, mode: "nearest"}]
        """,
        ["relu1 3x8x8", "conv1 4x6x6", "upsample1 4x12x12"],
    ),
    "one, two and three axes, and a vector": (
        """
        input: {v: [5], l: [3, 9], m: [3, 9, 7], c: [3, 9, 7, 5]}
        layers:
          - {name: a, dense: 2, from: v}
          - {name: b, conv: 2, kernel: 3, from: l}
          - {name: d, conv: 2, kernel: 3, from: m}
          - {name: e, conv: 2, kernel: 3, from: c}
        """,
        ["a 2 < v", "b 2x7 < l", "d 2x7x5 < m", "e 2x7x5x3 < c"],
    ),
    "a size for all axes or one an axis": (
        """
        input: [3, 12, 20]
        layers:
          - {conv: 4, kernel: [1, 7], stride: [2, 1]}
          - {conv: 4, kernel: 3, padding: [1, 0]}
          - {conv: 4, kernel: 3, padding: [[2, 0], [0, 1]]}
          - {conv: 4, kernel: 3, stride: 2, padding: same}
          - {conv: 4, kernel: 1, padding: valid}
          - {conv: 4, kernel: 2, dilation: [1, 2]}
        """,
        # 12: (12-1)/2+1 = 6; 6+2-2 = 6; 6+2-2 = 6; ceil(6/2) = 3; 3; 3-1 = 2
        # 20: 20-6 = 14; 14-2 = 12; 12+1-2 = 11; ceil(11/2) = 6; 6; 6-2 = 4
        ["conv1 4x6x14", "conv2 4x6x12", "conv3 4x6x11", "conv4 4x3x6", "conv5 4x3x6",
         "conv6 4x2x4"],
    ),
    "pooling: stride is the kernel, ceil, same": (
        """
        input: [2, 9, 10]
        layers:
          - {maxpool: 2, name: down}
          - {maxpool: 3, from: input, ceil: true, name: up}
          - {avgpool: 4, from: input, padding: same, ceil: true, name: s}
        """,
        # 9: floor(9/2) = 4; 9/3 = 3; ceil(9/4) = 3. 10: 5; ceil(10/3) = 4; ceil(10/4) = 3
        ["down 2x4x5", "up 2x3x4 < input", "s 2x3x3 < input"],
    ),
    "groups, and the maps that a filter sees": (
        """
        input: [4, 8, 8]
        layers:
          - {conv: 6, kernel: 1, groups: 2}
          - {conv: 6, kernel: 1, groups: depthwise}
          - {conv: 2, kernel: 3, connects: [[0, 1], [5]]}
          - {depthwise_conv: 3, multiplier: 2}
          - {conv_transpose: 4, kernel: 2, stride: 2, groups: 2}
        """,
        ["conv1 6x8x8", "conv2 6x8x8", "conv3 2x6x6", "depthwise_conv1 4x4x4",
         "conv_transpose1 4x8x8"],
    ),
    "expressions": (
        """
        input: [3, 8, 8]
        params: {alpha: 0.75, n: 2}
        layers:
          - {conv: 2 * (n + 3) - 4, kernel: 1}
          - {conv: 64 * alpha, kernel: 1}
          - {conv: 7 // 2, kernel: 1}
          - {conv: round(2.5), kernel: 1}
          - {conv: "max(3, min(9, 5))", kernel: 1}
          - {conv: ceil(7 / 2), kernel: floor(3 / 2)}
          - {conv: multiple(32 * alpha), kernel: 1}
          - {conv: "multiple(17, 16)", kernel: 1}
          - {conv: multiple(10), kernel: 1}
          - {conv: -(-5), kernel: 3 - 2}
          - {conv: 6 / 3, kernel: 1}
          - {conv: 1.5e1, kernel: 1}
          - {conv: 0.001k, kernel: 1}
        """,
        # 6; 48; 3; 2 (ties to even); 5; 4; 24; 16; 10 -> max(8, 8) = 8 < 9 -> 16
        [f"conv{i} {c}x8x8" for i, c in enumerate([6, 48, 3, 2, 5, 4, 24, 16, 16, 5, 2, 15, 1], 1)],
    ),
    "a sum as long as an expression may be": (
        f"""
        input: [3, 8, 8]
        layers:
          - {{conv: {"1+" * 499}1, kernel: 1}}
          - {{conv: {"2*" * 9}{"1*" * 480}1, kernel: 1}}
        """,
        # 499 ones and one more; 2 ^ 9
        ["conv1 500x8x8", "conv2 512x8x8"],
    ),
    "opaque": (
        """
        input: [4, 8, 8]
        layers:
          - {relu, name: a}
          - opaque: {output: [2, 3], op: Einsum}
            from: [a, input]
          - {opaque, output: [7], name: b}
          - opaque: {output: [6]}
            from: opaque1
        """,
        ["a 4x8x8", "opaque1 2x3 < a input", "b 7", "opaque2 6 < opaque1"],
    ),
    "a sequence: biases of all kinds, as many layers as there may be, a table of positions": (
        """
        input: [12]
        layers:
          - {embedding: 4, vocabulary: 9}
          - position_embedding
          - {position_embedding: 12}
          - {lstm: 3, single_bias: true, projection: 2}
          - {gru: 3, bias: false, bidirectional: true}
          - {rnn: 2, layers: 100, last: true}
        """,
        ["embedding1 4x12", "position_embedding1 4x12", "position_embedding2 4x12", "lstm1 2x12",
         "gru1 6x12", "rnn1 2"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_layers(name: str) -> None:
    text, wanted = CASES[name]
    assert read(text) == wanted


def test_means_of_windows_larger_than_their_map() -> None:
    """Padding makes room, but for PyTorch's avg_pool3d with ceil, which pads by itself; `same`
    and uneven ends are padded before it."""
    for shape, line in (
        ("1, 2, 2", "{avgpool: 3, padding: 1}"),
        ("1, 2, 2, 1", "{avgpool: [2, 2, 3], padding: same, ceil: true}"),
        ("1, 2, 2, 1", "{avgpool: [2, 2, 3], padding: [[0, 0], [0, 0], [1, 2]], ceil: true}"),
    ):
        network = cnncost.loads(f"input: [{shape}]\nlayers: [{line}]\n").network
        assert network.nodes[1].output.positions == 1
