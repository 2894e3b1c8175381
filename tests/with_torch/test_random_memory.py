"""Random graphs in both: what they save, and their peaks, to the byte of PyTorch's allocator."""

from __future__ import annotations

from graphs import graphs
from hypothesis import HealthCheck, example, given, settings

import cnncost
from cnncost.verify.difference import verify

BATCH = 2

STEP = "peak of a training step"
"""Of maps this small, kernels' own temporaries are a good part: larger networks hold it to
0.02 % (test_verify)."""

ALIKE = """\
input: [4, 8, 8]
layers:
  - {name: n1, layernorm: , from: input}
  - {name: n3, add: [n1, input]}
  - {name: n4, concat: [n3, n1]}
  - {name: n7, relu: , from: n4}
  - {name: end, linear: 3, from: n7}
"""
"""A concatenation of maps whose channels lie last has them last: `linear` copies nothing."""

NORMED = """\
input: [4, 8, 8]
layers:
  - {name: n0, linear: 4, from: input}
  - {name: n4, relu: , from: n0}
  - {name: n5, batchnorm: , affine: false, frozen: true, from: n4}
  - {name: n6, relu: , from: n5}
  - {name: end, linear: 3, from: n6}
"""
"""So has a norm of such a map."""


FLATTENED = """\
input: [4, 8, 8]
layers:
  - {name: n0, permute: [1, 3, 2], from: input}
  - {name: n1, flatten: , from: n0}
  - {name: end, linear: 3, from: n1}
"""
"""Flattened, a turned map is a copy."""

DENSE = """\
input: [4, 8, 8]
layers:
  - {name: n0, layernorm: , from: input}
  - {name: n1, add: [n0, input]}
  - {name: n2, relu: , from: n1}
  - {name: end, dense: 3, from: n2}
"""
"""So it is before a dense layer, which keeps the copy."""


FEW = """\
input: [1, 8, 8]
layers:
  - {name: n0, tanh: , from: input}
  - {name: n1, lrn: 5, from: n0}
  - {name: end, linear: 3, from: n1}
"""
"""Of few channels the padded squares of a response norm are the most."""


SLICED = """\
input: [4, 8, 8]
layers:
  - {name: n0, pad: 1, from: input}
  - {name: n1, slice: [0, 2], from: n0}
  - {name: n2, space_to_depth: 2, from: n1}
  - {name: end, linear: 3, from: n2}
"""
"""PyTorch's kernel copies a map with gaps before it moves positions to channels."""


@settings(
    max_examples=400, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
@given(graphs())
@example(ALIKE)
@example(NORMED)
@example(FLATTENED)
@example(DENSE)
@example(FEW)
@example(SLICED)
def test_random_graphs_take_what_pytorch_takes(text: str) -> None:
    network = cnncost.loads(text).network
    verdict = verify(network, BATCH, lambda _: None)
    wrong = [line for line in verdict.lines if line.agrees is False and line.quantity != STEP]
    assert (wrong, verdict.wrong_shapes) == ([], ()), text
