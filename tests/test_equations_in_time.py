"""Recurrent layers and tables of words and positions with indices written out, and their check."""

from __future__ import annotations

import math
import re
from itertools import product
from unicodedata import normalize

import numpy as np
import pytest
from command import run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from printed_lines import equations, nfd
from recurrent_draws import recurrent_arguments

import cnncost
from cnncost.errors import CnncostError
from cnncost.study.backward import recurrent_gradients
from cnncost.study.backward.backward_pass import derive_equations
from cnncost.study.backward.equation_check import EquationCheck, check_equations
from cnncost.study.backward.equation_values import EquationValues
from cnncost.study.backward.time_steps import group_equations


def checked(text: str) -> EquationCheck:
    return check_equations(derive_equations(cnncost.loads(text).network))


RNN = "input: [3, 5]\nlayers:\n- {name: h, rnn: 4, single_bias: true}\n"


def test_the_plain_network_with_indices() -> None:
    # By hand: position p reads the state of p - 1, so that the gradient of the state of p is the
    # output's and what the sum of p + 1 sends back; each weight is used at every position.
    assert equations(RNN, indexed=True) == nfd(
        "A_h[i,p] = Σ(j<3) W_h[i,j] x[j,p] + Σ(j<4) U_h[i,j] H_h[j, p − 1] + b_h[i]",
        "H_h[i,p] = tanh(A_h[i,p])",
        "h[i,p] = H_h[i,p]",
        "H̄_h[i,p] = h̄[i,p] + Σ(j<4) U_h[j,i] Ā_h[j, p + 1]",
        "Ā_h[i,p] = H̄_h[i,p] tanh′(A_h[i,p])",
        "W̄_h[i,j] = Σ(p<5) Ā_h[i,p] x[j,p]",
        "Ū_h[i,j] = Σ(p<5) Ā_h[i,p] H_h[j, p − 1]",
        "b̄_h[i] = Σ(p<5) Ā_h[i,p]",
        "x̄[i,p] = Σ(j<4) W_h[j,i] Ā_h[j,p]",
    )
    legend = run("explain", "-", "--backward", "--index", text=RNN).stdout.replace("\n", " ")
    assert "computed one position after another, through time." in legend


def test_a_cell_with_indices() -> None:
    # C[p] = F[p] C[p - 1] + I[p] G[p]: C[p] has a part in C[p + 1], which is F[p + 1] of it.
    lines = equations("input: [1, 3]\nlayers:\n- {name: h, lstm: 2}\n", indexed=True)
    for line in nfd(
        "C_h[i,p] = F_h[i,p] C_h[i, p − 1] + I_h[i,p] G_h[i,p]",
        "C̄_h[i,p] = H̄_h[i,p] O_h[i,p] tanh′(C_h[i,p]) + C̄_h[i, p + 1] F_h[i, p + 1]",
        "ĀF_h[i,p] = C̄_h[i,p] C_h[i, p − 1] sigmoid′(AF_h[i,p])",
    ):
        assert line in lines


def test_one_position_has_none_before() -> None:
    lines = equations("input: [1, 1]\nlayers:\n- {name: h, rnn: 2, bias: false}\n", indexed=True)
    assert lines == nfd(
        "A_h[i,0] = W_h[i,0] x[0,0]",
        "H_h[i,0] = tanh(A_h[i,0])",
        "h[i,0] = H_h[i,0]",
        "H̄_h[i,0] = h̄[i,0]",
        "Ā_h[i,0] = H̄_h[i,0] tanh′(A_h[i,0])",
        "W̄_h[i,0] = Ā_h[i,0] x[0,0]",
        "Ū_h[i,j] = 0",
        "x̄[0,0] = Σ(j<2) W_h[j,0] Ā_h[j,0]",
    )


def test_words_and_positions_with_indices() -> None:
    # A word's row gets the gradients of all places where the word stands; a position's row its own.
    text = "input: [5]\nlayers:\n- {name: e, embedding: 4, vocabulary: 7}\n"
    text += "- {name: y, position_embedding: 8}\n"
    assert equations(text, indexed=True) == nfd(
        "E_e[i,p] = [x[p] = i]",
        "e[i,p] = Σ(j<7) W_e[j,i] E_e[j,p]",
        "y[i,p] = e[i,p] + P_y[p,i]",
        "P̄_y[i,j] = ȳ[j,i]",
        "W̄_e[i,j] = Σ(p<5) E_e[i,p] ȳ[j,p]",
        "x̄[i] = 0",
    )


def test_heads_that_share_their_keys_with_indices() -> None:
    # Four heads of two channels, two of keys and values: head h reads those of floor(h / 2).
    text = "input: [3, 5]\nlayers:\n- {name: y, attention: 4, dim: 8, kv_heads: 2, bias: false}\n"
    lines = equations(text, indexed=True)
    assert "H_y[i,p] = Σ(j<5) V_y[2 floor(i / 4) + i mod 2, j] A_y[floor(i / 2), j, p]" in lines
    assert checked(text).is_right


@pytest.mark.parametrize("word", ["lstm", "gru", "rnn"])
def test_random_layers_agree_with_finite_differences(word: str) -> None:
    @settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(recurrent_arguments(word))
    def check(drawn: tuple[tuple[int, int], int, dict[str, object]]) -> None:
        (channels, positions), hidden, options = drawn
        fields = "".join(f", {key}: {str(value).lower()}" for key, value in options.items())
        found = checked(f"input: [{channels}, {positions}]\nlayers: [{{{word}: {hidden}{fields}}}]")
        assert found.worst.error < 1e-6

    check()


