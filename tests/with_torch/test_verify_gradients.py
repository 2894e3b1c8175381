"""verify's line of gradients: equal on the exported code, and a wrong equation is seen."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

import cnncost
from cnncost.cli.verify import app
from cnncost.study.backward import backward
from cnncost.verify.autograd import compare
from cnncost.verify.difference import Line
from cnncost.views.backward import symbolic

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


@pytest.mark.parametrize("name", ["minmax", "lenet5", "residual_mlp"])
def test_small_bundled_networks_agree(name: str) -> None:
    line = symbolic.gradient_line(cnncost.load(name).network, lambda _: None)
    assert line.agrees is True
    assert line.computed


def test_layers_may_be_called_as_rates_are() -> None:
    text = "input: [3, 5, 5]\nlayers: [{name: p, conv: 4, kernel: 3}, {name: rate, dense: 2}]"
    assert symbolic.gradient_line(cnncost.loads(text).network, lambda _: None).agrees is True


def test_shared_frozen_dropped_and_attending_layers_agree() -> None:
    line = symbolic.gradient_line(cnncost.loads(ODD).network, lambda _: None)
    assert line.agrees is True


def test_a_lost_skip_term_is_a_difference() -> None:
    network = cnncost.load("residual_mlp").network
    printed = symbolic._printed(backward(network))
    assert " + y\u0304" in printed.text.replace("ȳ", "y\u0304")
    text = printed.text.replace("ȳ", "y\u0304").replace(" + y\u0304", "    ", 1)
    assert compare(network, printed._replace(text=text)).agrees is False


def test_a_large_network_is_said_not_to_be_compared() -> None:
    line = symbolic.gradient_line(cnncost.load("resnet18").network, lambda _: None)
    assert line.agrees is None
    assert "too large" in line.note


def test_a_difference_is_exit_code_1(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = Line("gradients that agree", 8, 7)
    monkeypatch.setattr(symbolic, "gradient_line", lambda network, tell: wrong)
    done = CliRunner().invoke(app, ["residual_mlp"])
    assert done.exit_code == 1
    assert "8        7  DIFFERS" in done.stdout
    assert "1 difference\n" in done.stdout
