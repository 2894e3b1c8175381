"""What layers answer at the limits of their fields: the last value that fits, the first that
does not, and costs that are given by hand. Layers are equal where their types and all their fields
are."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from typing import TYPE_CHECKING

import pytest

import cnncost
from cnncost.errors import Refused, SpecError
from cnncost.layers import Layer, layer_type, read_layer
from cnncost.layers.base import must_split
from cnncost.layers.kinds import (
    LARGEST,
    Cost,
    FieldKind,
    Given,
    GroupsKind,
    PerAxis,
    Whole,
    Width,
    spell_value,
)
from cnncost.layers.list_fields import AxisOrder, Dims, Padding, Span
from cnncost.shape import Shape

if TYPE_CHECKING:
    from cnncost.layers.kinds import Raw


@pytest.mark.parametrize(("kind", "value", "stored"), [
    (Whole(""), 2**63 - 1, 2**63 - 1),
    (Whole(""), 1, 1),
    (GroupsKind(""), "depthwise", "depthwise"),  # of an input that is not known
    (Cost(""), "unknown", -1),
    (Cost(""), Given(-1), -1),
    (Cost(""), 0, 0),
    (Cost(""), 7, 7),
    (PerAxis(""), 1, (1,)),
    (PerAxis("", minimum=0), (0, 3), (0, 3)),
    (Width(""), "channels", 1),
    (Padding("", 0), 2, ((2, 2),)),
    (Padding("", 0), "valid", ((0, 0),)),
    (Padding("", 0), "same", "same"),
    (Padding("", 0), (2, (0, 1)), ((2, 2), (0, 1))),
    (Dims(""), (2**63 - 1, -1), (2**63 - 1, -1)),
    (AxisOrder(""), (3, 1, 2), (3, 1, 2)),
    (Span(""), (2, 3), (2, 3)),
])  # fmt: skip
def test_what_fits(kind: FieldKind, value: Raw, stored: object) -> None:
    assert kind.read_value(value, None) == stored


def test_a_shape_that_leaves_an_entry_open_says_so() -> None:
    assert Dims("").takes.endswith("whole numbers, channels first, of which one may be -1")
    assert Dims("", free=False).takes.endswith("whole numbers, channels first")


def test_each_axis_has_the_least_that_one_number_has() -> None:
    kind = PerAxis("", minimum=2)
    assert (kind.read_value(2, None), kind.read_value((2, 3), None)) == ((2,), (2, 3))
    for value in (1, (1, 3)):
        with pytest.raises(Refused, match="a whole number of at least 2"):
            kind.read_value(value, None)


@pytest.mark.parametrize(("kind", "value", "what"), [
    (Whole(""), 2**63, "is beyond 2^63"),
    (Whole(""), 0, "must be a whole number of at least 1, but is 0"),
    (Cost(""), -1, "must be a whole number of at least 0, but is -1"),
    (Dims(""), (2**63,), "of which one may be -1, but is [9223372036854775808]"),
    (Dims("", free=False), (3, -1), "must be a list of one to four whole numbers, channels first, "
     "but is [3, -1]"),
    (Span(""), (2, 2), "the end excluded, but is [2, 2]"),
    (AxisOrder(""), (1, 3), "(the channels), but is [1, 3]"),
])  # fmt: skip
def test_what_does_not_fit(kind: FieldKind, value: Raw, what: str) -> None:
    with pytest.raises(Refused) as refused:
        kind.read_value(value, None)
    assert what in refused.value.what


@pytest.mark.parametrize(("value", "text"), [
    (tuple(range(9)), "[0, 1, 2, 3, 4, 5, 6, 7, 8]"),
    (tuple(range(10)), "[0, 1, 2, 3, 4, 5, 6, 7, 8, ...]"),
    (10**60, "1" + 39 * "0"),
    (Fraction(1, 3**90), "1/" + str(3**90)[:38]),
    (Fraction(5, 2), "2.5"),
    (LARGEST, "9223372036854775807"),
])  # fmt: skip
def test_how_a_message_writes_a_value(value: Raw, text: str) -> None:
    assert spell_value(value) == text


def test_groups_that_divide_are_listed_up_to_64() -> None:
    with pytest.raises(Refused) as refused:
        must_split("it", 65 * 64, "channels", 7)
    few = "1, 2, 4, 5, 8, 10, 13, 16, 20, 26, 32, 40, 52, 64"
    assert refused.value.hint == f"4160 splits into {few}"  # and into 65 parts


def _shape(text: str, *lines: str) -> str:
    """The shape of the last line's output."""
    listed = "".join(f"- {line}\n" for line in lines)
    return str(cnncost.loads(f"input: {text}\nlayers:\n{listed}").network.nodes[-1].output)


