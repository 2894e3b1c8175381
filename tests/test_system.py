"""What the system lends and withholds: memory, pipes as files, a home, numbers of any size."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest
from command import CNNCOST, run
from fuzz_files import cases, trouble, whole_files
from system import PRINTING, commands, options, said, shell

from cnncost import bundled

NUMBERS = [
    (command, option.opts[0], option.type_descriptor.annotation)
    for command in commands()
    for option in options(command)
    if not {int, float}.isdisjoint((option.type_descriptor.annotation,))
]


@pytest.mark.parametrize(("command", "option", "kind"), NUMBERS)
@pytest.mark.parametrize("number", ["9223372036854775808", "0", "-1", "nan", "inf"])
def test_numbers_out_of_range(command: str, option: str, kind: type, number: str) -> None:
    given = next(o for o in options(command) if option in o.opts)
    assert given.min is not None
    assert given.max is not None
    done = run(command, *PRINTING[command], f"{option}={number}")
    assert (done.returncode, done.stdout) == (2, "")
    assert option in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("limit", [30_000, 45_000, 60_000, 90_000])
@pytest.mark.parametrize("command", ["table", "suggest"])
def test_no_memory(command: str, limit: int) -> None:
    """KiB of address space: too few to import, to start numpy, or just enough."""
    done = shell(f'ulimit -v {limit}; "$@"', command, "lenet5")
    if done.returncode != 0:
        assert said(done)


def test_every_form_out_of_a_pipe(tmp_path: Path) -> None:
    """A pipe is read once, however often the command counts what it holds."""
    for ending, data in whole_files(tmp_path):
        name = f"net{ending}"
        (tmp_path / name).unlink(missing_ok=True)
        (tmp_path / "data").write_bytes(data)
        os.mkfifo(tmp_path / name)
        done = shell(f'cat data > {name} & "$@"', "table", name, "-f", "csv", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        (tmp_path / name).unlink()
        (tmp_path / name).write_bytes(data)
        assert done.stdout.decode() == run("table", name, "-f", "csv", cwd=tmp_path).stdout


@pytest.mark.parametrize("name", ["sweep", "suggest"])
def test_a_pipe_that_is_counted_often(name: str) -> None:
    spec = bundled.network_path("mobilenet_v1")
    further = ("--set", "alpha=0.5,1") if name == "sweep" else ("--set", "alpha=0.5")
    script = f'"$@" <(cat {spec}) {" ".join(further)} -f csv'
    done = shell(script, name)
    assert done.stdout.decode() == run(name, str(spec), *further, "-f", "csv").stdout
    assert done.stdout


def test_standard_input_by_its_path() -> None:
    spec = bundled.network_path("lenet5")
    for script in (f'"$@" < {spec}', f'cat {spec} | "$@"'):
        done = shell(script, "table", "/dev/stdin", "-f", "csv")
        assert done.stdout.decode() == run("table", "lenet5", "-f", "csv").stdout


@pytest.mark.parametrize("home", ["there", "missing", "unset"])
def test_draw_leaves_nothing_in_the_home(home: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    folder = tmp_path / "home"
    if home == "there":
        folder.mkdir()
    env = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "MPL", "HOME"))}
    env |= {} if home == "unset" else {"HOME": str(folder)}
    before = _cache()
    done = subprocess.run(
        [*CNNCOST, "draw", "lenet5", "-o", "-", "-f", "svg"],
        capture_output=True, env=env, check=False, cwd=tmp_path, timeout=600,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    assert [path.name for path in tmp_path.rglob("*")] == ["home"] * (home == "there")
    assert _cache() == before


def _cache() -> bool:
    return (Path.home() / ".cache" / "matplotlib").exists()


def test_draw_keeps_its_fonts_in_the_cache_that_is_named(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    done = shell('"$@" > /dev/null', "draw", "lenet5", "-f", "svg", "-o", "-",
                 XDG_CACHE_HOME=str(tmp_path), MPLCONFIGDIR="")  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    (folder,) = tmp_path.iterdir()
    assert folder.name == "matplotlib"
    assert stat.S_ISDIR(folder.stat().st_mode)


def test_damaged_files(tmp_path: Path) -> None:
    """A short run of `fuzz_files.py`, whose cases the seed settles."""
    found = {case.number: trouble(case, tmp_path) for case in cases(1, 200, tmp_path)}
    assert not {number: said for number, said in found.items() if said}
