"""Commands over .onnx files, as processes: a spec's place taken, opaque layers listed, --strict."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import onnx
import pytest
from models import model, save

CNNCOST = "from cnncost.cli import main; main()"

CLASSIFIER = """
c = Conv <pads = [1, 1, 1, 1]> (x, w)
r = Relu (c)
g = GlobalAveragePool (r)
f = Flatten (g)
y = Gemm <transB = 1> (f, v, b)
"""
WEIGHTS = {"w": (8, 3, 3, 3), "v": (10, 8), "b": (10,)}
UNKNOWN = """
c = Conv (x, w)
h = Hardly (c)
y = NonMaxSuppression (h)
"""


def run(*arguments: str, code: str = CNNCOST) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "COLUMNS": "80", "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, encoding="utf-8", env=env,
        check=False,
    )  # fmt: skip


@pytest.fixture
def classifier(tmp_path: Path) -> str:
    return str(save(model({"x": (1, 3, 8, 8)}, CLASSIFIER, weights=WEIGHTS), tmp_path))


@pytest.fixture
def unknown(tmp_path: Path) -> str:
    known = {"h": (1, 5, 2, 2), "y": (1, 3)}
    proto = model({"x": (1, 3, 8, 8)}, UNKNOWN, weights=WEIGHTS, known=known)
    return str(save(proto, tmp_path, "odd.onnx"))


def test_table(classifier: str) -> None:
    done = run("table", classifier, "--format", "csv")
    assert done.returncode == 0
    assert done.stderr == ""
    assert done.stdout.splitlines()[1:] == [
        "conv1,conv,3x8x8,8x8x8,512,216,0,13824",
        "dense1,dense,8,10,10,80,10,80",
    ]


def test_every_command_that_reads_a_network(classifier: str) -> None:
    for command in ("table", "explain", "check", "memory"):
        assert run(command, classifier).returncode == 0, command
    assert run("compare", classifier, classifier).returncode == 0
    assert run("sweep", classifier, "--input", "3x8x8,3x16x16").returncode == 0
    assert run("suggest", classifier, "--budget", "connections=12000").returncode == 0


def test_convert_to_a_spec(classifier: str, tmp_path: Path) -> None:
    spec = """\
name: net
input: [3, 8, 8]
layers:
  - {name: conv1, conv: 8, kernel: 3, padding: 1, bias: false}
  - relu
  - global_avgpool
  - flatten
  - {name: dense1, dense: 10}
