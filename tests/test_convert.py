"""`cnncost convert` as a process: specs kept, flattened, structured; diagrams; to files and `-`.

Diagrams in DOT and Mermaid have titles, lines, and every edge.
"""

from __future__ import annotations

import gzip
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

import cnncost
from cnncost import bundled
from cnncost.formats.diagrams import write_dot, write_mermaid
from cnncost.formats.structured_text import are_equal_networks

KERAS = Path(__file__).parent / "reference" / "keras" / "VGG16.json.gz"

SPEC = """\
# kept with the text
params: {width: 4}
input: [3, 8, 8]
layers:
  - {name: c1, conv: width, kernel: 3, padding: 1}   # as wide as told
  - batchnorm
  - relu
  - {name: c2, conv: 8, kernel: 3, padding: 1}
  - batchnorm
  - relu
  - {name: c3, conv: 8, kernel: 3, padding: 1}
  - batchnorm
  - relu
  - {name: out, dense: 10}
expect: {weights: 6092}
"""


def run(*arguments: str, cwd: Path, text: str = "") -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "COLUMNS": "80", "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        [sys.executable, "-m", "cnncost", "convert", *arguments],
        capture_output=True, encoding="utf-8", cwd=cwd, env=env, input=text, check=False,
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "net.yaml").write_text(SPEC)
    (tmp_path / "vgg16.json").write_bytes(gzip.decompress(KERAS.read_bytes()))
    return tmp_path


def test_a_spec_keeps_its_text(folder: Path) -> None:
    assert run("net.yaml", "-", cwd=folder).stdout == SPEC
    assert run("-", "copy.yaml", cwd=folder, text=SPEC).returncode == 0
    assert (folder / "copy.yaml").read_text() == SPEC
    done = run("net.yaml", "set.yaml", "--set", "width=6", cwd=folder)
    assert done.returncode == 2
    assert done.stderr == (
        "net.yaml keeps its text, which --set and --input do not change\n"
        "  hint: --structured or --flat writes the network anew\n"
    )
    assert not (folder / "set.yaml").exists()


FLAT = """\
name: net
input: [3, 8, 8]
layers:
  - {name: c1, conv: 6, kernel: 3, padding: 1}
  - batchnorm
  - relu
  - {name: c2, conv: 8, kernel: 3, padding: 1}
  - batchnorm
  - relu
  - {name: c3, conv: 8, kernel: 3, padding: 1}
  - batchnorm
  - relu
  - {name: out, dense: 10}
"""

STRUCTURED = """\
name: net
input: [3, 8, 8]
blocks:
  conv_bn_relu(filters):
    - {conv: filters, kernel: 3, padding: 1}
    - batchnorm
    - relu
layers:
  - {name: c1, conv_bn_relu: 6}
  - {name: c2, conv_bn_relu: 8, repeat: 2}
  - {name: out, dense: 10}
"""


def test_a_spec_written_anew(folder: Path) -> None:
    told = ("--set", "width=6")
    assert run("net.yaml", "-", "--flat", *told, cwd=folder).stdout == FLAT
    assert run("net.yaml", "-", "--structured", *told, cwd=folder).stdout == STRUCTURED
    (folder / "flat.yaml").write_text(FLAT.replace("name: net\n", ""))
    assert run("flat.yaml", "net2.yaml", "--structured", cwd=folder).returncode == 0
    assert (folder / "net2.yaml").read_text() == STRUCTURED.replace("name: net", "name: flat")
    other = run("net.yaml", "-", "--structured", "--input", "1x9x7", cwd=folder).stdout
    assert other.splitlines()[1] == "input: [1, 9, 7]"


@pytest.mark.parametrize("name", bundled.list_names())
def test_every_bundled_network_flat(name: str, tmp_path: Path) -> None:
    out = tmp_path / "flat.yaml"
    assert run(name, str(out), "--flat", cwd=tmp_path).returncode == 0
    text = out.read_text(encoding="utf-8")
    network = cnncost.loads(text).network
    assert are_equal_networks(network, cnncost.load(name).network)
    layers = text.partition("\nlayers:\n")[2].splitlines()
    assert len(layers) == len(network.layers)
    assert all(line.startswith("  - ") for line in layers)


