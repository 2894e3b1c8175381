"""What a layer is to its network: what follows it, whether its positions are told apart, what the
first dense layer reads. Networks of any kind have an error potential, and a finite damage to one
another."""

from __future__ import annotations

from math import inf, isfinite

import pytest
from potential_oracle import potential_by_loops

import cnncost
from cnncost import bundled
from cnncost.accuracy import damage
from cnncost.accuracy.potential import network_terms, potential_of
from cnncost.accuracy.roles import Follower, Role, find_roles, mean_extent


def roles_of(lines: str, shape: str = "[4, 8, 8]") -> dict[str, Role]:
    """The role of each layer with weights, by the last part of its name."""
    network = cnncost.loads(f"input: {shape}\nlayers:\n{lines}").network
    roles = find_roles(network)
    named = {node.index: node.name.rpartition(".")[2] for node in network.layers}
    return {named[index]: role for index, role in roles.items()}


BENT, LINEAR, OUTPUT = Follower.NON_LINEARITY, Follower.LINEAR, Follower.NOTHING

C = "- {name: c, conv: 4, kernel: 1}\n"
D = "- {name: d, conv: 4, kernel: 1}\n"


@pytest.mark.parametrize(("behind", "follower"), [
    (f"- relu\n{D}", BENT),
    (f"- batchnorm\n- relu\n{D}", BENT),
    (f"- {{maxpool: 2}}\n- {{dropout: 0.5}}\n- identity\n- relu\n{D}", BENT),
    (f"- {{pad: 1}}\n- {{channel_shuffle: 2}}\n- relu\n{D}", BENT),
    (f"- {{lrn: 5}}\n- {{scale: }}\n- tanh\n{D}", BENT),
    (f"- prelu\n{D}", BENT),
    (f"- sigmoid\n{D}", BENT),
    ("- relu\n- global_avgpool\n- {dense: 3}\n", BENT),
    (f"- {{name: sum, add: [c, input]}}\n- relu\n{D}", BENT),
    (f"- {{name: two, concat: [c, input]}}\n- relu\n{D}", BENT),
    (f"- {{name: two, mul: [c, input]}}\n- relu\n{D}", BENT),
    (f"- batchnorm\n- {{scale: }}\n- relu\n{D}", BENT),
    # A non-linearity on any path counts, whatever the others meet.
    (f"- relu\n{D}- {{name: e, conv: 4, kernel: 1, from: c}}\n- {{add: [d, e]}}\n", BENT),
    (f"- relu\n{D}- {{add: [c, d]}}\n", BENT),
    (f"- {{name: sum, add: [c, input]}}\n- relu\n{D}- {{add: [d, sum]}}\n", BENT),
    # The next weights, without one.
    (D, LINEAR),
    (f"- batchnorm\n- {{avgpool: 2}}\n{D}", LINEAR),
    ("- {depthwise_conv: 3, padding: 1}\n- relu\n- {dense: 3}\n", LINEAR),
    ("- global_avgpool\n- {linear: 4}\n- relu\n- {dense: 3}\n", LINEAR),
    ("- {conv_transpose: 4, kernel: 2, stride: 2}\n- relu\n", LINEAR),
    ("- flatten\n- {dense: 3}\n", LINEAR),
    (f"- {{name: sum, add: [c, input]}}\n{D}", LINEAR),
    (f"{D}- relu\n- {{name: e, conv: 4, kernel: 1}}\n", LINEAR),
    (f"- batchnorm\n- {{attention: 2}}\n- relu\n{D}", LINEAR),
    ("- {locally_connected: 4, kernel: 3}\n- relu\n", LINEAR),
    *((f"- {{reshape: [4, -1]}}\n- {{{cell}: 3}}\n", LINEAR) for cell in ("lstm", "gru", "rnn")),
    # A softmax weighs what it stands in; it is no non-linearity between layers.
    (f"- softmax\n{D}", LINEAR),
    (f"- logsoftmax\n{D}", LINEAR),
    (f"- softmax\n- relu\n{D}", BENT),
    # Nothing that learns is behind it.
    ("", OUTPUT),
    ("- relu\n", OUTPUT),
    ("- batchnorm\n- softmax\n", OUTPUT),
    ("- global_avgpool\n- flatten\n", OUTPUT),
    ("- relu\n- batchnorm\n", OUTPUT),  # a norm has no width of its own
    (f"- {{name: r, relu, from: c}}\n{D[:-2]}, from: c}}\n", LINEAR),
])  # fmt: skip
def test_what_follows_a_layer(behind: str, follower: Follower) -> None:
    assert roles_of(C + behind)["c"].follower is follower


