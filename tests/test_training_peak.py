"""A training step's timeline by hand: live bytes at each moment, forward and backward."""

from __future__ import annotations

import pytest

import cnncost
from cnncost.costs.memory import measure_memory
from cnncost.costs.memory.training_backward import backward_bytes
from cnncost.costs.memory.training_step import forward_bytes, training_pass
from cnncost.network import Network

PLAIN = """\
input: [1, 4, 4]
layers:
- {conv: 2, kernel: 3, padding: 1}
- relu
- {maxpool: 2}
- {dense: 3}
"""
"""Numbers: input 16, map 32 (the relu writes over it), pool 8 (and 8 places), logits 3."""


def _network(text: str) -> Network:
    return cnncost.loads(text).network


LOSS = 4
"""Bytes of a loss; its gradient has as many. Both live through the backward pass (measured)."""


def _timelines(text: str, batch: int = 1) -> tuple[list[int], list[int]]:
    """Live bytes without the loss's own number and its gradient."""
    step = training_pass(_network(text), batch=batch, size=4)
    *ahead, last = forward_bytes(step)
    return [*ahead, last - LOSS], [live - 2 * LOSS for live in backward_bytes(step)]


def test_a_plain_network() -> None:
    ahead, back = _timelines(PLAIN)
    # All is kept; the loss adds the logarithm of softmax and its weight.
    places = 8 * 8
    assert ahead == [
        4 * 16,
        4 * (16 + 32),
        4 * (16 + 32),
        4 * (16 + 32 + 8) + places,
        4 * (16 + 32 + 8 + 3) + places,
        4 * (16 + 32 + 8 + 3 + 3 + 1) + places,
    ]
    # Beside input and logits, which the caller holds; the parameters' gradients stay.
    dense, conv = 4 * (8 * 3 + 3), 4 * (2 * 9 + 2)
    assert back == [
        4 * (16 + 32 + 8 + 3) + places + 4 * 3 + 2 * 4 * 3,  # the loss: two gradients
        4 * (16 + 32 + 8 + 3) + places + 4 * (3 + 8) + dense,  # the logits' and the pool's
        4 * (16 + 32 + 3) + places + 4 * 8 + dense,  # what dense kept has gone
        4 * (16 + 32 + 3) + places + 4 * (8 + 32) + dense,  # the pool's and the map's
        4 * (16 + 32 + 3) + 4 * 32 + dense,  # where a padded map's gradient would be cut
        4 * (16 + 32 + 3) + 4 * 32 + dense,
        4 * (16 + 32 + 3) + 4 * (32 + 32) + dense,  # the relu's
        4 * (16 + 3) + 4 * 32 + dense,
        4 * (16 + 3) + 4 * 32 + dense + conv,
        4 * (16 + 3) + dense + conv,  # the input wants none
    ]


def test_the_largest_phase_is_the_peak() -> None:
    parameters = 4 * (2 * 9 + 2 + 8 * 3 + 3)
    step = measure_memory(_network(PLAIN)).training
    # The relu's moment above; the target, an int64, is the caller's.
    assert step is not None
    assert step.phase == "backward"
    lost = 2 * LOSS
    assert step.bytes == parameters + 8 + 4 * (16 + 32 + 3 + 64) + 4 * (8 * 3 + 3) + lost


def test_the_optimizers_phase() -> None:
    network = _network("input: [22]\nlayers:\n- {dense: 10}\n")
    weights, biases = 4 * 22 * 10, 4 * 10
    parameters = weights + biases
    # Gradients, two temporaries of the largest tensor, input and logits; beside them the
    # parameters, Adam's two moments and a counter a tensor, and the target.
    step = measure_memory(network, optimizer="adam").training
    assert step is not None
    assert step.phase == "optimizer"
    resident = parameters + 2 * parameters + 2 * 4 + 8
    assert step.bytes == resident + parameters + 2 * weights + 4 * (22 + 10)
    # Momentum: one moment, nothing temporary.
    step = measure_memory(network, optimizer="momentum").training
    assert step is not None
    # The backward pass: gradients, input, logits and their gradient.
    assert step.phase == "backward"
    assert step.bytes == 2 * parameters + 8 + parameters + 4 * (22 + 10 + 10) + 2 * LOSS


