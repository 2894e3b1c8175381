"""Times and rooflines as the commands show them: columns that add up, rows, lines, figures."""

from __future__ import annotations

import csv
import io
import json
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from command import run
from terminal import shown as shown_on_terminal

import cnncost
from cnncost.timing.roofline import place_layers
from cnncost.views.amounts import Duration, as_duration, at_least, bare_text, readable_text
from cnncost.views.draw.roofline_plot import draw_roofline

MARKS = re.compile(r"\x1b\[[0-9;]*m")

DEVICE = """
device: by hand
runs: nothing
batch: [1, 64]
seconds: {connections: 1e-9, units: 1e-6, other_units: 1e-7, run: 1e-3}
fitted: {on: nothing, networks: 1, median_error: 0.1, interval: [0.5, 2]}
peak: {macs: 8G, bytes: 1G, source: a test}
"""


@pytest.fixture
def mine(tmp_path: Path) -> str:
    file = tmp_path / "mine.yaml"
    file.write_text(DEVICE)
    return str(file)


def table(*arguments: str) -> list[dict[str, str]]:
    done = run("table", *arguments, "--format", "csv")
    assert (done.returncode, done.stderr) == (0, "")
    return list(csv.DictReader(io.StringIO(done.stdout)))


def shown(*arguments: str) -> Any:
    done = run(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


LENET = 332824 * 1e-9 + 8094 * 1e-6
"""LeNet-5's connections and units (without biases' uses) at the costs above."""


def test_the_column_adds_up(mine: str) -> None:
    rows = table("lenet5", "--time", "--device", mine, "--total", "--all")
    *layers, total = [Fraction(row["time"]) for row in rows]
    activations = Fraction(rows[-1]["time"]) - sum(layers)
    assert activations == Fraction(1, 1000)  # the run's own
    assert float(total) > LENET + 1e-3


@pytest.mark.parametrize("further", [[], ["--depth", "1"], ["--top", "3", "--sort", "time"]])
def test_rows_of_people_add_up(mine: str, further: list[str]) -> None:
    data = shown("table", "resnet18", "--time", "--device", mine, "-f", "json", "--all", *further)
    assert sum(layer["time"] for layer in data["layers"]) + 1e-3 == pytest.approx(
        data["time"]["seconds"], rel=1e-9
    )
    if "--sort" in further:
        times = [layer["time"] for layer in data["layers"]]
        assert times[:3] == sorted(times, reverse=True)[:3] or times[3] == max(times)


def test_json_has_the_interval(mine: str) -> None:
    data = shown("table", "lenet5", "--time", "--device", mine, "-f", "json", "--batch", "2")
    time = data["time"]
    assert time["batch"] == 2
    assert time["low"] == pytest.approx(time["seconds"] / 2)
    assert time["high"] == pytest.approx(time["seconds"] * 2)
    assert time["complete"] is True


def test_the_terminal_says_what_the_time_is_of(mine: str) -> None:
    done = run("table", "lenet5", "--time", "--device", mine)
    said = " ".join(done.stdout.split())
    assert "per example at batch 1 on by hand (nothing), estimated (median error 10 %" in said
    assert "90 % interval" in said
    assert "norms and others" in said


@pytest.mark.parametrize("name", ["alexnet", "resnet50", "efficientnet_b0", "densenet121"])
@pytest.mark.parametrize("further", [[], ["--roofline"]])
def test_tables_fit_80_columns_with_every_time(name: str, further: list[str]) -> None:
    code, text = shown_on_terminal(
        "table", name, "--time", "--device", "rtx4090", *further, columns=80
    )
    lines = [line.rstrip() for line in MARKS.sub("", text).splitlines()]
    assert code == 0
    assert max(map(len, lines)) <= 80
    report = cnncost.count(cnncost.load(name))
    times = cnncost.time(report.network, "rtx4090").layers
    for row in report.layers:
        if row.counted:
            line = next(line for line in lines if line.split()[:1] == [row.name])
            assert line.endswith(as_duration(times[row.node.index]))


def test_unknown_layers_give_a_lower_bound(mine: str, tmp_path: Path) -> None:
    spec = tmp_path / "net.yaml"
    spec.write_text(
        "input: [3, 8, 8]\nlayers:\n- conv: 4\n  kernel: 1\n- opaque: {output: [4, 8, 8]}\n"
    )
    done = run("table", str(spec), "--time", "--device", mine)
    line = next(line for line in done.stdout.splitlines() if "total" in line)
    assert ">= " in line
    assert "1 layer of unknown costs: at least that time." in " ".join(done.stdout.split())
    checked = run("check", str(spec), "--budget", "time=1s", "--device", mine)
    assert checked.returncode == 1
    assert "time at least 1.51 ms" in checked.stdout  # 768 connections, 512 outputs, the run


def test_a_budget_of_time_holds_or_is_missed(mine: str) -> None:
    seconds = cnncost.time(cnncost.load("lenet5"), mine).seconds
    for amount, code, word in (
        (f"{seconds * 1e3 * 1.01:.6f}ms", 0, "within"),
        (f"{seconds * 1e6 * 0.99:.3f}us", 1, "FAILED"),
    ):
        done = run("check", "lenet5", "--budget", f"time={amount}", "--device", mine)
        assert done.returncode == code, done.stdout
        assert word in done.stdout
    both = run(
        "check", "lenet5", "--budget", "time=1s", "--budget", "weights=1M", "--device", mine,
        "--batch", "4",
    )  # fmt: skip
    assert both.returncode == 0
    assert "at batch 4" in both.stdout
    twice = run("check", "lenet5", "--budget", "time=1s", "--budget", "time=2s", "--device", mine)
    assert twice.returncode == 2
    assert "time is given twice" in twice.stderr


def test_sweep_has_a_column_of_time(mine: str) -> None:
    arguments = ("sweep", "mobilenet_v1", "--set", "alpha=0.5,1", "--columns", "connections,time")
    done = run(*arguments, "--device", mine, "-f", "csv")
    half, whole = csv.DictReader(io.StringIO(done.stdout))
    for row, alpha in ((half, Fraction(1, 2)), (whole, 1)):
        spec = cnncost.load("mobilenet_v1", params={"alpha": alpha})
        assert float(row["time"]) == cnncost.time(spec, mine).seconds
    people = run(*arguments, "--device", mine)
    assert "Time per example at batch 1 on by hand" in " ".join(people.stdout.split())


def test_compare_has_a_row_of_time(mine: str) -> None:
    first, second = (cnncost.time(cnncost.load(name), mine) for name in ("lenet5", "alexnet"))
    done = run("compare", "lenet5", "alexnet", "--time", "--device", mine)
    line = next(line for line in done.stdout.splitlines() if line.startswith(" time"))
    for amount in (first.picoseconds, second.picoseconds, second.picoseconds - first.picoseconds):
        assert as_duration(amount) in line
    data = shown("compare", "lenet5", "alexnet", "--time", "--device", mine, "-f", "json")
    assert [one["time"]["seconds"] for one in data["networks"]] == [first.seconds, second.seconds]


# Amounts of time


@pytest.mark.parametrize(
    ("picoseconds", "text", "bare"),
    [
        (0, "0 s", "0.000000000000"),
        (999, "999 ps", "0.000000000999"),
        (999_499, "999 ns", "0.000000999499"),
        (999_500, "1.00 us", "0.000000999500"),
        (9_994_999, "9.99 us", "0.000009994999"),
        (9_996_000, "10.0 us", "0.000009996000"),
        (123_456_789_000, "123 ms", "0.123456789000"),
        (2 * 10**12, "2.00 s", "2.000000000000"),
        (12_345 * 10**12, "12,345 s", "12345.000000000000"),
    ],
)
def test_times_have_three_digits_and_are_exact_for_programs(
    picoseconds: int, text: str, bare: str
) -> None:
    assert readable_text(Duration(picoseconds)) == text
    assert bare_text(Duration(picoseconds)) == bare
    assert readable_text(at_least(Duration(picoseconds))) == f">= {text}"


# The roofline


def test_a_layer_under_the_roof_by_hand(mine: str) -> None:
    """LeNet's F6: 120 x 84 = 10,080 multiply-accumulates; 120 inputs, 84 outputs, 10,164
    parameters, 4 bytes each: 41,472 bytes. The ridge is at 8 MACs a byte."""
    rows = {row["layer"]: row for row in table("lenet5", "--roofline", "--device", mine)}
    assert float(rows["F6"]["intensity"]) == pytest.approx(10080 / 41472, abs=5e-4)
    assert rows["F6"]["bound"] == "memory"
    assert float(rows["F6"]["peak_percent"]) == pytest.approx(1008000 / 41472 / 8, abs=5e-4)
    sixteen = table("lenet5", "--roofline", "--device", mine, "--batch", "16")
    found = next(row for row in sixteen if row["layer"] == "F6")
    assert float(found["intensity"]) == pytest.approx(161280 / (16 * 816 + 40656), abs=5e-4)


def test_a_layer_beyond_the_ridge_is_bound_by_computing(mine: str) -> None:
    device = cnncost.load_device(mine)
    roof = place_layers(cnncost.load("resnet18").network, device, 1)
    points = [point for point in roof.points if point is not None]
    assert {point.bound for point in points} == {"compute", "memory"}
    for point in points:
        assert (point.bound == "compute") == (point.intensity >= 8)
        assert point.share == min(1, point.intensity / 8)


@pytest.mark.parametrize("name", ["alexnet", "resnet50", "densenet121", "m5"])
def test_the_plot_names_every_layer_in_a_key_within_the_sheet(name: str) -> None:
    pytest.importorskip("matplotlib")
    from test_draw import labels

    spec, device = cnncost.load(name), cnncost.load_device("rtx4090")
    report = cnncost.count(spec)._replace(
        time=cnncost.time(spec, device, 256), roof=place_layers(spec.network, device, 256)
    )
    file = io.BytesIO()
    draw_roofline(file, report, "svg", 85)
    texts = [label.text for label in labels(file.getvalue())]
    keys = [text for text in texts if re.fullmatch(r"\d+  \S.*", text)]
    numbers = [text for text in texts if text.isdigit()]
    assert {key.split("  ")[0] for key in keys} <= set(numbers)
    size = re.search(r'viewBox="0 0 (\S+) (\S+)"', file.getvalue().decode())
    assert size
    for label in labels(file.getvalue()):
        assert label.left >= 0, label
        assert label.top >= 0, label
        assert label.right <= float(size[1]), label
        assert label.bottom <= float(size[2]), label


def test_draw_writes_the_roofline_and_a_panel_of_time(mine: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    for further in (["--roofline"], ["--bars"]):
        file = tmp_path / f"{further[0]}.svg"
        done = run("draw", "lenet5", "-o", str(file), *further, "--device", mine)
        assert (done.returncode, done.stderr) == (0, "")
        assert "<svg" in file.read_text()
    assert ">time<" in file.read_text()
