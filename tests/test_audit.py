"""Imports are held to their source: shapes, and the count of learned numbers; what all readers do
alike: names given once, notes, layers checked."""

from __future__ import annotations

import doctest
from dataclasses import replace

import pytest

import cnncost
from cnncost.api import load_graph
from cnncost.formats import importing
from cnncost.formats.graph import Graph, Op
from cnncost.formats.importing import (
    FreeNames,
    ImportNotes,
    Inexpressible,
    express_layer,
    opaque_label,
)
from cnncost.shape import Shape

CONV = Op("a.conv", "conv", {"filters": 4, "kernel": 3}, ("x",))
RELU = Op("relu", "relu", {}, ("a.conv",))
# 4 filters of 3x3 over 3 channels, 4 biases.
GRAPH = Graph(
    "net", {"x": (3, 8, 8)}, (CONV, RELU), ("relu",), held={"a.conv.weight": 108, "a.conv.bias": 4}
)


def test_a_graph_that_holds_all_numbers_has_no_line() -> None:
    spec = load_graph(GRAPH, "net")
    assert spec.audit == ()
    assert cnncost.count(spec).complete


def test_numbers_that_no_layer_holds_make_the_totals_lower_bounds() -> None:
    lacking = replace(GRAPH, held={**GRAPH.held, "b.weight": 90}, unread=("b.weight",))
    spec = load_graph(lacking, "net")
    report = cnncost.count(spec)
    assert spec.audit == (
        "the model holds 202 parameters, the graph 112: 90 of b are unused or not understood",
    )
    assert not report.complete
    assert report.totals.parameters == 202
    # What was written and is read again is no more complete.
    assert not cnncost.count(cnncost.loads(spec.text.text)).complete


def test_numbers_that_no_output_needs_are_no_cost() -> None:
    lacking = replace(GRAPH, held={**GRAPH.held, "b.weight": 90}, unused=("b.weight",))
    spec = load_graph(lacking, "net")
    assert spec.audit == (
        "the model holds 202 parameters, the graph 112: 90 of b are unused: "
        "no output depends on them",
    )
    assert cnncost.count(spec).complete
    assert cnncost.count(spec).totals.parameters == 112


def test_more_numbers_than_the_source_holds_are_not_complete() -> None:
    spec = load_graph(replace(GRAPH, held={"a.conv.weight": 108}), "net")
    assert spec.audit == (
        "the model holds 108 parameters, the graph 112: some are counted more than once",
    )
    assert not cnncost.count(spec).complete


def test_a_layer_of_another_shape_than_the_source_s_is_opaque() -> None:
    spec = load_graph(replace(GRAPH, shapes={"a.conv": (4, 4, 4)}), "net")
    report = cnncost.count(spec)
    assert [node.output.dims for node in spec.network.layers][:2] == [(4, 4, 4), (4, 4, 4)]
    assert spec.unknown[0] == "a_conv: conv, which makes 4x6x6 here and 4x4x4 there"
    assert not report.complete


def test_a_layer_that_the_language_refuses_is_opaque() -> None:
    wide = replace(CONV, arguments={"filters": 4, "kernel": 9})
    spec = load_graph(replace(GRAPH, ops=(wide, RELU), shapes={"a.conv": (4, 2, 2)}), "net")
    assert spec.network.nodes[-1].layer is not None
    assert not cnncost.count(spec).complete


BY_HAND = """\
input: [8]
layers:
  - opaque: {op: LSTM, output: [64], weights: 33024, biases: 512, connections: 2129920}
  - dense: 2
"""


def test_costs_given_by_hand_are_counted_and_complete() -> None:
    report = cnncost.count(cnncost.loads(BY_HAND))
    assert report.complete
    assert report.totals.weights == 33024 + 64 * 2
    assert report.totals.biases == 512 + 2
    assert report.totals.connections == 2129920 + 64 * 2


def test_how_often_biases_are_used_must_be_given_too_where_it_counts() -> None:
    assert not cnncost.count(cnncost.loads(BY_HAND), biases=True).complete
    given = cnncost.loads(BY_HAND.replace("2129920", "2129920, bias_connections: 32768"))
    report = cnncost.count(given, biases=True)
    assert report.complete
    assert report.totals.connections == 2129920 + 32768 + 64 * 2 + 2


def test_a_part_of_the_costs_is_a_lower_bound() -> None:
    report = cnncost.count(cnncost.loads(BY_HAND.replace(", connections: 2129920", "")))
    assert not report.complete
    assert report.totals.parameters == 33024 + 512 + 64 * 2 + 2


def test_some_learned_numbers_of_a_layer_may_be_trained_alone() -> None:
    report = cnncost.count(cnncost.loads(BY_HAND.replace("2129920", "2129920, trained: 512")))
    assert report.totals.trainable_parameters == 512 + 64 * 2 + 2


def test_examples() -> None:
    done = doctest.testmod(importing)
    assert (done.failed, done.attempted > 0) == (0, True)


def test_no_name_is_given_twice() -> None:
    """Also where a source has a name already that a number would make."""
    names = FreeNames()
    given = [names.take(name) for name in ("a", "a_2", "a", "a", "relu1")]
    given += [names.take_numbered("relu") for _ in range(2)]
    assert given == ["a", "a_2", "a_3", "a_4", "relu1", "relu2", "relu3"]


def test_a_note_is_said_once_with_how_often() -> None:
    notes = ImportNotes()
    for _ in range(3):
        notes.add_stand_in("Exp", "identity")
    notes.add("left out")
    assert notes.count_lines() == "Exp is written as identity (3 times)\nleft out"


def test_a_layer_is_checked_over_its_inputs() -> None:
    """5 x 9, padded to 7 x 11, windows of 3 x 3: 5 x 9; dilation 1 and stride 1 are usual."""
    made = express_layer(
        "conv", {"filters": 4, "kernel": 3, "padding": 1, "dilation": 1}, [Shape(2, (5, 9))]
    )
    assert made.output == Shape(4, (5, 9))
    assert made.arguments == {"filters": 4, "kernel": 3, "padding": 1}
    with pytest.raises(Inexpressible, match="window reaches over 9 positions"):
        express_layer("maxpool", {"kernel": 9}, [Shape(2, (5, 7))])


@pytest.mark.parametrize(
    ("name", "label"), [("Conv2D", "Conv2D"), ("my.Op-é", "my_Op__"), ("", "unknown")]
)
def test_what_an_opaque_layer_says_of_its_source(name: str, label: str) -> None:
    assert opaque_label(name) == label
