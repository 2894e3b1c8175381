"""`cnncost fit` and `cnncost boards` as they are used: one screen, several boards, exit codes."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from command import run

from cnncost.device_files import BOARDS, list_device_files

ROOT = Path(__file__).parent.parent


def _fit(*arguments: str, folder: Path | None = None) -> tuple[int, str, str]:
    done = run("fit", *arguments, cwd=folder, XDG_CONFIG_HOME=str(folder or "/nowhere"))
    return done.returncode, done.stdout, done.stderr


def test_one_screen_for_one_board() -> None:
    code, out, err = _fit("mlperf_tiny_ic", "--board", "nucleo-l4r5zi")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert len(lines) <= 45
    assert max(map(len, lines)) <= 80
    assert "It fits NUCLEO-L4R5ZI (STM32L4R5ZI)." in out
    assert "stack1.second.conv1 binds SRAM" in out


@pytest.mark.parametrize(("arguments", "code", "said"), [
    (("--sram", "60KiB"), 0, "It fits"),
    (("--sram", "56KiB"), 1, "It may fit"),  # an arena of 55.2 KiB, within 3.1 %
    (("--sram", "50KiB"), 1, "It does not fit a board of SRAM 50KiB: too little SRAM."),
    (("--flash", "64KiB", "--sram", "1KiB"), 1, "too little SRAM and flash"),
    (("--board", "nucleo-l4r5zi", "--budget", "time=1s"), 0, "It fits"),
    (("--board", "NUCLEO_L4R5ZI", "--budget", "time=1s"), 0, "It fits"),
    (("--board", "nucleo-l4r5zi", "--budget", "time=1ms"), 1, "too little time"),
    (("--board", "nucleo-l4r5zi", "--budget", "time=200ms"), 1, "It may fit"),
    (("--board", "nucleo-l4r5zi", "--budget", "energy=1uJ"), 1, "too little energy"),
    (("--board", "nucleo-l4r5zi", "--budget", "sram=10KiB"), 1, "too little SRAM"),
])  # fmt: skip
def test_exit_codes(arguments: tuple[str, ...], code: int, said: str) -> None:
    found, out, err = _fit("mlperf_tiny_ic", *arguments)
    assert (found, err) == (code, "")
    assert said in out


def test_several_boards_are_rows_and_one_that_fails_fails_all() -> None:
    words = ("nucleo-l4r5zi", "disco-f746ng", "nucleo-g0b1re", "ek-ra6m4", "nrf5340-dk",
             "stm32h747i-disco")  # fmt: skip
    boards = [part for word in words for part in ("--board", word)]
    code, out, _ = _fit("mlperf_tiny_vww", *boards, "-f", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 0
    assert [row["board"] for row in rows] == list(words)
    assert all(row["sram_needed"] == "102931" for row in rows)
    assert rows[0]["flash_has"] == str(2 * 2**20)
    code, out, _ = _fit("mobilenet_v1", "--set", "alpha=0.25", *boards)
    assert code == 1
    assert "It fits 3 of 6 boards" in out


def test_a_board_of_ones_own(tmp_path: Path) -> None:
    text = "board: mine\nsram: 64KiB\ncore: xtensa\nclock: 240M\nengines: {nn: [3, 4]}\n"
    (tmp_path / "mine.yaml").write_text(text)
    own = tmp_path / "cnncost" / "boards"
    own.mkdir(parents=True)
    (own / "other.yaml").write_text("board: other\nflash: 1MiB\n")
    code, out, err = _fit("mlperf_tiny_kws", "--board", "mine.yaml", "-f", "json", folder=tmp_path)
    assert (code, err) == (0, "")
    (found,) = json.loads(out)["boards"]
    assert found["engines"] == ["nn"]
    # c from 3 to 4 cycles of (2,656,768 + 27 x 72,012 + 0.6 x 22,016) at 240 MHz.
    work = 2_656_768 + 27 * 72_012 + 0.6 * 22_016
    assert found["needs"]["time"]["least"] == pytest.approx(3 * 0.82 * work / 240e6, rel=1e-6)
    assert found["needs"]["time"]["most"] == pytest.approx(4 * 1.21 * work / 240e6, rel=1e-6)
    code, out, err = _fit("mlperf_tiny_kws", "--board", "other", folder=tmp_path)
    assert (code, err) == (0, "")
    assert "The time on other is not known" in out


def test_a_layer_of_unknown_cost_may_not_fit(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("input: [3, 8, 8]\nlayers: [{opaque: {output: [3, 8, 8]}}]\n")
    code, out, _ = _fit("a.yaml", "--board", "nucleo-l4r5zi", folder=tmp_path)
    assert code == 1
    assert "It may fit" in out
    assert ">=" in out


@pytest.mark.parametrize(("arguments", "message", "hint"), [
    ((), "fit needs a board", "nucleo-l4r5zi"),
    (("--board", "nucleo_l4r5z"), "no board is called", "nucleo-l4r5zi"),
    (("--board", "x.yaml"), "no such file", "cnncost boards"),
    (("--board", "ek-ra6m4", "--board", "ek-ra6m4"), "is given twice", "keep one"),
    (("--board", "ek-ra6m4", "--sram", "1KiB"), "--board and --sram", "file"),
    (("--sram", "1"), "its unit is missing", "1MiB"),
    (("--sram", "1KiB", "--core", "cortex-m5", "--mhz", "1"), "--core cortex-m5", "cortex-m"),
    (("--sram", "1KiB", "--core", "cortex-m4"), "time needs --core and --mhz", "--mhz 120"),
    (("--sram", "1KiB", "--mw", "5"), "changes no figure", "--core"),
    (("--sram", "1KiB", "--engine", "hale"), "changes no figure", "--core"),
    (("--board", "ek-ra6m4", "--mw", "5-4"), "no power in milliwatts", "33-74"),
    (("--board", "ek-ra6m4", "--engine", "cmsis-n"), "no cycles of 'cmsis-n'", "cmsis-nn"),
    (("--board", "ek-ra6m4", "--budget", "ram=1KiB"), "unknown metric", "sram"),
    (("--board", "ek-ra6m4", "--budget", "time=1s", "--budget", "time=2s"), "twice", "keep"),
    (("--sram", "1KiB", "--budget", "time=1s"), "changes no figure", "--core"),
    (("--board", "nrf5340-dk", "--budget", "energy=1mJ"), "energy is not known", "--mw"),
])  # fmt: skip
def test_usage_errors(arguments: tuple[str, ...], message: str, hint: str) -> None:
    code, out, err = _fit("mlperf_tiny_ic", *arguments)
    said, _, hinted = err.partition("\n")
    assert (code, out) == (2, "")
    assert message in said
    assert hint in hinted


def test_the_list_of_boards_fits_80_columns(tmp_path: Path) -> None:
    done = run("boards", XDG_CONFIG_HOME="/nowhere")
    assert (done.returncode, done.stderr) == (0, "")
    assert max(map(len, done.stdout.splitlines())) <= 80
    found = json.loads(run("boards", "-f", "json", XDG_CONFIG_HOME="/nowhere").stdout)
    assert [entry["name"] for entry in found] == list(list_device_files(BOARDS))
    printed = run("boards", "ek-ra6m4", XDG_CONFIG_HOME="/nowhere").stdout
    assert printed == (ROOT / "boards" / "ek-ra6m4.yaml").read_text()
    wrong = run("boards", "nothing", XDG_CONFIG_HOME="/nowhere")
    assert (wrong.returncode, wrong.stdout) == (2, "")
