"""How a filled-in table is read: every way to write one, and whatever else is pasted."""

from __future__ import annotations

import json
import random

import pytest

from cnncost import api
from cnncost.cli.check_table import decode_table
from cnncost.errors import CnncostError
from cnncost.formats.answer_number import read_number
from cnncost.formats.answer_table import read_answers
from cnncost.study.table_slips import judge_answers
from cnncost.views.answers_page import answer_lines, answers_data


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
        "layer units\n___ ___\n\n=====\nfc 4_096\n\nIn words.\n",
        "layer units\nfc 4\u202f096\n",
        "layer\u00a0units\nfc\u00a0\u00a04'096\n",
        "\ufefflayer | units\nfc | 64 \u00d7 64 = 4\u2019096\n",
        "layer,units\r\nfc,4096.0\r\n",
        "layer;units;\nfc;4.096;\n",
        "layer,units\nfc,4.096k\n",
        "layer,units (K)\nfc,4.096\n",
        "layer,units\nfc,4096\nlayer,units\n",
    ],
)
def test_every_way_to_write_a_table(text: str) -> None:
    (answer,) = read_answers(text, "t")
    assert answer[:3] == ("fc", "units", 4096)
    assert "fc" in text.splitlines()[answer.line - 1]
    assert answer.step == 1


def test_what_is_no_answer() -> None:
    """The columns are Keras' and torchinfo's; 0.0M rounds any number below 50,000."""
    table = "Layer (type)  Output Shape  Param #     Mult-Adds (M)\n"
    table += "fc1           4,096         --          0.0\n"
    table += "fc2           4,096         16,781,312\n"
    (answer,) = read_answers(table, "t")
    assert answer[:4] == ("fc2", "parameters", 4096 * 4096 + 4096, 3)


@pytest.mark.parametrize(
    ("text", "number", "step"),
    [
        ("105.4M", 105_400_000, 100_000),
        ("105,4 m", 105_400_000, 100_000),
        ("105 million", 105_000_000, 1_000_000),
        ("1.0e8", 100_000_000, 10_000_000),
        ("0.8639B", 863_900_000, 100_000),
        ("105.415.200", 105_415_200, 1),
        ("105_415_200", 105_415_200, 1),
        ("34.848", 34_848, 1),
    ],
)
def test_a_number_and_what_its_last_digit_counts(text: str, number: int, step: int) -> None:
    assert read_number(text, "t:2") == (number, step)


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
        ("layer,units (k)\nfc,'4,096'\n", "t:2: 3 cells below 2 cells"),
        ("layer;units (k)\nfc;4,096\n", "t:2: '4,096' may be two numbers"),
        ("layer;units\nfc;1.2345k\n", "t:2: '1.2345k' is no whole number"),
        ("layer units\nfc 1\n\nfc2 1 2\n", "t:4: 3 cells below 2 cells of headings"),
    ],
)
def test_what_is_no_table(text: str, what: str) -> None:
    with pytest.raises(CnncostError) as caught:
        read_answers(text, "t")
    assert str(caught.value).startswith(what)
    assert caught.value.hint


def test_a_tables_bytes() -> None:
    text = "layer\tunits\r\nfc\t4096\r\n"
    assert decode_table(text.encode("utf-16"), "t") == text
    assert decode_table(text.encode("utf-8-sig"), "t") == text
    for data, what in (
        (b"\0\1", "t: a binary file, not a table"),
        (b"\xff\xfe\0", "t: a binary file, not a table"),
        (b"layer,units\nfc\xa0,1", "t:2:3: byte 0xa0 is not UTF-8 text"),
    ):
        with pytest.raises(CnncostError) as caught:
            decode_table(data, "t")
        assert str(caught.value).startswith(what)


SCRAPS = (
    *("layer", "units", "# Weights", "macs (G)", "conv1", "fc1", "Convolution Layer 2", "total"),
    *(
        "34,848",
        "105.4M",
        "1e99",
        "4096k",
        "96 x 55 x 55",
        "= 3",
        "9" * 40,
        "0",
        "-1",
        "?",
        "",
        "٣",
    ),
    *(
        "|",
        ",",
        ";",
        "\t",
        "  ",
        " ",
        "\n",
        "\n\n",
        "\r",
        "---",
        "\u2028",
        "\u00a0",
        "\x00",
        "\x85",
    ),
    *(
        '"',
        "'",
        "\ufeff",
        "(",
        "[",
        "layer units\n",
        "layer,units,macs\n",
        "\nconv2,1,1\n",
        "\ud800",
    ),
)


@pytest.mark.parametrize("seed", range(20))
def test_whatever_is_pasted_never_ends_in_a_traceback(seed: int) -> None:
    """Half of the tables begin as one does, so that rows of scraps follow."""
    draw = random.Random(seed)
    report = api.count(api.load("alexnet"), biases=bool(seed % 2))
    failed: list[str] = []
    for _ in range(100):
        start = draw.choice(("", "layer,units\n", "layer units macs\n", "|layer|flops|\n"))
        mark = start.strip("layer\n")[:1]
        rows = [mark.join(draw.choices(SCRAPS, k=draw.randint(1, 4))) for _ in range(4)]
        text = start + draw.choice(("\n", "")).join(rows)
        try:
            judged = judge_answers(report, read_answers(text, "t"))
        except CnncostError as error:
            failed.append(error.what)
            continue
        assert all(line.count("\n") == 0 for line in answer_lines(report, judged))
        assert json.dumps(answers_data(report, judged))
    assert len(failed) < 100
    assert not any("\n" in what for what in failed)
