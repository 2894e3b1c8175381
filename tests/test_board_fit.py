"""Networks on boards: vendors' and benchmark's figures, margins by hand, files of boards."""

from __future__ import annotations

import csv
from fractions import Fraction
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from evidence import find_beside

import cnncost
from cnncost.costs.memory import measure_embedded
from cnncost.device_files import BOARDS, list_device_files, load_board
from cnncost.errors import CnncostError, SpecError
from cnncost.study.board_fit import Need, fit_network, parse_limit
from cnncost.study.other_planners import OTHER_PLANNERS
from cnncost.timing import estimate_time
from cnncost.timing.board import Board
from cnncost.timing.board_text import read_board
from cnncost.timing.engines import (
    CORES,
    CYCLES,
    INTERVAL,
    MEDIAN_ERROR,
    UNIT,
    WEIGHT,
    choose_engines,
)

ROOT = Path(__file__).parent.parent

VENDOR = [
    # network, alpha, resolution, classes, activations and weights in KiB by STM32Cube.AI 10
    ("mobilenet_v1", "0.25", 224, 5, 272.96, 214.69),
    ("mobilenet_v1", "0.25", 96, 5, 66.96, 214.69),
    ("mobilenet_v2", "0.35", 128, 5, 237.32, 406.86),
    ("mobilenet_v2", "0.35", 224, 5, 832.64, 406.86),
    ("mobilenet_v2", "0.35", 128, 1000, 237.32, 1654.5),
    ("mobilenet_v2", "1", 224, 1000, 1727.02, 3458.97),
    ("mobilenet_v2", "1.4", 224, 1000, 2332.2, 6015.34),
]
"""What ST's model zoo prints of networks that are ours."""


@pytest.mark.parametrize(("name", "alpha", "resolution", "classes", "ram", "flash"), VENDOR)
def test_flash_and_range_of_x_cube_ai(
    name: str, alpha: str, resolution: int, classes: int, ram: float, flash: float
) -> None:
    text = (ROOT / "configs" / f"{name}.yaml").read_text(encoding="utf-8")
    params = {"alpha": Fraction(alpha), "resolution": resolution}
    spec = cnncost.loads(text.replace("dense: 1000", f"dense: {classes}"), params=params)
    found = measure_embedded(spec.network)
    assert round(found.flash / 1024, 2) == flash
    low, high = OTHER_PLANNERS[0].measure_range(found.sram)
    assert low / 1024 <= ram <= high / 1024


def test_the_copied_figures_are_the_published_ones() -> None:
    folder = find_beside("evidence/mcu")
    if folder is None:
        pytest.skip("the table is not here")
    with (folder / "stm32_modelzoo.csv").open(encoding="utf-8") as lines:
        published = {
            (float(row["activation_ram_KiB"]), float(row["weights_flash_KiB"]))
            for row in csv.DictReader(lines)
        }
    assert {(row[4], row[5]) for row in VENDOR} <= published


MEASURED = {
    # board, engine: milliseconds of ad, ic, kws, vww in MLPerf Tiny's closed division
    ("nucleo-l4r5zi", "cmsis-nn"): (8.605, 389.5598, 99.8104, 301.2048),
    ("nucleo-u575zi-q", "x-cube-ai-7.3"): (4.8494, 139.7038, 44.2321, 133.4045),
    ("disco-f746ng", "hale"): (1.7026, 61.5688, 18.4186, 57.1755),
}


@pytest.mark.parametrize(("board", "engine"), MEASURED)
def test_times_that_were_measured(board: str, engine: str) -> None:
    errors, inside = [], 0
    for name, measured in zip(("ad", "ic", "kws", "vww"), MEASURED[board, engine], strict=True):
        device = load_board(board).make_device(engine)
        assert device is not None
        time = estimate_time(cnncost.load(f"mlperf_tiny_{name}").network, device)
        errors.append(abs(1000 * time.seconds / measured - 1))
        inside += time.low <= measured / 1000 <= time.high
    assert sum(error <= 0.2 for error in errors) >= 3
    assert inside >= 3


def test_cycles_by_hand() -> None:
    # 1x1 over 4 channels of 2x2, 8 filters: 32 weights, 128 connections, 32 units, 8 biases.
    network = cnncost.loads("input: [4, 2, 2]\nlayers: [{conv: 8, kernel: 1}, relu]\n").network
    board = Board("b", "b", "other", 1e6, engines={"mine": (2.0, 8.0)})
    device = board.make_device("mine")
    assert device is not None
    time = estimate_time(network, device)
    work = 128 + 27 * 32 + 0.6 * 32
    assert time.seconds == pytest.approx(4 * work / 1e6, rel=1e-6)  # the mean of 2 and 8
    assert time.low == pytest.approx(2 * 0.82 * work / 1e6, rel=1e-6)
    assert time.high == pytest.approx(8 * 1.21 * work / 1e6, rel=1e-6)


def test_energy_is_power_times_time() -> None:
    network = cnncost.load("mlperf_tiny_ic").network
    board = Board("b", "b", "cortex-m4", 120e6, milliwatts=(30.0, 60.0))
    (fit,) = fit_network(network, [board], engine="cmsis-nn").boards
    time, energy = fit.find_need("time"), fit.find_need("energy")
    assert time is not None
    assert energy is not None
    assert energy.least == pytest.approx(time.least * 0.030, rel=1e-9)
    assert energy.most == pytest.approx(time.most * 0.060, rel=1e-9)