@pytest.mark.parametrize("dense", ["dense", "linear"])
def test_what_follows_a_dense_layer(dense: str) -> None:
    text = f"""\
- {{name: bent, {dense}: 8}}
- {{dropout: 0.5}}
- relu
- {{name: rank, {dense}: 2}}
- {{name: last, {dense}: 3}}
- softmax
"""
    found = roles_of(text, "[8]")
    assert [found[name].follower for name in ("bent", "rank", "last")] == [BENT, LINEAR, OUTPUT]


def test_only_layers_with_terms_have_roles() -> None:
    lines = f"{C}- batchnorm\n- relu\n- {{attention: 2}}\n- prelu\n{D}- global_avgpool\n"
    assert set(roles_of(lines)) == {"c", "attention1", "d"}


@pytest.mark.parametrize(("behind", "used"), [
    # A kernel wider than 1, or a map that is laid out: each position has its own weights there.
    ("- {conv: 4, kernel: 3}\n", True),
    ("- {conv: 4, kernel: [1, 3]}\n", True),
    ("- relu\n- {maxpool: 2}\n- {depthwise_conv: 3}\n", True),
    ("- {conv_transpose: 4, kernel: 2, stride: 2}\n", True),
    ("- {dense: 3}\n", True),
    ("- {maxpool: 2}\n- {dense: 3}\n", True),
    ("- flatten\n- {dense: 3}\n", True),
    ("- flatten\n", True),
    ("- {conv: 4, kernel: 1}\n- relu\n- flatten\n", True),
    ("- {linear: 4}\n- {conv: 4, kernel: 3}\n", True),
    # Attention reads all positions, as one layer or as products of maps; so does a state.
    ("- relu\n- {attention: 2}\n- global_avgpool\n", True),
    ("- {name: q, reshape: [8, -1]}\n- {permute: [2, 1]}\n- {matmul: [previous, q]}\n", True),
    *((f"- {{reshape: [4, -1]}}\n- {{{cell}: 3}}\n", True) for cell in ("lstm", "gru", "rnn")),
    # Joined with what is: one reader is enough.
    ("- {name: p, global_avgpool}\n- {conv: 4, kernel: 3, from: c}\n", True),
    ("- {conv: 4, kernel: 3, padding: 1}\n- {add: [previous, c]}\n- global_avgpool\n", True),
    # Behind a global pool no position is told from another.
    ("- relu\n- global_avgpool\n- {dense: 3}\n", False),
    ("- global_maxpool\n- flatten\n- {dense: 3}\n", False),
    ("- global_avgpool\n- {conv: 4, kernel: 1}\n- flatten\n- {dense: 3}\n", False),
    ("- {maxpool: 3}\n- global_avgpool\n- {dense: 3}\n", False),
    ("- {conv: 4, kernel: 1}\n- relu\n- global_avgpool\n- {dense: 3}\n", False),
    ("- {linear: 4}\n- relu\n- global_avgpool\n", False),
    ("- {avgpool: 8}\n- flatten\n- {dense: 3}\n", False),  # one position is left
    ("- {avgpool: 8}\n- {dense: 3}\n", False),
    # One position that is padded has no others beside it.
    ("- global_avgpool\n- {conv: 4, kernel: 3, padding: 1}\n", False),
    ("- global_maxpool\n- {conv: 4, kernel: 3, padding: 1}\n", False),
    # What a dense layer puts out are other positions than those that it reads.
    ("- {avgpool: 8}\n- {dense: 16}\n- {reshape: [1, 4, 4]}\n- {conv: 4, kernel: 3}\n", False),
    ("", False),
    ("- relu\n", False),
])  # fmt: skip
def test_whether_positions_are_told_apart(behind: str, used: bool) -> None:
    assert roles_of(C + behind)["c"].positions_used is used


