"""The backward pass as equations: which there are, what they say and cost, how they look."""

from __future__ import annotations

import re
from io import StringIO
from unicodedata import combining, normalize

import pytest
from command import run
from draws import CASES, Case
from equations.printed import read_equations
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from kinds import list_kinds
from terminal import in_terminal

import cnncost
from cnncost.costs.gradients import backward_connections
from cnncost.errors import CnncostError, SpecError
from cnncost.network import Network
from cnncost.study.backward.backward_pass import derive_equations
from cnncost.views.backward.gradient_writers import write_gradients


def printed(text: str | Network, form: str = "text", *, plain: bool = False) -> str:
    network = cnncost.loads(text).network if isinstance(text, str) else text
    file = StringIO()
    write_gradients(file, derive_equations(network), (), form, plain=plain)
    return normalize("NFD", file.getvalue())


def passes(text: str | Network) -> tuple[list[str], list[str]]:
    """The forward and the backward equations with their connections, blanks between them as one."""
    parts = printed(text).split(": the backward pass")
    found = ([line for line in part.splitlines() if line.startswith("  ")] for part in parts)
    stripped = ([re.sub(r"  +", "  ", line.strip()) for line in part] for part in found)
    forward, backward = ([line for line in part if " = " in line] for part in stripped)
    return forward, backward


def lines(text: str | Network) -> list[str]:
    """The backward equations."""
    return passes(text)[1]


def nfd(*texts: str) -> list[str]:
    return [normalize("NFD", text) for text in texts]


def test_residual_mlp_gives_the_textbooks_equations() -> None:
    # z = W x + b, h = phi(z) + x, r = V h + c, y = phi(r) + h, all of width 8: the skips are
    # the second terms of h's and of x's gradient. A matrix of 8 x 8 costs 64.
    assert lines(cnncost.load("residual_mlp").network) == nfd(
        "r̄ = ȳ ∘ tanh′(r)  0",
        "V̄ = r̄ hᵀ  64",
        "c̄ = r̄  0",
        "h̄ = Vᵀ r̄ + ȳ  64",
        "z̄ = h̄ ∘ tanh′(z)  0",
        "W̄ = z̄ xᵀ  64",
        "b̄ = z̄  0",
        "x̄ = Wᵀ z̄ + h̄  64",
    )


def test_residual_mlp_in_latex_and_ascii() -> None:
    network = cnncost.load("residual_mlp").network
    assert r"\bar{h} &= {V}^{\top} \bar{r} + \bar{y} && 64" in printed(network, "latex")
    assert r"| $`\bar{h} = {V}^{\top} \bar{r} + \bar{y}`$ | 64 |" in printed(network, "markdown")
    assert "bar(h) = V^T bar(r) + bar(y)" in printed(network, plain=True)
    assert printed(network, plain=True).isascii()


def test_every_bundled_network_in_ascii() -> None:
    for name in list_kinds():
        assert printed(cnncost.load(name).network, plain=True).isascii()


