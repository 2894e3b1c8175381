"""What is counted of each layer and summed up, under each convention, by hand; and the
graph: who reads whom."""

from __future__ import annotations

import pytest

import cnncost
from cnncost.costs.count import Convention, Report, count_network
from cnncost.costs.gradients import find_gradients
from cnncost.network import Input, Network, NetworkBuilder, Node
from cnncost.place import Place
from cnncost.shape import Shape

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


BY_HAND = """\
input: [4]
layers:
- {name: a, opaque: {output: [3], weights: 12, biases: 3, connections: 24}}
- {name: b, opaque: {output: [3], weights: 9, biases: 0, connections: 9}}
- {name: c, opaque: {output: [3], weights: 9, biases: 3, connections: 9, bias_connections: 6}}
- {name: d, opaque: {output: [3], weights: 9, biases: 3}}
"""


@pytest.mark.parametrize(("biases", "connections", "unknown"), [
    (False, 24 + 9 + 9, ("d",)),
    (True, 24 + 9 + 9 + 6, ("a", "d")),  # nobody says how often a's biases are used
])  # fmt: skip
def test_costs_by_hand(biases: bool, connections: int, unknown: tuple[str, ...]) -> None:
    report = _report(Convention(biases=biases), BY_HAND)
    assert (report.totals.connections, report.unknown_layers) == (connections, unknown)
    assert (report.totals.weights, report.totals.biases) == (12 + 9 + 9 + 9, 3 + 3 + 3)


def test_one_parameter_is_trained() -> None:
    one = cnncost.loads("input: [1, 3, 4]\nlayers:\n- {conv: 1, kernel: 1, bias: false}\n- relu\n")
    found = find_gradients(one.network)
    assert (found.parameters, found.outputs) == ((False, True, False), (False, True, True))


def test_whose_parameters_are_frozen_their_owner_says() -> None:
    layer = cnncost.loads("input: [4]\nlayers:\n- {dense: 4}\n").network.layers[0].layer
    builder, place = NetworkBuilder(), Place(0, 0)
    builder.add_input("x", Shape(4), place)
    builder.add_layer("fixed", layer, [0], place, frozen=True)
    builder.add_layer("again", layer, [1], place, shares=1)
    found = find_gradients(Network("n", tuple(builder.nodes), (2,)))
    assert found.parameters == found.outputs == (False, False, False)


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


DIAMOND = """\
input: [4, 5, 5]
layers:
  - {name: a, conv: 4, kernel: 1}
  - {name: b, relu, from: a}
  - {name: both, add: [a, b]}
  - {name: twice, add: [both, both]}
"""


def test_readers_are_the_reads_turned_round() -> None:
    """The input is node 0; b and both read a, twice reads both two times, nothing reads twice."""
    network = cnncost.loads(DIAMOND).network
    assert network.readers == ((1,), (2, 3), (3,), (4, 4), ())
    assert network.outputs == (4,)


def test_an_input_is_no_layer() -> None:
    """Nothing is read, learned or frozen at an input, and it has no type."""
    network = cnncost.loads(DIAMOND).network
    (entry,) = network.inputs
    assert isinstance(entry, Input)
    assert (entry.layer, entry.reads, entry.inputs, entry.shares) == (None, (), (), None)
    assert all(isinstance(node, Node) for node in network.layers)
    assert network.nodes == (entry, *network.layers)
