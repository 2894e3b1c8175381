"""Keras code: an entry a layer type, valid Python, names kept; written without Keras."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from kinds import list_kinds

import cnncost
from cnncost.errors import CnncostError
from cnncost.formats.keras_out.keras_code import REGISTERED, keras_code


def code_of(text: str) -> str:
    return keras_code(cnncost.loads(text).network)


WITHOUT_KERAS = ("gpt2", "swin_t")
"""Networks with products of activations in groups, which Keras has no layer for, or with weights
that layers of two types share."""


@pytest.mark.parametrize("name", [n for n in list_kinds() if n not in WITHOUT_KERAS])
def test_the_code_is_python_within_the_line_length(name: str) -> None:
    code = keras_code(cnncost.load(name).network)
    ast.parse(code)
    assert max(map(len, code.splitlines())) <= 100
    # The first line alone says who wrote it, and what its classes are registered as.
    assert "cnncost" not in code.replace(REGISTERED, "").split('"""', 2)[2]


@pytest.mark.parametrize("name", WITHOUT_KERAS)
def test_what_keras_has_not_is_refused_of_a_bundled_network(name: str) -> None:
    with pytest.raises(
        CnncostError, match=r"layers\.Dot has no groups|words, but is another layer"
    ):
        keras_code(cnncost.load(name).network)


def test_a_slash_in_the_networks_name_is_none_in_kerass() -> None:
    code = code_of("name: ViT-B/16\ninput: [4]\nlayers: [{dense: 2}]\n")
    assert 'keras.Model(inputs, x, name="ViT-B_16")' in code


def test_what_people_write() -> None:
    code = code_of("""\
name: Small
input: [3, 32, 32]
layers:
  - {name: c, conv: 8, kernel: 3, padding: same}
  - {name: r, relu}
  - {name: p, maxpool: 2}
  - {name: d, dense: 10}
""")
    assert (
        code
        == '''\
"""Small in Keras 3, written by cnncost."""

import keras
from keras import layers


def build():
    """Small.

    20,696 weights, 20,714 parameters and 241,664 connections (multiply-accumulates) an example.
    """
    inputs = keras.Input((32, 32, 3), name="input")
    x = layers.Conv2D(8, 3, padding="same", name="c")(inputs)
    x = layers.ReLU(name="r")(x)
    x = layers.MaxPooling2D(2, name="p")(x)
    x = layers.Flatten(name="d_flatten")(x)
    x = layers.Dense(10, name="d")(x)
    return keras.Model(inputs, x, name="Small")
'''
    )


def test_padding_that_keras_has_not() -> None:
    code = code_of(
        "input: [3, 32, 32]\nlayers:\n  - {name: c, conv: 8, kernel: 3, stride: 2, padding: 1}\n"
    )
    assert 'layers.ZeroPadding2D(1, name="c_pad")' in code
    code = code_of(
        "input: [3, 31, 31]\nlayers:\n  - {name: c, conv: 8, kernel: 3, stride: 2, padding: 1}\n"
    )
    assert 'strides=2, padding="same", name="c")' in code  # an odd extent: the same windows


@pytest.mark.parametrize(
    ("layers", "why"),
    [
        ("{name: odd, opaque, output: [2], op: Einsum}", "it is opaque (Einsum)"),
        ("{name: odd, conv: 4, kernel: 3, stride: 2, dilation: 2}", "a stride and a dilation"),
        ("{name: odd, depthwise_conv: 3, stride: [1, 2]}", "one stride for all axes"),
        ("{name: odd, conv_transpose: 4, kernel: 3, groups: 2}", "has groups"),
        ("{name: odd, maxpool: 2, dilation: 2}", "no pooling of Keras has a dilation"),
    ],
)  # fmt: skip
def test_what_keras_has_not_is_refused_by_name(layers: str, why: str) -> None:
    with pytest.raises(CnncostError, match=r"^odd cannot be written in Keras: ") as raised:
        code_of(f"input: [4, 16, 16]\nlayers:\n  - {layers}\n")
    assert why in str(raised.value)


def test_shared_and_frozen_layers() -> None:
    code = code_of("""\
input: {left: [4], right: [4]}
layers:
  - {name: a, dense: 3, from: left, frozen: true}
  - {name: b, dense: 3, from: right, share: a}
  - {name: both, add: [a, b]}
""")
    assert code.count("layers.Dense(3, trainable=False") == 1
    assert code.count("= a_layer(") == 2
    assert "keras.Model([left, right], x, " in code


def test_sharing_weights_alone_is_refused() -> None:
    text = """\
input: [4, 9, 9]
layers:
  - {name: a, conv: 4, kernel: 3, padding: same}
  - {name: b, conv: 4, kernel: 3, share: a}
"""
    with pytest.raises(CnncostError, match=r"b cannot be .*: it shares the weights of a"):
        code_of(text)


def test_names_that_python_or_keras_refuse() -> None:
    code = code_of("""\
name: 'a "quoted" \\ name'
input: {lambda: [4], keras: [4]}
layers:
  - {name: x, dense: 3, from: lambda}
  - {name: layers, dense: 3, from: keras}
  - {name: len, add: [x, layers]}
""")
    ast.parse(code)


def test_writing_needs_no_keras() -> None:
    code = (
        "import sys\nsys.modules['keras'] = None\nimport cnncost\n"
        "from cnncost.formats.keras_out.keras_code import keras_code\n"
        "print(keras_code(cnncost.load('resnet18').network))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "def build():" in done.stdout


def convert(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    code = "from cnncost.cli import main; main()"
    command = [sys.executable, "-c", code, "convert", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False)


def test_from_the_command_line(tmp_path: Path) -> None:
    done = convert("vgg16", "net.py", "--to", "keras", cwd=tmp_path)
    assert done.returncode == 0
    assert "layers.Conv2D(64, 3, " in (tmp_path / "net.py").read_text()
    assert convert("vgg16", "torch.py", cwd=tmp_path).returncode == 0
    assert "nn.Conv2d(" in (tmp_path / "torch.py").read_text()


@pytest.mark.parametrize("ending", ["json", "keras"])
def test_code_is_not_written_into_what_keras_reads(ending: str, tmp_path: Path) -> None:
    done = convert("vgg16", f"net.{ending}", "--to", "keras", cwd=tmp_path)
    assert done.returncode == 2
    assert "keras is written as code" in done.stderr
    assert convert("vgg16", f"net.{ending}", cwd=tmp_path).returncode == 2
    assert not list(tmp_path.iterdir())
