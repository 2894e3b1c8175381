"""`cnncost check --table`: a filled-in table held to the counts, and its slips named."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from command import run

from cnncost import api
from cnncost.errors import CnncostError
from cnncost.formats.answer_table import read_answers
from cnncost.study.table_slips import judge_answers
from cnncost.views.page_writers import write_results
from cnncost.views.table_page import TableLayout, table_results

# AlexNet by hand, as its figure 2 draws it: conv1 has 2 x 11 x 11 x 3 x 48 weights, each used at
# 55 x 55 positions; conv2 has 5 x 5 x 48 x 128 a tower; fc1 has 13 x 13 x 128 x 2 x 2048 x 2.
ASSIGNMENT = """\
| | # Units | # Weights | # Connections |
| --- | --- | --- | --- |
| Convolution Layer 1 | 290,400 | 34,848 | 15,415,200 |
| Convolution Layer 2 | 186,624 | 307,200 | 223,948,800 |
| Convolution Layer 3 | 64,896 | 884,736 | 149,520,384 |
| Convolution Layer 4 | 64,896 | 663,552 | 112,140,288 |
| Convolution Layer 5 | 43,264 | 442,368 | 74,760,192 |
| Fully Connected Layer 1 | 4,096 | 177,209,344 | 177,209,344 |
| Fully Connected Layer 2 | 4,096 | 16,777,216 | 16,777,216 |
| Output Layer | 1,000 | 4,096,000 | 4,096,000 |
"""


def _check(text: str, *arguments: str, net: str = "alexnet") -> tuple[int, list[str]]:
    done = run("check", net, "--table", "-", *arguments, text=text)
    return done.returncode, (done.stdout + done.stderr).splitlines()


def test_the_assignments_table_lacks_a_digit() -> None:
    code, lines = _check(ASSIGNMENT)
    assert (code, lines) == (
        1,
        [
            "conv1: connections 15,415,200 is wrong, 105,415,200 is right: a digit is lost",
            "23 of 24 numbers right",
        ],
    )


def test_a_right_table_holds() -> None:
    code, lines = _check(ASSIGNMENT.replace("15,415,200", "105,415,200"))
    assert (code, lines) == (0, ["24 of 24 numbers right"])


def test_a_remark_behind_a_layers_name_is_no_part_of_it() -> None:
    """LeNet-5's output: 84 x 10 weights, fixed."""
    assert _check("layer,weights\noutput (frozen),840\n", net="lenet5")[0] == 0


SLIPS = (
    ("conv2", "weights", 5 * 5 * 96 * 256, "groups are forgotten"),
    ("conv2", "weights", 5 * 5 * 48 * 128, "half: one of two towers"),
    ("conv2", "weights", 307_200 + 256, "biases are counted"),
    ("conv3", "connections", 2 * 149_520_384, "FLOPs: two for each connection"),
    ("conv3", "connections", 149_520_384 + 64_896, "biases are counted"),
    # 3x3 with padding 1 on 13x13: 13 + 2 x 12 pairs of output and tap along each axis
    ("conv3", "connections", 37 * 37 * 256 * 384, "connections to padding are left out"),
    # without padding there is one explanation
    ("conv1", "connections", 105_415_200 + 290_400, "biases are counted"),
    ("conv3", "units", 11 * 11 * 384, "padding is left out"),
    ("conv1", "units", 27 * 27 * 96, "the pooled map's units"),
    ("conv1", "units", 217 * 217 * 96, "the stride is forgotten"),
    ("conv1", "units", 290_400 + 3 * 227 * 227, "its input is counted"),
    ("conv3", "units", 32 * 64_896, "32 times: a batch of 32? counts are per example"),
    ("fc1", "weights", 6 * 6 * 256 * 4096, "its input is pooled with stride 2"),
    ("conv1", "weights", 34_884, "two digits are swapped"),
    ("conv1", "weights", 290_400, "its units stand in this column"),
    ("total", "units", 659_272 + 3 * 227 * 227, "the input is counted"),
)


def judge(text: str, net: str = "alexnet", **convention: bool) -> list[tuple[bool, str]]:
    """Whether each number of a table holds, and its slip."""
    report = api.count(api.load(net), **convention)
    return [(one.holds, one.slip) for one in judge_answers(report, read_answers(text, "t"))]


@pytest.mark.parametrize(("layer", "quantity", "number", "words"), SLIPS)
def test_known_slips_are_named(layer: str, quantity: str, number: int, words: str) -> None:
    assert judge(f"layer,{quantity}\n{layer},{number}\n") == [(False, words)]


def test_a_number_that_two_slips_lead_to_names_both() -> None:
    """Two groups forgotten is a factor of two, and so are FLOPs."""
    _, lines = _check(f"layer connections\nconv2 {2 * 223_948_800}\n")
    assert lines[0].endswith(": FLOPs: two for each connection, or groups are forgotten")


def test_a_total_of_wrong_rows_follows_from_them() -> None:
    _, lines = _check("layer  weights\nfc2  16777215\noutput  4096000\ntotal  20873215\n")
    assert lines[1].endswith("200,415,264 is right: the sum of the table's own rows")


