"""Blocks of the spec language on small specs, the networks worked out by hand.

A case is a spec and its layers, one text each as `reading` writes them.
"""

from __future__ import annotations

import pytest
from reading import read

CASES = {
    "blocks: signature, defaults, channels, input": (
        """
        input: [4, 9, 7]
        blocks:
          conv_bn(filters, kernel=1, stride=1, then=relu):
            - {conv: filters, kernel: kernel, stride: stride, padding: kernel // 2, bias: false}
            - batchnorm
            - then
          wide(half=channels / 2, whole=2 * half):
            - {conv: half, kernel: 1}
            - {conv: whole, kernel: 1}
            - {add: [previous, input]}
          plain: [relu]
        layers:
          - {conv_bn: 8, kernel: 3, stride: 2}
          - {conv_bn: 6, then: identity, name: c}
          - wide
          - {wide: 1, whole: 6}
          - {wide: 5, whole: 6}
          - plain
        """,
        [
            *("conv_bn1.conv1 8x5x4", "conv_bn1.batchnorm1 8x5x4", "conv_bn1.relu1 8x5x4"),
            *("c.conv1 6x5x4", "c.batchnorm1 6x5x4", "c.identity1 6x5x4"),
            *("wide1.conv1 3x5x4", "wide1.conv2 6x5x4"),
            "wide1.add1 6x5x4 < wide1.conv2 c.identity1",
            *("wide2.conv1 1x5x4", "wide2.conv2 6x5x4"),
            "wide2.add1 6x5x4 < wide2.conv2 wide1.add1",
            *("wide3.conv1 5x5x4", "wide3.conv2 6x5x4"),
            "wide3.add1 6x5x4 < wide3.conv2 wide2.add1",
            "plain1.relu1 6x5x4",
        ],
    ),
    "a parameter for a default alone, lists and brackets in defaults": (
        """
        input: [4, 8, 8]
        blocks:
          b(w, v=max(w, 2 * w), k=[3, 1]): [{conv: v, kernel: k}]
        layers: [{b: 5}, {b: 1, v: 3, k: [1, 1]}]
        """,
        ["b1.conv1 10x6x8", "b2.conv1 3x6x8"],
    ),
    "a parameter named channels or input wins": (
        """
        input: [4, 8, 8]
        blocks:
          b(channels, input): [{conv: channels, kernel: 1}, {add: [previous, input]}]
        layers:
          - {conv: 7, kernel: 1, name: x}
          - {tanh, from: input}
          - {b: 7, input: x}
        """,
        ["x 7x8x8", "tanh1 4x8x8 < input", "b1.conv1 7x8x8", "b1.add1 7x8x8 < b1.conv1 x"],
    ),
    "arguments: booleans, lists, keywords, words, layers, previous": (
        """
        input: [4, 8, 8]
        blocks:
          b(kernel=[3, 1], skip, se=false, padding=same, how=bilinear):
            - {conv: 4, kernel: kernel, padding: padding}
            - {sigmoid, repeat: se}
            - {upsample: 2, mode: how}
            - {upsample, size: skip}
            - {add: [previous, skip]}
        layers:
          - {relu, name: r}
          - {b, skip: r}
          - {b: [1, 3], se: true, padding: [0, 1], how: nearest, skip: previous}
        """,
        [
            *("r 4x8x8", "b1.conv1 4x8x8", "b1.upsample1 4x16x16", "b1.upsample2 4x8x8"),
            *("b1.add1 4x8x8 < b1.upsample2 r", "b2.conv1 4x8x8", "b2.sigmoid1 4x8x8"),
            *("b2.upsample1 4x16x16", "b2.upsample2 4x8x8", "b2.add1 4x8x8 < b2.upsample2 b1.add1"),
        ],
    ),
    "names inside blocks, by dot and by number": (
        """
        input: [4, 8, 8]
        blocks:
          inner: [{conv: 4, kernel: 3, name: c}, relu]
          outer: [{inner, repeat: 2, name: i}]
        layers:
          - {outer, name: o}
          - {tanh, from: o.i.1.c}
          - {tanh, from: o.i.c, name: t}
          - {add: [o, t], name: sum}
          - {tanh, from: tanh1}
        """,
        [
            *("o.i.1.c 4x6x6", "o.i.1.relu1 4x6x6", "o.i.2.c 4x4x4", "o.i.2.relu1 4x4x4"),
            *("tanh1 4x6x6 < o.i.1.c", "t 4x4x4 < o.i.2.c", "sum 4x4x4 < o.i.2.relu1 t"),
            "tanh2 4x6x6 < tanh1",
        ],
    ),
    "previous in a block's list is what enters it, from does not move it": (
        """
        input: [4, 8, 8]
        blocks:
          b: [{add: [previous, previous]}]
        layers:
          - {relu, name: a}
          - {relu, name: c}
          - {b, from: a}
          - {add: [b1, c]}
        """,
        ["a 4x8x8", "c 4x8x8", "b1.add1 4x8x8 < a a", "add1 4x8x8 < b1.add1 c"],
    ),
    "a layer word in a block, repeated with its name kept apart": (
        """
        input: [4, 8, 8]
        blocks:
          b(act, n=2): [act, {tanh, repeat: n}, act]
        layers: [{b: relu}, {b: silu, n: 0}]
        """,
        ["b1.relu1 4x8x8", "b1.tanh1.1 4x8x8", "b1.tanh1.2 4x8x8", "b1.relu2 4x8x8",
         "b2.silu1 4x8x8", "b2.silu2 4x8x8"],
    ),
    "dense connectivity and a gate, as the language's document writes them": (
        """
        input: [4, 6, 6]
        params: {growth: 3}
        blocks:
          grow: [{parallel: [[], [batchnorm, relu, {conv: growth, kernel: 3, padding: 1}]]}]
          gate(squeeze):
            - parallel: [[], [global_avgpool, {conv: squeeze, kernel: 1}, relu,
                {conv: channels, kernel: 1}, sigmoid]]
              join: mul
        layers: [{grow, repeat: 2}, {gate: 5}]
        """,
        [
            *("grow1.1.batchnorm1 4x6x6", "grow1.1.relu1 4x6x6", "grow1.1.conv1 3x6x6"),
            *("grow1.1.concat1 7x6x6 < input grow1.1.conv1", "grow1.2.batchnorm1 7x6x6"),
            *("grow1.2.relu1 7x6x6", "grow1.2.conv1 3x6x6"),
            "grow1.2.concat1 10x6x6 < grow1.1.concat1 grow1.2.conv1",
            *("gate1.global_avgpool1 10x1x1", "gate1.conv1 5x1x1", "gate1.relu1 5x1x1"),
            *("gate1.conv2 10x1x1", "gate1.sigmoid1 10x1x1"),
            "gate1.mul1 10x6x6 < grow1.2.concat1 gate1.sigmoid1",
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_layers(name: str) -> None:
    text, wanted = CASES[name]
    assert read(text) == wanted
