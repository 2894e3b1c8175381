"""Sweeps of any figure, over ranges and several networks, filtered, compared, plotted, in parts."""

from __future__ import annotations

import csv
import io
import json
import signal
import subprocess
import time
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from command import CNNCOST, run
from fuzz_suggest import called
from hypothesis import given, settings
from hypothesis import strategies as st

import cnncost
from cnncost.errors import CnncostError
from cnncost.study.condition import parse_condition
from cnncost.study.settings_sweep import Figure, SweepCase, SweepRow, find_efficient, parse_range
from cnncost.views.page_writers import write_records


def read_csv(*words: str) -> list[dict[str, str]]:
    done = run("sweep", *words, "--format", "csv")
    assert (done.returncode, done.stderr) == (0, "")
    return list(csv.DictReader(io.StringIO(done.stdout)))


@given(st.integers(0, 500), st.integers(0, 300), st.integers(1, 90), st.integers(0, 3))
def test_a_range_has_every_value_and_no_other(
    first: int, span: int, step: int, places: int
) -> None:
    """Against whole numbers of the last decimal's unit."""

    def write(number: int) -> str:
        return f"{number / 10**places:.{places}f}"

    values = parse_range(f"{write(first)}..{write(first + span)}:{write(step)}")
    expected = [Fraction(n, 10**places) for n in range(first, first + span + 1, step)]
    assert [Fraction(value) for value in values] == expected
    steps = parse_range(f"{write(first)}..{write(first + span)}")
    assert len(steps) == span + 1


@pytest.mark.parametrize("text", ["5..1", "1..x", "1..2:0", "1..2:-1", "0..1e9:0.001", "1..2:"])
def test_what_is_no_range(text: str) -> None:
    if text.endswith(":"):
        assert parse_range(text) == [text]
        return
    with pytest.raises(CnncostError, match=r"\.\."):
        parse_range(text)


FIGURES = st.none() | st.builds(Figure, st.integers(0, 4), st.booleans())


@settings(max_examples=300)
@given(st.lists(st.tuples(FIGURES, FIGURES), max_size=12))
def test_rows_that_no_other_beats(drawn: list[tuple[Figure | None, Figure | None]]) -> None:
    """By the definition: each other row is larger somewhere, or the same."""
    rows = [SweepRow(SweepCase("n", {"i": str(i)}), figures={"a": a, "b": b})
            for i, (a, b) in enumerate(drawn)]  # fmt: skip
    kept = find_efficient(rows, ["a", "b"])

    def point(row: SweepRow) -> tuple[float, float] | None:
        found = [row.figures[key] for key in "ab"]
        if any(figure is None or not figure.exact for figure in found):
            return None
        x, y = (figure.amount for figure in found if figure is not None)
        return x, y

    points = [point(row) for row in rows]
    for row, own in zip(rows, points, strict=True):
        beaten = own is None or any(
            other is not None and other != own and other[0] <= own[0] and other[1] <= own[1]
            for other in points
        )
        assert (row in kept) == (not beaten)


def test_bytes_are_those_of_memory_and_time_those_of_table() -> None:
    (row,) = read_csv(
        "mobilenet_v2", "--set", "alpha=0.5", "--batch", "4", "--columns",
        "sram,training_memory,flops,time", "--device", "i7_12700h",
    )  # fmt: skip
    spec = cnncost.load("mobilenet_v2", params={"alpha": Fraction(1, 2)})
    assert int(row["flops"]) == 2 * cnncost.count(spec).totals.connections
    seconds = cnncost.time(spec, "i7_12700h", 4).picoseconds
    assert row["time"].replace(".", "").lstrip("0") == str(seconds)
    report = run("memory", "mobilenet_v2", "--set", "alpha=0.5", "--batch", "4", "-f", "json")
    memory = json.loads(report.stdout)
    assert int(row["training_memory"]) in find_numbers(memory)
    assert int(row["sram"]) in find_numbers(memory)


def find_numbers(data: object) -> set[int]:
    """All whole numbers anywhere in JSON."""
    if isinstance(data, dict):
        return set().union(*map(find_numbers, data.values()))
    if isinstance(data, list):
        return set().union(*map(find_numbers, data))
    return {data} if isinstance(data, int) else set()


def test_several_networks_over_ranges_that_meet_conditions() -> None:
    rows = read_csv("mobilenet_v1", "mobilenet_v2", "--set", "alpha=0.5..1:0.25", "--where",
                    "weights<3M", "--where", "alpha>0.5", "--sort", "weights")  # fmt: skip
    # Howard et al. 2017, table 6: 0.75 has 2.6 M parameters; Sandler et al. 2018: 1.0 has 3.4 M
    assert [(row["network"], row["alpha"]) for row in rows] == [
        ("mobilenet_v2", "0.75"), ("mobilenet_v1", "0.75"),
    ]  # fmt: skip
    weights = [int(row["weights"]) for row in rows]
    assert all(a >= b for a, b in pairwise(weights))


def test_a_number_is_the_side_of_the_networks_own_input() -> None:
    sides = read_csv("mobilenet_v1", "--input", "128..224:96", "--columns", "connections")
    shapes = read_csv("mobilenet_v1", "--input", "3x128x128,3x224x224", "--columns", "connections")
    assert [row["connections"] for row in sides] == [row["connections"] for row in shapes]
    (signal_row,) = read_csv("m5", "--input", "8000", "--columns", "units")
    assert int(signal_row["units"]) > 0


