"""Inputs in another order than their author meant: counted as they stand, with a note."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command import run

import cnncost
from cnncost import bundled
from cnncost.shape import Shape

CONV = "layers: [{conv: 32, kernel: 3, padding: 1}]\n"


def notes(shape: str, layers: str = CONV) -> tuple[str, ...]:
    return cnncost.loads(f"input: {shape}\n{layers}", name="net.yaml").notes


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ("[32, 32, 3]",
         "is read as 32 channels of 32x3; for 3 channels of 32x32 write [3, 32, 32]"),
        ("[480, 640, 3]",
         "is read as 480 channels of 640x3; for 3 channels of 480x640 write [3, 480, 640]"),
        ("[28, 28, 1]", "is read as 28 channels of 28x1; for 1 channel of 28x28 write [1, 28, 28]"),
        ("[28, 28]", "is read as 28 channels of 28; for 1 channel of 28x28 write [1, 28, 28]"),
        ("[1, 3, 32, 32]",
         "is read as 1 channel of 3x32x32; for 3 channels of 32x32 write [3, 32, 32]"),
        ("[64, 1, 28, 28]",
         "is read as 64 channels of 1x28x28; for 1 channel of 28x28 write [1, 28, 28]"),
        ("[1, 32, 32, 3]",
         "is read as 1 channel of 32x32x3; for 3 channels of 32x32 write [3, 32, 32]"),
        ("[16, 112, 112, 3]",
         "is read as 16 channels of 112x112x3; for 3 channels of 16x112x112 write "
         "[3, 16, 112, 112]"),
    ],
)  # fmt: skip
def test_a_note(shape: str, said: str) -> None:
    assert notes(shape) == (f"net.yaml:1:8: note: input {shape} {said}",)


@pytest.mark.parametrize(
    "shape",
    [
        "[3, 227, 227]", "[1, 28, 28]", "[4, 64, 64]", "[3, 480, 640]", "[64, 20, 1]", "[8, 17, 1]",
        "[3, 3, 3]", "[1, 16000]", "[40, 101]", "[101, 40]", "[8, 8]", "[784, 1]",
        "[3, 16, 112, 112]", "[1, 64, 64, 64]", "[3, 5, 9, 7]", "[1, 1, 16000]",
        "[3, 1, 112, 112]", "[2, 5, 6, 3]", "[32, 32, 32]", "[1, 3, 32, 48]", "[1, 3, 5, 5]",
        "[16, 48, 32, 3]", "[2, 5, 5, 3]",
    ],
)  # fmt: skip
def test_no_note(shape: str) -> None:
    assert notes(shape) == ()


def test_only_where_a_window_slides_over_the_input() -> None:
    assert notes("[32, 32, 3]", "layers: [relu, batchnorm, {maxpool: 2, padding: 1}]\n")
    assert not notes("[28, 28]", "layers: [{dense: 10}]\n")
    assert not notes("[28, 28]", "layers: [{reshape: [1, 28, 28]}, {conv: 3, kernel: 3}]\n")
    assert not notes("[32, 32, 3]", "layers: [{permute: [3, 1, 2]}, {conv: 3, kernel: 3}]\n")


@pytest.mark.parametrize("name", bundled.list_names())
def test_bundled_networks_have_none(name: str) -> None:
    assert cnncost.load(name).notes == ()


def test_an_input_that_is_set_is_named() -> None:
    text = "input: {left: [3, 9, 9], right: [3, 9, 9]}\nlayers:\n"
    text += "  - {conv: 2, kernel: 1, from: left, name: a}\n"
    text += "  - {conv: 2, kernel: 1, from: right, name: b}\n"
    spec = cnncost.loads(text, name="net.yaml", inputs={"right": (64, 64, 1)})
    assert spec.notes == (
        "net.yaml: note: --input right=64x64x1 is read as 64 channels of 64x1; "
        "for 1 channel of 64x64 give --input right=1x64x64",
    )
    alone = cnncost.loads(f"input: [3, 9, 9]\n{CONV}", name="net.yaml", inputs={"": (32, 32, 3)})
    assert alone.notes == (
        "net.yaml: note: --input 32x32x3 is read as 32 channels of 32x3; "
        "for 3 channels of 32x32 give --input 3x32x32",
    )
    named = cnncost.loads(text.replace("left: [3, 9, 9]", "left: [32, 32, 3]"), name="net.yaml")
    assert named.notes == (
        "net.yaml:1:15: note: input left [32, 32, 3] is read as 32 channels of 32x3; "
        "for 3 channels of 32x32 write [3, 32, 32]",
    )


def test_several_inputs(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(
        "input: {left: [32, 32, 3], right: [3, 32, 32]}\n"
        "layers:\n  - {conv: 2, kernel: 1, from: left, name: a}\n"
        "  - {conv: 2, kernel: 1, from: right, name: b}\n"
    )
    done = run("table", "net.yaml", "--input", "right=64x64x1", cwd=tmp_path)
    assert done.stderr.splitlines() == [
        "net.yaml:1:15: note: input left [32, 32, 3] is read as 32 channels of 32x3; "
        "for 3 channels of 32x32 write [3, 32, 32]",
        "net.yaml: note: --input right=64x64x1 is read as 64 channels of 64x1; "
        "for 1 channel of 64x64 give --input right=1x64x64",
    ]
    assert "inputs left 32 channels of 32x3, right 64 channels of 64x1" in done.stdout


@pytest.mark.parametrize(
    "words",
    [
        "table net.yaml -f json", "explain net.yaml", "memory net.yaml", "check net.yaml",
        "compare net.yaml net.yaml -f json", "sweep net.yaml --set n=2,3 -f json",
        "suggest net.yaml --budget weights=70% -f json", "convert net.yaml - --flat",
    ],
)  # fmt: skip
def test_once_for_each_command(words: str, tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(
        "params: {n: 32}\ninput: [32, 32, 3]\n"
        "layers: [{conv: n, kernel: 3, padding: 1}, {dense: 4}]\n"
    )
    done = run(*words.split(), cwd=tmp_path)
    assert done.returncode == 0
    assert done.stderr.count("note: input [32, 32, 3] is read as 32 channels of 32x3") == 1
    assert "is read as" not in done.stdout
    if "json" in words:
        json.loads(done.stdout)


def test_an_import_knows_its_axes(tmp_path: Path) -> None:
    keras = {
        "class_name": "Sequential",
        "config": {"name": "s", "layers": [
            {"class_name": "InputLayer", "config": {"batch_shape": [None, 3, 32, 32], "name": "i"}},
            {"class_name": "Conv2D", "config": {"name": "c", "filters": 4, "kernel_size": [3, 3],
             "padding": "same", "activation": "linear"}},
        ]},
    }  # fmt: skip
    (tmp_path / "net.json").write_text(json.dumps(keras))
    done = run("table", "net.json", cwd=tmp_path)
    assert "input 32 channels of 3x32" in done.stdout
    assert "note" not in done.stderr


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        (Shape(3, (227, 227)), "3 channels of 227x227"),
        (Shape(1, (16000,)), "1 channel of 16000"),
        (Shape(3, (16, 112, 112)), "3 channels of 16x112x112"),
        (Shape(784), "784 units"),
        (Shape(1), "1 unit"),
    ],
)
def test_shapes_in_words(shape: Shape, words: str) -> None:
    assert shape.words == words
