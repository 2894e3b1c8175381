"""`cnncost check` for programs: JSON, JUnit, annotations; and budgets that follow a network."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from command import run
from hypothesis import given, settings
from hypothesis import strategies as st
from small import SMALL

from cnncost.errors import CnncostError
from cnncost.views.check_lines import CheckedFile
from cnncost.views.check_reports import REPORTS

FAILING = f"{SMALL}expect: {{weights: 71}}\nbudget:\n  weights: 72\n  connections: 200\n"
"""Of 72 weights and 162 + 54 connections: the figure and the second budget are missed."""
BROKEN = "input: [1]\nlayers: [convv]\n"


def write_files(folder: Path) -> None:
    (folder / "failing.yaml").write_text(FAILING, encoding="utf-8")
    (folder / "broken, 100%.yaml").write_text(BROKEN, encoding="utf-8")
    (folder / "good.yaml").write_text(SMALL, encoding="utf-8")


FILES = ("failing.yaml", "broken, 100%.yaml", "good.yaml", "missing.yaml")


def test_annotations_stand_at_the_line_of_the_figure(tmp_path: Path) -> None:
    write_files(tmp_path)
    done = run("check", *FILES, "--format", "github", cwd=tmp_path)
    line = len(SMALL.splitlines())
    assert done.returncode == 2
    assert done.stdout.splitlines() == [
        "failing.yaml: FAILED: weights 72, expected 71 (+1); connections 216, budget 200 (16 over)",
        f"::error file=failing.yaml,line={line + 1},col=19::weights 72, expected 71 (+1)",
        f"::error file=failing.yaml,line={line + 4},col=16::connections 216, budget 200 (16 over)",
        "broken, 100%.yaml: INVALID: 2:10: unknown layer type 'convv'",
        "::error file=broken%2C 100%25.yaml,line=2,col=10::unknown layer type 'convv'"
        "%0Ahint: did you mean 'conv'?",
        "good.yaml: ok (valid; no expect, no budget)",
        "missing.yaml: INVALID: no such file, and no bundled network of that name",
        "::error::missing.yaml: missing.yaml: no such file, and no bundled network of that name"
        "%0Ahint: cnncost zoo lists the bundled networks",
    ]


def test_junit_has_one_test_per_figure_and_file(tmp_path: Path) -> None:
    write_files(tmp_path)
    done = run("check", *FILES, "--format", "junit", "-o", "report.xml", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    suite = ElementTree.parse(tmp_path / "report.xml").getroot()[0]
    counts = {key: suite.get(key) for key in ("tests", "failures", "errors")}
    assert counts == {"tests": "7", "failures": "2", "errors": "2"}
    cases = [(case.get("classname"), case.get("name"), len(case)) for case in suite]
    assert cases == [
        ("failing.yaml", "expect weights", 1),
        ("failing.yaml", "budget weights", 0),
        ("failing.yaml", "budget connections", 1),
        ("failing.yaml", "valid", 0),
        ("broken, 100%.yaml", "valid", 1),
        ("good.yaml", "valid", 0),
        ("missing.yaml", "valid", 1),
    ]
    error = suite[4][0]
    assert (error.get("message"), error.text) == (
        "line 2: unknown layer type 'convv'",
        "did you mean 'conv'?",
    )


def test_json_says_what_was_found_of_each_file(tmp_path: Path) -> None:
    write_files(tmp_path)
    done = run("check", *FILES[:3], "--format", "json", cwd=tmp_path)
    failing, broken, good = json.loads(done.stdout)
    assert [one["outcome"] for one in (failing, broken, good)] == ["failed", "invalid", "ok"]
    assert failing["figures"][2] == {
        "section": "budget", "metric": "connections", "value": 216, "budget": 200, "holds": False,
    }  # fmt: skip
    assert broken["faults"] == [
        {"what": "unknown layer type 'convv'", "hint": "did you mean 'conv'?", "line": 2,
         "column": 10}
    ]  # fmt: skip
    assert good == {"file": "good.yaml", "outcome": "ok", "figures": [], "faults": []}


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.text(), st.text(min_size=1), st.text(), st.booleans()), max_size=4))
def test_any_name_and_fault_can_be_written(drawn: list[tuple[str, str, str, bool]]) -> None:
    """Each report can be read back; what the user wrote is text in it, and never more."""
    from io import StringIO

    from cnncost.errors import make_printable

    found = [
        CheckedFile(make_printable(name), make_printable(name) if there else "", None,
                    error=CnncostError(what, hint))
        for name, what, hint, there in drawn
    ]  # fmt: skip
    for form, write in REPORTS.items():
        file = StringIO()
        write(file, found)
        if form == "json":
            read = json.loads(file.getvalue())
            assert [one["file"] for one in read] == [one.name for one in found]
        elif form == "junit":
            suite = ElementTree.fromstring(file.getvalue())[0]
            assert [case.get("classname") for case in suite] == [one.name for one in found]
        else:
            commands = [x for x in file.getvalue().split("\n") if x.startswith("::error")]
            assert len(commands) >= len(found)
            assert file.getvalue().count("\n") == 2 * len(found)


RATCHET = f"{SMALL}budget: {{weights: 1k, connections: 216, sram: 1KiB}}  # what it may take\n"


def test_a_ratchet_lowers_budgets_to_what_the_network_takes(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(RATCHET, encoding="utf-8")
    done = run("check", "net.yaml", "--ratchet", cwd=tmp_path)
    assert done.returncode == 0
    text = path.read_text(encoding="utf-8")
    head, _, last = text.rpartition("budget: ")
    assert head == SMALL
    assert last.startswith("{weights: 72, connections: 216, sram: ")
    assert last.endswith("B}  # what it may take\n")
    assert "net.yaml: budget of weights 1,000 -> 72\n" in done.stderr
    again = run("check", "net.yaml", "--ratchet", cwd=tmp_path)
    assert (again.returncode, again.stderr) == (0, "")
    assert path.read_text(encoding="utf-8") == text


def test_a_ratchet_leaves_a_file_alone_that_fails(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(f"{SMALL}budget: {{weights: 1k, connections: 215}}\n", encoding="utf-8")
    before = path.read_bytes()
    assert run("check", "net.yaml", "--ratchet", cwd=tmp_path).returncode == 1
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("net.yaml --budget weights=3", "--ratchet lowers a spec's own budgets"),
        ("net.yaml --input 1x9x9", "--ratchet takes a network as its file has it"),
        ("- net.yaml", "--ratchet: standard input cannot be changed"),
        ("net.yaml alexnet", "--ratchet: alexnet, which is no file, cannot be changed"),
    ],
)
def test_what_a_ratchet_refuses(tmp_path: Path, words: str, said: str) -> None:
    (tmp_path / "net.yaml").write_text(SMALL, encoding="utf-8")
    done = run("check", *words.split(), "--ratchet", cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
