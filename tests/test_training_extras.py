"""What each layer type keeps besides its tensors, and needs while it runs, by hand.

The rules are those that were measured on PyTorch's allocator; the arithmetic is spelled out for
batch 2 over maps of 4x6x5.
"""

from __future__ import annotations

import pytest

import cnncost
from cnncost.costs.memory import measure_memory
from cnncost.costs.memory.memory_report import trace_timeline
from cnncost.network import Network

MAP = 2 * 4 * 30 * 4
"""Bytes of the map behind the first convolution, in fp32."""

KEPT = {
    "batchnorm": MAP + 4 * 2 * 4,  # its input; a mean and a deviation a channel
    "layernorm": MAP + 4 * 2 * (2 * 30),  # two a position
    "groupnorm: 2": MAP + 4 * 2 * (2 * 2),  # two a group
    "instancenorm": MAP + 4 * 3 * (2 * 4),  # and the scale, repeated for every example
    "{instancenorm, affine: false}": MAP + 4 * 2 * (2 * 4),
    # The squares of 4 channels and 2 more at either end, the divisor, and its power.
    "lrn: 5": MAP + 4 * 2 * (4 + 4) * 30 + 2 * MAP,
    "maxpool: 2": MAP + 8 * 2 * (4 * 3 * 2),  # an int64 place for each output
    "global_maxpool": MAP + 8 * 2 * 4,
    "adaptive_maxpool: [2, 2]": MAP + 8 * 2 * (4 * 4),
    "dropout: 0.5": 4 * 2 * (4 * 30),  # the mask alone
    "drop_path: 0.5": 4 * 2,  # a number an example
    "relu": MAP,
    "{relu, inplace: false}": MAP,
    "sigmoid": MAP,
    "relu6": MAP,  # in place: a clone of its input
    "{relu6, inplace: false}": MAP,
    "prelu": MAP,
    "scale": MAP,
    "avgpool: 2": MAP,
    "adaptive_avgpool: [2, 2]": MAP,
    "adaptive_avgpool: 1": 0,  # the plain mean
    "global_avgpool": 0,
    "flatten": 0,
    "pad: 1": 0,
    "upsample: 2": 0,
    "subsample: 2": MAP + 4 * 2 * (4 * 3 * 2),  # the windows' means
    # Queries, keys, values and the context of 4, and a number for each of 2 heads, a position.
    "{attention: 2, dim: 4}": MAP + 4 * 2 * 30 * (4 * 4 + 2),
}
SPEC = "input: [1, 6, 5]\nlayers:\n- {conv: 4, kernel: 1}\n- %s\n"


def _network(text: str) -> Network:
    return cnncost.loads(text).network


@pytest.mark.parametrize("line", KEPT)
def test_what_a_layer_keeps(line: str) -> None:
    text = SPEC % (line if line.startswith("{") or ":" not in line else f"{{{line}}}")
    saved = measure_memory(_network(text), batch=2).saved
    assert saved is not None
    assert saved.layers[2] == KEPT[line]


@pytest.mark.parametrize("line", KEPT)
def test_half_precision_keeps_half_of_it(line: str) -> None:
    text = SPEC % (line if line.startswith("{") or ":" not in line else f"{{{line}}}")
    saved = measure_memory(_network(text), batch=2, dtype="fp16").saved
    assert saved is not None
    places = {"maxpool: 2": 384, "global_maxpool": 64, "adaptive_maxpool: [2, 2]": 256}
    whole = places.get(line, 0)  # int64 in every precision
    assert saved.layers[2] == (KEPT[line] - whole) // 2 + whole


@pytest.mark.parametrize(("text", "peak"), [
    # A map and its pool, and where a plane's maxima are.
    ("input: [2, 4, 2]\nlayers:\n- {maxpool: 2}\n", 4 * 16 + 4 * 4 + 8 * 4),
    # Along one axis nobody needs their places.
    ("input: [2, 8]\nlayers:\n- {maxpool: 2}\n", 4 * 16 + 4 * 8),
    ("input: [2, 4, 2]\nlayers:\n- {adaptive_maxpool: 1}\n", 4 * 16 + 4 * 2 + 8 * 2),
    # The squares with two channels at either end are the most of one channel.
    ("input: [1, 8, 8]\nlayers:\n- {lrn: 5}\n", 4 * 64 + 4 * 64 + 4 * (1 + 4) * 64),
    # Of eight, the mean square and its power are.
    ("input: [8, 4, 4]\nlayers:\n- {lrn: 3}\n", 4 * 128 + 4 * 128 + 2 * 4 * 128),
    # A mask is made in training alone.
    ("input: [8, 4, 4]\nlayers:\n- {dropout: 0.5}\n", 4 * 128),
    ("input: [8, 4, 4]\nlayers:\n- {drop_path: 0.5}\n", 4 * 128),
    ("input: [8, 4, 4]\nlayers:\n- identity\n", 4 * 128),
    ("input: [8, 4, 4]\nlayers:\n- flatten\n", 4 * 128),
    ("input: [8, 4, 4]\nlayers:\n- {slice: [0, 2]}\n", 4 * 128),
    # A sigmoid writes beside its input.
    ("input: [4]\nlayers:\n- {dense: 6}\n- sigmoid\n", 4 * (4 + 6 + 6)),
])  # fmt: skip
def test_the_peak_of_one_layer(text: str, peak: int) -> None:
    assert measure_memory(_network(text)).inference.bytes == peak
    assert measure_memory(_network(text), batch=3).inference.bytes == 3 * peak


