"""Which layers write over their input, by hand: what they read nobody else reads or keeps."""

from __future__ import annotations

import pytest

import cnncost
from cnncost.costs.memory import measure_memory
from cnncost.costs.memory.training_step import forward_bytes, training_pass

MAP = 4 * 4 * 9
"""Bytes of the convolution's map, in fp32."""


@pytest.mark.parametrize(("lines", "maps"), [
    # How many storages there are beside the input at the layer of most, in such maps.
    ("- relu\n", 1),
    ("- relu6\n", 1),
    ("- {relu, inplace: false}\n", 2),
    ("- sigmoid\n", 2),  # it has no such form
    ("- batchnorm\n- relu\n", 2),
    ("- batchnorm\n- relu\n- {relu, inplace: false}\n", 2),
    ("- identity\n- relu\n", 1),  # the convolution's map itself
    ("- {dropout: 0.5}\n- relu\n", 1),
    ("- flatten\n- relu\n", 2),  # not over a map seen in another form, or turned
    ("- {reshape: [9, 4]}\n- relu\n", 2),
    ("- {permute: [2, 1, 3]}\n- relu\n", 2),
    ("- {channel_shuffle: 2}\n- relu\n", 2),
    ("- {channel_shuffle: 1}\n- relu\n", 1),  # nothing moves: the map itself
])  # fmt: skip
def test_the_storages_of_inference(lines: str, maps: int) -> None:
    text = f"input: [1, 3, 3]\nlayers:\n- {{conv: 4, kernel: 1}}\n{lines}"
    found = measure_memory(cnncost.loads(text).network)
    assert found.inference.bytes == 4 * 9 + maps * MAP


@pytest.mark.parametrize(("lines", "kept"), [
    # What each layer behind the convolution keeps first.
    ("- relu\n", (MAP,)),
    ("- {relu, inplace: false}\n", (MAP,)),
    ("- sigmoid\n- relu\n", (MAP, MAP)),  # the sigmoid needs its output: the relu's is another
    ("- relu\n- relu\n", (MAP, MAP)),
    ("- tanh\n- identity\n- relu\n", (MAP, 0, MAP)),  # seen through a view too
    # A clone of what it writes over; the next may write over what nobody keeps.
    ("- relu6\n- relu\n", (MAP, MAP)),
    ("- silu\n- silu\n", (MAP, MAP)),
    ("- relu\n- silu\n", (MAP, 0)),  # beside the relu's output, which both keep
    # A part of the map, and one that is turned, are written over by nobody.
    ("- {slice: [0, 2]}\n- relu\n", (0, MAP // 2)),
    ("- flatten\n- relu\n", (0, MAP)),
    ("- gelu\n- relu\n", (MAP, MAP)),  # it keeps its input
])  # fmt: skip
def test_the_storages_that_training_keeps(lines: str, kept: tuple[int, ...]) -> None:
    text = f"input: [1, 3, 3]\nlayers:\n- {{conv: 4, kernel: 1}}\n{lines}"
    saved = measure_memory(cnncost.loads(text).network).saved
    assert saved is not None
    assert saved.layers[2:] == kept


@pytest.mark.parametrize(("line", "maps", "extra"), [
    ("batchnorm", 2, 2 * 4),  # a mean and a deviation a channel
    ("{groupnorm: 2}", 2, 2 * 2),  # a group
    # What PyTorch gives out is turned, or another tensor seen in another form: 1 map more.
    ("layernorm", 3, 2 * 9),  # a position
    ("instancenorm", 3, 3 * 4),  # a channel of an example, and the scale
    ("{linear: 4}", 3, 0),
    ("{depthwise_conv: 1}", 2, 0),
])  # fmt: skip
def test_what_a_relu_behind_them_takes(line: str, maps: int, extra: int) -> None:
    text = f"input: [1, 3, 3]\nlayers:\n- {{conv: 4, kernel: 1}}\n- {line}\n- relu\n"
    step = training_pass(cnncost.loads(text).network, batch=1, size=4)
    # The convolution's map is kept, the layer's own and perhaps the relu's.
    assert forward_bytes(step)[3] == 4 * 9 + maps * MAP + 4 * extra


@pytest.mark.parametrize(("size", "line", "places", "relu"), [
    ([1, 8], "{maxpool: 2}", 8 * 4 * 4, 1),  # along one axis the pool's output is turned
    ([1, 8], "{avgpool: 2}", 0, 1),
    ([1, 4, 2], "{maxpool: [2, 1]}", 8 * 4 * 4, 0),
    ([1, 4, 2], "{avgpool: [2, 1]}", 0, 0),
])  # fmt: skip
def test_pools_along_one_axis(size: list[int], line: str, places: int, relu: int) -> None:
    text = f"input: {size}\nlayers:\n- {{conv: 4, kernel: 1}}\n- {line}\n- relu\n"
    step = training_pass(cnncost.loads(text).network, batch=1, size=4)
    # Input 8, the map 32, the pool 16, and perhaps the relu's.
    assert forward_bytes(step)[3] == 4 * (8 + 32 + 16 + 16 * relu) + places


def test_what_moves_by_no_place_but_takes_another_form() -> None:
    text = "input: [1, 1, 9]\nlayers:\n- {conv: 4, kernel: 1}\n- {pixel_shuffle: [2, 1]}\n- relu\n"
    # A view of the map of 36 numbers; the relu writes beside it.
    assert measure_memory(cnncost.loads(text).network).inference.bytes == 4 * 9 + 2 * MAP


def test_what_two_read_is_written_over_by_neither() -> None:
    text = """\
input: [1, 3, 3]
layers:
- {name: c, conv: 4, kernel: 1}
- {name: r, relu, from: c}
- {name: s, add: [c, r]}
"""
    assert measure_memory(cnncost.loads(text).network).inference.bytes == 4 * 9 + 3 * MAP


def test_an_input_of_the_network_is_not_written_over() -> None:
    text = "input: [4, 3, 3]\nlayers:\n- relu\n"
    assert measure_memory(cnncost.loads(text).network).inference.bytes == 2 * MAP


@pytest.mark.parametrize(("line", "maps"), [
    ("{pixel_shuffle: 2}", 2),  # the sigmoid's and the shuffled one, which the relu writes over
    ("{space_to_depth: 3}", 2),
    # PyTorch moves axes and may need no copy: the relu's is another.
    ("{pixel_shuffle: [1, 2]}", 3),
    ("{space_to_depth: [1, 3]}", 3),
    ("channel_shuffle: 2", 2),
])  # fmt: skip
def test_a_shuffle_that_may_be_a_view_of_what_is_kept(line: str, maps: int) -> None:
    line = line if line.startswith("{") else f"{{{line}}}"
    text = f"input: [1, 3, 3]\nlayers:\n- {{conv: 4, kernel: 1}}\n- sigmoid\n- {line}\n- relu\n"
    step = training_pass(cnncost.loads(text).network, batch=1, size=4)
    assert forward_bytes(step)[4] == 4 * 9 + maps * MAP


@pytest.mark.parametrize(("size", "factor"), [([1, 8], [2]), ([1, 2, 2, 2], [2, 2, 2])])
def test_only_planes_have_a_kernel_that_shuffles(size: list[int], factor: list[int]) -> None:
    text = f"""\
input: {size}
layers:
- {{conv: 8, kernel: 1}}
- sigmoid
- {{pixel_shuffle: {factor}}}
- relu
"""
    step = training_pass(cnncost.loads(text).network, batch=1, size=4)
    # The input's 8 numbers, and three maps of 8 times as many.
    assert forward_bytes(step)[4] == 4 * 8 + 3 * 4 * 64
