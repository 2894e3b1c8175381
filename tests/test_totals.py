"""What is counted of each layer and summed up, under each convention, by hand."""

from __future__ import annotations

import pytest

import cnncost
from cnncost.costs.count import Convention, Report, count_network
from cnncost.costs.gradients import find_gradients

TEXT = """\
input: [4, 3, 4]
layers:
- {name: c, conv: 4, kernel: 3, padding: 1}
- {name: n, batchnorm}
- {name: o, opaque: {output: [4, 3, 4]}}
- {name: s, conv: 4, kernel: 3, padding: 1, share: c}
- {name: f, dense: 5, frozen: true}
"""
CONV = 12 * 4 * 4 * 9
"""Uses of the weights of a convolution of 4 channels to 4 over 3x3, at 3x4 positions."""
INSIDE = (2 + 3 + 2) * (2 + 3 + 3 + 2) * 4 * 4
"""Those that do not read its padding: 2 or 3 taps on each axis."""


def _report(convention: Convention | None = None, text: str = TEXT) -> Report:
    return count_network(cnncost.loads(text).network, convention)


def test_each_layer() -> None:
    found = [
        (row.name, row.counted, row.known, row.units, row.weights, row.biases, row.parameters,
         row.connections)
        for row in _report().layers
    ]  # fmt: skip
    assert found == [
        ("c", True, True, 48, 144, 4, 148, CONV),
        ("n", False, True, 48, 0, 0, 2 * 4, 0),
        ("o", True, False, 48, 0, 0, 0, 0),  # a table shows it, so its units are in the sum
        ("s", True, True, 48, 0, 0, 0, CONV),  # another's weights, and its own uses of them
        ("f", True, True, 5, 48 * 5, 5, 48 * 5 + 5, 48 * 5),
    ]


@pytest.mark.parametrize(("convention", "conv", "dense"), [
    (None, CONV, 240),
    (Convention(), CONV, 240),
    (Convention(biases=True), CONV + 48, 240 + 5),
    (Convention(exclude_padding=True), INSIDE, 240),
    (Convention(biases=True, exclude_padding=True), INSIDE + 48, 240 + 5),
])  # fmt: skip
def test_the_sums(convention: Convention | None, conv: int, dense: int) -> None:
    totals = _report(convention).totals
    assert (totals.units, totals.weights, totals.biases) == (3 * 48 + 5, 144 + 240, 4 + 5)
    assert totals.parameters == 148 + 8 + 245
    assert totals.trainable_parameters == 148 + 8
    assert totals.connections == 2 * conv + dense


def test_what_is_unknown_is_named() -> None:
    assert (_report().unknown_layers, _report().complete) == (("o",), False)
    known = _report(text=TEXT.replace("- {name: o, opaque: {output: [4, 3, 4]}}\n", ""))
    assert (known.unknown_layers, known.complete) == ((), True)


def test_where_gradients_are() -> None:
    found = find_gradients(cnncost.loads("""\
input: [4, 3, 4]
layers:
- {name: fixed, conv: 4, kernel: 1, frozen: true}
- {name: affine, batchnorm, from: fixed}
- {name: plain, groupnorm: 1, affine: false, from: fixed}
- {name: again, conv: 4, kernel: 1, share: fixed, from: affine}
- {name: both, add: [plain, again]}
- {name: still, relu, from: plain}
- {name: end, concat: [still, both]}
""").network)  # fmt: skip
    # Only the norm with scales is trained; below it nothing has a gradient.
    assert found.parameters == (False, False, True, False, False, False, False, False)
    assert found.outputs == (False, False, True, False, True, True, False, True)
