"""The arena of TensorFlow Lite Micro: measured heads and totals, buffers by hand, and a planner by
brute force."""

from __future__ import annotations

import csv
from fractions import Fraction

import pytest
from evidence import find_beside
from hypothesis import given, settings
from hypothesis import strategies as st

import cnncost
from cnncost.costs.memory import measure_embedded
from cnncost.costs.memory.arena import TAIL_64_BITS, Arena, Buffer, place_greedily, plan_arena
from cnncost.costs.memory.lite_operators import list_operators
from cnncost.network import Network

TILE = 16


def _network(*lines: str, shape: str = "[4, 8, 8]") -> Network:
    text = f"input: {shape}\nlayers:\n" + "".join(f"- {line}\n" for line in lines)
    return cnncost.loads(text).network


MEASURED = {
    # network: head with plain kernels, with CMSIS-NN's scratch, total on x86-64 (None: not run)
    "mlperf_tiny_ad": (768, 768, 3984),
    "mlperf_tiny_ic": (49152, 49728, 55984),
    "mlperf_tiny_kws": (16000, 16000, 24272),
}
"""What TensorFlow Lite Micro allocated for the .tflite files of these networks, in bytes."""


@pytest.mark.parametrize("name", MEASURED)
def test_measured_arenas(name: str) -> None:
    network = cnncost.load(name).network
    plain = plan_arena(network, scratch=False, tail=TAIL_64_BITS)
    head, with_scratch, total = MEASURED[name]
    assert plain.head == head
    assert plan_arena(network).head == with_scratch
    assert plain.total == pytest.approx(total, rel=0.031)


def test_fragmentation_costs_a_third_of_visual_wake_words() -> None:
    # Published for the network's file: 33 % more than what is alive.
    arena = plan_arena(cnncost.load("mlperf_tiny_vww").network, scratch=False)
    assert arena.head == 73728
    assert max(_alive(arena)) == 55296
    params = {"alpha": Fraction(1, 4), "resolution": 128}
    larger = plan_arena(cnncost.load("mobilenet_v1", params=params).network, scratch=False)
    assert larger.head == 131072  # of mobilenet_v1_0.25_128_quant.tflite
    assert max(_alive(larger)) == 98304


def _alive(arena: Arena) -> list[int]:
    return [
        sum(b.bytes for b in arena.buffers if b.first <= step <= b.last)
        for step in range(len(arena.graph.operators))
    ]


FOLDER = find_beside("reference/tflite")
TABLE = find_beside("evidence/mcu")
FILES = sorted(FOLDER.glob("*.tflite")) if FOLDER and TABLE else []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_arenas_of_files(path) -> None:
    assert TABLE is not None
    with (TABLE / "arena.csv").open(encoding="utf-8") as lines:
        rows = {row["file"]: row for row in csv.DictReader(lines)}
    row = rows.get(path.stem)
    if row is None or not row["tflm_head_measured"]:  # nor did it run there
        assert plan_arena(cnncost.load(path).network).head > 0
        return
    network = cnncost.load(path).network
    arena = plan_arena(network, scratch=False, tail=TAIL_64_BITS)
    head, total = (int(row[f"tflm_{part}_measured"]) for part in ("head", "total"))
    assert arena.complete == (path.stem not in ("keras_lstm_mnist_ptq", "keyword_scrambled",
                                                "trained_lstm"))  # fmt: skip
    if arena.complete:
        assert arena.head == head
        assert arena.total == pytest.approx(total, rel=1 / 32)
    else:  # LSTM and SVDF have buffers besides
        assert arena.head <= head
        assert arena.total < total


