"""The workings: every printed line evaluates back to the number in the table."""

from __future__ import annotations

import math
import re
from io import StringIO

import pytest
from command import run
from kinds import list_kinds
from terminal import in_terminal

import cnncost
from cnncost.costs import Report
from cnncost.errors import CnncostError
from cnncost.study.explanation import explain_layers, explain_totals
from cnncost.views.explanation_page import explanation_results
from cnncost.views.page_writers import write_results
from cnncost.views.working import equation_text

LINE = re.compile(r"^  (\S+(?:,? \S+)*?)  +(.+)$")


def printed(report: Report, name: str = "", *, every: bool = True) -> str:
    file = StringIO()
    explained = explain_layers(report, name, every=every)
    write_results(
        file,
        explanation_results(report, explained, () if name else explain_totals(report)),
        "table",
    )
    return file.getvalue()


def value(text: str) -> int:
    """The number that a printed formula comes to, by Python's own arithmetic."""
    code = text.replace(",", "").replace(" x ", " * ")
    assert re.fullmatch(r"[0-9*+\-/() ]*(?:(?:floor|ceil)[0-9*+\-/() ]*)*", code), text
    number = eval(code, {"floor": math.floor, "ceil": math.ceil})
    assert number == int(number), text
    return int(number)


def evaluated(text: str) -> dict[tuple[str, str], int]:
    """For each heading and quantity of the printed text: the number, both sides agreeing."""
    found: dict[tuple[str, str], int] = {}
    heading = ""
    for line in re.sub(r"\n {6}", " ", text).splitlines():
        if line and not line.startswith(" "):
            heading = line.split(":")[0]
            continue
        match = LINE.match(line)
        if match is None:
            continue
        quantity, rest = match.groups()
        worked = re.split(r"  +", rest)[0]
        if not worked[:1].isalpha() or worked.startswith(("floor", "ceil")):
            sides = worked.split(" = ")
            assert len({value(side) for side in sides}) == 1, line
            found[heading, quantity] = value(sides[-1])
    return found


AXES = ("depth", "height", "width")

CONVENTIONS = ({}, {"biases": True}, {"exclude_padding": True})


@pytest.mark.parametrize("convention", CONVENTIONS, ids=str)
@pytest.mark.parametrize("name", list_kinds())
def test_every_line_of_every_bundled_network(name: str, convention: dict[str, bool]) -> None:
    report = cnncost.count(cnncost.load(name), **convention)
    found = evaluated(printed(report))
    for row in report.layers:
        extents = row.node.output.extents
        shape = dict(
            zip(AXES[-len(extents) :] if len(extents) > 1 else ["length"], extents, strict=False)
        )
        for axis, extent in shape.items():
            lines = [
                n for (at, quantity), n in found.items() if at == row.name and axis in quantity
            ]
            assert all(n == extent for n in lines)
        for quantity in ("units", "weights", "biases", "connections"):
            expected = getattr(row, quantity)
            line = found.get((row.name, quantity))
            assert line == expected or (line is None and not (expected and row.counted))
        if row.parameters != row.weights and row.node.shares is None:
            assert found[row.name, "parameters"] == row.parameters
    for quantity in ("units", "weights", "biases", "parameters", "connections"):
        assert found[report.network.name, f"{quantity} in all"] == getattr(report.totals, quantity)


def worked(text: str, layer: str, quantity: str, **convention: bool) -> str:
    report = cnncost.count(cnncost.loads(text), **convention)
    (item,) = explain_layers(report, layer)
    return next(equation_text(w.number) for w in item.workings if w.quantity == quantity)


HEADS = """\
input: [64, 49]
layers:
  - {name: k, reshape: [98, 32]}
  - {name: q, from: input, reshape: [64, 49]}
  - {name: s, matmul: [k, q], groups: 2}
"""


def test_a_product_of_activations_is_worked_out() -> None:
    # Two heads of 49 rows x 32 numbers, each row against 49 columns: 2 x 49 x 32 x 49.
    assert worked(HEADS, "s", "connections") == "98 x 32 x 49 = 153,664"