@pytest.mark.parametrize("arch", ["net.yaml", "vgg16.json"])
def test_to_diagrams(arch: str, folder: Path) -> None:
    edges = sum(len(node.reads) for node in cnncost.load(folder / arch).network.nodes)
    for form, suffix, first, arrow in (
        ("mermaid", "mmd", "flowchart TD", " --> "),
        ("dot", "gv", "digraph ", " -> "),
    ):
        done = run(arch, "-", "--to", form, cwd=folder)
        assert done.returncode == 0
        assert done.stderr == ""
        assert done.stdout.startswith(first)
        assert done.stdout.count(arrow) == edges
        assert run(arch, f"net.{suffix}", cwd=folder).returncode == 0
        assert (folder / f"net.{suffix}").read_text(encoding="utf-8") == done.stdout
        assert run(arch, "net.txt", "--to", form, "--force", cwd=folder).returncode == 0
        assert (folder / "net.txt").read_text(encoding="utf-8") == done.stdout


def test_a_keras_file(folder: Path) -> None:
    flat = run("vgg16.json", "-", "--flat", cwd=folder).stdout
    assert "  - {name: block1_conv1, conv: 64, kernel: 3, padding: same}\n" in flat
    assert "blocks:" not in flat
    done = run("vgg16.json", "vgg16.yaml", cwd=folder)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    text = (folder / "vgg16.yaml").read_text()
    assert run("vgg16.json", "-", "--structured", cwd=folder).stdout == text
    assert "  - {name: block1, conv_relu: 64, repeat: 2}\n" in text
    assert are_equal_networks(cnncost.loads(text).network, cnncost.loads(flat).network)
    again = run("vgg16.json", "vgg16.yaml", "--flat", cwd=folder)
    assert again.returncode == 2
    assert again.stderr == "vgg16.yaml exists\n  hint: --force writes over it\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("net.yaml", "-", "--flat", "--structured"), "--flat and --structured exclude each other"),
        (("net.yaml", "net.onnx", "--flat"), "--flat: onnx is no spec"),
        (("net.yaml", "-", "--to", "dot", "--structured"), "--structured: dot is no spec"),
        (("net.yaml", "net.py", "--flat"), "--flat: pytorch is no spec"),
    ],
)
def test_options_that_do_not_go_together(
    arguments: tuple[str, ...], message: str, folder: Path
) -> None:
    done = run(*arguments, cwd=folder)
    assert done.returncode == 2
    assert done.stderr.startswith(f"{message}\n  hint: ")
    assert done.stdout == ""


def test_values_are_said_to_be_left_out(tmp_path: Path) -> None:
    done = run("minmax", "-", "--structured", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stderr == "the layers' values are left out\n"
    assert "values" not in done.stdout.partition("layers:")[2]


def test_a_terminal_sees_what_is_being_done(folder: Path) -> None:
    """Progress is for terminals: written over, and gone at the end."""
    main, side = pty.openpty()
    command = [sys.executable, "-m", "cnncost", "convert", "net.yaml", "-", "--structured"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=side, cwd=folder, check=True)
    os.close(side)
    seen = os.read(main, 1000).decode()
    os.close(main)
    assert seen == "\r\x1b[Kfinding the structure of 10 layers\r\x1b[K"
    assert done.stdout.decode() == STRUCTURED.replace("conv_bn_relu: 6", "conv_bn_relu: 4")


def test_help_says_what_is_kept(tmp_path: Path) -> None:
    text = re.sub(r"\s+", " ", run("--help", cwd=tmp_path).stdout)
    assert "A spec as ARCH keeps its text, comments too." in text
    assert "comments, params, expectations and values are left out." in text


def test_a_network_as_json_is_no_keras_file(folder: Path) -> None:
    (folder / "other.json").write_text(json.dumps({"layers": []}))
    done = run("other.json", "-", "--structured", cwd=folder)
    assert done.returncode == 2
    assert done.stderr.startswith("other.json: ")


ODD = """name: "a \\"b\\" \\\\N #1; <x>"
input: [3, 8, 8]
layers: [{conv: 2, kernel: 1}, relu]
"""


def test_titles_are_escaped_in_dot() -> None:
    text = write_dot(cnncost.loads(ODD)).decode()
    assert text.startswith('digraph "a \\"b\\" \\\\N #1; <x>" {\n')


def test_mermaid_is_a_flowchart() -> None:
    lines = write_mermaid(cnncost.loads(ODD)).decode().splitlines()
    assert lines == [
        "flowchart TD",
        '  n0(["input<br/>input<br/>3x8x8"])',
        '  n1["conv1<br/>conv<br/>2x8x8"]',
        '  n2["relu1<br/>relu<br/>2x8x8"]',
        "  n0 --> n1",
        "  n1 --> n2",
    ]


@pytest.mark.parametrize("name", bundled.list_names())
def test_every_edge_is_drawn(name: str) -> None:
    spec = cnncost.load(name)
    edges = sum(len(node.reads) for node in spec.network.nodes)
    assert write_dot(spec).decode().count(" -> ") == edges
    assert write_mermaid(spec).decode().count(" --> ") == edges
