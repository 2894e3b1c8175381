"""Forward equations, index forms and the check by finite differences."""

from __future__ import annotations

import re
from io import StringIO
from itertools import product

import numpy as np
import pytest
from command import run
from printed_lines import equations, nfd

import cnncost
from cnncost.cli.equations import EquationOptions, refuse_equation_options
from cnncost.costs import count_network
from cnncost.errors import CnncostError
from cnncost.study.backward.backward_pass import derive_equations
from cnncost.study.backward.equation_check import check_equations
from cnncost.study.backward.equation_values import EquationValues
from cnncost.study.backward.gradient_expression import Symbol, slope
from cnncost.study.backward.gradient_rules import RULES
from cnncost.views.backward.gradient_writers import write_gradients


def test_the_residual_mlp_forward_as_the_assignment_writes_it() -> None:
    assert equations(cnncost.load("residual_mlp").network)[:4] == [
        "z = W x + b",
        "h = tanh(z) + x",
        "r = V h + c",
        "y = tanh(r) + h",
    ]


def test_the_residual_mlp_with_indices() -> None:
    # The chain rule by hand: dL/dW[i,j] = dL/dz[i] dz[i]/dW[i,j] = z̄[i] x[j], and every z[j]
    # reads x[i] through W[j,i]; the skip adds the gradient of h.
    assert equations(cnncost.load("residual_mlp").network, indexed=True) == nfd(
        "z[i] = Σ(j<8) W[i,j] x[j] + b[i]",
        "h[i] = tanh(z[i]) + x[i]",
        "r[i] = Σ(j<8) V[i,j] h[j] + c[i]",
        "y[i] = tanh(r[i]) + h[i]",
        "r̄[i] = ȳ[i] tanh′(r[i])",
        "V̄[i,j] = r̄[i] h[j]",
        "c̄[i] = r̄[i]",
        "h̄[i] = Σ(j<8) V[j,i] r̄[j] + ȳ[i]",
        "z̄[i] = h̄[i] tanh′(z[i])",
        "W̄[i,j] = z̄[i] x[j]",
        "b̄[i] = z̄[i]",
        "x̄[i] = Σ(j<8) W[j,i] z̄[j] + h̄[i]",
    )


@pytest.mark.parametrize(
    ("shape", "line", "forward", "backward"),
    [
        # Dumoulin & Visin 2016: output p sees positions 2 p - 1 .. 2 p + 1 of a padded map.
        (
            "[2, 7]", "conv: 5, kernel: 3, stride: 2, padding: 1",
            ["a[i,p] = Σ(j<2; u<3) W[i,j,u] x[j, 2 p + u − 1] + b[i]"],
            ["W̄[i,j,u] = Σ(p<4) ā[i,p] x[j, 2 p + u − 1]",
             "b̄[i] = Σ(p<4) ā[i,p]",
             "x̄[i,p] = Σ(j<5; u<3) W[j,i,u] ā[j, (p + 1 − u) / 2]"],
        ),
        (
            "[2, 4]", "avgpool: 2",
            ["a[i,p] = Σ(u<2) x[i, 2 p + u] / 2"],
            ["x̄[i,p] = Σ(u<2) ā[i, (p − u) / 2] / 2"],
        ),
        (
            "[2, 4]", "maxpool: 2",
            ["a[i,p] = max(u<2) x[i, 2 p + u]"],
            ["x̄[i,p] = Σ(u<2) [x[i,p] = max(u′<2) x[i, p − u + u′]] ā[i, (p − u) / 2]"],
        ),
        (
            "[2, 3]", "dense: 4, bias: false",
            ["a[i] = Σ(j<2; p<3) W[i, 3 j + p] x[j,p]"],
            ["W̄[i,j] = ā[i] x[floor(j / 3), j mod 3]",
             "x̄[i,p] = Σ(j<4) W[j, 3 i + p] ā[j]"],
        ),
        (
            "[5]", "softmax",
            ["a[i] = exp(x[i]) / (Σ(j<5) exp(x[j]))"],
            ["x̄[i] = a[i] (ā[i] − Σ(j<5) a[j] ā[j])"],
        ),
        (
            "[2, 3]", "batchnorm, affine: false",
            ["σ_a[i] = sqrt((Σ(m<N; p<3) (x[m,i,p] − (Σ(m′<N; p′<3) x[m′,i,p′]) / (3 N))^2)"
             " / (3 N) + 0.00001)",
             "x̂_a[n,i,p] = (x[n,i,p] − (Σ(m<N; p′<3) x[m,i,p′]) / (3 N)) / σ_a[i]",
             "a[i,p] = x̂_a[i,p]"],
            ["x̄[n,i,p] = (ā[n,i,p] − (Σ(m<N; p′<3) ā[m,i,p′]) / (3 N) − "
             "x̂_a[n,i,p] (Σ(m<N; p′<3) ā[m,i,p′] x̂_a[m,i,p′]) / (3 N)) / σ_a[i]"],
        ),
    ],
)  # fmt: skip
def test_index_forms(shape: str, line: str, forward: list[str], backward: list[str]) -> None:
    text = f"input: {shape}\nlayers:\n- {{name: a, {line}}}\n"
    assert equations(text, indexed=True) == nfd(*forward, *backward)


def test_shared_weights_stand_in_both_forward_equations() -> None:
    text = (
        "input: {left: [5], right: [5]}\nlayers:\n"
        "  - {name: one, dense: 3, from: left}\n"
        "  - {name: two, dense: 3, from: right, share: one}\n"
    )
    assert equations(text)[:2] == ["y_one = W x_left + b", "y_two = W x_right + b"]


