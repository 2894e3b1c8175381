"""Widths tried without reading the text: the same network as the text makes."""

from __future__ import annotations

import pytest

import cnncost
from cnncost.suggest.decisions.catalogue import menu
from cnncost.suggest.decisions.search_space import offered
from cnncost.suggest.decisions.width_trials import changed, read, trial, tried
from cnncost.suggest.text.editable_spec import Draft, drafted
from cnncost.suggest.text.text_places import Sheet

WIDTHS = menu((), (), ())


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


def _draft(text: str) -> Draft:
    return drafted(Sheet("net.yaml", text))


def _compare(draft: Draft) -> int:
    compared = 0
    for variable in offered(draft, WIDTHS):
        for choice in variable.choices[1:] if variable.group else ():
            network = read(draft, choice)
            expected = None if network is None else changed(draft.network, network)
            assert trial(draft, choice) == expected, choice.phrase
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
    draft = _draft(f"input: {shape}\n{REACHED[what]}{tail}")
    assert _compare(draft) or what in ("values", "a repeat")


def test_a_choice_that_makes_no_network_is_left_out() -> None:
    text = """\
input: [3, 4, 4]
layers:
  - {name: a, conv: 16, kernel: 1}
  - {conv: 16, kernel: 1, groups: 16}
  - {name: last, dense: 3}
"""
    draft = _draft(text)
    groups = [variable for variable in offered(draft, WIDTHS) if variable.group]
    assert groups
    for variable in groups:
        one, trials = tried(draft, variable)
        assert len(one.choices) == len(trials) + 1 < len(variable.choices)
        assert all(draft.edited(choice.changes) for choice in one.choices)