@pytest.mark.parametrize(("behind", "extent"), [
    ("- flatten\n- {name: f, dense: 3}\n", 8),
    ("- {name: f, dense: 3}\n", 8),  # laid out all the same
    ("- relu\n- {dropout: 0.5}\n- flatten\n- {dropout: 0.5}\n- {name: f, dense: 3}\n", 8),
    ("- {maxpool: 2}\n- flatten\n- relu\n- {name: f, dense: 3}\n", 4),
    ("- {maxpool: [2, 8]}\n- {name: f, dense: 3}\n", 2),  # 4 x 1: the root of 4
    ("- {adaptive_avgpool: 3}\n- {name: f, dense: 3}\n", 3),
    ("- global_avgpool\n- {name: f, dense: 3}\n", 1),
    ("- global_avgpool\n- flatten\n- {dropout: 0.5}\n- {name: f, dense: 3}\n", 1),
    ("- {avgpool: 8}\n- flatten\n- {name: f, dense: 3}\n", 1),
    ("- {avgpool: 8}\n- {name: f, dense: 3}\n", 1),
    ("- global_avgpool\n- {upsample: 4}\n- {name: f, dense: 3}\n", 4),
    ("- {dense: 6}\n- relu\n- {name: f, dense: 3}\n", 0),
    ("- {dense: 6}\n- {name: f, dense: 3}\n", 0),
    ("- flatten\n- {dense: 6}\n- relu\n- {dropout: 0.5}\n- {name: f, dense: 3}\n", 0),
    # Of a join the first operand is followed.
    ("- flatten\n- {dense: 256, name: e}\n- {concat: [e, e]}\n- {name: f, dense: 3}\n", 0),
])  # fmt: skip
def test_the_map_that_a_dense_layer_reads(behind: str, extent: float) -> None:
    assert roles_of(C + behind)["f"].map_extent == pytest.approx(extent)


@pytest.mark.parametrize(("behind", "used", "extent"), [
    ("- relu\n", True, 2),
    ("- {maxpool: 2}\n", False, 1),
    ("- global_avgpool\n- {upsample: 2}\n", False, 2),
])  # fmt: skip
def test_two_positions_are_a_map(behind: str, used: bool, extent: float) -> None:
    found = roles_of(f"{C}{behind}- {{name: f, dense: 3}}\n", "[4, 2]")
    assert (found["c"].positions_used, found["f"].map_extent) == (used, extent)


def test_a_network_of_vectors_reads_one_position() -> None:
    found = roles_of("- {name: a, dense: 4}\n- relu\n- {name: b, dense: 3}\n", "[5]")
    assert [found[name].map_extent for name in ("a", "b")] == [1, 0]


def test_no_convolution_reads_a_map_for_the_head() -> None:
    found = roles_of(f"{C}- relu\n- {{name: k, linear: 4}}\n- {{name: f, dense: 3}}\n")
    assert [found[name].map_extent for name in ("c", "k", "f")] == [0, 0, 8]


@pytest.mark.parametrize(("extents", "axes", "side"), [
    ((), 0, 1), ((7,), 0, 7), ((4, 9), 0, 6), ((2, 4, 27), 0, 6), ((1, 1), 0, 1),
    ((7,), 1, 7), ((4, 9), 1, 6),
    # Rows of what was a picture or a volume, as many axes as it had.
    ((196,), 2, 14), ((27,), 3, 3), ((2, 32), 3, 4), ((), 2, 1),
])  # fmt: skip
def test_the_positions_a_side(extents: tuple[int, ...], axes: int, side: float) -> None:
    assert mean_extent(extents, axes) == pytest.approx(side)


@pytest.mark.parametrize(("shape", "rows", "side"), [
    ("[4, 8, 8]", 64, 8),
    ("[4, 64]", 64, 64),
    ("[4, 4, 4, 4]", 64, 4),
])  # fmt: skip
def test_rows_of_a_picture_have_its_sides(shape: str, rows: int, side: float) -> None:
    lines = f"{C}- {{reshape: [4, {rows}]}}\n- {{name: k, linear: 4}}\n- {{name: f, dense: 3}}\n"
    found = roles_of(lines, shape)
    assert found["f"].map_extent == pytest.approx(side)
    assert {role.axes for role in found.values()} == {shape.count(",")}


def test_a_vector_beside_a_picture_has_no_sides() -> None:
    lines = "- {name: k, linear: 4, from: a}\n- {name: c, conv: 3, kernel: 1, from: b}\n"
    text = f"input: {{a: [5], b: [3, 8, 8]}}\nlayers:\n{lines}"
    assert [role.axes for role in find_roles(cnncost.loads(text).network).values()] == [2, 2]


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
