"""PyTorch code from a spec's blocks as classes: what `convert` writes."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from kinds import list_kinds

import cnncost
from cnncost.formats.torch_out.torch_code import write


def _classes(text: str) -> str:
    return write(cnncost.loads(text)).decode()


def _forward(code: str, name: str) -> list[str]:
    """The lines of a class's forward pass."""
    text = code.partition(f"class {name}(nn.Module):")[2].partition("def forward")[2]
    return [line.strip() for line in text.partition("\n\n\n")[0].splitlines()[1:]]


@pytest.mark.parametrize("name", list_kinds())
def test_the_classes_are_python_that_needs_pytorch_alone(name: str) -> None:
    code = write(cnncost.load(name)).decode()
    tree = ast.parse(code)
    imported = [node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
    assert {ast.unparse(node) for node in imported} <= {
        "import torch",
        "import torch.nn.functional as F",
        "from torch import nn",
    }
    names = [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
    assert len(set(names)) == len(names)
    assert all(ast.get_docstring(node) for node in tree.body if isinstance(node, ast.ClassDef))


LONG = """\
name: Long names
input: [4, 12, 12]
blocks:
  a_block_with_a_long_name(filters_of_the_first_convolution, filters_of_the_second_one, kernel=3):
    - {name: first, conv: filters_of_the_first_convolution, kernel: kernel, padding: 1}
    - {name: second, conv: filters_of_the_second_one, kernel: kernel, padding: 1, bias: false}
    - {channel_shuffle: 2}
  half:
    - {slice: [0, channels // 2]}
    - {conv: channels, kernel: 1}
layers:
  - name: a_call_with_a_long_name
    a_block_with_a_long_name: 6
    filters_of_the_second_one: 8
  - name: another_call_with_a_name_that_is_longer
    a_block_with_a_long_name: 8
    filters_of_the_second_one: 10
    repeat: 1
  - name: call_that_is_repeated_and_has_a_long_name
    a_block_with_a_long_name: 12
    filters_of_the_second_one: 10
    repeat: 12
  - {half, repeat: 3}
  - {name: one_layer_that_is_read_much_later, conv: 8, kernel: [1, 3], padding: same}
  - {name: a_shuffle_of_channels_with_a_long_name, channel_shuffle: 4}
  - {name: another_layer_that_is_read_much_later, conv: 8, kernel: 4, padding: same}
  - {name: s, add: [one_layer_that_is_read_much_later, a_shuffle_of_channels_with_a_long_name,
      another_layer_that_is_read_much_later]}
  - {name: t, concat: [one_layer_that_is_read_much_later, a_shuffle_of_channels_with_a_long_name,
      another_layer_that_is_read_much_later, s]}
  - {name: a_linear_layer_with_a_name_of_length, linear: 5}
  - {name: a_norm_of_which_the_name_is_long_as_well, layernorm}
  - {name: a_norm_of_which_the_name_is_even_longer_than_all, layernorm, from: t}
  - {name: a_pool_with_a_very_long_name, maxpool: 2, padding: same, from: t}
  - {name: a_pool_with_a_very_long_name_as_well, maxpool: 3, padding: same, stride: 2}
  - {name: a_slice_with_a_very_long_name_that_is_read_later, slice: [1, 3], from: t}
  - {name: an_upsampled_layer_with_a_long_name, upsample: 2,
      from: a_pool_with_a_very_long_name_as_well}
  - {name: a_crop_with_a_name_that_is_long_enough_for_two_lines, crop: 1,
      from: a_slice_with_a_very_long_name_that_is_read_later}
"""


def test_a_formatter_leaves_the_code_as_it_is(tmp_path: Path) -> None:
    for name in list_kinds():
        (tmp_path / f"{name}.py").write_bytes(write(cnncost.load(name)))
    (tmp_path / "long.py").write_text(_classes(LONG))
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--isolated", "--diff", str(tmp_path)],
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.returncode) == ("", 0)


def test_resnet50_is_what_a_person_would_write() -> None:
    code = write(cnncost.load("resnet50")).decode()
    assert len(code.splitlines()) < 130
    assert (
        """
    def __init__(self, width):
        super().__init__()
        self.reduce = ConvBnRelu(4 * width, width)
        self.middle = ConvBnRelu(width, width, kernel=3)
        self.expand = ConvBn(width, 4 * width)
        self.relu1 = nn.ReLU(inplace=True)

    def forward(self, x):
        y = self.reduce(x)
        y = self.middle(y)
        y = self.expand(y)
        y = y + x
        return self.relu1(y)
"""
        in code
    )
    assert "self.conv2a = BottleneckProjection(64, 64)\n" in code
    assert "self.conv4b = nn.Sequential(*[Bottleneck(256) for _ in range(5)])" in code
    assert "Block bottleneck: 12 uses, " in code


def test_counts_of_the_classes_add_up() -> None:
    """ResNet-50's weights and connections lie in its stem, its bottlenecks and its output."""
    code = write(cnncost.load("resnet50")).decode()
    found = re.findall(r"Block bottleneck: .* uses, ([\d,]+) weights, ([\d,]+) connections", code)
    weights, connections = (sum(int(row[k].replace(",", "")) for row in found) for k in (0, 1))
    assert weights + 64 * 3 * 49 + 2048 * 1000 == 25_502_912
    assert connections + 64 * 3 * 49 * 112 * 112 + 2048 * 1000 == 4_089_184_256


def test_copies_that_grow_evenly_are_a_loop() -> None:
    grow = "{parallel: [[], [{conv: growth, kernel: 3, padding: 1}]]}"
    code = _classes(f"""\
input: [16, 4, 4]
blocks:
  grow(growth): [{grow}, relu]
layers:
  - {{name: stage, grow: 8, repeat: 5}}
""")
    assert "self.stage = nn.Sequential(*[Grow(16 + 8 * i) for i in range(5)])" in code


def test_dense_copies_are_held_as_such() -> None:
    code = write(cnncost.load("densenet121")).decode()
    assert "class Dense(nn.Sequential):" in code
    assert "self.dense3 = Dense(*[Grow(256 + 32 * i) for i in range(24)])" in code
    assert "        x = self.dense3(x)\n" in code
    assert code.count("torch.cat") == 2  # in Dense alone


def test_what_else_a_block_reads_is_an_argument() -> None:
    code = write(cnncost.load("unet")).decode()
    assert "    def forward(self, x, skip):\n" in code
    assert "        x = self.dec4(x, enc4)\n" in code


def test_a_block_seen_from_outside_is_written_out() -> None:
    code = _classes("""\
input: [2, 4, 4]
blocks:
  two(filters):
    - {name: first, conv: filters, kernel: 1}
    - {name: second, conv: filters, kernel: 1}
layers:
  - {name: a, two: 4}
  - {name: b, two: 4}
  - {name: c, add: [b, a.first]}
""")
    assert "self.a_first = nn.Conv2d(2, 4, 1)" in code
    assert "self.b = Two()" in code
    assert _forward(code, "Text") == [
        "a_first = self.a_first(x)",
        "x = self.a_second(a_first)",
        "x = self.b(x)",
        "x = x + a_first",
        "return x",
    ]


def test_blocks_that_share_parameters_are_written_out_and_frozen_ones_freeze_as_one() -> None:
    code = _classes("""\
input: [4, 4, 4]
blocks:
  two(filters):
    - {name: first, conv: filters, kernel: 1}
    - {name: second, conv: filters, kernel: 1}
layers:
  - {name: a, two: 4}
  - {name: b, two: 4, share: a}
  - {name: c, two: 4, frozen: true}
  - {name: d, two: 4}
""")
    assert _forward(code, "Text")[:4] == [
        "x = self.a_first(x)",
        "x = self.a_second(x)",
        "x = self.a_first(x)",
        "x = self.a_second(x)",
    ]
    assert code.count("self.c = Two()") == code.count("self.d = Two()") == 1
    assert code.count("requires_grad_(False)") == 1
    assert "self.c.requires_grad_(False)" in code


def test_names_that_python_or_the_file_needs_are_changed() -> None:
    code = _classes("""\
input: [4, 4, 4]
blocks:
  f(i, range=1, lambda=1, nn=1):
    - {conv: i, kernel: range, padding: range // 2, dilation: nn, groups: lambda}
    - relu
layers:
  - {name: a, f: 4}
  - {name: b, f: 8, range: 3, lambda: 2}
  - {name: c, f: 8, range: 3, lambda: 2, repeat: 3}
""")
    ast.parse(code)
    assert "class F2(nn.Module):" in code
    assert "def __init__(self, channels, i_, range_=1, lambda_=1):" in code
    assert "self.c = nn.Sequential(*[F2(8, 8, range_=3, lambda_=2) for _ in range(3)])" in code


def test_what_no_parameter_can_say_is_a_class_of_its_own() -> None:
    code = _classes("""\
input: [4, 8, 8]
blocks:
  unit(filters, act=relu):
    - {conv: filters, kernel: 1}
    - act
layers:
  - {name: a, unit: 4}
  - {name: b, unit: 4, act: tanh}
  - {name: c, unit: 4, act: identity}
  - {name: d, unit: 4}
""")
    assert re.findall(r"class (\w+)", code) == ["Unit", "UnitTanh", "Text"]
    assert "self.c_conv1 = nn.Conv2d(4, 4, 1)" in code


def test_thousands_of_calls_are_written() -> None:
    """10,000 layers in calls of one block."""
    lines = [f"  - {{name: u{i}, unit: {i % 97 + 1}}}" for i in range(5000)]
    code = _classes(
        """\
input: [4, 2, 2]
blocks:
  unit(filters):
    - {conv: filters, kernel: 1}
    - relu
layers:
"""
        + "\n".join(lines)
    )
    assert code.count(" = Unit(") == 5000