def test_what_a_layer_makes_and_does_not_keep_lives_during_its_step() -> None:
    # Nothing is trained before the pool: its places are temporaries.
    ahead, _ = _timelines("input: [1, 4, 4]\nlayers:\n- {maxpool: 2}\n- {dense: 3}\n")
    assert ahead == [
        4 * 16,
        4 * (16 + 4) + 8 * 4,
        4 * (16 + 4 + 3),
        4 * (16 + 4 + 3 + 3 + 1),
    ]


SUM = """\
input: [8]
layers:
- {name: a, dense: 4, from: input}
- {name: b, dense: 4, from: input}
- {name: sum, add: [a, b]}
"""


def test_what_nobody_keeps_has_gone_before_the_loss() -> None:
    ahead, back = _timelines(SUM)
    assert ahead == [32, 32 + 16, 32 + 2 * 16, 32 + 3 * 16, 32 + 16 + (16 + 4)]
    dense = 4 * (8 * 4 + 4)
    assert back == [
        32 + 16 + 16 + 2 * 16,  # input, sum, the loss, and the two gradients of the sum
        32 + 16 + 16,  # the sum's gradient is that of a and b, in the same storage
        32 + 16 + 16,  # passed on to a,
        32 + 16 + 16,  # and to b
        32 + 16 + 16 + dense,  # b's gradients
        32 + 16 + 16 + 2 * dense,  # a's
        32 + 16 + 2 * dense,  # the input
    ]


def test_two_gradients_of_one_tensor_are_added_up() -> None:
    text = "input: [4]\nlayers:\n- {name: a, dense: 4}\n- {name: s, tanh}\n- {add: [a, s]}\n"
    _, back = _timelines(text)
    dense = 4 * (4 * 4 + 4)
    # Input, s (kept by tanh) and the logits: 16 bytes each; log-softmax 16.
    assert back == [
        48 + 16 + 2 * 16,
        48 + 16,  # one storage is the gradient of the sum, a and s
        48 + 16,
        48 + 16,
        48 + 2 * 16,  # tanh makes one of its own
        32 + 2 * 16,  # s has gone; a's first gradient is added to in place
        32 + 16 + dense,
        32 + dense,
    ]


def test_products_of_more_than_two() -> None:
    lines = "".join(f"- {{name: {n}, dense: 4, from: input}}\n" for n in "abc")
    text = f"input: [8]\nlayers:\n{lines}- {{name: m, mul: [a, b, c]}}\n"
    saved = measure_memory(_network(text), batch=3).saved
    assert saved is not None
    # The input, the three factors and the product of the first two; log-softmax, weight, target.
    assert saved.total == 3 * 4 * (8 + 3 * 4 + 4) + (3 * 16 + 4 + 3 * 8)


@pytest.mark.parametrize(("factors", "kept"), [
    ("a, input", 1),  # the input, for a's gradient
    ("a, b", 3),  # the input, for a and b; each for the other's gradient
    ("a, b, input", 3),  # the product of a and b would be for the input's gradient alone
    ("a, input, b", 4),  # the input, a and b; the product before b
])  # fmt: skip
def test_a_factor_is_kept_where_another_ones_gradient_needs_it(factors: str, kept: int) -> None:
    names = factors.replace("input", "").split(", ")
    lines = "".join(f"- {{name: {n}, dense: 4, from: input}}\n" for n in names if n)
    text = f"input: [4]\nlayers:\n{lines}- {{name: m, mul: [{factors}]}}\n"
    saved = measure_memory(_network(text)).saved
    assert saved is not None
    assert saved.total == 16 * kept + (16 + 4 + 8)


def test_precision_and_nothing_to_train() -> None:
    network = _network("input: [22]\nlayers:\n- dense: 1\n")
    for dtype, size in (("fp32", 4), ("fp16", 2), ("bf16", 2), ("int8", 1)):
        found = measure_memory(network, dtype=dtype, optimizer="momentum")
        trained = dtype != "int8"
        assert found.parameters == 23 * size
        assert found.inference.bytes == 23 * size  # 22 in, 1 out
        assert (found.gradients, found.optimizer_state) == (23 * size * trained,) * 2
        assert (found.saved is not None, found.training is not None) == (trained, trained)
    frozen = _network("input: [22]\nlayers:\n- {dense: 1, frozen: true}\n")
    found = measure_memory(frozen, optimizer="adam")
    assert (found.parameters, found.gradients, found.optimizer_state) == (23 * 4, 0, 0)
    assert found.training is None