def test_a_rounded_number_is_right_where_the_right_one_rounds_to_it() -> None:
    """conv1 has 105,415,200 connections, fc1 177,209,344 weights."""
    for text, holds, words in (
        ("105M", True, ""),
        ("105.4M", True, ""),
        ("105.42M", True, ""),
        ("105.41M", False, "cut short, not rounded"),
        ("105.5M", False, "one digit is wrong"),
        ("15.4M", False, "a digit is lost"),
        ("210.8M", False, "FLOPs: two for each connection"),
    ):
        assert judge(f"layer,macs\nconv1,{text}\n") == [(holds, words)], text
    assert judge("layer,weights (M)\nfc1,177.2\nconv1,0.03\n") == [(True, "")] * 2


def test_another_convention_has_other_right_numbers() -> None:
    """conv3 has 64,896 units, so as many uses of a bias; without padding 37 x 37 pairs of output
    and tap, 13 + 2 x 12 along each axis. LeNet-5's paper counts biases: 122,304 in C1."""
    inside, biases = 37 * 37 * 256 * 384, 64_896
    for number, counted, excluded in (
        (149_520_384, False, False),
        (149_520_384 + biases, True, False),
        (inside, False, True),
        (inside + biases, True, True),
    ):
        text = f"layer,connections\nconv3,{number}\n"
        assert judge(text, biases=counted, exclude_padding=excluded) == [(True, "")]
    text = "layer connections\nconv3 149,520,384\n"
    assert judge(text, biases=True) == [(False, "biases are left out")]
    assert judge(text, exclude_padding=True) == [(False, "connections to padding are counted")]
    text = "layer connections\ntotal 340,908\n"  # LeCun et al. 1998; it has no padding
    assert judge(text, "lenet5", biases=True) == [(True, "")]
    assert judge(text, "lenet5") == [(False, "biases are counted")]
    assert _check("layer macs\nC1 122,304\n", "--biases", net="lenet5")[0] == 0


def test_json_has_every_number() -> None:
    code, lines = _check("layer,units,macs\nfc1,4096,177M\nfc2,4097,\n", "-f", "json")
    data = json.loads("\n".join(lines))
    assert code == 1
    assert [one["holds"] for one in data["answers"]] == [True, True, False]
    assert data["answers"][1] == {
        "layer": "fc1",
        "quantity": "connections",
        "line": 2,
        "number": 177_000_000,
        "rounded_to": 1_000_000,
        "right": 177_209_344,
        "holds": True,
        "slip": "",
    }
    assert data["missing"] == ["conv1", "conv2", "conv3", "conv4", "conv5", "output"]
    assert data["convention"]["biases"] is False


@pytest.mark.parametrize("form", ["table", "csv", "tsv", "markdown"])
@pytest.mark.parametrize("net", ["alexnet", "siamese", "googlenet"])
def test_tables_that_this_program_prints_hold(form: str, net: str) -> None:
    """With exact numbers, and with short ones."""
    report = api.count(api.load(net))
    for human in (False, True):
        if human and form in ("csv", "tsv"):
            continue  # which have none
        file = io.StringIO()
        write_results(file, table_results(report, TableLayout(form, human=human)), form)
        judged = judge_answers(report, read_answers(file.getvalue(), "t"))
        assert len(judged) >= 3 * 8
        assert [one for one in judged if not one.holds] == []


def test_unreadable_tables_and_idle_options_exit_2(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("layer,units\nfc9,1\n")
    table = str(tmp_path / "t.csv")
    for arguments, what in (
        (["--table", table], "the table's row 'fc9' (line 2) names no layer of AlexNet"),
        (["--table", str(tmp_path / "none")], "No such file"),
        (["--table", table, "--budget", "units=1"], "takes no --budget"),
        (["--biases"], "--biases says how a table counts"),
        (["--table", table, "--format", "junit"], "writes lines or json, no junit"),
    ):
        done = run("check", "alexnet", *arguments)
        assert done.returncode == 2, done
        assert what in done.stderr
        assert done.stderr.count("\n") == 2  # what, and a hint


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("fc1 1\nfc2 1\nfc1 2", "lines 2 and 4 of the table are both fc1"),
        ("fc1 1\nFC-1 1", "lines 2 and 3 of the table are both fc1"),
        ("total 1\nsum 1", "lines 2 and 3 of the table are both the total"),
        ("conv9 1", "the table's row 'conv9' (line 2) names no layer of AlexNet"),
        (f"{'c' * 5000} 1", "the table's row 'ccccc"),
    ],
)
def test_a_layer_twice_or_not_there(text: str, what: str) -> None:
    with pytest.raises(CnncostError) as caught:
        judge(f"layer units\n{text}\n")
    assert str(caught.value).startswith(what)
    assert caught.value.hint


def test_layers_of_almost_one_name() -> None:
    spec = (
        "input: [3]\nlayers: [{name: a_1, dense: 2}, {name: a1, dense: 3}, {name: sum, dense: 4}]\n"
    )
    report = api.count(api.loads(spec))
    table = read_answers("layer units\na_1 2\na1 3\nsum 4\n", "t")
    assert [one.holds for one in judge_answers(report, table)] == [True] * 3
    with pytest.raises(CnncostError, match=r"'A1' \(line 2\) may be a_1, a1 of"):
        judge_answers(report, read_answers("layer units\nA1 3\n", "t"))