ROW = (
    "input: [4, 6, 6]\nlayers:\n  - {name: first, conv: 4, kernel: 1}\n"
    "  - {name: below, conv: 4, kernel: 1}\n  - {name: it, "
)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "conv: 6, kernel: [1, 3], stride: 2, padding: [[0, 1], 1], groups: 2}",
            ["W̄_it = ȳ_it ⋆[s=2,p=0:1x1,g=2] y_below  432",  # 3 x 2 x 6 weights, 4 x 3 places
             "b̄_it = Σₚ ȳ_it  0",
             "ȳ_below = W_itᵀ ∗[s=2,p=0:1x1,g=2] ȳ_it  432"],
        ),
        (
            "conv_transpose: 3, kernel: 2, stride: 2, bias: false}",
            ["W̄_it = y_below ⋆[s=2] ȳ_it  1,728",  # 2 x 2 x 4 x 3 weights at 36 places
             "ȳ_below = W_it ∗[s=2] ȳ_it  1,728"],
        ),
        ("depthwise_conv: 3, padding: same, bias: false}",
         ["W̄_it = ȳ_it ⋆[p=1,g=4] y_below  1,296",
          "ȳ_below = W_itᵀ ∗[p=1,g=4] ȳ_it  1,296"]),
        ("dense: 2, bias: false}",
         ["W̄_it = ȳ_it vec(y_below)ᵀ  288",
          "ȳ_below = reshape[4x6x6] W_itᵀ ȳ_it  288"]),
        ("maxpool: 3, stride: 2, padding: 1}",
         ["ȳ_below = maxpool′[k=3,s=2,p=1](y_below)ᵀ ȳ_it  0"]),
        ("global_avgpool}", ["ȳ_below = ȳ_it 1ᵀ / 36  0"]),
        ("flatten}", ["ȳ_below = reshape[4x6x6] ȳ_it  0"]),
        ("dropout: 0.5}", ["ȳ_below = ȳ_it ∘ m_it  0"]),
        ("silu}", ["ȳ_below = ȳ_it ∘ silu′(y_below)  0"]),
        (
            "batchnorm}",
            ["γ̄_it = Σₚ (ȳ_it ∘ x̂_it)  0",
             "β̄_it = Σₚ ȳ_it  0",
             "ȳ_below = γ_it ∘ (ȳ_it − meanₙₚ ȳ_it − x̂_it ∘ meanₙₚ (ȳ_it ∘ x̂_it)) / σ_it  0"],
        ),
        ("mul: [previous, below]}", ["ȳ_below = ȳ_it ∘ y_below + ȳ_it ∘ y_below  0"]),
        ("concat: [below, first]}", ["ȳ_below = ȳ_it[0:4]  0"]),
    ],
)  # fmt: skip
def test_what_each_kind_of_layer_says(line: str, expected: list[str]) -> None:
    rest = ("W̄_below", "b̄_below", "W̄_first", "b̄_first", "ȳ_first", "x̄", "σ_", "x̂_")
    others = (*rest, "W̄ ", "b̄ ", "V̄ ", "c̄ ")  # two layers have the plain letters
    found = [s for s in lines(ROW + line) if not s.startswith(tuple(nfd(*others)))]
    assert found == nfd(*expected)


def test_uses_of_shared_weights_add_up() -> None:
    text = (
        "input: {left: [5], right: [5]}\nlayers:\n"
        "  - {name: one, dense: 3, from: left}\n"
        "  - {name: two, dense: 3, from: right, share: one}\n"
        "  - {name: out, add: [one, two]}\n"
    )
    found = lines(text)
    # Two inputs of 5 into 3 units each.
    assert found[:2] == nfd("W̄ = ȳ_out x_rightᵀ + ȳ_out x_leftᵀ  30", "b̄ = ȳ_out + ȳ_out  0")


CHAIN = (
    "input: [4]\nlayers:\n  - {{name: one, dense: 4{0}}}\n  - {{name: two, dense: 4{1}}}\n"
    "  - {{name: three, dense: 4{2}}}\n"
)


def test_frozen_layers() -> None:
    frozen = ", frozen: true"
    # A frozen layer in between passes gradients on, but has none.
    assert [s.split(" = ")[0] for s in lines(CHAIN.format("", frozen, ""))] == nfd(
        "W̄_three", "b̄_three", "ȳ_two", "ȳ_one", "W̄_one", "b̄_one", "x̄"
    )
    # Below the lowest trainable layer nothing flows, not even towards the inputs.
    assert [s.split(" = ")[0] for s in lines(CHAIN.format(frozen, frozen, ""))] == nfd(
        "W̄_three", "b̄_three"
    )
    text = printed(CHAIN.format(frozen, frozen, frozen))
    assert "No gradient is worked out" in text
    assert "\u0304" not in text


def test_an_opaque_layer_is_unknown() -> None:
    text = (
        "input: [4]\nlayers:\n  - {name: low, dense: 4}\n"
        "  - {name: odd, opaque: {output: [4], op: Einsum}}\n  - {name: top, dense: 4}\n"
    )
    assert lines(text)[3] == normalize("NFD", "ȳ_low = unknown(ȳ_odd)  ?")
    # Both layers' weights, and the upper one's input.
    assert re.search(r"in all +48 or more\n", printed(text))


@pytest.mark.parametrize("name", list_kinds())
def test_lines_cost_what_the_backward_pass_costs(name: str) -> None:
    network = cnncost.load(name).network
    costs = [e.connections for e in derive_equations(network).equations if e.needed]
    layers = backward_connections(network)
    assert sum(cost or 0 for cost in costs) == sum(b.weights + b.input for b in layers)