@pytest.mark.parametrize(("join", "partial"), [
    ("{add: [a, b]}", 0), ("{add: [a, b, c]}", 1), ("{mul: [a, b]}", 0), ("{mul: [a, b, c]}", 1),
    ("{mul: [a, b, c, input]}", 1),
])  # fmt: skip
def test_three_are_joined_two_by_two(join: str, partial: int) -> None:
    lines = "".join(f"- {{name: {n}, dense: 5, from: input}}\n" for n in "abc")
    network = _network(f"input: [5]\nlayers:\n{lines}- {join}\n")
    # The input, three maps (one that nobody reads is an output), their join, and of three and
    # more the join of the ones before the last.
    for batch in (1, 3):
        found = measure_memory(network, batch=batch).inference
        assert found.bytes == batch * 4 * 5 * (1 + 3 + 1 + partial)


@pytest.mark.parametrize("frozen", ["false", "true"])
def test_a_convolution_keeps_its_padded_copy_in_its_inputs_place(frozen: str) -> None:
    text = f"""\
input: [1, 4, 4]
layers:
- {{conv: 2, kernel: 1}}
- {{conv: 3, kernel: 2, padding: same, frozen: {frozen}}}
"""
    saved = measure_memory(_network(text)).saved
    assert saved is not None
    # 16 numbers for the first; two channels of 5x5, padded at one end, for the second.
    assert saved.layers[1:] == (4 * 16, 4 * 2 * 25)


def test_an_activation_clones_only_what_it_writes_over() -> None:
    text = """\
input: [2, 3, 3]
layers:
- {name: a, conv: 2, kernel: 1}
- {name: r, relu6, from: a}
- {name: c, conv: 2, kernel: 1, from: a}
- {name: end, add: [r, c]}
"""
    saved = measure_memory(_network(text)).saved
    assert saved is not None
    # Others read a: the relu6 writes elsewhere, and keeps a, which c keeps too.
    assert saved.layers == (0, 4 * 18, 4 * 18, 0, 0)


def test_the_targets_of_two_outputs() -> None:
    text = "input: [22]\nlayers:\n- {name: a, dense: 100}\n- {name: b, dense: 50, from: input}\n"
    step = measure_memory(_network(text), optimizer="adam").training
    parameters = 4 * (22 * 100 + 100 + 22 * 50 + 50)
    # Two moments and four counters, two targets; gradients, two temporaries of the largest
    # tensor, the input and both outputs.
    state = 2 * parameters + 4 * 4
    at_work = parameters + 2 * 4 * 2200 + 4 * (22 + 100 + 50)
    assert step == (parameters + state + 2 * 8 + at_work, "optimizer")


def test_weights_that_are_computed_leave_the_optimizer_step_alone() -> None:
    """Their gradients are made from those of what is computed of them, at an unknown cost: of the
    phases only the last is known to be a lower bound."""
    lines = "input: [3, 8, 8]\nlayers:\n- {conv: 4, kernel: 3}\n- {conv: 4, kernel: 3}\n"
    plain = measure_memory(cnncost.loads(lines).network)
    marked = measure_memory(
        cnncost.loads(f"{lines}- {{identity, stands_for: computed_weights}}\n").network
    )
    assert plain.training is not None
    assert marked.training is not None
    assert (plain.training.phase, marked.training.phase) == ("backward", "optimizer")
    assert marked.training.bytes < plain.training.bytes


def test_a_timeline_by_hand() -> None:
    network = cnncost.loads(
        "input: [3, 8, 8]\nlayers: [{conv: 4, kernel: 3}, relu, {maxpool: 2}]"
    ).network
    image, maps, pooled = 4 * 3 * 64, 4 * 4 * 36, 4 * 4 * 9
    assert trace_timeline(network) == (
        ("input", "input", image),
        ("conv1", "conv", image + maps),
        ("relu1", "relu", image + maps),  # in place
        # A pool keeps the place of each maximum: 8 bytes each.
        ("maxpool1", "maxpool", image + maps + pooled + 8 * 4 * 9),
    )
