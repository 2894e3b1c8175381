"""Where output goes: links, devices, pipes, modes, full disks, names that no file can have."""

from __future__ import annotations

import os
import resource
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from command import CNNCOST, run
from system import QUICK_CALIBRATION, commands, options, said, shell

EVERY = {
    "convert": ("lenet5", "{}", "--to", "yaml"),
    "draw": ("lenet5", "-f", "svg", "-o", "{}"),
    "report": ("lenet5", "-o", "{}"),
    "sweep": ("mobilenet_v1", "--set", "alpha=0.5,1", "-o", "{}"),
    "compare": ("lenet5", "alexnet", "-o", "{}"),
    "run": ("minmax", "3,-1", "-o", "{}"),
    "layers": ("conv", "-o", "{}"),
    "zoo": ("-o", "{}"),
    "devices": ("-o", "{}"),
    "boards": ("-o", "{}"),
    "fit": ("mlperf_tiny_ad", "--board", "nucleo-l4r5zi", "-o", "{}"),
    "calibrate": ("mine", "-o", "{}", *QUICK_CALIBRATION),
    **dict.fromkeys(("table", "explain", "suggest", "memory", "check"), ("lenet5", "-o", "{}")),
}
"""Arguments with which each command writes a file."""

WRITE = ("suggest", "lenet5", "--budget", "weights=90%", "--write", "{}")

CALLS = [
    *((name, *arguments) for name, arguments in EVERY.items() if name in commands()),
    WRITE,
]


def into(call: tuple[str, ...], path: str | bytes) -> list[str | bytes]:
    return [path if word == "{}" else word for word in call]


def test_every_command_that_writes_is_here() -> None:
    writing = {name for name in commands() if any("--output" in o.opts for o in options(name))}
    assert writing | {"convert"} == {name for name in EVERY if name in commands()}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    assert not list(tmp_path.glob(".cnncost-*"))  # nothing half written is left


@pytest.mark.parametrize("call", CALLS, ids=" ".join)
def test_a_full_device(call: tuple[str, ...]) -> None:
    assert said(shell('"$@"', *into(call, "/dev/full"))) == "/dev/full: No space left on device"
    assert stat.S_ISCHR(os.stat("/dev/full").st_mode)


@pytest.mark.parametrize("call", CALLS, ids=" ".join)
def test_a_device_stays_one(call: tuple[str, ...], folder: Path) -> None:
    link = folder / "null"
    link.symlink_to("/dev/null")
    for arguments in (into(call, str(link)), [*into(call, str(link)), "--force"]):
        done = shell('"$@"', *arguments)
        assert done.returncode == 0, done.stderr
    assert link.is_symlink()
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


@pytest.mark.parametrize("call", CALLS, ids=" ".join)
def test_a_name_that_is_too_long(call: tuple[str, ...], folder: Path) -> None:
    path = "x" * 300
    assert said(shell('"$@"', *into(call, path), cwd=folder)) == f"{path}: File name too long"


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("x/" * 3000 + "x", "File name too long"),
        ("none/x", "No such file or directory"),
        ("file/x", "No such file or directory"),
        (".", "a directory"),
        ("new/", "a directory"),
    ],
    ids=["longer than a path", "no folder", "a file as a folder", "here", "to be a folder"],
)
def test_names_that_no_file_can_have(path: str, reason: str, folder: Path) -> None:
    (folder / "file").write_text("")
    done = shell('"$@"', "table", "lenet5", "-o", path, cwd=folder)
    assert said(done) == f"{path}: {reason}"
    assert [path.name for path in folder.iterdir()] == ["file"]


@pytest.mark.parametrize("name", [b"\xff\xfe.csv", b"a\nb\x1b[31m.csv", "Ω.csv".encode()])
def test_odd_names(name: bytes, folder: Path) -> None:
    call = ("table", "lenet5", "-f", "csv", "-o", "{}")
    assert shell('"$@"', *into(call, name), cwd=folder).returncode == 0
    assert os.listdir(os.fsencode(folder)) == [name]
    assert said(shell('"$@"', *into(call, name), cwd=folder)).endswith(".csv exists")