"""
    assert run("convert", classifier, "-").stdout == spec
    out = tmp_path / "net.yaml"
    assert run("convert", classifier, str(out)).returncode == 0
    assert out.read_text() == spec
    again = run("convert", classifier, str(out))
    assert again.returncode == 2
    assert again.stderr == f"{out} exists\n  hint: --force writes over it\n"


def test_convert_flat_and_to_diagrams(classifier: str, tmp_path: Path) -> None:
    flat = run("convert", classifier, "-", "--flat").stdout
    assert flat == run("convert", classifier, "-", "--structured").stdout  # nothing to find
    for form, suffix, first, arrow in (
        ("mermaid", "mmd", "flowchart TD", " --> "),
        ("dot", "dot", 'digraph "net" {', " -> "),
    ):
        done = run("convert", classifier, "-", "--to", form)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith(f"{first}\n")
        assert done.stdout.count(arrow) == 5
        out = tmp_path / f"net.{suffix}"
        assert run("convert", classifier, str(out)).returncode == 0
        assert out.read_text(encoding="utf-8") == done.stdout


def test_convert_to_onnx_and_back(tmp_path: Path) -> None:
    out = str(tmp_path / "net.onnx")
    assert run("convert", "resnet18", out).returncode == 0
    onnx.checker.check_model(out, full_check=True)
    small = str(tmp_path / "small.onnx")
    assert run("convert", "resnet18", small, "--no-weights").returncode == 0
    assert Path(small).stat().st_size < 100_000 < 46_000_000 < Path(out).stat().st_size
    totals = [
        json.loads(run("table", arch, "--format", "json").stdout)["totals"]
        for arch in ("resnet18", out, small)
    ]
    assert totals[0] == totals[1] == totals[2]


def test_no_weights_goes_with_onnx(tmp_path: Path) -> None:
    done = run("convert", "lenet5", str(tmp_path / "net.py"), "--no-weights")
    assert done.returncode == 2
    assert "--no-weights: pytorch has none" in done.stderr


def test_another_input(classifier: str) -> None:
    done = run("table", classifier, "--format", "csv", "--input", "3x4x6")
    assert done.stdout.splitlines()[1] == "conv1,conv,3x4x6,8x4x6,192,216,0,5184"
    named = run("table", classifier, "--format", "csv", "--input", "x=3x4x6")
    assert named.stdout == done.stdout
    wrong = run("table", classifier, "--input", "left=3x4x6")
    assert wrong.returncode == 2
    assert "has no input called 'left'\n  hint: its inputs are x: --input x=3" in wrong.stderr


def test_a_shape_without_a_name_for_one_of_several_inputs(tmp_path: Path) -> None:
    proto = model({"a": (1, 3, 4, 4), "b": (1, 3, 4, 4)}, "y = Add (a, b)")
    done = run("table", str(save(proto, tmp_path)), "--input", "3x4x6")
    assert done.returncode == 2
    assert "has several inputs\n  hint: its inputs are a, b: --input a=3x" in done.stderr


def test_an_open_shape(tmp_path: Path) -> None:
    proto = model({"x": ("n", 3, "h", "w")}, CLASSIFIER, weights=WEIGHTS)
    path = str(save(proto, tmp_path))
    done = run("table", path)
    assert done.returncode == 2
    assert done.stderr == (
        f"{path}: the shape of its input 'x' is left open (?x3x?x?)\n"
        "  hint: give one: --input 3x224x224\n"
    )
    assert run("table", path, "--input", "3x8x8").returncode == 0


def test_opaque_layers_are_listed_at_the_end(unknown: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CNNCOST, "table", unknown, "--format", "csv"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", check=True,
    )  # fmt: skip
    *rows, heading, first, second = done.stdout.splitlines()
    assert rows[0].startswith("layer,type")
    assert rows[2] == "opaque1,opaque,8x6x6,5x2x2,20,?,?,?"
    assert heading == (
        f"{unknown}: 2 layers are opaque, with unknown costs (--strict refuses them):"
    )
    assert first == "  opaque1: Hardly: the language has no word for it"
    assert second == "  opaque2: NonMaxSuppression: the language has no word for it"


def test_strict(unknown: str, classifier: str) -> None:
    for command in ("table", "memory", "check", "explain"):
        done = run(command, unknown, "--strict")
        assert done.returncode == 2
        assert "--strict, and 2 layers are opaque: opaque1: Hardly" in done.stderr
        assert run(command, classifier, "--strict").returncode == 0


def test_strict_goes_for_specs_too(unknown: str, tmp_path: Path) -> None:
    spec = tmp_path / "odd.yaml"
    run("convert", unknown, str(spec))
    done = run("table", str(spec), "--strict")
    assert done.returncode == 2
    assert "2 layers are opaque: opaque1; opaque2" in done.stderr


def test_without_the_package(classifier: str, tmp_path: Path) -> None:
    code = f"import sys; sys.modules['onnx'] = None; {CNNCOST}"
    for arguments in (("table", classifier), ("convert", "lenet5", str(tmp_path / "a.onnx"))):
        done = run(*arguments, code=code)
        assert done.returncode == 2
        assert done.stderr == "onnx is not installed\n  hint: pip install 'cnncost[onnx]'\n"
    assert not (tmp_path / "a.onnx").exists()


def test_a_damaged_file(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(b"PK\3\4 no model")
    done = run("table", str(path))
    assert done.returncode == 2
    assert done.stderr.startswith(f"{path}: no ONNX model, or a damaged one")
    assert "Traceback" not in done.stderr