def test_an_output_that_gradients_use_has_a_line_of_its_own() -> None:
    # softmax's gradient reads its output, tanh's only its input.
    text = (
        "input: [4]\nlayers:\n- {name: s, softmax}\n- {name: h, add: [s, input]}\n"
        "- tanh\n- {name: y, add: [previous, h]}\n"
    )
    assert equations(text)[:3] == ["s = softmax(x)", "h = s + x", "y = tanh(h) + h"]


@pytest.mark.parametrize("name", ["residual_mlp", "lenet5", "googlenet", "vit_b16"])
def test_forward_lines_cost_what_the_layers_cost(name: str) -> None:
    network = cnncost.load(name).network
    costs = [e.connections or 0 for e in derive_equations(network).forward if not e.same]
    assert sum(costs) == count_network(network).totals.connections


def test_a_convolution_by_loops() -> None:
    line = "conv: 6, kernel: [3, 2], stride: [2, 1], groups: 2, padding: 1"
    text = f"input: [4, 5, 6]\nlayers:\n- {{name: y, {line}}}\n"
    values = EquationValues(derive_equations(cnncost.loads(text).network), 1, 0)
    values.run_forward()
    x, w, b, y = (values.tensors[Symbol(word=word)] for word in "xWby")
    padded = np.pad(x[0], ((0, 0), (1, 1), (1, 1)))
    assert y.shape == (1, 6, 3, 7)
    for i, p, q in product(range(6), range(3), range(7)):
        first = 2 * (i // 3)  # three filters and two channels a group
        seen = padded[first : first + 2, 2 * p : 2 * p + 3, q : q + 2]
        assert np.isclose(y[0, i, p, q], (w[0, i] * seen).sum() + b[0, i])


@pytest.mark.parametrize("name", ["residual_mlp", "minmax", "lenet5"])
def test_small_networks_agree_with_finite_differences(name: str) -> None:
    checked = check_equations(derive_equations(cnncost.load(name).network))
    assert checked.is_right
    assert checked.worst.error < 1e-7


def test_a_wrong_rule_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = RULES["tanh"]
    monkeypatch.setitem(
        RULES, "tanh", lambda use: rule(use)._replace(inputs=(use.dy * slope("relu", use.x[0]),))
    )
    checked = check_equations(derive_equations(cnncost.load("residual_mlp").network))
    assert not checked.is_right
    wrong = {one.symbol.word for one in checked.gradients if one.error > 1e-3}
    assert wrong == {*"rVchzWbx"}


def test_corners_are_no_errors() -> None:
    # Half of relu's units are 0, so that most windows of 2 have equal units.
    text = "input: [2, 8]\nlayers:\n- relu\n- {maxpool: 2}\n"
    checked = check_equations(derive_equations(cnncost.loads(text).network))
    assert checked.is_right
    assert sum(one.corners for one in checked.gradients) > 0


def test_what_the_command_says() -> None:
    done = run("explain", "residual_mlp", "--backward", "--index", "--check")
    assert done.returncode == 0
    assert "240 entries of 8 gradients" in done.stdout  # 2 x 72 of W, b, V, c; 3 x 8 of four more
    last = done.stdout.splitlines()[-1]
    assert re.fullmatch(r"All agree: the largest relative error is \d\.\de-\d+, of .+\.", last)


def test_index_forms_in_latex_and_markdown() -> None:
    found = derive_equations(cnncost.load("residual_mlp").network)
    texts = {}
    for form in ("latex", "markdown"):
        file = StringIO()
        write_gradients(file, found, (), form, plain=False, indexed=True)
        texts[form] = file.getvalue()
    assert r"z_{i} &= \sum_{j<8} W_{i,j} x_{j} + b_{i} && 64 \\" in texts["latex"]
    assert r"| $`z_{i} = \sum_{j<8} W_{i,j} x_{j} + b_{i}`$ | 64 |" in texts["markdown"]


@pytest.mark.parametrize(
    ("given", "form", "said"),
    [
        ({"indexed"}, "table", "--index is about equations"),
        ({"check"}, "table", "--check is about equations"),
        ({"vector"}, "table", "--vector is about equations"),
        ({"backward", "indexed", "vector"}, "table", "two forms of the equations"),
        ({"backward", "check"}, "json", "no json"),
    ],
)
def test_options_that_mean_nothing_together(given: set[str], form: str, said: str) -> None:
    names = ("backward", "vector", "indexed", "check")
    wanted = EquationOptions(**{name: name in given for name in names})
    with pytest.raises(CnncostError, match=said):
        refuse_equation_options(wanted, form)


def test_the_command_refuses_in_one_line() -> None:
    done = run("explain", "residual_mlp", "--index")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--index is about equations" in done.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("input: [4]\nlayers: [{opaque: {output: [4], op: Einsum}}, {dense: 4}]", "is opaque"),
        ("input: [4]\nlayers: [{dense: 4, frozen: true}]", "nothing is trained"),
        ("input: [4]\nlayers: [identity]", "every gradient is the output's own"),
        ("input: [3, 64, 64]\nlayers: [{conv: 64, kernel: 3}]", "more than the 2,000,000"),
        (
            "input: [32, 64, 64]\nlayers: [{maxpool: 3, padding: 1}]",
            "at once, more than the 10,000,000",
        ),
    ],
)
def test_what_check_refuses(text: str, said: str) -> None:
    with pytest.raises(CnncostError, match=said):
        check_equations(derive_equations(cnncost.loads(text).network))


def test_a_stand_in_is_said() -> None:
    text = "input: [4]\nlayers: [{hardsigmoid, stands_for: hardtanh}]"
    file = StringIO()
    write_gradients(file, derive_equations(cnncost.loads(text).network), (), "text", plain=True)
    assert "(hardsigmoid for hardtanh)" in file.getvalue()
