"""Networks of any kind have an error potential, and a finite damage to one another."""

from __future__ import annotations

from math import inf, isfinite

import pytest
from potential_oracle import potential_by_loops

import cnncost
from cnncost import bundled
from cnncost.accuracy import damage
from cnncost.accuracy.potential import network_terms, potential_of

OTHER = {
    "no layer with weights": "input: [3, 8, 8]\nlayers: [relu, global_avgpool]\n",
    "no layer at all but a view": "input: [3, 8, 8]\nlayers: [flatten]\n",
    "dense layers only": "input: [7]\nlayers: [{dense: 5}, relu, {dense: 2}]\n",
    "one dense layer": "input: [7]\nlayers: [{dense: 5}]\n",
    "no non-linearity": "input: [3, 8, 8]\nlayers: [{conv: 4, kernel: 3}, {dense: 5}]\n",
    "an output of a convolution": "input: [3, 8, 8]\nlayers: [{conv: 4, kernel: 3}]\n",
    "attention": "input: [4, 8, 8]\nlayers: [{attention: 2}, {linear: 4}, {attention: 2}]\n",
    "opaque": """\
input: [3, 8, 8]
layers:
- {conv: 4, kernel: 3}
- {opaque: {output: [12, 2, 2], op: Custom}}
- relu
- {dense: 4}
""",
    "several inputs and outputs": """\
input: {left: [1, 8, 8], right: [2, 8, 8], code: [5]}
layers:
- {name: a, conv: 4, kernel: 3, from: left}
- {name: b, conv: 4, kernel: 3, from: right}
- {name: s, add: [a, b]}
- relu
- {name: out, dense: 3}
- {name: other, dense: 3, from: code}
""",
    "a product of matrices": """\
input: {left: [4, 6], right: [6, 3]}
layers:
- {name: p, matmul: [left, right]}
- relu
- {dense: 3}
""",
}  # fmt: skip


@pytest.mark.parametrize("kind", OTHER)
def test_networks_of_other_kinds_have_a_potential(kind: str) -> None:
    spec = cnncost.loads(OTHER[kind])
    for other in (spec, cnncost.load("alexnet"), cnncost.loads(OTHER["opaque"])):
        found = damage(spec, other)
        assert isfinite(found.score)
        assert -inf < found.low < found.score < found.high < inf
    assert tuple(potential_of(network_terms(spec.network))) == pytest.approx(
        potential_by_loops(spec.network), abs=1e-9
    )


@pytest.mark.parametrize("name", bundled.list_names())
def test_every_bundled_network_is_comparable(name: str) -> None:
    assert isfinite(damage(cnncost.load("resnet18"), cnncost.load(name)).score)
