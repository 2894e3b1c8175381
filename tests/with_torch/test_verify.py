"""verify: the bundled networks' numbers are PyTorch's; an import beside what the user's own module
does; progress on a real terminal, a line that is written over and taken away."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from pathlib import Path

import pytest
from command import run
from terminal import interrupted, shown

import cnncost
from cnncost.verify.difference import (
    FigureLine,
    excuse_strides,
    verify_exported_file,
    verify_network,
)

EXACT = (
    *("minmax", "residual_mlp", "squeezenet1_1", "mobilenet_v2"),
    *("resnet18", "shufflenet_v2", "lenet5", "m5"),
    "alexnet_pooled",
)


@pytest.mark.parametrize("name", EXACT)
def test_no_number_differs(name: str) -> None:
    spec = cnncost.load(name)
    verdict = verify_network(spec.network, 4, lambda _: None)
    lines = (*verdict.lines, *verify_exported_file(spec.network, spec.written, 4, lambda _: None))
    assert [line for line in lines if line.agrees is False or line.note] == []
    assert verdict.wrong_shapes == ()


CONVNEXT = """\
input: [3, 16, 16]
layers:
  - {conv: 8, kernel: 4, stride: 4}
  - layernorm
  - residual:
      - {depthwise_conv: 7, padding: 3}
      - layernorm
      - {linear: 32}
      - gelu
      - {linear: 8}
      - scale
  - global_avgpool
  - {dense: 3}
"""
"""Its norms and products along the channels read maps that PyTorch has position by position."""


@pytest.mark.parametrize("heads", ["4", "4, kv_heads: 2"])
def test_both_products_of_attention_are_counted(heads: str) -> None:
    text = f"input: [16, 10]\nlayers:\n- {{attention: {heads}}}\n- {{linear: 8}}\n"
    verdict = verify_network(cnncost.loads(text).network, 2, lambda _: None)
    assert [line for line in verdict.lines if line.agrees is False] == []


@pytest.mark.parametrize("quantity", ["saved for backward", "peak activations, inference"])
def test_a_block_of_convnext_takes_what_pytorch_takes(quantity: str) -> None:
    verdict = verify_network(cnncost.loads(CONVNEXT).network, 2, lambda _: None)
    assert [line.agrees for line in verdict.lines if line.quantity == quantity] == [True]


TURNED = "input: [4, 8, 8]\nlayers: [{permute: [1, 3, 2]}, {dense: 3}]"


def test_what_strides_may_explain_is_not_compared() -> None:
    verdict = verify_network(cnncost.loads(TURNED).network, 2, lambda _: None)
    peak = next(line for line in verdict.lines if line.quantity == "peak activations, inference")
    # Two examples of 256 numbers and three outputs; PyTorch copies the 256 into a row.
    assert (peak.computed, peak.measured) == (2 * 4 * (256 + 3), 2 * 4 * (256 + 256 + 3))
    assert (peak.agrees, verdict.differences) == (None, 0)
    assert "strides" in peak.note


@pytest.mark.parametrize(
    ("layers", "agrees"),
    [
        ("[{permute: [1, 3, 2]}, {dense: 3}]", None),
        ("[{pixel_shuffle: [1, 2]}, {dense: 3}]", None),
        ("[{pixel_shuffle: 2}, {dense: 3}]", False),
        ("[{conv: 4, kernel: 3}, flatten, {dense: 3}]", False),
        ("[flatten, layernorm, {linear: 5}, {slice: [0, 2]}]", False),
    ],
)
def test_only_turned_and_sliced_maps_are_excused(layers: str, agrees: bool | None) -> None:
    network = cnncost.loads(f"input: [4, 8, 8]\nlayers: {layers}").network
    assert excuse_strides(network, FigureLine("bytes", 1, 2)).agrees is agrees
    assert excuse_strides(network, FigureLine("bytes", 2, 2)).agrees is True


NET = """\
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 8, 3, padding=1)
        self.b = nn.Conv2d(8, 8, 3, padding=1)
        self.f = nn.Linear(8, 10)

    def forward(self, x):
        x = self.b(self.a(x))
        return self.f(x.mean((2, 3)))

made = Net()
"""


def said(tmp_path: Path, what: str, shape: str) -> tuple[int, dict[str, list[str]], str]:
    """The exit code of verify, what it prints by quantity, and its messages."""
    file = tmp_path / "net.py"
    file.write_text(NET, encoding="utf-8")
    done = run("verify", f"{file}:{what}", "--input", shape, "-f", "csv")
    rows = {name: row for name, *row in csv.reader(io.StringIO(done.stdout))}
    return done.returncode, rows, done.stderr


@pytest.mark.parametrize("what", ["Net", "made"])
def test_a_module_is_measured_itself(tmp_path: Path, what: str) -> None:
    code, rows, _ = said(tmp_path, what, "3x16x16")
    # Two maps of 8x16x16 and the input of 3x16x16, of two examples, 4 bytes a number.
    peak = str(4 * 2 * (2 * 8 * 256 + 3 * 256))
    assert code == 0
    assert rows["peak activations, inference (last use)"][:2] == [peak, peak]
    # 3 x 9 x 8 + 8, 8 x 9 x 8 + 8, 8 x 10 + 10.
    assert rows["parameters"][:2] == ["898", "898"]
    assert rows["peak activations, inference (eager)"][0] == ""


def test_a_module_that_does_not_run_is_an_error(tmp_path: Path) -> None:
    code, rows, err = said(tmp_path, "Net", "4x16x16")
    assert (code, rows) == (2, {})
    assert "Traceback" not in err


STEPS = ("building", "counting connections", "inference", "training step", "the exported file")


def test_progress_is_shown_on_a_terminal_and_taken_away() -> None:
    code, text = shown("verify", "residual_mlp")
    assert code == 0
    before, start, report = text.partition("residual MLP in PyTorch, batch 2")
    assert start, text
    places = [before.find(f"\r\x1b[K{step}") for step in STEPS]
    assert -1 not in places
    assert places == sorted(places)
    assert before.endswith("\r\x1b[K")
    assert "\x1b[K" not in report
    assert report.endswith("0 differences\r\n")


@pytest.mark.parametrize("layer", ["linear", "lstm"])
def test_no_progress_in_a_pipe(layer: str) -> None:
    command = [sys.executable, "-m", "cnncost", "verify", "-"]
    text = f"input: [8, 5]\nlayers:\n- {layer}: 6\n"
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    assert (done.stderr, "\x1b" in done.stdout) == ("", False)


def test_ctrl_c_takes_it_away_too(tmp_path: Path) -> None:
    begun = lambda shown: "counting connections" in shown  # noqa: E731  it is an argument
    code, text = interrupted("verify", "resnet18", cwd=tmp_path, after=0, when=begun)
    assert code == 130
    assert "Traceback" not in text
    assert text.endswith("\r\x1b[Kinterrupted\r\n")
