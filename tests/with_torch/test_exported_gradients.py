"""The gradient equations are autograd's on the exported code, and a wrong one is seen."""

from __future__ import annotations

import pytest
from exported_gradients import compare, printed

import cnncost
from cnncost.network import Network
from cnncost.study.backward.backward_pass import derive_equations

ODD = """\
input: {left: [4, 5, 6], right: [4, 5, 6]}
layers:
  - {name: a, conv: 4, kernel: [1, 3], padding: same, from: left}
  - {relu, name: r}
  - {identity, name: still}
  - {dropout: 0.5, name: d}
  - {name: b, conv: 4, kernel: [1, 3], padding: same, from: right, share: a}
  - {name: c, conv: 4, kernel: 3, padding: 1, from: b, frozen: true}
  - {name: both, add: [d, c, r]}
  - {attention: 2, name: heard}
  - {drop_path: 0.5, name: dp}
  - {name: out, dense: 3}
"""


def disagree(network: Network) -> list[str]:
    found = derive_equations(network)
    agreement = compare(found, printed(found))
    assert agreement.compared
    return agreement.wrong


@pytest.mark.parametrize("name", ["minmax", "lenet5", "residual_mlp"])
def test_small_bundled_networks_agree(name: str) -> None:
    assert disagree(cnncost.load(name).network) == []


def test_shared_frozen_dropped_and_attending_layers_agree() -> None:
    assert disagree(cnncost.loads(ODD).network) == []


def test_what_works_in_place_agrees() -> None:
    assert disagree(cnncost.load("resnet18", inputs={"": (3, 32, 32)}).network) == []


def test_minmax_has_five_gradients() -> None:
    """V and W, the outputs of rectified and of hidden, and the input."""
    found = derive_equations(cnncost.load("minmax").network)
    assert compare(found, printed(found)).compared == 5


def test_a_lost_skip_term_is_a_difference() -> None:
    found = derive_equations(cnncost.load("residual_mlp").network)
    text = printed(found).replace("ȳ", "y\u0304")
    assert " + y\u0304" in text
    assert compare(found, text.replace(" + y\u0304", "    ", 1)).wrong
