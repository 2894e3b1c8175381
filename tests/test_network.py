"""The graph: who reads whom."""

from __future__ import annotations

import cnncost
from cnncost.network import Input, Node

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