@pytest.mark.parametrize(("dtype", "size"), [("fp32", 4), ("fp16", 2), ("int8", 4)])
def test_a_norms_buffers(dtype: str, size: int) -> None:
    text = "input: [3, 4, 4]\nlayers:\n- {name: n, batchnorm}\n- {batchnorm, share: n}\n"
    found = measure_memory(_network(text), dtype=dtype)
    # Means and variances of 3 channels, fp32 beside int8, and a count of batches: once.
    assert found.buffers == 2 * 3 * size + 8


def test_a_shared_layers_gradient_is_added_to_the_first() -> None:
    text = "input: [4]\nlayers:\n- {name: a, dense: 4}\n- {dense: 4, share: a}\n"
    _, back = _timelines(text)
    dense = 4 * (4 * 4 + 4)
    # Input, a's output, logits: 16 each.
    assert back == [
        48 + 16 + 2 * 16,
        48 + 2 * 16 + dense,
        32 + 16 + dense,
        32 + 16 + 2 * dense,  # the second one, until it is added to the first
        32 + dense,
    ]


def test_a_response_norm_needs_three_maps_backwards() -> None:
    text = "input: [1, 4, 4]\nlayers:\n- {conv: 2, kernel: 1}\n- {lrn: 3}\n"
    _, back = _timelines(text)
    # Numbers: input 16, map 32, logits 32. Kept besides: squares of 2 + 2 channels, two maps.
    extra = 4 * (4 * 16 + 2 * 32)
    held = 4 * (16 + 32 + 32) + extra
    assert back[:3] == [
        held + 4 * 32 + 2 * 4 * 32,  # log-softmax
        held + 4 * (32 + 32) + 3 * 4 * 32,  # the gradients of logits and map, three maps at work
        4 * (16 + 32) + 4 * 32,  # the map itself has gone with what the norm kept
    ]


@pytest.mark.parametrize(("line", "numbers"), [
    ("prelu", 2), ("{prelu, shared: true}", 1), ("scale", 2), ("{scale, shared: true}", 1),
])  # fmt: skip
def test_repeated_numbers_get_gradients_of_the_maps_size_before_their_sum(
    line: str, numbers: int
) -> None:
    _, back = _timelines(f"input: [1, 4, 4]\nlayers:\n- {{conv: 2, kernel: 1}}\n- {line}\n")
    # Input 16, the convolution's map 32, logits 32; the gradients of logits and map, and one of
    # the map's size, beside the numbers' own.
    assert back[1] == 4 * (16 + 32 + 32) + 4 * (32 + 32 + 32) + 4 * numbers


def test_a_gates_gradient_is_of_the_maps_size_before_its_sum() -> None:
    text = """\
input: [2, 3, 3]
layers:
- {name: a, conv: 2, kernel: 1}
- {name: g, global_avgpool, from: a}
- {name: m, mul: [a, g]}
"""
    _, back = _timelines(text)
    # Numbers: input 18, a 18, g 2, logits 18. The gradients of m, a and g, and g's at 18.
    assert back[1] == 4 * (18 + 18 + 2 + 18) + 4 * (18 + 18 + 2 + 18)


def test_the_forward_phase() -> None:
    text = """\
input: [1, 4, 4]
layers:
- {conv: 64, kernel: 1, frozen: true}
- {conv: 1, kernel: 1, frozen: true}
- {dense: 1}
"""
    step = measure_memory(_network(text)).training
    # Nobody keeps the wide map: input 16, map 1,024 and the next one's 16 numbers.
    parameters = 4 * ((64 + 64) + (64 + 1) + (16 + 1))
    assert step == (parameters + 8 + 4 * (16 + 64 * 16 + 16), "forward")


def test_shared_parameters_count_once() -> None:
    text = "input: [4]\nlayers:\n- {name: a, dense: 4}\n- {dense: 4, share: a}\n"
    found = measure_memory(_network(text), optimizer="adam")
    numbers = 4 * 4 + 4
    assert (found.parameters, found.gradients) == (4 * numbers, 4 * numbers)
    assert found.optimizer_state == 2 * 4 * numbers + 2 * 4  # a counter for each tensor
