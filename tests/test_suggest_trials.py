"""Widths tried without reading the text: the same network as the text makes."""

from __future__ import annotations

import pytest

import cnncost
from cnncost.plans.decisions.search_space import list_decisions, try_options
from cnncost.plans.decisions.width_trials import read_network, try_width
from cnncost.plans.edits.catalogue import parse_allowed_edits
from cnncost.plans.edits.editable_spec import EditableSpec, read_editable_spec
from cnncost.plans.edits.placed_layers import changed_layers
from cnncost.plans.edits.text_changes import SpecText

WIDTHS = parse_allowed_edits((), (), ())


def wide(second: str, signature: str = "filters") -> str:
    """A block of two convolutions, the second one's width as given; called with 16 filters."""
    return f"""\
blocks:
  wide({signature}):
    - {{conv: filters, kernel: 1}}
    - {{conv: {second}, kernel: 1}}
layers:
  - {{wide: 16}}
"""


REACHED = {
    "channels of a block": wide("2 * channels"),
    "a repeat": """\
blocks:
  deep(filters):
    - {conv: filters, kernel: 1, repeat: filters}
layers:
  - {deep: 8}
""",
    "values": """\
layers:
  - {dense: 2, values: {weights: [[1, 2, 3], [1, 2, 3]], bias: [0, 0]}}
""",
    "shared parameters": """\
layers:
  - {name: one, conv: 16, kernel: 1}
  - {conv: 16, kernel: 1}
  - {conv: 16, kernel: 1, share: conv1}
""",
    "an expression": wide("2 * filters"),
    "an argument as it is": """\
blocks:
  wide(filters):
    - {conv: filters, kernel: 1}
    - relu
    - {conv: filters, kernel: 1}
layers:
  - {wide: 16, repeat: 2}
""",
    "a default": wide("more", "filters, more=filters"),
}


def _draft(text: str) -> EditableSpec:
    return read_editable_spec(SpecText("net.yaml", text))


def _compare(editable: EditableSpec) -> int:
    compared = 0
    for decision in list_decisions(editable, WIDTHS):
        for edit in decision.options[1:] if decision.group else ():
            network = read_network(editable, edit)
            expected = None if network is None else changed_layers(editable.network, network)
            assert try_width(editable, edit) == expected, edit.phrase
            compared += 1
    return compared


@pytest.mark.parametrize(
    "name", ["alexnet", "vgg16", "googlenet", "resnet50", "unet", "mobilenet_v2", "squeezenet1_1"]
)
def test_trials_equal_the_text_read_again(name: str) -> None:
    assert _compare(_draft(cnncost.load(name).text.text))


@pytest.mark.parametrize("what", REACHED)
def test_whatever_else_a_number_reaches_is_followed(what: str) -> None:
    tail = "  - {name: last, dense: 3}\n"
    shape = "[3]" if what == "values" else "[3, 4, 4]"
    editable = _draft(f"input: {shape}\n{REACHED[what]}{tail}")
    assert _compare(editable) or what in ("values", "a repeat")


def test_a_choice_that_makes_no_network_is_left_out() -> None:
    text = """\
input: [3, 4, 4]
blocks:
  thin: [{conv: channels - 10, kernel: 1}]
layers:
  - {name: a, conv: 16, kernel: 1}
  - thin
  - {name: last, dense: 3}
"""
    editable = _draft(text)
    groups = [decision for decision in list_decisions(editable, WIDTHS) if decision.group]
    assert groups
    for decision in groups:
        one, trials = try_options(editable, decision)
        assert len(one.options) == len(trials) + 1 < len(decision.options)
        assert all(editable.read_edited(edit.changes) for edit in one.options)