@pytest.mark.parametrize("shape", ["0", "²", "1x0x8", "9" * 19, "1x²x8", "-3", "1x8", "2x8x8"])
def test_an_odd_shape_is_what_table_makes_of_it(shape: str) -> None:
    """A network of 1x1 convolutions alone takes any extent, if there is one."""
    text = "input: [1, 8, 8]\nlayers: [{conv: 2, kernel: 1}]\n"
    swept = run("sweep", "-", "--input", shape, "-f", "csv", text=text)
    whole = f"1x{shape}x{shape}" if shape.isascii() and shape.isdigit() else shape
    alone = run("table", "-", "--input", whole, "-f", "csv", "--total", text=text)
    assert "Traceback" not in swept.stderr
    assert swept.returncode == alone.returncode
    if alone.returncode == 0:
        total = alone.stdout.splitlines()[-1].split(",")
        row = swept.stdout.splitlines()[-1].split(",")
        assert (row[1], row[-1]) == (total[4], total[-1])


def test_a_number_is_the_length_of_a_vector() -> None:
    """Of 2 units on 8 and 9 numbers."""
    text = "input: [8]\nlayers: [{dense: 2}]\n"
    done = run("sweep", "-", "--input", "8,9", "--columns", "weights", "-f", "csv", text=text)
    assert done.stdout == "input,weights\n8,16\n9,18\n"


def test_jobs_and_lines_of_json_change_nothing() -> None:
    words = ("mobilenet_v1", "alexnet", "--input", "200..260:20", "--columns", "weights,memory")
    one = run("sweep", *words, "-f", "jsonl")
    two = run("sweep", *words, "-f", "jsonl", "--jobs", "2")
    assert (one.returncode, one.stdout, one.stderr) == (two.returncode, two.stdout, two.stderr)
    rows = [json.loads(line) for line in one.stdout.splitlines()]
    assert rows == json.loads(run("sweep", *words, "-f", "json").stdout)
    assert {row["network"] for row in rows} == {"mobilenet_v1", "alexnet"}


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_ctrl_c_keeps_what_is_done(tmp_path: Path, jobs: str) -> None:
    out = tmp_path / "rows.csv"
    words = ["resnet50", "--input", "64..90000", "--jobs", jobs, "-f", "csv"]
    with subprocess.Popen(
        [*CNNCOST, "sweep", *words, "-o", str(out)], cwd=tmp_path, stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:  # fmt: skip
        while not any(part.stat().st_size for part in tmp_path.glob(".cnncost-*")):
            time.sleep(0.1)  # until lines are there
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"Traceback" not in said
    lines = out.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("input,units")
    assert [line.partition(",")[0] for line in lines[1:]] == [
        str(64 + i) for i in range(len(lines) - 1)
    ]


@pytest.mark.parametrize("form", ["csv", "tsv"])
def test_ctrl_c_between_two_rows_keeps_them_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    written = []

    def write_some(*arguments: Any) -> None:
        if len(written) == 3:  # the header and two rows
            raise KeyboardInterrupt
        written.append(arguments)
        write_records(*arguments)

    monkeypatch.setattr("cnncost.views.page_writers.write_records", write_some)
    out = tmp_path / f"rows.{form}"
    words = ["sweep", "mobilenet_v1", "--set", "alpha=0.25,0.5,1", "-f", form, "-o", str(out)]
    with pytest.raises(KeyboardInterrupt):  # of which the program makes exit code 130
        called(*words)
    assert len(out.read_text(encoding="utf-8").splitlines()) == 3


@pytest.mark.parametrize("form", ["svg", "png", "pdf"])
def test_a_plot_of_two_columns(tmp_path: Path, form: str) -> None:
    pytest.importorskip("matplotlib")
    words = ("mobilenet_v1", "--set", "alpha=0.5..1:0.1", "--columns", "weights,damage")
    done = run("sweep", *words, "-o", f"plot.{form}", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    head = (tmp_path / f"plot.{form}").read_bytes()[:600]
    assert head.startswith({"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF"}[form])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--where weights", "--where weights: no condition\n"),
        ("--where wieghts<3", "--where wieghts<3: there is no wieghts\n  hint: did you mean 'weig"),
        ("--where weights<x", "--where weights<x: 'x' is no number\n"),
        ("--pareto weigths", "--pareto weigths: no such column\n  hint: did you mean 'weights'"),
        ("--sort x", "--sort x: no such column\n"),
        ("--dtype fp16", "--dtype changes no figure here\n"),
        ("--columns time", "the column time needs a device\n"),
        ("--columns weights -o p.svg", "a plot needs two columns\n"),
    ],
)
def test_what_is_refused(tmp_path: Path, words: str, said: str) -> None:
    done = run("sweep", "mobilenet_v1", "--set", "alpha=1", *words.split(), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(said)


@settings(max_examples=200)
@given(
    st.sampled_from(["<", "<=", ">", ">=", "="]), st.integers(0, 5000), st.integers(0, 5),
    st.sampled_from(["", "k"]),
)  # fmt: skip
def test_any_condition_says_what_its_sign_says(
    sign: str, amount: int, bound: int, suffix: str
) -> None:
    condition = parse_condition(f"weights {sign} {bound}{suffix}", ["weights"])
    limit = bound * (1000 if suffix else 1)
    expected = {"<": amount < limit, "<=": amount <= limit, ">": amount > limit,
                ">=": amount >= limit, "=": amount == limit}  # fmt: skip
    assert condition.holds(amount) == expected[sign]