@pytest.mark.parametrize(("text", "line", "shape"), [
    ("[3, 4]", "{reshape: [2, -1]}", "2x6"),
    ("[3, 4]", "{reshape: [-1, 1, 3]}", "4x1x3"),
    ("[3, 4]", "{reshape: [6, 2]}", "6x2"),
    ("[1, 5]", "{conv_transpose: 1, kernel: 3, stride: 2, padding: same, output_padding: 1}",
     "1x10"),
    ("[1, 5]", "{maxpool: 2, ceil: true}", "1x3"),
    ("[1, 5]", "{avgpool: 2, ceil: true}", "1x3"),
    ("[1, 5, 5, 5]", "{avgpool: 2, ceil: true}", "1x3x3x3"),
    ("[1, 3, 3]", "{avgpool: 2, stride: 4, ceil: true}", "1x1x1"),
    ("[1, 4, 4]", "{avgpool: 5, ceil: true}", "1x1x1"),  # the window hangs over the end
])  # fmt: skip
def test_shapes(text: str, line: str, shape: str) -> None:
    assert _shape(text, line) == shape


@pytest.mark.parametrize(("text", "line"), [
    ("[3, 4]", "{reshape: [2, 3]}"),
    ("[3, 4]", "{reshape: [5, -1]}"),
    ("[1, 4, 5]", "{crop: [[2, 2], 0]}"),
    ("[1, 4]", "{avgpool: 5}"),
    ("[1, 4, 4, 4]", "{avgpool: 5, ceil: true}"),
    ("[1, 4, 4, 4]", "{avgpool: 6, ceil: true, padding: [[0, 1], [0, 1], [0, 1]]}"),
    ("[1, 4]", "{upsample, size: 0}"),
])  # fmt: skip
def test_what_leaves_nothing_is_refused(text: str, line: str) -> None:
    with pytest.raises(SpecError):
        _shape(text, line)


@pytest.mark.parametrize(("line", "what"), [
    # Of 4 and a window of 2 come 5, of which 6 are cropped.
    ("{conv_transpose: 1, kernel: 2, padding: [[3, 3], 0]}", "padding crops all of the output"),
    ("{upsample, size: [0, 5]}", r"size \[0, 5\] leaves no position of its input 1x4x4"),
    ("{upsample: [2, 0]}", r"factor \[2, 0\] leaves no position of its input 1x4x4"),
    ("{upsample: 0}", "needs a factor or a size, and not both"),
    ("{upsample: [2, 0], size: 8}", "needs a factor or a size, and not both"),
    ("{upsample: 2, size: [0, 8]}", "needs a factor or a size, and not both"),
])  # fmt: skip
def test_what_leaves_no_position_of_an_axis(line: str, what: str) -> None:
    with pytest.raises(SpecError, match=what):
        _shape("[1, 4, 4]", line)


@pytest.mark.parametrize("gate", ["{adaptive_avgpool: 3}", "{adaptive_avgpool: [1, 3]}",
                                  "{conv: 3, kernel: 5}"])  # fmt: skip
def test_what_is_no_gate(gate: str) -> None:
    line = gate.replace("{", "{name: gate, from: input, ", 1)
    with pytest.raises(SpecError, match="cannot be multiplied"):
        _shape("[4, 5, 5]", line, "{mul: [input, gate]}")


def test_a_layer_without_weights_costs_nothing() -> None:
    it, x = read_layer(layer_type("relu"), {}, None), Shape(4, (3,))
    assert (it.weights(x), it.biases(x), it.extras(x), it.parameters(x)) == (0, 0, 0, 0)
    assert (it.connections(x, x), it.inside_connections(x, x), it.bias_connections(x, x)) == (
        0, 0, 0,
    )  # fmt: skip
    assert (it.known, it.bias_uses_known, it.tensor_shapes(x)) == (True, True, {})


