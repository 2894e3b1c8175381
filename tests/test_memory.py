"""Memory held by measured figures, hand arithmetic and the rules' table."""

import time

import pytest

import cnncost
from cnncost.costs.gradients import backward_connections
from cnncost.costs.memory import measure_embedded, measure_memory
from cnncost.costs.metrics import Metrics
from cnncost.errors import CnncostError
from cnncost.network import Network
from cnncost.quantity import parse_budget

MEASURED = {
    # Parameters, inference peak by last use, eager, saved, step peak with momentum, with Adam:
    # PyTorch 2.13, CPU, fp32, batch 4, torchvision's definitions, bytes.
    "resnet18": (46758048, 28098560, 28098560, 88773796, 219491368, 266249664),
    "alexnet_torchvision": (244403360, 7745536, 7745536, 14980772, 746367368, 1282028912),
    "mobilenet_v2": (14019488, 40943616, 44154880, 312990628, 348266792, 362286912),
    "googlenet_torchvision": (26499616, 28098560, 28098560, 192757796, 253624144, 280124452),
    "densenet121": (31915424, 36126720, None, 521796004, 591659856, 623576736),
}


def _network(text: str) -> Network:
    return cnncost.loads(text).network


@pytest.mark.parametrize("name", MEASURED)
def test_reference_networks_to_the_byte(name: str) -> None:
    parameters, last_use, eager, saved, momentum, adam = MEASURED[name]
    network = cnncost.load(name).network
    one, other = (measure_memory(network, batch=4, optimizer=word) for word in ("momentum", "adam"))
    assert one.parameters == parameters
    assert one.inference.bytes == last_use
    assert eager in (None, one.inference_eager.bytes)  # not all were measured
    assert one.saved is not None
    assert one.training is not None
    assert other.training is not None
    assert one.saved.total == saved
    assert one.training.bytes == pytest.approx(momentum, rel=0.0002)
    assert other.training.bytes == pytest.approx(adam, rel=0.0002)


def test_a_small_network_by_hand() -> None:
    # Input 1x4x4, conv 2 filters of 3x3 with padding, relu in place, maxpool 2, dense 3.
    text = "input: [1, 4, 4]\nlayers:\n- {conv: 2, kernel: 3, padding: 1}\n- relu\n- maxpool: 2\n"
    m = measure_memory(_network(text + "- dense: 3\n"))
    assert m.parameters == 4 * ((2 * 9 + 2) + (2 * 2 * 2 * 3 + 3))
    # Input 16, map 32, pooled 8 numbers of 4 bytes, and 8 indices of 8 bytes.
    assert m.inference.bytes == 4 * (16 + 32 + 8) + 8 * 8
    # Kept: input, the map, the indices, what dense reads, log-softmax, weight and target.
    assert m.saved is not None
    assert m.saved.total == 4 * 16 + 4 * 32 + 8 * 8 + 4 * 8 + (4 * 3 + 4 + 8)


def test_a_turned_map_is_a_view_and_a_shuffled_one_a_copy() -> None:
    text = "input: [4, 8, 8]\nlayers:\n- %s\n- {name: fc, dense: 3}\n"
    turned, shuffled = (
        measure_memory(_network(text % line))
        for line in ("permute: [1, 3, 2]", "channel_shuffle: 2")
    )
    # The input's 256 numbers, seen turned, and three outputs: strides are not modelled, so
    # that PyTorch copies them into a row is left out. Shuffled, they are 256 more.
    assert turned.inference.bytes == 4 * (256 + 3)
    assert shuffled.inference.bytes == 4 * (256 + 256 + 3)
    # Kept: what the dense layer reads; log-softmax, weight and target.
    for m in (turned, shuffled):
        assert m.saved is not None
        assert m.saved.total == 4 * 256 + (4 * 3 + 4 + 8)


def test_inplace_false_needs_a_map_more() -> None:
    text = "input: [1, 4, 4]\nlayers:\n- {conv: 8, kernel: 1}\n- {relu, inplace: %s}\n"
    over, apart = (
        measure_memory(_network(text % word)).inference.bytes for word in ("true", "false")
    )
    assert (over, apart) == (4 * (16 + 128), 4 * (16 + 128 + 128))


@pytest.mark.parametrize(("optimizer", "state"), [
    ("sgd", 0), ("momentum", 23 * 4), ("adam", 2 * 23 * 4 + 2 * 4), ("rmsprop", 23 * 4 + 2 * 4),
])  # fmt: skip
def test_optimizer_state(optimizer: str, state: int) -> None:
    m = measure_memory(_network("input: [22]\nlayers:\n- dense: 1\n"), optimizer=optimizer)
    assert (m.gradients, m.optimizer_state) == (23 * 4, state)


def test_nothing_is_kept_below_the_lowest_trainable_layer() -> None:
    text = "input: [8]\nlayers:\n- {dense: 16, frozen: true}\n- relu\n- {dense: 4}\n"
    m = measure_memory(_network(text))
    # What the second layer reads, and the loss.
    assert m.saved is not None
    assert m.saved.total == 4 * 16 + 4 * 4 + 4 + 8


def test_opaque_layers_make_lower_bounds() -> None:
    assert not measure_memory(_network("input: [8]\nlayers:\n- opaque: {output: [8]}\n")).complete


