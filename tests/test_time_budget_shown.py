"""Budgets of time on the command line: what is refused, what the page, the data and files say."""

from __future__ import annotations

import csv
import io
import json
import shlex
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from command import run
from suggested import SMALL

import cnncost
from cnncost.quantity import format_seconds, parse_seconds

DEVICE = """
device: by hand
runs: nothing
batch: {batch}
seconds: {seconds}
fitted: {{on: nothing, networks: 1, connections: [{least}, 1G]}}
"""

OVERHEADS = "{connections: 1e-9, units: 1e-8, window_reads: 2e-9, parameters: 1e-9, run: 1e-3}"


@pytest.fixture
def mine(tmp_path: Path) -> str:
    file = tmp_path / "mine.yaml"
    file.write_text(DEVICE.format(batch="[1, 64]", seconds=OVERHEADS, least="1k"))
    return str(file)


@pytest.fixture
def net(tmp_path: Path) -> str:
    file = tmp_path / "net.yaml"
    file.write_text(SMALL)
    return str(file)


TODAY = (
    1_000_000_000  # the run
    + 1000 * (221_184 + 1_179_648 + 524_288 + 1_280)  # connections: 16*16*27*32, 8*8*288*64, ...
    + 10_000 * (8_192 + 4_096 + 128 + 10)  # units of the layers with weights
    + 2_000 * (2_048 * 4)  # the pool makes 32x8x8 of windows of 4
    + 1000 * (864 + 18_432 + 524_288 + 1_280 + 32 + 64 + 128 + 10)  # weights and biases
)
"""Picoseconds of the small network at batch 1."""