@pytest.mark.parametrize(("least", "most", "limit", "complete", "holds"), [
    (10, 20, None, True, None),
    (10, 20, 20, True, True),
    (10, 20, 19, True, None),
    (10, 20, 9, True, False),
    (10, 20, 30, False, None),  # more may be needed
    (10, 20, 9, False, False),
])  # fmt: skip
def test_what_holds(
    least: int, most: int, limit: int | None, complete: bool, holds: bool | None
) -> None:
    assert Need("time", least, most, None, limit, complete).holds is holds


def test_engines_of_a_name_and_of_names_that_begin_so() -> None:
    known = {"a-1": (1.0, 2.0), "a-1.5": (0.5, 1.5), "ab": (9.0, 9.0), "a": (3.0, 4.0)}
    whole, begun = choose_engines(known, "a"), choose_engines(known, "a-1")
    assert whole is not None
    assert (whole.names, whole.least, whole.most) == (("a",), 3.0, 4.0)
    assert begun is not None
    assert begun.names == ("a-1",)
    everything = choose_engines(known)
    assert everything is not None
    assert (everything.least, everything.most) == (0.5, 9.0)
    assert choose_engines(known, "b") is None
    parted = choose_engines(CYCLES["cortex-m4"], "x-cube-ai-7")
    assert parted is not None
    assert parted.names == ("x-cube-ai-7.3", "x-cube-ai-7.1")


def test_cycles_are_of_known_cores_and_in_order() -> None:
    assert set(CYCLES) == set(CORES)
    for engines in CYCLES.values():
        assert all(0 < low <= high for low, high in engines.values())


@pytest.mark.parametrize("name", list_device_files(BOARDS))
def test_shipped_boards_say_where_figures_come_from(name: str) -> None:
    board = load_board(name)
    assert board.source
    assert board.core in CORES
    assert board.sram
    assert board.flash
    assert (board.milliwatts is None) == (not board.power_source)


REFUSED = {
    "": "the board is no mapping",
    "- 1": "the board is no mapping",
    "sram: 1KiB": "the board has no board",
    "board: x": "the board has no sram, nor flash",
    "board: x\nsram: 256": "its unit is missing",
    "board: x\nsram: [1]": "a text is due",
    "board: x\nram: 1KiB": "unknown key 'ram'",
    "board: x\nsram: 1KiB\nclock: 0": "clock must be a number above 0",
    "board: x\nsram: 1KiB\npower: 5": "power is no mapping",
    "board: x\nsram: 1KiB\npower: {source: x}": "power has no milliwatts",
    "board: x\nsram: 1KiB\npower: {milliwatts: 5}": "milliwatts must be two numbers",
    "board: x\nsram: 1KiB\npower: {milliwatts: [5, 4]}": "the least comes first",
    "board: x\nsram: 1KiB\nengines: 5": "engines is no mapping",
    "board: x\nsram: 1KiB\nengines: {mine: 5}": "engines: mine must be two numbers",
    "board: x\nsram: 1KiB\nengines: {mine: [0, 1]}": "must be a number above 0",
}


@pytest.mark.parametrize("text", REFUSED)
def test_wrong_boards(text: str) -> None:
    with pytest.raises(SpecError) as caught:
        read_board(text, "mine.yaml", "mine")
    assert REFUSED[text] in str(caught.value.what)
    assert str(caught.value.what).startswith("mine.yaml:")


@pytest.mark.parametrize(("text", "limit"), [
    ("time=100ms", ("time", 10**11)),
    ("energy=2.5mJ", ("energy", 2_500_000_000)),
    ("sram=200KiB", ("sram", 204_800)),
    ("flash=1MB", ("flash", 1_000_000)),
])  # fmt: skip
def test_limits(text: str, limit: tuple[str, int]) -> None:
    assert parse_limit(text) == limit


@pytest.mark.parametrize("text", ["time", "time=3", "energy=3s", "sram=3", "ram=3KiB", "energy=0J"])
def test_wrong_limits(text: str) -> None:
    with pytest.raises(CnncostError) as caught:
        parse_limit(text)
    assert caught.value.hint


def test_a_network_left_out_is_predicted() -> None:
    folder = find_beside("evidence/mcu")
    if folder is None:
        pytest.skip("the measurements are not here")
    found = spec_from_file_location("fitted_boards", ROOT / "benchmarks" / "boards.py")
    assert found is not None
    assert found.loader is not None
    fitted = module_from_spec(found)
    found.loader.exec_module(fitted)
    systems = fitted.read_systems(folder / "mlperf_tiny.csv")
    assert sum(map(fitted.is_tuned, systems)) >= 30
    median, tenth, interval = fitted.judge_terms(systems, UNIT, WEIGHT)
    assert median <= 0.08
    assert tenth <= 0.205
    assert median == pytest.approx(MEDIAN_ERROR, abs=0.001)
    assert interval == pytest.approx(INTERVAL, abs=0.01)
