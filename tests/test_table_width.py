"""Tables of memory and training on terminals: they fit where they can, and no number is cut."""

from __future__ import annotations

import re

import pytest
from terminal import shown

import cnncost
from cnncost.costs.footprint import compute_footprints

MARKS = re.compile(r"\x1b\[[0-9;]*m")


def lines(*arguments: str, columns: int) -> list[str]:
    code, text = shown("table", *arguments, columns=columns)
    assert code == 0
    return [line.rstrip() for line in MARKS.sub("", text).splitlines()]


@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("resnet50", "--training"), ("densenet121", "--training"),
        ("efficientnet_b0", "--training"),
        ("shufflenet_v2", "--memory"), ("googlenet", "--memory"), ("resnet18", "--memory"),
    ],
)  # fmt: skip
def test_tables_fit_80_columns(name: str, option: str) -> None:
    found = lines(name, option, columns=80)
    assert max(map(len, found)) <= 80
    network = cnncost.load(name).network
    costs = compute_footprints(network)
    text = "\n".join(found)
    for node in network.layers:
        # Every row's numbers stand there whole, or summed where two columns are one.
        part = costs.nodes[node.index]
        if option == "--training" and part.backward_weights:
            row = next(line for line in found if line.split()[:1] == [node.name])
            both = f" {part.backward_weights:,} " in row
            assert both or f" {part.backward_weights + part.backward_input:,} " in row
    assert f"{costs.backward:,} backward" in text.replace("\n", "")


def test_titles_are_stacked_before_columns_go() -> None:
    found = lines("resnet18", "--training", "--top", "3", columns=97)
    assert max(map(len, found)) <= 97
    top, below = found[2:4]
    assert top.split() == ["backward", "backward", "saved"]
    assert below.split() == ["layer", "output", "connections", "weights", "input", "bytes"]
    narrow = lines("resnet18", "--training", "--top", "3", columns=85)
    assert narrow[3].split() == ["layer", "connections", "weights", "input", "bytes"]
    narrowest = lines("resnet18", "--training", "--top", "3", columns=70)
    assert [line.split() for line in narrowest[2:4]] == [
        ["backward", "saved"],
        ["layer", "connections", "connections", "bytes"],
    ]
    more = " A wider terminal, --columns, csv and json have more columns."
    assert (more in found, more in narrow, more in narrowest) == (False, True, True)


def test_a_wide_terminal_has_all_in_one_line() -> None:
    found = lines("resnet18", "--training", "--top", "3", columns=200)
    titles = ["layer", "output", "connections", "backward weights", "backward input", "saved bytes"]
    assert re.split(r"\s{2,}", found[2].strip()) == titles
    assert "█" in "".join(found)


def test_too_narrow_for_any_choice_runs_over_and_cuts_nothing() -> None:
    found = lines("resnet18", "--training", "--top", "3", columns=40)
    assert any("1,814,073,344" in line and "3,510,132,736" in line for line in found)


def test_chosen_columns_stay() -> None:
    chosen = ("--columns", "layer,output_shape,backward_weights,backward_input,saved_bytes")
    found = lines("resnet18", *chosen, "--top", "2", columns=60)
    assert found[3].split() == ["layer", "output", "weights", "input", "bytes"]


def test_both_gradients_add_up() -> None:
    code, text = shown("table", "resnet18", "--columns", "backward-connections", columns=80)
    assert code == 0
    assert "3,510,132,736" in text
