"""The command line as users meet it: real processes, pipes, files and a real terminal."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from acceptance import ACCEPTANCE
from command import run
from small import SMALL
from terminal import in_terminal

from cnncost.cli.main import COMMANDS

# Pipes, terminals, encodings


def test_a_closed_pipe_ends_quietly() -> None:
    command = (
        f"{sys.executable} -c 'from cnncost.cli import main; main()' table alexnet | head -n 3"
    )
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 3


def test_ascii_output() -> None:
    done = run("table", "alexnet", PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert done.stdout.isascii()
    assert "863,867,424" in done.stdout


def test_no_color_and_colour() -> None:
    assert "\x1b[1m" in in_terminal("table", "alexnet")
    assert "\x1b[36m" not in in_terminal("table", "alexnet", NO_COLOR="1")
    assert "\x1b" not in run("table", "alexnet").stdout


def test_standard_input() -> None:
    done = run("table", "-", "-f", "csv", text=SMALL)
    assert done.stdout.splitlines()[1] == "c,conv,1x5x5,2x3x3,18,18,2,162"


def test_set_and_input(tmp_path: Path) -> None:
    (tmp_path / "n.yaml").write_text(
        "input: [1, 8, 8]\nparams: {width: 4}\nlayers: [{name: c, conv: width, kernel: 3}]\n"
    )
    done = run("table", "n.yaml", "--set", "width=6", "--input", "2x5x5", "-f", "csv", cwd=tmp_path)
    assert done.stdout.splitlines()[1] == "c,conv,2x5x5,6x3x3,54,108,6,972"


def test_warnings_go_to_standard_error() -> None:
    spec = "input: [1, 5, 5]\nblocks: {unused: [relu]}\nlayers: [{conv: 1, kernel: 1}]\n"
    done = run("table", "-", "-f", "json", text=spec)
    assert done.returncode == 0
    assert json.loads(done.stdout)["name"]
    assert "unused" in done.stderr


# Files


def test_output_is_whole_or_nothing(tmp_path: Path) -> None:
    assert run("table", "alexnet", "-f", "csv", "-o", "out.csv", cwd=tmp_path).returncode == 0
    assert (tmp_path / "out.csv").read_text() == ACCEPTANCE
    again = run("table", "alexnet", "-f", "csv", "-o", "out.csv", cwd=tmp_path)
    assert again.returncode == 2
    assert again.stderr == "out.csv exists\n  hint: --force writes over it\n"
    forced = run("table", "lenet5", "-f", "csv", "-o", "out.csv", "--force", cwd=tmp_path)
    assert forced.returncode == 0
    assert (tmp_path / "out.csv").read_text() != ACCEPTANCE
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


def test_unwritable_output(tmp_path: Path) -> None:
    done = run("table", "alexnet", "-o", "nowhere/out.txt", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("nowhere/out.txt: No such file or directory\n")
    assert run("table", "alexnet", "-o", ".", cwd=tmp_path).returncode == 2


# Wrong use


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["table", "alexnett"], "did you mean 'alexnet'?"),
        (["table", "alexnet", "--columns", "unit"], "did you mean 'units'?"),
        (["table", "alexnet", "--sort", "type"], "no column of numbers"),
        (["table", "alexnet", "--set", "alpha=1"], "has no such parameter"),
        (["table", "alexnet", "--set", "alpha"], "NAME=NUMBER is due"),
        (["table", "alexnet", "--input", "3x2y"], "as in --input 3x192x192"),
        (["table", "alexnet", "--input", "left=3x2x2"], "no input called 'left'"),
        (["table", "alexnet", "--input", "3x9x9"], "the window reaches"),
        (["table", "alexnet", "-f", "json", "--human"], "--human is for people"),
        (["table", "alexnet", "-f", "xml"], "xml"),
        (["table", "alexnet", "--max-layers", "3"], "more than 3 layers"),
        (["table"], "ARCH"),
        (["tabel"], "Did you mean 'table'?"),
        (["zoo", "lenet"], "did you mean 'lenet5'?"),
        (["check", "alexnet", "--budget", "flavour=3"], "unknown metric 'flavour'"),
        (["check", "alexnet", "--budget", "weights=lots"], "is not an amount"),
        (["check", "alexnet", "--budget", "weights=-5"], "is negative"),
        (["check", "alexnet", "--budget", "weights=1", "--budget", "weights=2"], "given twice"),
    ],
)
def test_wrong_use_exits_with_2_and_a_message(arguments: list[str], message: str) -> None:
    done = run(*arguments, COLUMNS="200")
    assert done.returncode == 2
    assert message in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help_with_examples(command: str) -> None:
    done = run(command, "--help")
    assert done.returncode == 0
    assert f"cnncost {command} " in done.stdout.partition("Examples")[2]


def test_version() -> None:
    from cnncost import __version__

    assert run("--version").stdout == f"cnncost {__version__}\n"


# Completion


def test_completion_of_commands_formats_and_networks() -> None:
    def complete(words: str) -> list[str]:
        done = run(_CNNCOST_COMPLETE="complete_zsh", _TYPER_COMPLETE_ARGS=words, _NAME="cnncost")
        return re.findall(r'"([^":]+)', done.stdout)

    assert "table" in complete("cnncost ta")
    assert "alexnet" in complete("cnncost table alex")
    assert "markdown" in complete("cnncost table alexnet --format mark")
