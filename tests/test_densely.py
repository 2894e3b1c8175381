"""Dense connectivity (Huang et al. 2017): copies that read all before them, by one concatenation.

A case is a spec and its layers, worked out by hand: name, shape, and what each reads.
"""

from __future__ import annotations

import pytest
from reading import layers

import cnncost

CASES = {
    "copies, their names from outside, and the structure's own": (
        """
        input: [8, 9, 7]
        layers:
          - {name: d, densely: [relu, {name: new, conv: 4, kernel: 3, padding: 1}], times: 3}
          - {concat: [d, d.2, d.1.new, d.new, d.concat2]}
        """,
        [
            "d.1.relu1 8x9x7",
            "d.1.new 4x9x7",
            "d.concat2 12x9x7 < input d.1.new",
            "d.2.relu1 12x9x7",
            "d.2.new 4x9x7",
            "d.concat3 16x9x7 < input d.1.new d.2.new",
            "d.3.relu1 16x9x7",
            "d.3.new 4x9x7",
            "d 20x9x7 < input d.1.new d.2.new d.3.new",
            "concat1 44x9x7 < d d.2.new d.1.new d.3.new d.concat2",
        ],
    ),
    "one copy, without a name, and on vectors": (
        """
        input: [6]
        layers:
          - {densely: [dense: 2], times: 1}
          - {densely: [dense: 2, tanh], times: 1}
        """,
        [
            "densely1.1.dense1 2",
            "densely1 8 < input densely1.1.dense1",
            "densely2.1.dense1 2",
            "densely2.1.tanh1 2",
            "densely2 10 < densely1 densely2.1.tanh1",
        ],
    ),
    "a concat of the list's own is numbered by itself": (
        """
        input: [2, 4]
        layers:
          - {name: d, densely: [{parallel: [[], [relu]]}], times: 2}
        """,
        [
            "d.1.relu1 2x4",
            "d.1.concat1 4x4 < input d.1.relu1",
            "d.concat2 6x4 < input d.1.concat1",
            "d.2.relu1 6x4",
            "d.2.concat1 12x4 < d.concat2 d.2.relu1",
            "d 18x4 < input d.1.concat1 d.2.concat1",
        ],
    ),
    "repeat, and from for the first copy": (
        """
        input: [2, 4]
        layers:
          - {name: a, relu}
          - {name: b, sigmoid}
          - {name: d, densely: [{conv: 1, kernel: 1}], times: 2, repeat: 2, from: a}
          - {concat: [b, d.1, d.1.2, d, d.2, d.conv1]}
        """,
        [
            "a 2x4",
            "b 2x4",
            "d.1.1.conv1 1x4 < a",
            "d.1.concat2 3x4 < a d.1.1.conv1",
            "d.1.2.conv1 1x4",
            "d.1 4x4 < a d.1.1.conv1 d.1.2.conv1",
            "d.2.1.conv1 1x4",
            "d.2.concat2 5x4 < d.1 d.2.1.conv1",
            "d.2.2.conv1 1x4",
            "d.2 6x4 < d.1 d.2.1.conv1 d.2.2.conv1",
            "concat1 20x4 < b d.1 d.1.2.conv1 d.2 d.2 d.2.2.conv1",
        ],
    ),
    "left out, and with times by an expression": (
        """
        input: [2, 4]
        params: {n: 3}
        layers:
          - {densely: [relu], times: 0, repeat: 0}
          - {name: d, densely: [{conv: 1, kernel: 1}], times: n - 1}
        """,
        [
            "d.1.conv1 1x4",
            "d.concat2 3x4 < input d.1.conv1",
            "d.2.conv1 1x4",
            "d 4x4 < input d.1.conv1 d.2.conv1",
        ],
    ),
    "in a block: its parameters, channels and input; frozen and shared": (
        """
        input: [2, 4]
        blocks:
          grow(times, width=channels):
            - {densely: [{conv: width, kernel: 1}, {add: [previous, input]}], times: times}
            - {conv: channels, kernel: 1}
        layers:
          - {name: f, grow: 2, frozen: true}
          - {name: g, grow: 2, share: f}
        """,
        [
            "f.densely1.1.conv1 2x4 frozen",
            "f.densely1.1.add1 2x4 < f.densely1.1.conv1 input frozen",
            "f.densely1.concat2 4x4 < input f.densely1.1.add1 frozen",
            "f.densely1.2.conv1 2x4 frozen",
            "f.densely1.2.add1 2x4 < f.densely1.2.conv1 input frozen",
            "f.densely1 6x4 < input f.densely1.1.add1 f.densely1.2.add1 frozen",
            "f.conv1 2x4 frozen",
            "g.densely1.1.conv1 2x4 frozen = f.densely1.1.conv1",
            "g.densely1.1.add1 2x4 < g.densely1.1.conv1 f.conv1",
            "g.densely1.concat2 4x4 < f.conv1 g.densely1.1.add1",
            "g.densely1.2.conv1 2x4 frozen = f.densely1.2.conv1",
            "g.densely1.2.add1 2x4 < g.densely1.2.conv1 f.conv1",
            "g.densely1 6x4 < f.conv1 g.densely1.1.add1 g.densely1.2.add1",
            "g.conv1 2x4 frozen = f.conv1",
        ],
    ),
    "copies within copies": (
        """
        input: [1, 4]
        layers:
          - {name: d, densely: [{name: e, densely: [{conv: 1, kernel: 1}], times: 2}], times: 2}
          - {concat: [d.e, d.1.e.2.conv1]}
        """,
        [
            "d.1.e.1.conv1 1x4",
            "d.1.e.concat2 2x4 < input d.1.e.1.conv1",
            "d.1.e.2.conv1 1x4",
            "d.1.e 3x4 < input d.1.e.1.conv1 d.1.e.2.conv1",
            "d.concat2 4x4 < input d.1.e",
            "d.2.e.1.conv1 1x4",
            "d.2.e.concat2 5x4 < d.concat2 d.2.e.1.conv1",
            "d.2.e.2.conv1 1x4",
            "d.2.e 6x4 < d.concat2 d.2.e.1.conv1 d.2.e.2.conv1",
            "d 10x4 < input d.1.e d.2.e",
            "concat1 7x4 < d.2.e d.1.e.2.conv1",
        ],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_network_is_the_one_worked_out(name: str) -> None:
    text, wanted = CASES[name]
    assert layers(cnncost.loads(text).network) == wanted