def test_a_link_stays_one(folder: Path) -> None:
    target, link = folder / "target.csv", folder / "link.csv"
    target.write_text("old")
    link.symlink_to(target.name)
    assert run("table", "lenet5", "-f", "csv", "-o", str(link)).returncode == 2
    assert target.read_text() == "old"
    assert run("table", "lenet5", "-f", "csv", "-o", str(link), "--force").returncode == 0
    assert link.readlink() == Path(target.name)
    assert target.read_text() == run("table", "lenet5", "-f", "csv").stdout


def test_a_link_to_a_file_that_is_not_there_yet(folder: Path) -> None:
    link = folder / "link.csv"
    link.symlink_to("new.csv")
    assert run("table", "lenet5", "-f", "csv", "-o", str(link)).returncode == 0
    assert link.is_symlink()
    assert (folder / "new.csv").read_text() == run("table", "lenet5", "-f", "csv").stdout


def test_a_link_to_itself(folder: Path) -> None:
    (folder / "loop").symlink_to("loop")
    done = shell('"$@"', "table", "lenet5", "-o", "loop", cwd=folder)
    assert said(done) == "loop: Too many levels of symbolic links"


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o755])
def test_the_mode_stays(mode: int, folder: Path) -> None:
    path = folder / "t.csv"
    path.write_text("old")
    path.chmod(mode)
    owner = (os.stat(path).st_uid, os.stat(path).st_gid)
    if os.geteuid() == 0:
        os.chown(path, *(owner := (12345, 23456)))
    assert run("table", "lenet5", "-f", "csv", "-o", str(path), "--force").returncode == 0
    found = os.stat(path)
    assert stat.S_IMODE(found.st_mode) == mode
    assert (found.st_uid, found.st_gid) == owner


def test_a_new_file_has_the_mode_of_the_umask(folder: Path) -> None:
    done = shell('umask 027; "$@"', "table", "lenet5", "-o", "t", cwd=folder)
    assert done.returncode == 0
    assert stat.S_IMODE((folder / "t").stat().st_mode) == 0o640


def test_a_pipe_with_a_name(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    done = shell('cat pipe & "$@"; wait', "table", "lenet5", "-f", "csv", "-o", "pipe", cwd=folder)
    assert done.stdout.decode() == run("table", "lenet5", "-f", "csv").stdout
    assert stat.S_ISFIFO((folder / "pipe").stat().st_mode)


def small_files() -> None:
    """For a process to be: no file that it writes may be larger than 100 bytes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))


@pytest.mark.parametrize("call", CALLS, ids=" ".join)
@pytest.mark.parametrize("there", [True, False], ids=["over a file", "a new file"])
def test_a_disk_that_fills(call: tuple[str, ...], there: bool, folder: Path) -> None:
    path = folder / "out"
    if there:
        path.write_text("old")
    if call[0] in ("run", "check"):
        call = (*call, "-f", "json")  # longer than 100 bytes
    done = subprocess.run(
        [*CNNCOST, *into(call, "out"), *["--force"] * there],
        capture_output=True, cwd=folder, check=False, preexec_fn=small_files, timeout=600,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert said(done) == "out: File too large"
    assert [(file.name, file.read_text()) for file in folder.iterdir()] == [("out", "old")] * there


AS_NOBODY = """
import os, encodings.utf_8_sig
from cnncost.cli import main as start
from cnncost.cli.main import app
app(["table", "lenet5", "-f", "csv", "-o", os.devnull], standalone_mode=False)  # imports all
if os.geteuid() == 0:  # whom no mode keeps out
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
start()
"""


@pytest.mark.parametrize("what", ["folder", "file"])
def test_no_permission(what: str, folder: Path) -> None:
    """A folder in which nothing may be made, and a file that may not be written."""
    for above in (folder, folder.parent, folder.parent.parent):
        above.chmod(0o755)
    path = folder / "t.csv"
    if what == "file":
        path.write_text("old")
        path.chmod(0o444)
        folder.chmod(0o777)
    else:
        folder.chmod(0o555)
    done = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, "table", "-", "-f", "csv", "-o", str(path), "--force"],
        input=b"input: [3]\nlayers: [{dense: 2}]\n",
        capture_output=True, check=False, timeout=600,
    )  # fmt: skip
    folder.chmod(0o755)
    assert said(done) == f"{path}: Permission denied"
    assert [file.name for file in folder.iterdir()] == ["t.csv"] * (what == "file")