def found(*arguments: str) -> dict[str, Any]:
    done = run("suggest", *arguments, "--format", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def picoseconds(seconds: float) -> int:
    return round(10**12 * seconds)


def test_data_are_in_seconds(mine: str, net: str) -> None:
    data = found(net, "--budget", "time=1.8ms", "--device", mine, "--batch", "1")
    assert picoseconds(data["before"]["time"]) == TODAY
    assert data["time"]["seconds"] == data["before"]["time"]
    assert data["time"]["batch"] == 1
    assert data["budgets"] == [{"metric": "time", "most": 0.0018, "before": data["before"]["time"]}]
    assert data["plan"]["after"]["time"] <= 0.0018
    assert data["plan"]["steps"][-1]["after"] == data["plan"]["after"]
    assert all(one["after"]["time"] > 0 for one in data["single_edits"])


def test_records_are_in_seconds_exactly(mine: str, net: str) -> None:
    done = run("suggest", net, "--budget", "time=60%", "--device", mine, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    today = cnncost.time(cnncost.load(net), mine).picoseconds
    assert Fraction(rows[0]["time"]) * 10**12 == today
    plan = [row for row in rows if row["part"] == "plan"]
    assert 100 * 10**12 * Fraction(plan[-1]["time"]) <= 60 * today


def test_the_page_has_durations(mine: str, net: str) -> None:
    page = run("suggest", net, "--budget", "time=1.8ms", "--device", mine, "--batch", "1").stdout
    row = next(line for line in page.splitlines() if line.strip().startswith("time "))
    assert row.split("   ")[0].strip() == "time"
    assert [cell.strip() for cell in row.split("  ") if cell.strip()] == [
        *("time", "3.61 ms", "1.80 ms", "1.81 ms")
    ]
    assert "Time: 3.61 ms at batch 1 on by hand (nothing), estimated." in page
    assert "saves time" in page
    assert " of the time, " in page


def test_the_written_file_holds_the_budget_as_the_command_beside_it_checks(
    mine: str, net: str, tmp_path: Path
) -> None:
    written = str(tmp_path / "small.yaml")
    budgets = ("--budget", "time=55%", "--budget", "weights=60%", "--batch", "4")
    done = run("suggest", net, *budgets, "--device", mine, "--write", written)
    assert done.returncode == 0
    spec = cnncost.load(written)
    assert list(spec.budget) == ["weights"]
    before, after = (cnncost.time(cnncost.load(path), mine, 4) for path in (net, written))
    assert 100 * after.picoseconds <= 55 * before.picoseconds
    said = done.stderr.splitlines()
    assert said[1] == (
        "time: a file's own budget has no time; this checks it at batch 4 on by hand (nothing):"
    )
    words = shlex.split(said[2])
    assert words[:3] == ["cnncost", "check", written]
    assert run(*words[1:]).returncode == 0
    tighter = ["time=1.1ms" if w.startswith("time=") else w for w in words]
    assert run(*tighter[1:]).returncode == 1
    assert "time=" in Path(written).read_text().splitlines()[0]


def test_bytes_at_another_scale_are_said_beside_time(mine: str, net: str, tmp_path: Path) -> None:
    written = str(tmp_path / "small.yaml")
    budgets = ("--budget", "time=55%", "--budget", "memory=70%", "--batch", "4")
    done = run("suggest", net, *budgets, "--device", mine, "--write", written)
    assert done.returncode == 0, done.stderr
    assert "budget" not in cnncost.load(written).text.text.split("\n", 1)[1]
    assert run(*shlex.split(done.stderr.splitlines()[2])[1:]).returncode == 0
    assert "batch 4, fp32; time batch 4 on by hand (nothing)" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("--budget", "time=2ms"), "a budget of time needs a device"),
        (("--pareto", "time"), "--pareto time needs a device"),
        (("--budget", "weights=50%", "--device", "MINE"), "--device changes no figure here"),
        (("--budget", "time=2ms", "--device", "no"), "no device is called 'no'"),
        (("--budget", "time=2", "--device", "MINE"), "time=2: '2' is no amount of time"),
        (("--budget", "time=0%", "--device", "MINE"), "time=0%: no network takes no time"),
        (("--budget", "time=1e-9ns", "--device", "MINE"), "time=1e-9ns: no network takes no time"),
        (("--budget", "time=1e9s", "--device", "MINE"), "time=1e9s: longer than any network takes"),
        (("--budget", "time=1e400s", "--device", "MINE"), "time=1e400s: longer than any network"),
        (("--budget", "time=-5%", "--device", "MINE"), "time=-5%: no share"),
        (("--budget", "time", "--device", "MINE"), "'time' is no budget"),
        (
            ("--budget", "time=1s", "--budget", "time=50%", "--device", "MINE"),
            "--budget time is given twice",
        ),
        (
            ("--budget", "time=50%", "--device", "MINE", "--dtype", "fp16"),
            "--dtype changes no figure here",
        ),
        (
            ("--budget", "time=50%", "--device", "MINE", "--batch", "10000000"),
            "net takes 20,670 s: too long to plan for",
        ),
        (
            ("--budget", "time=50%", "--device", "rtx4090"),
            "time of net is only a lower bound: no plan can be proved",
        ),
    ],
)
def test_what_is_refused(arguments: tuple[str, ...], what: str, mine: str, net: str) -> None:
    done = run("suggest", net, *(mine if word == "MINE" else word for word in arguments))
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.splitlines()[0].startswith(what)
    assert done.stderr.splitlines()[1].startswith("  hint: ")


def test_a_plan_below_what_was_measured_is_not_certain(net: str, tmp_path: Path) -> None:
    """The device was measured with networks of a million connections and more: that of the plan has
    fewer, and takes longer than its connections alone say."""
    device = tmp_path / "gpu.yaml"
    device.write_text(DEVICE.format(batch=1, seconds="{connections: 1e-9}", least="1M"))
    arguments = (net, "--budget", "time=20%", "--device", str(device))
    done = run("suggest", *arguments)
    assert done.returncode == 1
    text = " ".join(done.stdout.split())
    assert "its time is a lower bound, and whether it holds the budget is not known" in text
    assert "Saves at most 8" in text
    assert "time >= " not in text.split("The plan")[0]
    data = json.loads(run("suggest", *arguments, "--format", "json").stdout)
    assert data["plan"]["after"]["connections"] < 1_000_000
    assert data["complete"] is False
    within = run("suggest", net, "--budget", "time=70%", "--device", str(device))
    assert within.returncode == 0
    assert "lower bound" not in within.stdout


