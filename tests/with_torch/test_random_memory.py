"""Random graphs in both: what they save, and their peaks, to the byte of PyTorch's allocator."""

from __future__ import annotations

from graphs import graphs
from hypothesis import HealthCheck, example, given, settings

import cnncost
from cnncost.verify.difference import FigureLine, verify_network

BATCH = 2

STEP = "peak of a training step"
"""Of maps this small, kernels' own temporaries are a good part: larger networks hold it to
0.02 % (test_verify)."""

FEW = """\
input: [1, 8, 8]
layers:
  - {name: n0, tanh: , from: input}
  - {name: n1, lrn: 5, from: n0}
  - {name: end, conv: 3, kernel: 1, from: n1}
"""
"""Of few channels the padded squares of a response norm are the most."""


@settings(
    max_examples=400, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
@given(graphs())
@example(FEW)
def test_random_graphs_take_what_pytorch_takes(text: str) -> None:
    network = cnncost.loads(text).network
    verdict = verify_network(network, BATCH, lambda _: None)
    wrong = [line for line in verdict.lines if _differs(line) and line.quantity != STEP]
    assert (wrong, verdict.wrong_shapes) == ([], ()), text


def _differs(line: FigureLine) -> bool:
    """A part of a map is read here by nothing that copies it: strides excuse no difference."""
    return line._replace(note="").agrees is False
