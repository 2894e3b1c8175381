"""SRAM of a microcontroller by hand: int8 maps alive at each layer, activations folded away."""

from __future__ import annotations

import pytest

import cnncost
from cnncost.costs.memory import measure_embedded

SPECS = {
    # Input 32, map 64 (the relu within its convolution), pool 16, 3: the first two. Whoever
    # called the network does not hold the input: 64 + 16 later.
    "a chain": ("""\
input: [2, 4, 4]
layers: [{conv: 4, kernel: 3, padding: 1}, relu, {maxpool: 2}, {dense: 3}]
""", 32 + 64, 32 + 64),
    "a norm and an activation are folded": ("""\
input: [1, 2, 2]
layers: [{conv: 4, kernel: 1}, batchnorm, hardswish]
""", 4 + 16, 4 + 16),
    "nothing is folded into what another reads": ("""\
input: [1, 2, 2]
layers: [{name: c, conv: 4, kernel: 1}, {name: r, relu, from: c}, {name: s, add: [c, r]}]
""", 3 * 16, 2 * 16),
    "nor into the input": ("input: [4, 2, 2]\nlayers: [relu]\n", 2 * 16, 2 * 16),
    "a softmax is a kernel of its own": ("""\
input: [1]
layers: [{dense: 9}, softmax]
""", 9 + 9, 9 + 9),
    "a view is its input": ("""\
input: [1, 2, 2]
layers: [{conv: 4, kernel: 1}, flatten, {dense: 3}]
""", 4 + 16, 4 + 16),
    # a and b beside the input, then the sum over one of them.
    "an addition over an operand that dies": ("""\
input: [1, 2, 2]
layers:
- {name: a, conv: 4, kernel: 1, from: input}
- {name: b, conv: 4, kernel: 1, from: input}
- {name: s, add: [a, b]}
""", 3 * 16, 4 + 2 * 16),
    "not over those that are read later": ("""\
input: [1, 2, 2]
layers:
- {name: a, conv: 4, kernel: 1, from: input}
- {name: b, conv: 4, kernel: 1, from: input}
- {name: s, add: [a, b]}
- {name: t, conv: 1, kernel: 1, from: s}
- {name: u, conv: 1, kernel: 1, from: a}
- {name: v, conv: 1, kernel: 1, from: b}
- {name: end, concat: [t, u, v]}
""", 3 * 16 + 4, 3 * 16 + 4),  # a, b and s, then t of 4 beside them
    "an output stays to the end": ("""\
input: [1, 2, 2]
layers:
- {name: a, conv: 4, kernel: 1, from: input}
- {name: b, conv: 4, kernel: 1, from: input}
- {name: c, conv: 8, kernel: 1}
""", 16 + 16 + 32, 16 + 16 + 32),
    # Input 32 of 2 channels, and as many out.
    "a depthwise convolution over its input": ("""\
input: [2, 4, 4]
layers: [{depthwise_conv: 3, padding: 1}]
""", 32 + 32, 32),
    "a coarser one": ("input: [2, 4, 4]\nlayers: [{depthwise_conv: 2, stride: 2}]\n", 32 + 8, 32),
    "one in words of groups": ("""\
input: [2, 4, 4]
layers: [{conv: 2, kernel: 3, padding: 1, groups: 2}]
""", 32 + 32, 32),
    "of more filters than channels none": ("""\
input: [2, 4, 4]
layers: [{conv: 4, kernel: 3, padding: 1, groups: 2}]
""", 32 + 64, 32 + 64),
    "of fewer groups than channels none": ("""\
input: [4, 2, 2]
layers: [{conv: 4, kernel: 1, groups: 2}]
""", 16 + 16, 16 + 16),
    "a product has no such kernel": ("""\
input: [1, 2, 2]
layers:
- {name: a, conv: 4, kernel: 1, from: input}
- {name: b, conv: 4, kernel: 1, from: input}
- {name: m, mul: [a, b]}
""", 3 * 16, 3 * 16),
}  # fmt: skip


@pytest.mark.parametrize("what", SPECS)
def test_sram(what: str) -> None:
    text, apart, in_place = SPECS[what]
    found = measure_embedded(cnncost.loads(text).network)
    assert (found.sram, found.sram_in_place) == (apart, in_place)