def test_buffers_by_hand() -> None:
    arena = plan_arena(
        _network(
            "{name: a, conv: 6, kernel: 3, padding: 1}", "relu", "{name: b, conv: 2, kernel: 1}"
        ),
        scratch=False,
    )
    # 4x8x8 = 256 bytes live at step 0, 6x8x8 = 384 at both, 2x8x8 = 128 at step 1: a lies at 0,
    # the input behind it, b where the input was.
    assert [operator.name for operator in arena.graph.operators] == ["a", "b"]
    assert arena.graph.fused == (("relu1", 1),)
    assert arena.buffers == (
        Buffer("input", 0, 0, 256, 384),
        Buffer("a", 0, 1, 384, 0),
        Buffer("b", 1, 1, 128, 384),
    )
    assert arena.head == 640
    assert arena.peak == 0
    assert arena.tail == 8 * (6 + 2) + 215 * 2 + 650


@pytest.mark.parametrize(("lines", "operators"), [
    (["{conv: 4, kernel: 1}", "batchnorm", "relu6"], ["conv1"]),
    (["batchnorm", "relu"], ["batchnorm1", "relu1"]),  # of the input: nothing to fold into
    (["{conv: 4, kernel: 1}", "sigmoid"], ["conv1", "sigmoid1"]),
    (["{conv: 4, kernel: 1}", "silu"], ["conv1", "silu1 (sigmoid)", "silu1"]),
    (["{conv: 4, kernel: 1}", "{dropout: 0.2}"], ["conv1"]),
    (["global_avgpool", "{dense: 3}", "softmax"],
     ["global_avgpool1", "dense1 (reshape)", "dense1", "softmax1"]),
    (["flatten", "{dense: 3}"], ["flatten1", "dense1"]),
    # TensorFlow's same pads 8 by (0, 1) for stride 2, so (1, 1) is a padding of its own.
    (["{conv: 4, kernel: 3, stride: 2, padding: same}"], ["conv1"]),
    (["{conv: 4, kernel: 3, stride: 2, padding: 1}"], ["conv1 (padding)", "conv1"]),
    (["{conv: 4, kernel: 3, padding: 1}"], ["conv1"]),
    (["{maxpool: 3, stride: 2, padding: 1}"], ["maxpool1 (padding)", "maxpool1"]),
    # A relu whose input is read by others too is an operator of its own.
    (["{name: c, conv: 4, kernel: 1}", "{name: r, relu: }", "{add: [c, r]}"], ["c", "r", "add1"]),
    (["{name: c, conv: 4, kernel: 1}", "{name: d, conv: 4, kernel: 1, from: c}",
      "{add: [input, c, d]}"], ["c", "d", "add1 (part)", "add1"]),
])  # fmt: skip
def test_operators(lines: list[str], operators: list[str]) -> None:
    found = list_operators(_network(*lines))
    assert [operator.name for operator in found.operators] == operators
    assert found.complete


def test_a_padded_copy_has_the_padded_extents() -> None:
    padding, conv = list_operators(
        _network("{conv: 5, kernel: 3, stride: 2, padding: 1}")
    ).operators
    assert padding.bytes == 4 * 10 * 10
    assert (conv.reads, conv.bytes) == ((1,), 5 * 4 * 4)


@pytest.mark.parametrize(("line", "scratch"), [
    ("{conv: 7, kernel: 3, padding: 1}", 4 * 36),  # 3 x 3 x 4 inputs, twice in int16
    ("{conv: 7, kernel: [1, 3]}", 4 * 12),
    ("{conv: 8, kernel: 1}", 0),
    ("{conv: 8, kernel: 1, padding: 1}", 4 * 4),
    ("{conv: 8, kernel: 3, groups: 2}", 4 * 20),  # 3 x 3 x 2 = 18, rounded up to 20
    ("{depthwise_conv: 3, padding: 1}", 0),
    ("{depthwise_conv: 3, padding: 2}", 2 * 9 * 4),
    ("{depthwise_conv: 5}", 2 * 25 * 4),
    ("{conv: 4, kernel: 3, groups: 4}", 0),
    ("{avgpool: 2}", 4 * 4),
    ("{maxpool: 2}", 0),
    ("{dense: 9}", 0),
    ("{conv_transpose: 3, kernel: 2, stride: 2}", 4 * 4 * 64 * 3),
])  # fmt: skip
def test_scratch(line: str, scratch: int) -> None:
    assert list_operators(_network(line)).operators[-1].scratch == scratch