def test_what_reads_two_layers_and_learns_is_worked_out() -> None:
    text = """\
input: [4]
layers:
  - {name: a, dense: 4}
  - {name: b, from: input, dense: 4}
  - {name: o, opaque: {output: [4], op: Odd, weights: 5, biases: 0, connections: 9}, from: [a, b]}
"""
    assert [worked(text, "o", quantity) for quantity in ("weights", "connections")] == ["5", "9"]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["conv1"], "floor((227 - 11) / 4) + 1 = 55"),
        (["conv1"], "96 x 55 x 55 = 290,400"),
        (["conv1"], "11 x 11 x 3 x 96 = 34,848"),
        (["conv1"], "34,848 x 55 x 55 = 105,415,200"),
        (["conv2"], "5 x 5 x (96 / 2) x 256 = 307,200"),
        (["conv2"], "floor((27 + 2 + 2 - 5) / 1) + 1 = 27"),
        (["fc1"], "13 x 13 x 256 x 4,096 = 177,209,344"),
        (["conv1", "--biases"], "105,415,200 + 290,400 = 105,705,600"),
        # 27 outputs of 5 taps; the first two outputs' taps hang over by 2 and 1.
        (["conv2", "--exclude-padding"], "(27 x 5 - 3 - 3)"),
    ],
)
def test_alexnet(arguments: list[str], line: str) -> None:
    done = run("explain", "alexnet", *arguments)
    assert line in done.stdout
    assert done.returncode == 0


NET = "input: [4, 9, 12]\nlayers:\n  - {name: a, "


@pytest.mark.parametrize(
    ("line", "quantity", "expected"),
    [
        ("conv: 6, kernel: 3, padding: same, stride: 2}", "height", "ceil(9 / 2) = 5"),
        ("conv: 6, kernel: 3, dilation: 2}", "height",
         "floor((9 - (2 x (3 - 1) + 1)) / 1) + 1 = 5"),
        ("maxpool: 2, ceil: true}", "height", "ceil((9 - 2) / 2) + 1 = 5"),
        ("conv_transpose: 6, kernel: 4, stride: 2, padding: 1}", "width",
         "(12 - 1) x 2 + 4 - 1 - 1 = 24"),
        ("flatten}", "channels", "4 x 9 x 12 = 432"),
        ("pad: [[1, 2], 0]}", "height", "9 + 1 + 2 = 12"),
        ("batchnorm}", "parameters", "2 x 4 = 8"),
        ("depthwise_conv: 3, multiplier: 2}", "channels", "4 x 2 = 8"),
        ("space_to_depth: 3}", "width", "floor(12 / 3) = 4"),
    ],
)  # fmt: skip
def test_each_kind_of_formula(line: str, quantity: str, expected: str) -> None:
    assert worked(NET + line, "a", quantity) == expected


def test_concat_adds_channels() -> None:
    text = (
        "input: [3, 4, 4]\nlayers:\n"
        "  - {name: j, parallel: [[{conv: 5, kernel: 1}], [{conv: 7, kernel: 1}], []]}\n"
    )
    assert worked(text, "j", "channels") == "5 + 7 + 3 = 15"


def test_shared_parameters_name_their_owner() -> None:
    text = (
        "input: [3, 4, 4]\nlayers:\n"
        "  - {name: a, conv: 3, kernel: 1}\n  - {name: b, conv: 3, kernel: 1, share: a}\n"
    )
    assert "parameters     those of a, counted there" in printed(cnncost.count(cnncost.loads(text)))


def test_a_block_explains_all_its_layers() -> None:
    report = cnncost.count(cnncost.load("resnet50"))
    assert len(explain_layers(report, "conv2a")) > 4


def test_an_unknown_layer_has_a_near_one() -> None:
    report = cnncost.count(cnncost.load("alexnet"))
    with pytest.raises(CnncostError, match="did you mean 'conv1'"):
        explain_layers(report, "con1")


def test_markdown_and_latex_hold_the_same_numbers() -> None:
    for form in ("markdown", "latex"):
        shown = run("explain", "alexnet", "fc1", "--format", form).stdout.replace("{,}", ",")
        assert "177,209,344" in shown


def test_the_convention_folds_within_the_terminal() -> None:
    lines = in_terminal("explain", "alexnet", columns=80).splitlines()
    assert max(map(len, lines)) <= 80
    assert (
        "Per example. A connection is one use of a weight (a multiply-accumulate); those" in lines
    )
