"""The transcripts of the README and of the pages in docs/: each command is run and must print what
stands below it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tflite_files import keywords

README = Path(__file__).parent.parent / "README.md"

DOCS = README.parent / "docs"
PAGES = (
    README,
    *(
        DOCS / f"{name}.md"
        for name in (
            "suggest",
            "tutorial",
            "how_to",
            "time",
            "microcontrollers",
            "exam",
            "assignment",
            "report",
        )
    ),
)

WRONG = """\
input: [3, 32, 32]
layers:
  - {conv: 16, kernal: 3}
  - {maxpol: 2}
  - {conv: multiple(32*1.5, 8), kernel: 3}
  - {name: out, dense: 1_000}
"""
"""The file of the README's example of mistakes."""


def transcripts(text: str) -> list[tuple[str, str]]:
    """Each command of the console blocks and what it prints."""
    found = []
    for block in re.findall(r"^```console\n(.*?)^```$", text, re.M | re.S):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output))
    return found


def run(command: str, folder: Path) -> str:
    """What a command prints on an 80-column pipe, messages and data together."""
    (folder / "cnncost").write_text(
        f"#!/bin/sh\nexec {sys.executable} -c 'from cnncost.cli import main; main()' \"$@\"\n"
    )
    (folder / "cnncost").chmod(0o755)
    text = README.read_text(encoding="utf-8")
    (folder / "tiny.yaml").write_text(re.findall(r"^```yaml\n(.*?)^```$", text, re.M | re.S)[0])
    (folder / "wrong.yaml").write_text(WRONG)
    (folder / "keywords.tflite").write_bytes(keywords())
    lesson = (DOCS / "tutorial.md").read_text(encoding="utf-8")
    (folder / "mine.yaml").write_text(re.findall(r"^```yaml\n(.*?)^```$", lesson, re.M | re.S)[0])
    if "xor.yaml" in command:
        page = (DOCS / "exam.md").read_text(encoding="utf-8")
        (spec,) = (
            one for one in re.findall(r"^```yaml\n(.*?)^```$", page, re.M | re.S) if "step" in one
        )
        (folder / "xor.yaml").write_text(spec)
    if "fit plan.yaml" in command:  # which an earlier command of the page writes
        page = (DOCS / "microcontrollers.md").read_text(encoding="utf-8")
        (before,) = (one for one, _ in transcripts(page) if "--write plan.yaml" in one)
        run(before, folder)
    env = {
        **os.environ,
        "PATH": f"{folder}:{os.environ['PATH']}",
        "COLUMNS": "80",
        "PYTHONIOENCODING": "utf-8",
    }
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=env, check=False, encoding="utf-8",
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    return done.stdout


@pytest.mark.parametrize(
    ("command", "expected"),
    [found for page in PAGES for found in transcripts(page.read_text(encoding="utf-8"))],
)
def test_transcript(command: str, expected: str, tmp_path: Path) -> None:
    """A command without anything below it must succeed."""
    if expected.strip():
        assert run(command, tmp_path) == expected
    else:
        assert run(f"{command} > /dev/null; echo $?", tmp_path) == "0\n"


def test_the_python_example(capsys: pytest.CaptureFixture[str]) -> None:
    text = README.read_text(encoding="utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S)
    exec(compile(code, str(README), "exec"), {})
    assert capsys.readouterr().out.splitlines()[:2] == ["863867424", "conv1 96x55x55 34848"]


def test_the_first_screen_holds_the_two_set_up_commands() -> None:
    screen = README.read_text(encoding="utf-8").splitlines()[:30]
    commands = [line for line in screen if line.startswith("python3 -m venv")]
    assert commands[0].split()[-3:] == [
        ".venv/bin/cnncost",
        "table",
        "alexnet",
    ]
    assert commands[1].endswith("pytest")