def test_opaque_layers_make_it_a_lower_bound() -> None:
    assert not plan_arena(_network("layernorm")).complete
    # A convolution along one axis is three operators: two reshape its map.
    assert not plan_arena(_network("{conv: 2, kernel: 3}", shape="[4, 9]")).complete
    assert not plan_arena(_network("{conv: 2, kernel: 3}", shape="[4, 5, 5, 5]")).complete


def test_a_long_chain_is_no_matter_of_minutes() -> None:
    # Linear: 20,000 operators take a second or so; in proportion to their square, minutes.
    network = _network(*["{conv: 4, kernel: 1}"] * 20_000)
    assert plan_arena(network).head == 512


def test_an_input_that_nothing_computes_on() -> None:
    arena = plan_arena(_network("identity"))
    assert (arena.head, arena.graph.operators, arena.binding) == (256, (), "input")


def place_by_brute_force(wanted: list[Buffer]) -> list[int]:
    """Addresses in tiles of 16 bytes: each buffer tries 0, 1, 2, ... on a board of what is taken
    at which time."""
    taken: set[tuple[int, int]] = set()
    found: dict[int, int] = {}
    order = list(range(len(wanted)))[::-1]
    order.sort(key=lambda i: wanted[i].bytes, reverse=True)
    for i in order:
        times, tiles = range(wanted[i].first, wanted[i].last + 1), wanted[i].bytes // TILE
        at = 0
        while any((time, at + tile) in taken for time in times for tile in range(tiles)):
            at += 1
        taken |= {(time, at + tile) for time in times for tile in range(tiles)}
        found[i] = at * TILE
    return [found[i] for i in range(len(wanted))]


SPANS = st.tuples(st.integers(0, 6), st.integers(0, 3), st.integers(1, 5))


@settings(deadline=None)
@given(st.lists(SPANS, min_size=1, max_size=12))
def test_the_planner_is_first_fit(spans: list[tuple[int, int, int]]) -> None:
    wanted = [
        Buffer(str(i), first, first + more, TILE * tiles)
        for i, (first, more, tiles) in enumerate(spans)
    ]
    assert [b.offset for b in place_greedily(wanted)] == place_by_brute_force(wanted)


LINES = st.sampled_from([
    "{conv: 5, kernel: 3, padding: same}", "{conv: 9, kernel: 1}", "relu", "batchnorm", "sigmoid",
    "{depthwise_conv: 3, padding: 1}", "{depthwise_conv: 3, stride: 2, padding: 1}",
    "{maxpool: 2, ceil: true}", "{upsample: 2}", "silu", "{dropout: 0.2}",
    "{residual: [{depthwise_conv: 3, padding: 1}, relu]}",
])  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(st.lists(LINES, min_size=1, max_size=8), st.booleans())
def test_no_two_buffers_share_a_byte_at_a_time(lines: list[str], scratch: bool) -> None:
    network = _network(*lines, shape="[3, 8, 9]")
    arena = plan_arena(network, scratch=scratch)
    for i, a in enumerate(arena.buffers):
        for b in arena.buffers[:i]:
            apart = a.last < b.first or b.last < a.first
            assert apart or a.top <= b.offset or b.top <= a.offset
    alive = max(_alive(arena), default=arena.head)
    assert arena.head >= alive >= measure_embedded(network).sram
    assert all(buffer.offset % TILE == 0 for buffer in arena.buffers)
    if arena.graph.operators:
        held = arena.list_alive(arena.peak)
        assert max(buffer.top for buffer in held) == arena.head
