"""Networks that know their types: the arena of a file's own steps, bytes in these types, and plans
for a board."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command import run
from tflite_files import SAME, Model, numbers, quantised, window

import cnncost
from cnncost.costs.memory import measure_embedded
from cnncost.costs.memory.arena import plan_arena
from cnncost.network import Network
from cnncost.plans.suggestion.request import SuggestionRequest
from cnncost.plans.suggestion.suggester import Suggester


def branched(kind: str) -> Model:
    """Floats in and out; between them a convolution whose halves are added, all of one type."""
    model = Model(kind)
    x = model.input(1, 4, 4, 2, kind="float32")
    y = model.step("QUANTIZE", [x], 1, 4, 4, 2)
    y = model.step(
        "CONV_2D", [y, model.weights(4, 3, 3, 2), model.weights(4, kind="int32")], 1, 4, 4, 4,
        options=window(SAME),
    )  # fmt: skip
    halves = [model.tensor(1, 4, 4, 2), model.tensor(1, 4, 4, 2)]
    axis = model.tensor(kind="int32", buffer=model.buffer(bytes([3, 0, 0, 0])))
    model.step("SPLIT", [axis, y], outputs=halves, options=numbers(_0=2))
    y = model.step("ADD", halves, 1, 4, 4, 2, options={})
    y = model.step("RESHAPE", [y, model.numbers(1, 32)], 1, 32, options={})
    model.step("DEQUANTIZE", [y], 1, 32, kind="float32")
    return model


def test_the_arena_is_that_of_the_files_own_steps(tmp_path: Path) -> None:
    network = cnncost.load(branched("int8").save(tmp_path)).network
    plain, fast = plan_arena(network, scratch=False), plan_arena(network)
    # 32 numbers: 128 bytes as floats, 32 in int8. Largest first: input and output at 0, the
    # convolution's 64 bytes (steps 1-2) at 0, the halves (2-3) above it at 64 and 96, their sum
    # (3-4) below them at 0; the quantised input (0-1) and the reshaped sum (4-5) lie above the
    # floats at 128.
    assert [(b.first, b.last, b.bytes, b.offset) for b in plain.buffers] == [
        (0, 0, 128, 0), (0, 1, 32, 128), (1, 2, 64, 0), (2, 3, 32, 96), (2, 3, 32, 64),
        (3, 4, 32, 0), (4, 5, 32, 128), (5, 5, 128, 0),
    ]  # fmt: skip
    assert (plain.head, plain.complete) == (160, True)
    # With 4 x (3 x 3 x 2, rounded up to 20) of scratch at 0, the convolution lies at 80 and the
    # quantised input at 144.
    assert fast.buffers[-1].bytes == 80
    assert fast.head == 176
    assert fast.tail == 8 * 4 + 215 * 6 + 650
    assert [operator.name.partition("(")[2] for operator in fast.graph.operators] == [
        "quantize)", "", "", "", "reshape)", "dequantize)",
    ]  # fmt: skip


def test_float_kernels_have_no_scratch(tmp_path: Path) -> None:
    model = Model()
    network = cnncost.load(model.save(tmp_path, quantised(model, "float32"))).network
    assert plan_arena(network).head == plan_arena(network, scratch=False).head
    # 9 x 7 x 3 floats in 768 bytes, beside their padded copy of 11 x 8 x 3.
    assert plan_arena(network).head == 768 + 4 * 264
    # Written as a spec the padding is the convolution's, and is an operator again there.
    run("convert", "net.tflite", "net.yaml", cwd=tmp_path)
    again = cnncost.load(tmp_path / "net.yaml").network
    assert (network.types, again.program) == (again.types, None)
    assert plan_arena(again).head == 768 + 4 * 264


def test_a_batch_counts_as_the_file_has_it(tmp_path: Path) -> None:
    model = Model("int8")
    x = model.input(3, 4, 4, 2)
    model.step("RELU", [x], 3, 4, 4, 2)
    path = model.save(tmp_path)
    assert plan_arena(cnncost.load(path).network).head == 2 * 3 * 32
    other = cnncost.load(path, inputs={"": (2, 8, 8)}).network
    assert (other.program, plan_arena(other).head) == (None, 2 * 128)


@pytest.mark.parametrize(("op", "complete"), [("TANH", True), ("GELU", False), ("MINE", False)])
def test_kernels_with_unknown_buffers_leave_a_lower_bound(
    op: str, complete: bool, tmp_path: Path
) -> None:
    model = Model("int8")
    model.step(op, [model.input(1, 4, 4, 2)], 1, 4, 4, 2, custom=op == "MINE", options={})
    arena = plan_arena(cnncost.load(model.save(tmp_path)).network)
    assert (arena.head, arena.complete) == (64, complete)


def test_means_and_transposed_convolutions_sum_in_wider_numbers(tmp_path: Path) -> None:
    model = Model("int8")
    x = model.input(1, 4, 4, 8)
    model.step("MEAN", [x, model.numbers(1, 2)], 1, 8, options=numbers(b_0=0))
    network = cnncost.load(model.save(tmp_path)).network
    # 128 bytes in, 8 out (in 16), sums of 4 bytes for each of 8 outputs: with either kernel.
    assert [plan_arena(network, scratch=word).head for word in (False, True)] == [176, 176]


CONV = "input: [3, 8, 8]\nlayers: [{conv: 4, kernel: 3}]\n"


@pytest.mark.parametrize(("types", "sram", "flash"), [
    ("", 192 + 144, 108 + 4 * 4),  # int8: 3x8x8 in, 4x6x6 out, 3 x 3 x 3 x 4 weights
    ("activations: int16, weights: int8, biases: int64", 2 * 336, 108 + 8 * 4),
    ("activations: float32, weights: float32, biases: float32", 4 * 336, 4 * 112),
    ("activations: int8, weights: int4, biases: int32", 336, 54 + 4 * 4),
    ("activations: int8, weights: int8, biases: int32, other_bytes: 7", 336, 108 + 4 * 4 + 7),
])  # fmt: skip
def test_bytes_follow_the_types(types: str, sram: int, flash: int) -> None:
    network = _typed(CONV, types)
    found = measure_embedded(network)
    assert (found.sram, found.flash) == (sram, flash)
    assert plan_arena(network).head >= sram


def _typed(text: str, types: str) -> Network:
    return cnncost.loads(f"types: {{{types}}}\n{text}" if types else text).network


@pytest.mark.parametrize("types", [
    "{activations: float32, weights: float32, biases: float32}",
    "{activations: int16, weights: int4, biases: int64, other_bytes: 9}",
])  # fmt: skip
def test_plans_hold_bytes_of_these_types(types: str) -> None:
    text = f"types: {types}\n{NET}"
    before = measure_embedded(cnncost.loads(text).network)
    flash, sram = before.flash // 2, 7 * before.sram // 10
    request = SuggestionRequest((f"flash={flash}B", f"sram={sram}B"))
    found = Suggester(cnncost.loads(text), request).suggest()
    assert found.plan is not None
    after = measure_embedded(cnncost.loads(found.plan.text).network)
    assert (found.plan.after["flash"], found.plan.after["sram"]) == (after.flash, after.sram)
    assert after.flash <= flash
    assert after.sram <= sram


NET = """\
input: [3, 32, 32]
layers:
- {name: c1, conv: 16, kernel: 3, padding: same}
- relu
- {name: d1, depthwise_conv: 3, padding: same}
- relu
- {name: c2, conv: 32, kernel: 1}
- relu
- global_avgpool
- {name: out, dense: 10}
"""

BOARD = "board: a small board\ncore: cortex-m4\nclock: 64M\nsram: {}KiB\nflash: 1KiB\n"


def test_a_plan_fits_the_board(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(NET)
    (tmp_path / "board.yaml").write_text(BOARD.format(20))
    words = ("net.yaml", "--board", "board.yaml")
    assert run("fit", *words, cwd=tmp_path).returncode == 1
    asked = ("--budget", "time=100ms", "-f", "json", "--write", "plan.yaml", "-o", "plan.json")
    done = run("suggest", *words, *asked, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (
        "cnncost fit plan.yaml --board board.yaml --engine cmsis-nn --budget time=100ms"
        in done.stderr
    )
    found = json.loads((tmp_path / "plan.json").read_text())["board"]
    assert found["fits"]
    assert found["tightened"] > 0
    assert found["lower_bound_held"] < 20 * 1024
    fit = run("fit", "plan.yaml", "--board", "board.yaml", "--engine", "cmsis-nn", "-f", "json",
              cwd=tmp_path)  # fmt: skip
    needs = json.loads(fit.stdout)
    assert fit.returncode == 0
    assert needs["sram"]["arena"] == found["steps"][-1]["arena"]
    assert needs["boards"][0]["needs"]["time"]["estimate"] <= 0.100
    assert needs["sram"]["arena"] * 33 / 32 <= 20 * 1024
    # The network as it is: 16x32x32 beside 32x32x32 bind at c2.
    assert found["steps"][0]["binds"].endswith(" at c2")


def test_plans_instead_of_it_are_recounted_and_picked(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(NET)
    (tmp_path / "board.yaml").write_text(BOARD.format(20))
    words = ("suggest", "net.yaml", "--board", "board.yaml", "-f", "json", "--write")
    done = run(*words, "one.yaml", "--pick", "1", cwd=tmp_path)
    found = json.loads(done.stdout)["board"]["instead"][0]
    fit = run("fit", "one.yaml", "--board", "board.yaml", "-f", "json", cwd=tmp_path)
    assert json.loads(fit.stdout)["sram"]["arena"] == found["arena"]
    assert (fit.returncode, done.returncode) == ((0, 0) if found["fits"] else (1, 1))


def test_a_plan_of_a_file_is_a_spec(tmp_path: Path) -> None:
    model = Model("int8")
    model.save(tmp_path, quantised(model))
    (tmp_path / "board.yaml").write_text("board: a small board\nsram: 4KiB\nflash: 500B\n")
    done = run("suggest", "net.tflite", "--board", "board.yaml", "--write", "plan.yaml",
               cwd=tmp_path)  # fmt: skip
    assert "On a small board" in done.stdout
    text = (tmp_path / "plan.yaml").read_text()
    assert "types: {activations: int8, weights: int8, biases: int32}" in text
    assert measure_embedded(cnncost.loads(text).network).flash <= 500


def test_a_board_that_carries_it_changes_nothing(tmp_path: Path) -> None:
    done = run("suggest", "mlperf_tiny_kws", "--board", "NUCLEO_L4R5ZI")
    assert done.returncode == 0
    assert "Already met" in done.stdout
    assert "tightened" not in done.stdout


@pytest.mark.parametrize(("words", "message", "hint"), [
    (("--engine", "cmsis-nn"), "--engine changes no figure", "--board"),
    (("--board", "ek-ra6m4", "--device", "h100"), "--board and --device", "board's"),
    (("--board", "ek-ra6m4", "--pareto", "weights"), "--board and --pareto", "leave one out"),
    (("--board", "ek-ra6m4", "--grow"), "--board and --grow", "leave one out"),
    (("--board", "ek-ra6m4", "--engine", "hal"), "no cycles of 'hal'", "hale"),
    (("--board", "ek-ra6m4", "--budget", "sram=50%"), "it is an amount", "sram=200KiB"),
    (("--board", "ek-ra6m"), "no board is called", "ek-ra6m4"),
    (("--board", "own.yaml", "--budget", "time=1s"), "time is not known there", "core:"),
])  # fmt: skip
def test_usage_errors(words: tuple[str, ...], message: str, hint: str, tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("board: mine\nsram: 1MiB\n")
    done = run("suggest", "lenet5", *words, cwd=tmp_path)
    said, _, hinted = done.stderr.partition("\n")
    assert (done.returncode, done.stdout) == (2, "")
    assert message in said
    assert hint in hinted
