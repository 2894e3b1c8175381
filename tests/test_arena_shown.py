"""What shows an arena: `memory --embedded`, `draw --arena` and `compare --board`."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from command import run

import cnncost
from cnncost.costs.memory import measure_embedded
from cnncost.device_files import load_board

CHAIN = """\
input: [4, 8, 8]
layers:
- {name: a, conv: 6, kernel: 3, padding: 1}
- {name: r, relu: }
- {name: d, depthwise_conv: 3, padding: 1}
- {name: b, conv: 2, kernel: 1}
"""
"""256 bytes, 384 of a and of d, 128 of b; a needs 4 x 36 = 144 bytes of scratch."""


@pytest.fixture
def chain(tmp_path: Path) -> Path:
    path = tmp_path / "chain.yaml"
    path.write_text(CHAIN)
    return path


def test_the_timeline_by_hand(chain: Path) -> None:
    done = run("memory", str(chain), "--embedded", "-f", "csv")
    assert (done.returncode, done.stderr) == (0, "")
    assert list(csv.reader(io.StringIO(done.stdout))) == [
        ["operator", "type", "fused", "live_bytes", "lower_bound", "in_place", "top"],
        # d is placed at 0, being the last of the largest, and a behind it. The input lies where d
        # will be, which leaves 128 bytes: too few for the scratch, which lies behind a.
        ["a", "conv", "r", str(256 + 384 + 144), "640", "640", str(384 + 384 + 144)],
        ["d", "depthwise_conv", "", "768", "768", "384", "768"],
        ["b", "conv", "", "512", "512", "512", "512"],
    ]


def test_the_map_has_every_buffer_where_it_lies(chain: Path) -> None:
    lines = run("memory", str(chain), "--embedded").stdout.splitlines()
    maps = {line.split()[0]: line.split("|")[1] for line in lines if "|" in line}
    room = len(maps["a"])
    for step, buffers in {
        "a": {"A": (0, 256), "B": (384, 768), "+": (768, 912)},
        "d": {"B": (384, 768), "C": (0, 384)},
        "b": {"C": (0, 384), "D": (384, 512)},
    }.items():
        assert len(maps[step]) == room
        for sign, (low, high) in buffers.items():
            share = maps[step].count(sign) / room
            assert share == pytest.approx((high - low) / 912, abs=1.5 / room), (step, sign)
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("columns", ["80", "200"])
@pytest.mark.parametrize("name", ["mlperf_tiny_vww", "mlperf_tiny_ic", "resnet50", "lenet5"])
def test_lines_have_room(name: str, columns: str) -> None:
    done = run("memory", name, "--embedded", COLUMNS=columns)
    assert done.returncode == 0
    assert max(map(len, done.stdout.splitlines())) <= int(columns)
    assert sum(line.endswith(" peak") for line in done.stdout.splitlines()) == 1
    embedded = measure_embedded(cnncost.load(name).network)
    data = json.loads(run("memory", name, "--embedded", "-f", "json").stdout)
    assert data["embedded"]["sram"] == embedded.sram
    assert data["head"] + data["tail"] == data["arena"]
    assert max(b["offset"] + b["bytes"] for b in data["buffers"]) == data["head"]
    assert max(step["lower_bound"] for step in data["steps"]) == embedded.sram
    assert data["head"] == max(step["top"] for step in data["steps"])


@pytest.mark.parametrize("arguments", [
    ("--batch", "2"), ("--dtype", "fp16"), ("--optimizer", "adam"), ("--order", "smallest"),
])  # fmt: skip
def test_what_changes_no_figure_is_refused(arguments: tuple[str, ...]) -> None:
    done = run("memory", "lenet5", "--embedded", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{arguments[0]} changes no figure of --embedded" in done.stderr


def test_the_picture_has_one_rectangle_per_buffer(chain: Path) -> None:
    pytest.importorskip("matplotlib")
    done = run("draw", str(chain), "--arena", "-o", "-", "-f", "svg")
    assert done.returncode == 0, done.stderr
    svg = "{http://www.w3.org/2000/svg}"
    root = ElementTree.fromstring(done.stdout)
    shapes = [p.get("d", "") for p in root.iter(f"{svg}path") if p.get("clip-path")]
    boxes = []
    for shape in shapes:
        points = [tuple(map(float, pair)) for pair in re.findall(r"([\d.]+) ([\d.]+)", shape)]
        if len(points) >= 4:
            xs, ys = zip(*points, strict=True)
            boxes.append((max(xs) - min(xs), max(ys) - min(ys)))
    # Input, a, d, b and the scratch of a: as wide as they live, as high as they are large.
    wide = sorted(round(w / min(b[0] for b in boxes)) for w, _ in boxes)
    assert wide == [1, 1, 1, 2, 2]
    assert sorted(round(h / min(b[1] for b in boxes) * 128) for _, h in boxes) == [
        128, 144, 256, 384, 384,
    ]  # fmt: skip
    texts = {element.text for element in root.iter(f"{svg}text")}
    assert {"a", "d", "b"} <= texts


def test_two_figures_are_one_too_many(tmp_path: Path) -> None:
    done = run("draw", "lenet5", "-o", "x.svg", "--arena", "--bars", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--bars and --arena are two figures" in done.stderr


def test_comparing_on_a_board(chain: Path) -> None:
    words = ("compare", "mlperf_tiny_ic", str(chain), "--board", "nucleo-l4r5zi", "--totals")
    done = run(*words, "--engine", "hale", "-f", "csv")
    assert (done.returncode, done.stderr) == (0, "")
    large, small = csv.DictReader(io.StringIO(done.stdout))
    assert (large["sram"], large["arena"]) == ("49152", "56506")
    # A head of 912 bytes; 6 + 6 + 2 channels and 3 operators; weights and biases.
    tail = 8 * 14 + 215 * 3 + 650
    assert (small["sram"], small["arena"]) == ("768", str(912 + tail))
    assert small["flash"] == str(9 * 4 * 6 + 9 * 6 + 6 * 2 + 4 * 14)
    assert float(large["time"]) > float(small["time"])
    page = " ".join(run(*words).stdout.split())
    assert f"any of {len(load_board('nucleo-l4r5zi').known_engines)} engines" in page
    assert "median error" not in page
    data = json.loads(run(*words, "-f", "json").stdout)
    assert data["networks"][0]["embedded"] == {"sram": 49152, "arena": 56506, "flash": 78744}


@pytest.mark.parametrize(("arguments", "message"), [
    (("--engine", "hale"), "--engine changes no figure here"),
    (("--board", "ek-ra6m4", "--time", "--device", "rtx4090"), "--board gives a time already"),
    (("--board", "ek_ra6m5"), "no board is called"),
])  # fmt: skip
def test_wrong_options_of_compare(arguments: tuple[str, ...], message: str) -> None:
    done = run("compare", "lenet5", "lenet5", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