def test_a_budget_that_holds_already(mine: str, net: str) -> None:
    done = run("suggest", net, "--budget", "time=1s", "--device", mine)
    assert done.returncode == 0
    assert "Already met: time " in done.stdout


def test_a_budget_below_what_a_run_takes_is_out_of_reach(mine: str, net: str) -> None:
    done = run("suggest", net, "--budget", "time=0.9ms", "--device", mine, "--batch", "1")
    assert done.returncode == 1
    assert "No plan holds the budgets" in done.stdout
    assert "Out of reach: time." in done.stdout
    data = json.loads(
        run("suggest", net, "--budget", "time=0.9ms", "--device", mine, "--format", "json").stdout
    )
    assert data["reach"]["least"]["time"] > 0.001


def test_the_frontier_of_time(mine: str, net: str, tmp_path: Path) -> None:
    arguments = ("suggest", net, "--pareto", "time", "--device", mine, "--batch", "1")
    table = run(*arguments).stdout
    assert "today 3.61 ms" in table
    rows = list(csv.DictReader(io.StringIO(run(*arguments, "--format", "csv").stdout)))
    assert [Fraction(row["budget"]) * 10**12 for row in rows] == [
        TODAY * share // 100 for share in range(90, 0, -10)
    ]
    assert all(Fraction(row["time"]) <= Fraction(row["budget"]) for row in rows if row["score"])
    points = json.loads(run(*arguments, "--format", "json").stdout)
    assert [point["share"] for point in points] == list(range(90, 0, -10))
    assert points[0]["after"]["time"] <= points[0]["budget"] < 0.0036
    curve = tmp_path / "curve.svg"
    written = tmp_path / "small.yaml"
    done = run(*arguments, "-o", str(curve), "--pick", "2ms", "--write", str(written))
    assert done.returncode == 0, done.stderr
    assert "ms" in curve.read_text()
    assert cnncost.time(cnncost.load(written), mine, 1).seconds <= 0.002


def test_the_frontier_of_time_beside_flops(mine: str, net: str) -> None:
    arguments = ("--pareto", "flops", "--budget", "time=70%", "--device", mine)
    done = run("suggest", net, *arguments)
    assert done.returncode == 0, done.stderr
    assert "Least score by flops" in done.stdout


def test_what_connections_alone_would_save_is_said(net: str, tmp_path: Path) -> None:
    """Most of the time is that of reading 524,288 weights of a layer of as many connections."""
    device = tmp_path / "reader.yaml"
    seconds = "{connections: 1e-12, parameters: 1e-9}"
    device.write_text(DEVICE.format(batch=1, seconds=seconds, least="1k"))
    data = found(net, "--budget", "time=50%", "--device", str(device))
    other = data["by_connections"]
    assert other["share"] == 0.5
    assert 2 * other["after"]["connections"] <= data["before"]["connections"]
    saved = 100 - 100 * other["after"]["time"] / data["before"]["time"]
    assert saved < 49
    page = " ".join(
        run("suggest", net, "--budget", "time=50%", "--device", str(device)).stdout.split()
    )
    wanted = f"the best plan for 50 % of them saves {saved:.0f} % of the time, not 50 %, score"
    assert f"Connections alone: {wanted}" in page


def test_a_spec_s_own_budget_has_no_time(tmp_path: Path) -> None:
    file = tmp_path / "net.yaml"
    file.write_text(f"{SMALL}budget: {{time: 2ms}}\n")
    done = run("suggest", str(file))
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_an_amount_of_time_is_written_as_it_is_read() -> None:
    for amount in (1, 999, 1000, 1001, 10**6, 123_456_789, 10**12, 10**12 + 1, 999 * 10**12):
        assert parse_seconds(format_seconds(amount)) * 10**12 == amount
