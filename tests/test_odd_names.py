"""Names that hold control characters, line ends, bytes that are not UTF-8, turns of direction."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
import yaml
from system import said, shell

import cnncost
from cnncost.cli.main import COMMANDS
from cnncost.errors import CnncostError, make_printable
from cnncost.views.page_writers import WRITERS

EVIL = "\x1b[31mx\x07\u202eevil\x85\u2028\u2066"
SHOWN = r"\x1b[31mx\x07\u202eevil"
SPEC = (
    'name: "\\e[31mx\\a\\u202eevil\\N\\L\\u2066"\n'
    'source: "\\e[2Jsource"\nnotes: "\\e[2Jnotes\\u202e"\n'
    "params: {a: 1}\ninput: [1, 8, 8]\nlayers: [{name: c, conv: 4, kernel: 3}, {dense: 10}]\n"
)
ODD = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain Ω é 網 \u00a0\u3000\U0001f600", "plain Ω é 網 \u00a0\u3000\U0001f600"),
        ("a\nb\rc\td", r"a\nb\rc\td"),
        ("\x1b[31m\x00\x7f\x9b", r"\x1b[31m\x00\x7f\x9b"),
        ("\u202eabc\u2066\u200f", r"\u202eabc\u2066\u200f"),
        (b"\xff".decode(errors="surrogateescape"), r"\xff"),
        ("\ud800", r"\ud800"),
    ],
)
def test_printable(text: str, shown: str) -> None:
    assert make_printable(text) == shown
    assert make_printable(shown) == shown


def test_a_message_is_one_line() -> None:
    assert str(CnncostError("a\nb\x1b", "c\nd")) == "a\\nb\\x1b\n  hint: c\\nd"


CALLS = {  # but for tsv, which has tabs of its own
    "table": [(f,) for f in WRITERS if f != "tsv"],
    "explain": [(f,) for f in WRITERS if f != "tsv"],
    "compare": [("table",), ("json",)],
    "memory": [("table",), ("json",), ("html",)],
    "sweep": [("table",)],
}


@pytest.mark.parametrize(("command", "form"), [(c, f) for c, fs in CALLS.items() for (f,) in fs])
def test_a_name_in_a_spec(command: str, form: str, tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(SPEC)
    further = {"compare": ("net.yaml",), "sweep": ("--set", "a=1,2")}.get(command, ())
    arguments = (command, "net.yaml", *further, "--format", form)
    done = shell('"$@"', *arguments, cwd=tmp_path, PYTHONIOENCODING="utf-8")
    assert not ODD.search(done.stdout.decode() + done.stderr.decode())


@pytest.mark.parametrize("form", ["yaml", "pytorch", "keras", "mermaid", "dot"])
def test_a_name_in_another_form(form: str, tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(SPEC)
    flat = ["--flat"] if form == "yaml" else []
    arguments = ("convert", "net.yaml", "-", "--to", form, *flat)
    done = shell('"$@"', *arguments, cwd=tmp_path, PYTHONIOENCODING="utf-8")
    assert done.returncode == 0, done.stderr
    text = done.stdout.decode()
    assert not ODD.search(text)
    if form == "yaml":
        assert cnncost.loads(text).name == cnncost.loads(SPEC).name
    elif form in ("pytorch", "keras"):
        compile(text, "net.py", "exec")


def test_a_name_as_json_and_svg(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(SPEC)
    done = shell('"$@"', "table", "net.yaml", "-f", "json", cwd=tmp_path)
    assert json.loads(done.stdout)["name"].startswith(SHOWN)
    pytest.importorskip("matplotlib")
    drawn = shell('"$@"', "draw", "net.yaml", "-f", "svg", "-o", "-", cwd=tmp_path)
    import xml.etree.ElementTree as ElementTree

    assert SHOWN in "".join(ElementTree.fromstring(drawn.stdout).itertext())


FILE = b"x\nparams: {evil: 1}\n#\x1b[31m\xff\xe2\x80\xae.yaml"
FILE_SHOWN = r"x\nparams: {evil: 1}\n#\x1b[31m\xff\u202e.yaml"


def test_a_file_name_in_a_comment(tmp_path: Path) -> None:
    """The comment of provenance holds the name of the file, and nothing gets out of it."""
    (tmp_path / os.fsdecode(FILE)).write_text(SPEC)
    call = ("suggest", FILE, "--budget", "weights=90%", "--write", "out.yaml")
    done = shell('"$@"', *call, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "out.yaml").read_text()
    assert text.startswith(f"# cnncost suggest: {FILE_SHOWN}, weights=")
    assert yaml.safe_load(text)["params"] == {"a": 1}
    assert not ODD.search(text.replace("\x07", ""))


@pytest.mark.parametrize("command", [name for name in COMMANDS if name not in ("draw", "verify")])
def test_a_file_name_in_messages(command: str, tmp_path: Path) -> None:
    further = {
        "compare": ("lenet5",), "sweep": ("--set", "a=1"), "convert": ("-",), "run": ("1",),
        "fit": ("--board", "nucleo-l4r5zi"), "report": ("-o", "-"),
    }.get(command, ())  # fmt: skip
    done = shell('"$@"', command, FILE, *further, cwd=tmp_path, PYTHONIOENCODING="utf-8")
    assert FILE_SHOWN.replace("\\", "\\") in said(done) or command == "zoo"
    assert not ODD.search(done.stdout.decode() + done.stderr.decode())


def test_a_file_name_is_the_network_name(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(FILE)).write_text(SPEC.partition("\n")[2])
    spec = cnncost.load(tmp_path / os.fsdecode(FILE))
    assert spec.name == FILE_SHOWN.removesuffix(".yaml")


@pytest.mark.parametrize("path", ["x" * 300 + ".yaml", "x/" * 3000 + ".yaml"])
def test_a_name_that_no_file_has(path: str) -> None:
    assert said(shell('"$@"', "table", path)) == f"{path}: File name too long"
    done = shell('"$@"', "check", path, "lenet5")
    assert done.stdout.decode().splitlines()[1].startswith("lenet5: ok")


@pytest.mark.parametrize("option", ["--format", "--set", "--input", "--columns", "--\x1b[31m"])
def test_options_that_are_typed_so(option: str) -> None:
    done = shell('"$@"', "table", "lenet5", option, f"a=1{EVIL}", PYTHONIOENCODING="utf-8")
    assert done.returncode == 2
    assert not ODD.search(done.stderr.decode())
