"""Standard streams that are full, closed or abandoned: one line and exit 2, or 141 in a pipe."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from command import CNNCOST, run
from fork_server import run_forked
from system import PRINTING, commands, printing, said, shell

from cnncost.cli.main import COMMANDS

EVERY = list(printing())
NAMES = [" ".join(arguments) for arguments in EVERY]


def test_every_command_is_here() -> None:
    assert set(PRINTING) == set(COMMANDS)
    assert {arguments[0] for arguments in EVERY} == set(commands())


@pytest.mark.parametrize("arguments", EVERY, ids=NAMES)
def test_a_full_disk(arguments: tuple[str, ...]) -> None:
    with open("/dev/full", "wb") as full:
        done = run_forked(arguments, None, os.environ, output=full.fileno())
    assert said(done) == "standard output: No space left on device"


@pytest.mark.parametrize("command", commands())
def test_closed_output(command: str) -> None:
    assert said(shell('"$@" >&-', command, *PRINTING[command])) == "standard output is closed"


def abandoned(*arguments: str) -> tuple[int, bytes]:
    """Exit code and messages of a command whose standard output nobody reads from the start."""
    reading, writing = os.pipe()
    os.close(reading)
    with subprocess.Popen(
        [*CNNCOST, *arguments], stdin=subprocess.DEVNULL, stdout=writing, stderr=subprocess.PIPE
    ) as process:
        os.close(writing)
        _, messages = process.communicate(timeout=600)
    return process.returncode, messages


@pytest.mark.parametrize("command", commands())
def test_output_that_nobody_reads(command: str) -> None:
    assert abandoned(command, *PRINTING[command]) == (141, b"")


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("table", "--help"), ()])
def test_help_and_version(arguments: tuple[str, ...]) -> None:
    code = shell('"$@" > /dev/full', *arguments)
    assert said(code) == "standard output: No space left on device"
    assert abandoned(*arguments) == (141, b"")


@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_only_the_first_line_is_read(form: str) -> None:
    """This table is longer than what a pipe holds: the command ends while it writes."""
    script = '"$@" | head -1; exit ${PIPESTATUS[0]}'
    done = shell(script, "table", "densenet121", "--all", "--memory", "--format", form)
    assert done.returncode in (0, 141), done.stderr
    assert done.stdout.count(b"\n") == 1
    assert not done.stderr


@pytest.mark.parametrize("where", ["2>&-", "2>/dev/full"])
def test_messages_that_cannot_be_said(where: str) -> None:
    assert shell(f'"$@" {where}', "table", "no_such_network").returncode == 2
    assert shell(f'"$@" {where}', "table", "lenet5", "--bogus").returncode == 2
    done = shell(f'"$@" {where}', "table", "lenet5", "--format", "csv")
    assert done.returncode == 0
    assert done.stdout.decode() == run("table", "lenet5", "--format", "csv").stdout


def test_all_streams_are_closed(tmp_path: Path) -> None:
    assert shell('"$@" <&- >&- 2>&-', "table", "lenet5").returncode == 2
    done = shell('"$@" <&- >&- 2>&-', "table", "lenet5", "-o", "t.csv", "-f", "csv", cwd=tmp_path)
    assert done.returncode == 0  # no file got the number of a closed stream
    assert (tmp_path / "t.csv").read_text() == run("table", "lenet5", "--format", "csv").stdout


READING = [
    ("table", "-"), ("explain", "-"), ("suggest", "-"), ("compare", "lenet5", "-"),
    ("memory", "-"), ("sweep", "-", "--set", "a=1"), ("convert", "-", "-"), ("run", "minmax", "-"),
]  # fmt: skip


@pytest.mark.parametrize("arguments", READING, ids=" ".join)
def test_input_that_cannot_be_read(arguments: tuple[str, ...]) -> None:
    assert said(shell('"$@" <&-', *arguments)) == "standard input is closed"


BYTES = {
    "not UTF-8": (b"\xff\xfe3\x00", r"'\\xff\\xfe3\x00' is no number"),
    "NUL": (b"3\x00,1", r"'3\x00' is no number"),
    "a terminal's word": (b"\x1b[31m3,1", r"'\x1b[31m3' is no number"),
    "a long line": (b"3" * (10 * 2**20 + 1), "too long"),
}


@pytest.mark.parametrize("name", BYTES)
def test_values_that_are_no_text(name: str, tmp_path: Path) -> None:
    data, message = BYTES[name]
    (tmp_path / "values").write_bytes(data)
    done = shell('"$@" < values', "run", "minmax", "-", cwd=tmp_path)
    assert said(done) == f"standard input, line 1: {message}"


def test_values_with_a_mark_and_windows_line_ends(tmp_path: Path) -> None:
    (tmp_path / "values").write_bytes(b"\xef\xbb\xbf3,-1\r\n-2,7\r\n")
    done = shell('"$@" < values', "run", "minmax", "-", "--format", "csv", cwd=tmp_path)
    plain = run("run", "minmax", "-", "--format", "csv", text="3,-1\n-2,7\n")
    assert done.stdout.decode() == plain.stdout
    assert done.returncode == plain.returncode == 0


def test_a_spec_in_utf_16(tmp_path: Path) -> None:
    (tmp_path / "spec").write_bytes("input: [3]\nlayers: [{dense: 2}]\n".encode("utf-16"))
    done = shell('"$@" < spec', "table", "-", cwd=tmp_path)
    assert said(done) == "<stdin>: a binary file, not a spec"


def test_a_pipe_that_does_not_wait() -> None:
    """The reader is slow, and has told the pipe that writers shall not wait for it."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    arguments = ("table", "densenet121", "--all", "--format", "json", "--memory")
    with subprocess.Popen([*CNNCOST, *arguments], stdout=writing) as process:
        os.close(writing)
        time.sleep(1.0)
        with open(reading, "rb") as file:
            text = file.read()
        assert process.wait(60) == 0
    assert text.decode() == run(*arguments).stdout


def test_ctrl_c_on_a_full_disk() -> None:
    script = 'trap - INT; "$@" > /dev/full'
    with subprocess.Popen(
        ["bash", "-c", "exec " + script.partition("; ")[2], "bash", *CNNCOST, "table", "-"],
        stdin=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:  # fmt: skip
        time.sleep(1.5)
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=20)[1] == b"interrupted\n"
    assert process.returncode == 130
