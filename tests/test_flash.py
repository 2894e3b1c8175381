"""Bytes on a microcontroller by hand: each layer's flash; SRAM as int8 maps alive at each layer,
activations folded away."""

from __future__ import annotations

import pytest

import cnncost
from cnncost.costs.memory import measure_embedded
from cnncost.costs.memory.embedded import count_flash_bits, lives_embedded

CONV = 3 * 4 * 9 + 4 * 4
"""3x3 over 3 channels, 4 filters: a byte a weight, 4 a bias."""


@pytest.mark.parametrize(("lines", "flash"), [
    (["{conv: 4, kernel: 3}"], CONV),
    (["{conv: 4, kernel: 3, bias: false}"], 3 * 4 * 9),
    (["{conv: 4, kernel: 3}", "prelu"], CONV + 4),  # a slope for each channel
    (["{conv: 4, kernel: 3}", "{prelu, shared: true}"], CONV + 1),
    (["{conv: 4, kernel: 3}", "scale"], CONV + 4),  # a factor for each channel
    (["{conv: 4, kernel: 3}", "{scale, shared: true}"], CONV + 1),
    (["{conv: 4, kernel: 3}", "layernorm"], CONV + 2 * 4),  # not folded: scales and shifts
    (["{conv: 4, kernel: 3}", "{groupnorm: 2}"], CONV + 2 * 4),
    (["{conv: 4, kernel: 3}", "{layernorm, affine: false}"], CONV),
    (["{conv: 4, kernel: 3}", "batchnorm"], CONV),  # into the biases that are there
    (["{conv: 4, kernel: 3, bias: false}", "batchnorm"], 3 * 4 * 9 + 4 * 4),  # as new ones
    (["batchnorm", "{conv: 4, kernel: 3}"], 3 * 4 + CONV),  # a layer of its own: 3 biases
    (["{conv: 1, kernel: 3}", "batchnorm"], 3 * 9 + 4),  # a single bias is one
    (["{dense: 5}"], 3 * 64 * 5 + 4 * 5),
    (["relu"], 0),
])  # fmt: skip
def test_flash(lines: list[str], flash: int) -> None:
    text = "input: [3, 8, 8]\nlayers:\n" + "".join(f"- {line}\n" for line in lines)
    assert measure_embedded(cnncost.loads(text).network).flash == flash


def test_a_shared_layer_takes_its_flash_once() -> None:
    text = "input: [4, 8, 8]\nlayers:\n- {name: c, conv: 4, kernel: 1}\n"
    text += "- {conv: 4, kernel: 1, share: c}\n"
    assert measure_embedded(cnncost.loads(text).network).flash == 4 * 4 + 4 * 4


def _sram(text: str) -> tuple[int, int]:
    found = measure_embedded(cnncost.loads(text).network)
    return found.sram, found.sram_in_place


def test_sram_step_by_step() -> None:
    text = """\
input: [2, 4, 4]
layers:
- {name: wide, conv: 6, kernel: 1}
- relu
- {name: down, depthwise_conv: 3, padding: 1, stride: 2}
- {name: fc, dense: 5}
"""
    network = cnncost.loads(text).network
    # 2x4x4 bytes; 6x4x4 beside them, which the relu is folded into; 6x2x2; 5.
    apart, over = (lives_embedded(network, in_place=word) for word in (False, True))
    assert apart.sum_live_bytes() == [32, 32 + 96, 96, 96 + 24, 24 + 5]
    # The depthwise convolution writes its 24 bytes over its input's 96.
    assert over.sum_live_bytes() == [32, 32 + 96, 96, 96, 24 + 5]
    assert lives_embedded(network).sum_live_bytes() == apart.sum_live_bytes()
    assert _sram(text) == (128, 128)


