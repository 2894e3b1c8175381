"""Gradients that arrive at one tensor, by hand: where they are added in place, and where not."""

from __future__ import annotations

import cnncost
from cnncost.costs.memory.training_backward import backward_bytes
from cnncost.costs.memory.training_step import forward_bytes, training_pass

DENSE = 4 * (4 * 4 + 4)
"""Bytes of the gradients of a dense layer from 4 to 4."""


LOSS = 4
"""Bytes of a loss; its gradient has as many. Both live through the backward pass (measured)."""


def _backward(text: str) -> list[int]:
    """Live bytes without the loss's own number and its gradient."""
    step = training_pass(cnncost.loads(text).network, batch=1, size=4)
    return [live - 2 * LOSS for live in backward_bytes(step)]


def test_gradients_of_their_own_are_added_in_place() -> None:
    text = """\
input: [4]
layers:
- {name: a, dense: 4}
- {name: b, dense: 4, from: a}
- {name: c, dense: 4, from: a}
- {name: sum, add: [b, c]}
"""
    # Input, a (which b and c keep) and logits, 16 bytes each; log-softmax 16.
    assert _backward(text) == [
        48 + 16 + 2 * 16,
        48 + 16,  # one storage is the gradient of the sum, b and c
        48 + 16,
        48 + 16,
        48 + 2 * 16 + DENSE,  # c makes a's first gradient
        48 + 2 * 16 + DENSE,
        48 + 3 * 16 + 2 * DENSE,  # b the second
        32 + 2 * 16 + 2 * DENSE,  # added to the first; a has gone
        32 + 16 + 3 * DENSE,
        32 + 3 * DENSE,
    ]


def test_a_gradient_that_another_layer_waits_for_is_not_written_over() -> None:
    text = """\
input: [4]
layers:
- {name: x, dense: 4, from: input}
- {name: a, dense: 4, from: input}
- {name: s, tanh, from: a}
- {name: sum, add: [a, s, x]}
"""
    # Input, s (which tanh keeps) and logits.
    assert _backward(text) == [
        48 + 16 + 2 * 16,
        48 + 16,  # one storage is the gradient of the sum, a, s and x
        *[48 + 16] * 3,
        48 + 2 * 16,  # tanh makes one of its own
        32 + 3 * 16,  # a's sum is a third: x still waits for the first
        32 + 2 * 16 + DENSE,
        32 + 16 + 2 * DENSE,
        32 + 2 * DENSE,
    ]


def test_a_frozen_layers_padded_copy_lives_during_its_step() -> None:
    text = """\
input: [1, 4, 4]
layers:
- {conv: 3, kernel: 2, padding: same, frozen: true}
- {dense: 1}
"""
    step = training_pass(cnncost.loads(text).network, batch=1, size=4)
    # Numbers: input 16, its copy 5x5, the map 48, the logit, log-softmax and a weight.
    assert forward_bytes(step) == [
        4 * 16,
        4 * (16 + 25 + 48),
        4 * (16 + 48 + 1),
        4 * (16 + 48 + 1 + 1 + 1) + LOSS,
    ]


def test_the_parts_of_a_concatenations_gradient_lie_in_it() -> None:
    text = """\
input: [4]
layers:
- {name: a, dense: 4, from: input}
- {name: b, dense: 4, from: input}
- {name: both, concat: [a, b]}
"""
    # Input 16 and logits 32; log-softmax 32.
    assert _backward(text) == [
        48 + 32 + 2 * 32,
        *[48 + 32] * 3,
        48 + 32 + DENSE,  # b's part keeps the whole
        48 + 32 + 2 * DENSE,
        48 + 2 * DENSE,
    ]


def test_a_gate_that_nothing_is_trained_for_has_no_gradient_to_sum() -> None:
    text = """\
input: [2, 3, 3]
layers:
- {name: a, conv: 2, kernel: 1, from: input}
- {name: g, global_avgpool, from: input}
- {name: m, mul: [a, g]}
"""
    # Numbers: input 18, the gate 2 (for a's gradient; a would be for the gate's), logits 18.
    # The gradients of m and a.
    assert _backward(text)[1] == 4 * (18 + 2 + 18) + 4 * (18 + 18)


def test_a_padded_copys_gradient_is_made_whole_then_cut() -> None:
    text = """\
input: [1, 4, 4]
layers:
- {conv: 2, kernel: 1}
- {conv: 3, kernel: 2, padding: same}
"""
    # Numbers: input 16, the copy 2x5x5, logits 48; log-softmax 48.
    held, last, first = 16 + 48, 3 * 2 * 4 + 3, 2 + 2
    assert _backward(text) == [
        4 * (held + 50 + 48 + 2 * 48),
        4 * (held + 50 + 48 + 50 + last),  # the gradients of the logits and the copy
        4 * (held + 50 + 32 + last),  # the map's cut out of the copy's
        4 * (held + 32 + last),
        4 * (held + 32 + last + first),
        4 * (held + last + first),
    ]