def test_arguments_are_read_for_a_vector_too() -> None:
    assert read_layer(layer_type("permute"), {"axes": (1,)}, Shape(6)).infer_shape(
        (Shape(6),)
    ) == Shape(6)
    with pytest.raises(Refused, match="axes"):
        read_layer(layer_type("permute"), {"axes": (1, 2)}, Shape(6))  # it has one axis


@pytest.mark.parametrize("line", [
    "{linear: 1, bias: false, values: {weights: [[1, 2]]}}",
    "{dense: 1, bias: false, values: {weights: [[1, 2]]}}",
    "{conv: 1, kernel: 1, bias: false, values: {weights: [[1, 2]]}}",
    "{depthwise_conv: 1, bias: false, values: {weights: [[1], [2]]}}",
])  # fmt: skip
def test_what_takes_numbers_by_rows(line: str) -> None:
    text = "[2]" if "dense" in line else "[2, 3]"
    (layer,) = cnncost.loads(f"input: {text}\nlayers:\n- {line}\n").network.layers
    assert layer.layer.by_rows
    with pytest.raises(SpecError):
        cnncost.loads("input: [2]\nlayers:\n- {relu, values: {weights: [[1]]}}\n")


def _opaque(**given: int) -> Layer:
    return read_layer(layer_type("opaque"), {"output": (3,), **given}, None)


@pytest.mark.parametrize(("given", "known", "counted"), [
    ({}, False, True),
    ({"weights": 0, "biases": 0, "connections": 0}, True, False),
    ({"weights": 1, "biases": 0, "connections": 0}, True, True),
    ({"weights": 0, "biases": 1, "connections": 0}, True, True),
    ({"weights": 0, "biases": 0, "connections": 1}, True, True),
    ({"weights": 2, "biases": 0}, False, True),
    ({"weights": 2, "connections": 2}, False, True),
    ({"biases": 2, "connections": 2}, False, True),
])  # fmt: skip
def test_costs_by_hand(given: dict[str, int], known: bool, counted: bool) -> None:
    layer = _opaque(**given)
    assert (layer.known, layer.counted) == (known, counted)


@pytest.mark.parametrize(("given", "known"), [
    ({"biases": 0}, True),
    ({"biases": 1}, False),
    ({}, False),
    ({"biases": 1, "bias_connections": 0}, True),
    ({"biases": 1, "bias_connections": 1}, True),
    ({"bias_connections": 5}, True),
])  # fmt: skip
def test_uses_of_biases_by_hand(given: dict[str, int], known: bool) -> None:
    assert _opaque(**given).bias_uses_known == known


@pytest.mark.parametrize(("given", "parameters", "trained", "names"), [
    ({"weights": 5, "biases": 2}, 7, 7, ["weight", "bias"]),
    ({"weights": 5, "biases": 2, "extras": 3}, 10, 10, ["weight", "bias", "extra"]),
    ({"weights": 5, "trained": 0}, 5, 0, ["weight"]),
    ({"weights": 5, "trained": 1}, 5, 1, ["weight"]),
    ({}, 0, 0, []),
])  # fmt: skip
def test_learned_numbers_by_hand(
    given: dict[str, int], parameters: int, trained: int, names: list[str]
) -> None:
    layer, x = _opaque(**given), Shape(4)
    assert (layer.parameters(x), layer.trainable_parameters(x)) == (parameters, trained)
    assert list(layer.tensor_shapes(x)) == names


LINES = (
    "conv: 4, kernel: 3", "conv: 4, kernel: 2", "conv: 6, kernel: 3",
    "conv: 4, kernel: 3, bias: false", "conv_transpose: 4, kernel: 3", "relu: ", "relu6: ",
    "tanh: ",
)  # fmt: skip


def _layer(line: str) -> Layer:
    layer = cnncost.loads(f"input: [2, 5, 5]\nlayers: [{{{line}}}]\n").network.nodes[1].layer
    assert layer is not None
    return layer


def test_equal_layers() -> None:
    for line in LINES:
        one, other = _layer(line), _layer(line)
        assert one is not other
        assert (one == other, one != other, hash(one) == hash(other)) == (True, False, True)
    assert _layer("conv: 4, kernel: 3") == _layer("conv: 4, kernel: [3, 3], stride: 1")


def test_unlike_layers() -> None:
    for line, other in combinations(LINES, 2):
        assert (_layer(line) == _layer(other), _layer(line) != _layer(other)) == (False, True)