DECODER = """\
input: [6]
layers:
- {name: words, embedding: 4, vocabulary: 5}
- {position_embedding: 7}
- residual: [rmsnorm, {attention: 2, kv_heads: 1}]
- {lstm: 3, bidirectional: true}
- {linear: 4, bias: false}
- {linear: 5, bias: false, share: words}
"""


def test_a_network_of_words_agrees() -> None:
    found = checked(DECODER)
    assert found.is_right
    assert [symbol.word for symbol in found.still] == ["x"]
    done = run("explain", "-", "--backward", "--check", text=DECODER)
    assert done.returncode == 0
    assert "Not moved are indices: x." in done.stdout


def test_the_gradient_through_time_by_loops() -> None:
    """Every path on which a weight reaches the loss, followed one by one: dL/dU[i,j] is the sum
    over steps t of (dL/da[i] at t) h[j] at t - 1, where dL/da at t comes from all later steps."""
    text = "input: [2, 4]\nlayers:\n- {name: h, rnn: 2, bias: false}\n"
    found = derive_equations(cnncost.loads(text).network)
    values = EquationValues(found, 1, 0)
    values.run_forward()
    values.run_backward()
    ours = {f"{s.word}{s.accent}": tensor[0] for s, tensor in values.tensors.items()}
    w, u, x, g = ours["W"], ours["U"], ours["x"], ours["hbar"]
    a, h = np.zeros((2, 4)), np.zeros((2, 5))  # h[:, t + 1] is the state of step t
    for t, i in product(range(4), range(2)):
        a[i, t] = sum(w[i, j] * x[j, t] + u[i, j] * h[j, t] for j in range(2))
        h[i, t + 1] = math.tanh(a[i, t])

    def reach(i: int, t: int, k: int, s: int) -> float:
        """The derivative of h[k] at step s by a[i] at step t, over all paths between."""
        slope = 1 - h[i, t + 1] ** 2
        if s == t:
            return slope if i == k else 0.0
        return slope * sum(u[n, i] * reach(n, t + 1, k, s) for n in range(2))

    for i, j in product(range(2), range(2)):
        expected = sum(
            g[k, s] * reach(i, t, k, s) * h[j, t]
            for t in range(4) for s in range(t, 4) for k in range(2)
        )  # fmt: skip
        assert ours["Ubar"][i, j] == pytest.approx(expected, rel=1e-12)


def test_a_wrong_gradient_through_time_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    # The state's gradient without what the next step sends back: truncated to one step.
    lane = recurrent_gradients.Lane
    monkeypatch.setattr(lane, "sent_back", lambda self, gates, letter="A": [])
    found = checked(RNN)
    assert not found.is_right
    wrong = {one.symbol.word for one in found.gradients if one.error > 1e-3}
    assert wrong == {*"HAWUbx"}


def test_groups_are_the_lanes() -> None:
    text = "input: [2, 3]\nlayers:\n- {linear: 2}\n- {gru: 2, bidirectional: true}\n- {linear: 2}\n"
    found = derive_equations(cnncost.loads(text).network)
    assert [g.direction for g in group_equations(found.forward)] == ["", "earlier", "later", "", ""]
    order = [g.direction for g in group_equations(found.equations) if g.direction]
    assert order == ["later", "earlier"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "input: [4]\nlayers: [{name: y, dense: 4}, {name: e, embedding: 2, vocabulary: 3}]",
            "e reads what y computes: --check draws indices of inputs alone",
        ),
        (
            "input: [2, 2000]\nlayers: [{lstm: 2, layers: 4, bidirectional: true}]",
            "step by step, for each entry of",
        ),
        (
            "input: [5]\nlayers: [{embedding: 2, vocabulary: 4}, {maxpool: 2}]",
            "maxpool1 may compare copies of one number",
        ),
        (
            "input: [2, 1]\nlayers: [{upsample: 2}, sigmoid, {maxpool: 2}]",
            "maxpool1 may compare copies of one number",
        ),
    ],
)
def test_what_check_refuses_of_sequences(text: str, said: str) -> None:
    with pytest.raises(CnncostError, match=re.escape(said)):
        checked(text)
    done = run("explain", "-", "--backward", "--check", text=text)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in " ".join(done.stderr.split())


def test_words_that_differ_have_one_maximum() -> None:
    # A word that stands twice in a window would be its maximum twice (the legend says so).
    assert checked("input: [5]\nlayers: [{embedding: 2, vocabulary: 5}, {maxpool: 2}]").is_right


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 4), st.integers(0, 2))
def test_tables_agree(dim: int, words: int, positions: int, more: int) -> None:
    text = (
        f"input: [{positions}]\nlayers: [{{embedding: {dim}, vocabulary: {words}}}, "
        f"{{position_embedding: {positions + more}}}]"
    )
    assert checked(text).worst.error < 1e-6


def test_the_names_of_both_forms_are_the_same() -> None:
    for indexed in (False, True):
        lines = equations(DECODER, indexed=indexed)
        lefts = [re.split(r"\[| = ", line)[0] for line in lines]
        assert normalize("NFD", "W̄_words") in lefts
