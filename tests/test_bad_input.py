"""Files that are no specs, and absurd ones: an error with its place, never a traceback.

How long they take and how much memory is measured by `benchmarks/bounds.py`.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import cnncost
from cnncost.errors import CnncostError, SpecError
from cnncost.language import nodes, read_spec


def refusal(text: str) -> str:
    with pytest.raises(SpecError) as caught:
        read_spec(text, "x.yaml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "{}:1:1: the spec is empty\n  hint: it needs input: and layers:"),
        (b"\xef\xbb\xbf", "{}:1:1: the spec is empty\n  hint: it needs input: and layers:"),
        (b"\x7fELF\0\0", "{}: a binary file, not a spec\n  hint: a spec is a YAML text"),
        (b"name: a\nnotes: caf\xe9\n", "{}:2:11: byte 0xe9 is not UTF-8 text\n"
                                       "  hint: save the file as UTF-8"),
        (b"#" * (10 * 2**20 + 1), "{}: larger than 10 MiB, so it is no spec"),
    ],
    ids=["empty", "only a mark", "binary", "Latin-1", "large"],
)  # fmt: skip
def test_no_spec(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(data)
    with pytest.raises(CnncostError) as caught:
        cnncost.load(path)
    assert str(caught.value) == message.format(path)


def test_a_directory(tmp_path: Path) -> None:
    with pytest.raises(CnncostError) as caught:
        cnncost.load(tmp_path)
    assert str(caught.value) == f"{tmp_path}: a directory, not a spec\n  hint: name a file in it"


def test_a_missing_file() -> None:
    with pytest.raises(CnncostError) as caught:
        cnncost.load("alexnett.yaml")
    assert str(caught.value) == (
        "alexnett.yaml: no such file, and no bundled network of that name\n"
        "  hint: did you mean 'alexnet'?"
    )


def test_a_byte_order_mark_and_windows_line_breaks(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"\xef\xbb\xbfinput: [3, 8, 8]\r\nlayers:\r\n  - relu\r\n  - dense: 7\r\n")
    spec = cnncost.load(path)
    relu, dense = spec.network.layers
    assert spec.text.line_column(relu.place.start) == (3, 5)
    assert spec.text.line_column(dense.place.start) == (4, 5)
    assert spec.text.read_span(dense.place) == "dense: 7"


def test_columns_count_characters() -> None:
    text = "name: Émile\ninput: [3]\nnotes: 'ÄÖ𝄞'\nlayers: [relu, 'ß', {dense: 0}]"
    assert refusal(text).splitlines()[::2] == [
        "x.yaml:4:16: unknown layer type 'ß'",
        "x.yaml:4:29: dense: units must be a whole number of at least 1, but is 0",
    ]


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "[{", "? "])
def test_ten_mebibytes_of_brackets(opening: str) -> None:
    text = (opening * (10 * 2**20 // len(opening)))[: 10 * 2**20]
    message = refusal(text)
    assert message.startswith("x.yaml:1:")
    assert len(message) < 2000


def test_many_bad_lines_are_counted() -> None:
    lines = refusal("input: [3]\nlayers:\n" + "- reluu\n" * 3000).splitlines()
    assert lines[0] == "x.yaml:3:3: unknown layer type 'reluu'"
    assert lines[38] == "x.yaml:22:3: unknown layer type 'reluu'"
    assert lines[40:] == ["and 2,980 more"]


def test_a_reading_stops_at_ten_thousand_problems() -> None:
    for line in ("- reluu\n", "- {dense: widht}\n", "- &a relu\n"):
        lines = refusal("input: [3]\nlayers:\n" + line * 10_001).splitlines()
        assert lines[-1] == "and 9,980 more, where the reading stopped"
        assert lines[0].startswith("x.yaml:3:")


def test_more_values_than_a_file_may_have() -> None:
    most = nodes.MOST_NODES
    nodes.MOST_NODES = 1000
    try:
        text = "input: [3]\nlayers: [" + "relu, " * 995 + "relu]"
        assert refusal(text) == (
            "x.yaml:2:5974: more than 1,000 values in one file\n"
            "  hint: use repeat and blocks for what recurs"
        )
    finally:
        nodes.MOST_NODES = most


def test_as_many_values_as_a_file_may_have() -> None:
    most = nodes.MOST_NODES
    nodes.MOST_NODES = 1000
    try:
        # The root, two keys, a list of one and a list: six, and 994 layers.
        text = "input: [3]\nlayers: [" + "relu, " * 993 + "relu]"
        assert len(read_spec(text, "x.yaml").network.layers) == 994
    finally:
        nodes.MOST_NODES = most


def test_nested_copies_end_at_the_bound() -> None:
    text = "input: [3]\nlayers: [{sequence: [{sequence: [{relu, repeat: 99999}], repeat: 99999}]}]"
    assert refusal(text) == (
        "x.yaml:2:34: more than 100,000 layers\n  hint: raise it with --max-layers"
    )


def test_from_the_command_line_as_well(tmp_path: Path) -> None:
    path = tmp_path / "brackets.yaml"
    path.write_text("[" * 10 * 2**20)
    done = subprocess.run(
        [sys.executable, "-m", "cnncost", "table", path.name],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stdout == ""
    # libyaml refuses the 1,001st itself from 0.2.6 on, before it hands out the 101st
    place = r"^brackets\.yaml:1:(101|1001): brackets nested more than 100 deep\n  hint: "
    assert re.match(place, done.stderr)
    assert "Traceback" not in done.stderr
