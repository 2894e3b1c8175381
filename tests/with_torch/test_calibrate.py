"""calibrate and verify --time on this machine: small networks, their file, what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command import run

import cnncost
from cnncost.verify.stopwatch import Stopwatch

SMALL = "lenet5,squeezenet1_1,shufflenet_v2,mobilenet_v2"
QUICK = ("--networks", SMALL, "--threads", "1", "--seconds", "0.02", "--batch", "1,2")


def test_a_calibrated_device_can_be_used_by_name(tmp_path: Path) -> None:
    home = {"XDG_CONFIG_HOME": str(tmp_path)}
    done = run("calibrate", "mine", *QUICK, **home)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert "Each is predicted from the others: median error" in done.stderr
    assert done.stderr.count("squeezenet1_1") == 2  # a row for each batch
    file = tmp_path / "cnncost" / "devices" / "mine.yaml"
    device = cnncost.load_device(str(file))
    assert device.batches == (1, 2)
    assert device.runs.endswith("fp32, 1 thread")
    assert device.fitted.networks == 4
    assert "mine" in run("devices", **home).stdout
    again = run("calibrate", "mine", *QUICK, **home)
    assert again.returncode == 2
    assert "--force writes over it" in again.stderr
    compared = run(
        "verify", "squeezenet1_1", "--time", "--device", "mine", "--threads", "1", "--batch", "1",
        "--seconds", "0.02", "-f", "json", **home,
    )  # fmt: skip
    found = json.loads(compared.stdout)
    assert found["measured"] > 0
    assert found["error"] == pytest.approx(found["seconds"] / found["measured"] - 1)
    assert found["within"] == (found["low"] <= found["measured"] <= found["high"])


def test_a_calibration_can_go_to_standard_output() -> None:
    done = run("calibrate", "mine", *QUICK, "--batch", "1", "-o", "-")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("device: ")
    assert "batch: 1\n" in done.stdout


def test_more_work_takes_longer() -> None:
    watch = Stopwatch(threads=1, seconds=0.05)
    spec = cnncost.load("squeezenet1_1")
    assert watch.measure_seconds(spec, 4) > watch.measure_seconds(spec, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--cuda"], "PyTorch finds no CUDA device here"),
        (["--runtime", "onnxruntime", "--dtype", "fp16"], "measured on the CPU, in fp32"),
        (["--runtime", "onnxruntime"], "ONNX files are written for batch 1"),
        (["--networks", "lenet5,alexnet,vgg16,nothing"], "no bundled network of that name"),
    ],
)
def test_what_cannot_be_measured_is_said_at_once(arguments: list[str], message: str) -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("onnxruntime")
    if arguments == ["--cuda"] and torch.cuda.is_available():
        pytest.skip("there is a GPU")
    done = run("calibrate", "mine", "-o", "-", *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stdout == ""
