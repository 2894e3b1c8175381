"""What lies in memory at the peak, and what is said of it, by hand."""

from __future__ import annotations

import pytest

import cnncost
from cnncost.costs.memory import measure_memory
from cnncost.costs.memory.memory_report import refuse_unknown
from cnncost.errors import CnncostError


def test_only_what_lives_at_the_peak_is_listed_the_largest_first() -> None:
    text = """\
input: [1, 4, 4]
layers:
- {name: a, conv: 2, kernel: 1}
- {name: b, conv: 6, kernel: 1}
- {name: c, conv: 4, kernel: 1}
- {name: r, relu}
- {name: d, conv: 1, kernel: 1}
"""
    peak = measure_memory(cnncost.loads(text).network).inference
    # The caller's input, b and c; a has gone, the relu writes over c, d is smaller.
    assert (peak.bytes, peak.step) == (4 * (16 + 96 + 64), "c")
    assert [(t.name, t.bytes) for t in peak.alive] == [("b", 384), ("c", 256), ("input", 64)]


BLOCKS = """\
input: [8, 4, 4]
blocks:
  unit(width):
  - {name: narrow, conv: 1, kernel: 1}
  - {name: wide, conv: width, kernel: 1}
layers:
- {name: first, conv: 8, kernel: 1}
- {name: one, unit: 8}
- {name: two, unit: 4}
"""


def test_an_eager_block_holds_its_input_until_it_returns() -> None:
    # Numbers: input 128, first 128, one 16 and 128, two 16 and 64.
    found = measure_memory(cnncost.loads(BLOCKS).network)
    # By last use: the input, and first beside one.narrow (16), or 16 beside one.wide (128), ...
    assert found.inference.bytes == 4 * (128 + 128 + 16)
    # A block's caller holds first until one.wide is there.
    assert found.inference_eager.bytes == 4 * (128 + 128 + 16 + 128)


def test_within_a_block_nothing_is_held() -> None:
    text = BLOCKS.replace("- {name: wide", "- {name: mid, conv: 8, kernel: 1}\n  - {name: wide")
    found = measure_memory(cnncost.loads(text).network)
    # first is held in `one`; narrow has gone once mid is there, so mid beside wide is the most.
    assert found.inference_eager.bytes == 4 * (128 + 128 + 128 + 128)
    assert found.inference.bytes == 4 * (128 + 128 + 128)


@pytest.mark.parametrize(("lines", "known", "complete"), [
    ("- relu\n", True, True),
    ("- relu\n- {opaque: {output: [8, 4, 4]}}\n", False, False),
    ("- relu\n- {subsample: 2}\n", True, False),
    ("- {attention: 2}\n- relu\n", True, False),
])  # fmt: skip
def test_what_is_exact(lines: str, known: bool, complete: bool) -> None:
    found = measure_memory(cnncost.loads(f"input: [8, 4, 4]\nlayers:\n{lines}").network)
    assert (found.known, found.complete) == (known, complete)


@pytest.mark.parametrize(("dtype", "optimizer", "what"), [
    ("fp23", "sgd", "unknown dtype 'fp23'"), ("fp32", "adom", "unknown optimizer 'adom'"),
])  # fmt: skip
def test_unknown_words_are_refused(dtype: str, optimizer: str, what: str) -> None:
    with pytest.raises(CnncostError) as refused:
        refuse_unknown(dtype, optimizer)
    assert refused.value.what == what


@pytest.mark.parametrize(("optimizer", "copies", "counters", "temporaries"), [
    ("sgd", 0, 0, 0), ("momentum", 1, 0, 0), ("adam", 2, 2, 2), ("adamw", 2, 2, 2),
    ("rmsprop", 1, 2, 2),
])  # fmt: skip
def test_an_optimizers_step(optimizer: str, copies: int, counters: int, temporaries: int) -> None:
    # One weight matrix of 22 x 100 and 100 biases; the input and the logits are small beside it.
    network = cnncost.loads("input: [22]\nlayers:\n- {dense: 100}\n").network
    parameters, largest = 4 * 2300, 4 * 2200
    found = measure_memory(network, optimizer=optimizer)
    state = copies * parameters + 4 * counters
    assert (found.gradients, found.optimizer_state) == (parameters, state)
    step = found.training
    assert step is not None
    # The target is 8 bytes. Without temporaries the most are the logits' gradient, the loss and
    # the loss's gradient.
    beside = max(temporaries * largest, 4 * 100 + 4 + 4)
    assert step.bytes == parameters + state + 8 + parameters + 4 * (22 + 100) + beside


def test_the_loss_of_two_outputs() -> None:
    text = """\
input: [4, 2, 3]
layers:
- {name: a, conv: 5, kernel: 1}
- {name: b, conv: 7, kernel: 1, from: input}
- {name: f, relu, from: input}
"""
    found = measure_memory(cnncost.loads(text).network, batch=3)
    assert found.saved is not None
    # The input, for both convolutions; log-softmax of 5 and 7 channels at 3 x 6 positions, a
    # weight each, an int64 class for each position of both. f is an output that trains nothing.
    assert found.saved.total == 4 * 3 * 24 + 4 * 3 * 6 * (5 + 7) + 4 * 2 + 8 * 3 * 6 * 2
