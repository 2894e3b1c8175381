"""`cnncost check --table`: a filled-in table held to the counts, and its slips named."""

from __future__ import annotations

from pathlib import Path

import pytest
from command import run

from cnncost.errors import CnncostError
from cnncost.formats.answer_table import read_answers

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


def test_known_slips_are_named() -> None:
    quantities = ("units", "weights", "connections")
    rows = [
        f"{layer}," + ",".join(str(number) if q == quantity else "" for q in quantities)
        for layer, quantity, number, _ in SLIPS
    ]
    _, lines = _check("layer,units,weights,connections\n" + "\n".join(rows))
    for (layer, quantity, number, words), line in zip(SLIPS, lines, strict=False):
        assert line.startswith(f"{layer}: {quantity} {number:,} is wrong, ")
        assert line.endswith(f" is right: {words}"), line


def test_a_number_that_two_slips_lead_to_names_both() -> None:
    """Two groups forgotten is a factor of two, and so are FLOPs."""
    _, lines = _check(f"layer connections\nconv2 {2 * 223_948_800}\n")
    assert lines[0].endswith(": FLOPs: two for each connection, or groups are forgotten")


def test_a_total_of_wrong_rows_follows_from_them() -> None:
    _, lines = _check("layer  weights\nfc2  16777215\noutput  4096000\ntotal  20873215\n")
    assert lines[1].endswith("200,415,264 is right: the sum of the table's own rows")


@pytest.mark.parametrize(
    "text",
    [
        "layer;units\nfc;4,096\n",
        "layer\tunits\nfc\t4096\n",
        "layer  units\nfc     4 096\n",
        "layer units\nfc 4,096\n",
        "| layer | Number of units |\n|---|---:|\n| **fc** | 64 x 64 |\n\nA caption | of it\n",
        'layer,units,weights\nfc,"4,096",?\n',
        " net  input 3\n\n layer   units\n ──────\n fc      4,096   █▍\n\n Words.\n",
    ],
)
def test_every_way_to_write_a_table(text: str) -> None:
    assert read_answers(text, "t") == (("fc", "units", 4096),)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("hello\n", "t: no table of counts: no row names units or weights"),
        ("layer,units\nfc,4,096\n", "t:2: 3 cells below 2 cells of headings"),
        ("layer,units\nfc,many\n", "t:2: 'many' is no whole number"),
        (
            "layer,units\nfc," + "9x" * 5000 + "9\n",
            "t:2: '9x9x9x9x9x9x9x9x9x9x9x9x9x9x9x9x9x9x9...'",
        ),
        ("", "t: no table of counts: no row names units or weights"),
    ],
)
def test_what_is_no_table(text: str, what: str) -> None:
    with pytest.raises(CnncostError) as caught:
        read_answers(text, "t")
    assert str(caught.value).startswith(what)
    assert caught.value.hint


def test_unreadable_tables_and_idle_options_exit_2(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("layer,units\nfc9,1\n")
    table = str(tmp_path / "t.csv")
    for arguments, what in (
        (["--table", table], "the table's row 'fc9' names no layer of AlexNet"),
        (["--table", str(tmp_path / "none")], "No such file"),
        (["--table", table, "--budget", "units=1"], "takes no --budget"),
        (["--table", table, "--format", "json"], "writes lines, no json"),
    ):
        done = run("check", "alexnet", *arguments)
        assert done.returncode == 2, done
        assert what in done.stderr
        assert done.stderr.count("\n") == 2  # what, and a hint