def test_ten_thousand_layers_with_branches_in_three_seconds() -> None:
    text = (
        "input: [4, 8, 8]\nblocks:\n  b():\n  - parallel:\n    - []\n"
        "    - [{conv: 4, kernel: 3, padding: 1}, relu]\n    join: add\n"
        "layers:\n- {b, repeat: 3333}\n"
    )
    network = cnncost.loads(text).network
    start = time.process_time()
    measure_memory(network, optimizer="adam")
    assert time.process_time() - start < 3


def test_unknown_words_are_named() -> None:
    network = cnncost.load("lenet5").network
    with pytest.raises(CnncostError, match="unknown dtype 'fp23'"):
        measure_memory(network, dtype="fp23")
    with pytest.raises(CnncostError, match="a batch of 0 is none"):
        measure_memory(network, batch=0)


def test_embedded_mobilenet_v2_is_mcunets_figure() -> None:
    found = measure_embedded(cnncost.load("mobilenet_v2").network)
    # The expanded 96x112x112 beside 96x56x56; in place, 16x112x112 beside 96x112x112
    # (1372 KiB, Lin et al. 2021, MCUNetV2).
    assert found.sram == 112 * 112 * 96 + 56 * 56 * 96 == 1505280
    assert found.sram_in_place == 112 * 112 * (16 + 96) == 1404928


def test_flash_folds_norms_into_biases() -> None:
    text = "input: [3, 8, 8]\nlayers:\n- {conv: 4, kernel: 3, bias: false}\n- batchnorm\n"
    assert measure_embedded(_network(text)).flash == 3 * 4 * 9 + 4 * 4


@pytest.mark.parametrize(("text", "limit"), [
    ("sram=256KiB", ("sram", 256 * 1024)), ("memory=64MB", ("memory", 64_000_000)),
    ("training-memory=1.5GiB", ("training_memory", 3 * 2**29)), ("flash=100B", ("flash", 100)),
])  # fmt: skip
def test_byte_budgets(text: str, limit: tuple[str, int]) -> None:
    assert parse_budget(text) == limit


@pytest.mark.parametrize("text", ["memory=64M", "memory=64", "sram=1.1B", "sram=-1KiB"])
def test_byte_budgets_without_their_unit_are_refused(text: str) -> None:
    with pytest.raises(CnncostError) as refused:
        parse_budget(text)
    assert "MiB" in str(refused.value) or "whole" in str(refused.value)


def test_metrics_by_name() -> None:
    network = cnncost.load("mobilenet_v2").network
    found = Metrics(network, batch=4, optimizer="adam")
    assert found.compute_figure("parameter_memory") == 14019488
    assert found.compute_figure("activation_memory") == 40943616
    assert found.compute_figure("memory") == 14019488 + 40943616
    assert found.compute_figure("sram") == 1505280
    assert found.compute_figure("parameters") == 3504872


def test_backward_costs_twice_the_forward_but_for_the_layer_fed_by_data() -> None:
    network = cnncost.load("vgg16").network
    forward = [n.layer.connections(n.inputs[0], n.output) for n in network.layers if n.layer]
    total = sum(sum(one) for one in backward_connections(network))
    assert total == 2 * sum(forward) - 224 * 224 * 64 * 3 * 9


def test_backward_ends_at_the_lowest_trainable_layer() -> None:
    text = (
        "input: [8]\nlayers:\n- {dense: 16, frozen: true}\n- dense: 4\n- {dense: 2, frozen: true}\n"
    )
    found = backward_connections(_network(text))
    assert [tuple(one) for one in found] == [(0, 0), (0, 0), (16 * 4, 0), (0, 4 * 2)]


def test_a_spec_budgets_bytes() -> None:
    text = "input: [8]\nlayers:\n- dense: 4\nbudget: {flash: %s}\n"
    assert cnncost.loads(text % "1KiB").budget == {"flash": 1024}
    with pytest.raises(CnncostError, match="flash: '64M' is no amount of bytes"):
        cnncost.loads(text % "64M")


def test_the_tensors_at_the_peak_are_named_largest_first() -> None:
    text = """\
input: [3, 4, 4]
layers:
- {name: b, conv: 4, kernel: 1}
- {name: a, maxpool: 2}
- {name: small, conv: 1, kernel: 1}
"""
    found = measure_memory(_network(text), batch=3).inference
    # At the pool: the input's 48 numbers, b's 64 and its own 16, and the places of 16 maxima.
    assert (found.step, found.bytes) == ("a", 3 * (4 * (48 + 64 + 16) + 8 * 16))
    assert [tuple(tensor) for tensor in found.alive] == [
        ("b", 3 * 4 * 64),
        ("input", 3 * 4 * 48),
        ("a (temporaries)", 3 * 8 * 16),
        ("a", 3 * 4 * 16),
    ]


BLOCKS = """\
input: [1, 4, 4]
blocks:
  pair(first, second): [{name: one, conv: first, kernel: 1}, {name: two, conv: second, kernel: 1}]
  both(): [{pair: 1, second: 8, name: p}, {pair: 4, second: 2, name: q}]
layers:
"""


@pytest.mark.parametrize("layers", [
    "- {pair: 1, second: 8, name: p}\n- {pair: 4, second: 2, name: q}\n",
    "- both\n- {conv: 1, kernel: 1}\n",
])  # fmt: skip
def test_a_module_holds_its_input_until_it_returns(layers: str) -> None:
    found = measure_memory(_network(BLOCKS + layers))
    # Maps of 16 positions: the input, p's 8, q's 4 and then its 2.
    assert found.inference.bytes == 4 * 16 * (1 + 8 + 4)
    assert found.inference_eager.bytes == 4 * 16 * (1 + 8 + 4 + 2)