@pytest.mark.parametrize(("layer", "over"), [
    ("{depthwise_conv: 1}", True),
    ("{conv: 4, kernel: 1, groups: 4}", True),  # depthwise, written otherwise
    ("{conv: 4, kernel: 1, groups: 2}", False),
    ("{conv: 4, kernel: 1}", False),
    ("{groupnorm: 4}", False),  # its means come first
    ("{depthwise_conv: 1, multiplier: 2}", True),  # up to its input's size
])  # fmt: skip
def test_who_may_write_over_its_input(layer: str, over: bool) -> None:
    # 9 bytes beside 4x3x3; then the layer's, where they lie over those that nobody else reads.
    text = f"input: [1, 3, 3]\nlayers:\n- {{conv: 4, kernel: 1}}\n- {layer}\n"
    doubled = 36 if "multiplier" in layer else 0
    assert _sram(text) == (72 + doubled, max(9 + 36, 36 + doubled) if over else 72)


def test_an_addition_writes_over_the_larger_of_what_dies() -> None:
    text = """\
input: [1, 3, 3]
layers:
- {name: a, conv: 4, kernel: 1}
- {name: b, conv: 4, kernel: 1}
- {name: sum, add: [a, b]}
- {name: end, conv: 1, kernel: 1}
"""
    # 9; 9 + 36; a and b, then the sum beside both or over one of them; the sum and 9 bytes.
    assert _sram(text) == (3 * 36, 2 * 36)


def test_an_input_that_is_read_again_is_not_written_over() -> None:
    text = """\
input: [4, 3, 3]
layers:
- {name: a, conv: 4, kernel: 1}
- {name: d, depthwise_conv: 1}
- {name: both, concat: [a, d]}
"""
    network = cnncost.loads(text).network
    # a lives until the concatenation: d is beside it; then both and their 72 bytes.
    for word in (False, True):
        timeline = lives_embedded(network, in_place=word).sum_live_bytes()
        assert timeline == [36, 36 + 36, 36 + 36, 36 + 36 + 72]


def test_an_activation_of_the_input_is_a_map_of_its_own() -> None:
    text = "input: [2, 4, 4]\nlayers:\n- relu\n- {conv: 1, kernel: 1}\n"
    assert _sram(text) == (32 + 32, 32 + 32)


def test_an_activation_of_a_map_that_others_read_is_a_map_of_its_own() -> None:
    text = """\
input: [4, 3, 3]
layers:
- {name: a, conv: 4, kernel: 1}
- {name: r, relu}
- {name: sum, add: [a, r]}
"""
    # The relu cannot be folded: a, r and their sum, over one of them in place.
    assert _sram(text) == (3 * 36, 2 * 36)


def test_a_part_of_a_map_lies_in_the_map() -> None:
    text = """\
input: [4, 3, 3]
layers:
- {name: a, conv: 4, kernel: 1}
- {slice: [0, 2]}
- {conv: 1, kernel: 1}
"""
    network = cnncost.loads(text).network
    # Both channels that are read keep all four.
    assert lives_embedded(network).sum_live_bytes() == [36, 36 + 36, 36, 36 + 9]


@pytest.mark.parametrize("word", [
    "batchnorm", "relu", "relu6", "leaky_relu", "prelu", "elu", "selu", "gelu", "silu", "hardswish",
    "sigmoid", "hardsigmoid", "tanh", "softplus", "mish", "scale",
])  # fmt: skip
def test_what_is_done_unit_by_unit_needs_no_map_of_its_own(word: str) -> None:
    text = f"input: [4, 3, 3]\nlayers:\n- {{conv: 4, kernel: 1}}\n- {word}\n"
    network = cnncost.loads(text + "- {conv: 1, kernel: 1}\n").network
    assert lives_embedded(network).sum_live_bytes() == [36, 36 + 36, 36, 36 + 9]


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


def test_bits_of_4_bit_weights_and_of_further_bytes() -> None:
    # 27 weights of 4 bits, a bias of 32; 2 more and 2 biases; 9 bytes of other tensors besides.
    types = "{activations: int8, weights: int4, biases: int32, other_bytes: 9}"
    layers = "[{conv: 1, kernel: 3}, {conv: 2, kernel: 1}]"
    network = cnncost.loads(f"types: {types}\ninput: [3, 8, 8]\nlayers: {layers}\n").network
    assert count_flash_bits(network) == 27 * 4 + 32 + 2 * 4 + 2 * 32 + 8 * 9
    assert measure_embedded(network).flash == 14 + 4 + 1 + 2 * 4 + 9