@pytest.mark.parametrize("frozen", ["", ", frozen: true"])
@pytest.mark.parametrize("below", ["identity", "{conv: 4, kernel: 1}"])
def test_attention_costs(frozen: str, below: str) -> None:
    # 6 positions of 4 channels, dim 6: a projection 4 x 6 x 6, a product 6 x 6 x 6.
    text = f"input: [4, 6]\nlayers:\n  - {below}\n  - {{attention: 2, dim: 6{frozen}}}\n"
    found = derive_equations(cnncost.loads(text).network)
    flows = below != "identity"
    expected = 0
    if flows or not frozen:
        expected += 144 + 4 * 216  # on the way: back through the last projection, two products
    expected += 0 if frozen else 4 * 144
    expected += 3 * 144 + 4 * 4 * 6 if flows else 0
    costs = [e.connections or 0 for e in found.equations if e.needed]
    assert sum(costs) == expected
    layers = backward_connections(cnncost.loads(text).network)
    assert sum(b.weights + b.input for b in layers) == expected


@pytest.mark.parametrize("convolved", ["b", "a, b"])
def test_a_product_of_activations_costs_a_product_for_each_gradient(convolved: str) -> None:
    # 4 x 6 times 6 x 3: the inputs themselves need no gradient.
    names = convolved.split(", ")
    lines = {
        "a": "  - {name: left, conv: 4, kernel: 1, from: a}\n",
        "b": "  - {name: right, conv: 6, kernel: 1, from: b}\n",
    }
    left = "left" if "a" in names else "a"
    text = "input: {a: [4, 6], b: [6, 3]}\nlayers:\n" + "".join(lines[name] for name in names)
    network = cnncost.loads(f"{text}  - {{matmul: [{left}, right]}}\n").network
    weights = {"a": 4 * 4 * 6, "b": 6 * 6 * 3}
    expected = sum(weights[name] for name in names) + len(names) * 4 * 6 * 3
    costs = [e.connections or 0 for e in derive_equations(network).equations if e.needed]
    assert sum(costs) == expected
    assert sum(b.weights + b.input for b in backward_connections(network)) == expected


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.one_of(*CASES.values()))
def test_every_drawn_line_reads_back(case: Case) -> None:
    """Each printed line is read by the evaluator's grammar, and is one line."""
    text = case.text
    try:
        network = cnncost.loads(text).network
    except SpecError as error:
        assume("crops all" not in str(error))
        raise
    shown = printed(network)
    rows = [line for line in shown.splitlines() if line.startswith("  ")]
    assert len(read_equations(shown)) == sum(" = " in row for row in rows)


@pytest.mark.parametrize(
    ("equation", "rest"),
    [
        ("y = a +", "''"),
        ("y = (a ∘ b", "''"),
        ("y = a b) c", "') c'"),
        ("y = a ∘ ∘ b", "'∘ b'"),
        ("y = a & b", "'& b'"),
    ],
)
def test_what_cannot_be_read_is_said(equation: str, rest: str) -> None:
    with pytest.raises(CnncostError, match=re.escape(f"cannot read {rest} in the equation")):
        read_equations(f"  {equation}  12\n")


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_long_equations_wrap(columns: int) -> None:
    shown = in_terminal("explain", "googlenet", "--backward", columns=columns).splitlines()
    widths = [sum(not combining(c) for c in line) for line in shown]
    assert max(widths) <= columns
    # Folded back, the equations are those of a pipe.
    text = re.sub(r"\n {6}", " ", "\n".join(shown))
    piped = printed(cnncost.load("googlenet").network)
    assert read_equations(text) == read_equations(piped)
    assert len(read_equations(piped)) > 150


def test_a_layer_has_its_own_part() -> None:
    done = run("explain", "residual_mlp", "r", "--backward")
    rows = [line for line in done.stdout.splitlines() if line.startswith("  ")]
    found = [row.split(" = ")[0].strip() for row in rows if " = " in row]
    assert [normalize("NFD", left) for left in found] == nfd("r", "r̄", "V̄", "c̄", "h̄")
    done = run("explain", "residual_mlp", "q", "--backward")
    assert done.returncode == 2
    assert "no layer called 'q'" in done.stderr


def test_flags_that_mean_nothing_here_are_refused() -> None:
    done = run("explain", "residual_mlp", "--backward", "--biases")
    assert done.returncode == 2
    assert "--backward" in done.stderr
