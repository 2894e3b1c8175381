"""Structured specs as a person would write them: the source's names, the literature's blocks,
numbers told once.

Each pair is a network, a line an operation (`path: a line of a spec`, which reads the line above,
or those behind `<`), and its spec's blocks and layers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

import cnncost
from cnncost.formats.graph import Graph, Op
from cnncost.formats.spec_text import spec_text
from cnncost.formats.structured_text import are_equal_networks, structured_text, write_structured

if TYPE_CHECKING:
    from cnncost.formats.graph import Value


def source(text: str) -> Graph:
    ops: list[Op] = []
    for line in text.strip().splitlines():
        told, _, read = line.partition(" < ")
        name, word, *arguments = told.replace(":", "").split()
        values = [argument.split("=") for argument in arguments]
        reads = tuple(read.split()) if read else (ops[-1].name if ops else "x",)
        known: dict[str, Value] = {k: v == "true" if v.isalpha() else int(v) for k, v in values}
        ops.append(Op(name, word, known, reads))
    return Graph("net", {"x": (8, 16, 16)}, tuple(ops), (ops[-1].name,))


def written(graph: Graph) -> str:
    """The structured text below its heading."""
    network = cnncost.loads(spec_text(graph)).network
    text = structured_text(graph, network)
    assert text == write_structured(graph, network)
    assert are_equal_networks(cnncost.loads(text).network, network)
    return text.partition("input: [8, 16, 16]\n")[2]


def basic(path: str, entry: str, *, filters: int = 8, stride: int = 1) -> str:
    """A block of ResNet-18 as PyTorch names it, projected where it strides."""
    lines = f"""
{path}.conv1: conv filters={filters} kernel=3 stride={stride} padding=1 bias=false < {entry}
{path}.bn1: batchnorm
{path}.relu: relu
{path}.conv2: conv filters={filters} kernel=3 padding=1 bias=false
{path}.bn2: batchnorm
"""
    if stride > 1:
        size = f"filters={filters} kernel=1 stride={stride} bias=false"
        lines += f"""{path}.downsample.0: conv {size} < {entry}
{path}.downsample.1: batchnorm
{path}.add: add < {path}.bn2 {path}.downsample.1
"""
        return lines + f"{path}.relu_1: relu"
    return lines + f"{path}.add: add < {path}.bn2 {entry}\n{path}.relu_1: relu"


def test_a_residual_network() -> None:
    parts = ["conv1: conv filters=8 kernel=3 padding=1 bias=false", "bn1: batchnorm", "relu: relu"]
    entry = "relu"
    for stage, filters in enumerate((8, 16, 32, 64)):
        for number in range(2):
            path = f"layer{stage + 1}.{number}"
            stride = 2 if stage and not number else 1
            parts.append(basic(path, entry, filters=filters, stride=stride).strip())
            entry = f"{path}.relu_1"
    parts += ["pool: global_avgpool", "fc: dense units=10"]
    assert (
        written(source("\n".join(parts)))
        == """\
blocks:
  conv_bn_relu(filters, stride=1):
    - {conv: filters, kernel: 3, stride: stride, padding: 1, bias: false}
    - batchnorm
    - relu
  conv_bn(filters, kernel=3, stride=1):
    - {conv: filters, kernel: kernel, stride: stride, padding: kernel // 2, bias: false}
    - batchnorm
  basic:
    - residual: [{name: conv1, conv_bn_relu: channels}, {name: conv2, conv_bn: channels}]
    - relu
  basic_projected(filters):
    - residual:
        - {name: conv1, conv_bn_relu: filters, stride: 2}
        - {name: conv2, conv_bn: filters}
      shortcut: [{name: downsample, conv_bn: filters, kernel: 1, stride: 2}]
    - relu
layers:
  - {name: conv1, conv_bn_relu: 8}
  - {name: layer1, basic, repeat: 2}
  - {name: layer2_0, basic_projected: 16}
  - {name: layer2_1, basic}
  - {name: layer3_0, basic_projected: 32}
  - {name: layer3_1, basic}
  - {name: layer4_0, basic_projected: 64}
  - {name: layer4_1, basic}
  - global_avgpool
  - {name: fc, dense: 10}
"""
    )


def inverted(number: int, entry: str, *, channels: int, filters: int) -> str:
    """A block of MobileNetV2 with a gate, as Keras names it; a sum where the width stays."""
    at, wide = f"block_{number}", 6 * channels
    lines = f"""
{at}_expand: conv filters={wide} kernel=1 < {entry}
{at}_expand_relu: relu6
{at}_spatial: conv filters={wide} kernel=3 padding=1 groups={wide}
{at}_spatial_relu: relu6
{at}_se_pool: global_avgpool
{at}_se_down: conv filters={channels // 4} kernel=1
{at}_se_relu: relu
{at}_se_up: conv filters={wide} kernel=1
{at}_se_act: sigmoid
{at}_se_scale: mul < {at}_spatial_relu {at}_se_act
{at}_project: conv filters={filters} kernel=1"""
    if filters == channels:
        lines += f"\n{at}_add: add < {at}_project {entry}"
    return lines


def test_inverted_bottlenecks_with_gates() -> None:
    parts, entry, channels = [], "x", 8
    for number, filters in enumerate((16, 16, 16, 24, 24, 32)):
        parts.append(inverted(number, entry, channels=channels, filters=filters).strip())
        entry = f"block_{number}_{'add' if filters == channels else 'project'}"
        channels = filters
    assert (
        written(source("\n".join(parts)))
        == """\
blocks:
  conv_relu6(filters, kernel=1, groups=1):
    - {conv: filters, kernel: kernel, padding: kernel // 2, groups: groups}
    - relu6
  gate(filters):
    - parallel:
        - []
        - - global_avgpool
          - {name: down, conv: filters, kernel: 1}
          - relu
          - {name: up, conv: channels, kernel: 1}
          - sigmoid
      join: mul
  inverted_bottleneck(filters):
    - {name: expand, conv_relu6: 6 * channels}
    - {name: spatial, conv_relu6: 6 * channels, kernel: 3, groups: depthwise}
    - {name: se, gate: channels // 4}
    - {name: project, conv: filters, kernel: 1}
layers:
  - {name: block_0, inverted_bottleneck: 16}
  - {name: block_1, residual: [{inverted_bottleneck: 16}], repeat: 2}
  - {name: block_3, inverted_bottleneck: 24}
  - residual: [{name: block_4, inverted_bottleneck: 24}]
  - {name: block_5, inverted_bottleneck: 32}
"""
    )


def test_a_width_of_each_branch() -> None:
    parts, entry = [], "x"
    for name, widths in (("3a", (8, 4, 6)), ("3b", (16, 4, 12)), ("4a", (32, 6, 12))):
        at = f"inception{name}"
        parts.append(f"""{at}.narrow.conv: conv filters={widths[0]} kernel=1 < {entry}
{at}.narrow.relu: relu
{at}.reduce.conv: conv filters={widths[1]} kernel=1 < {entry}
{at}.reduce.relu: relu
{at}.wide.conv: conv filters={widths[2]} kernel=5 padding=2
{at}.wide.relu: relu
{at}.concat: concat < {at}.narrow.relu {at}.wide.relu""")
        entry = f"{at}.concat"
    assert (
        written(source("\n".join(parts)))
        == """\
blocks:
  conv_relu(filters, kernel=1):
    - {conv: filters, kernel: kernel, padding: kernel // 2}
    - relu
  inception(narrow_filters, reduce_filters, wide_filters):
    - parallel:
        - [{name: narrow, conv_relu: narrow_filters}]
        - - {name: reduce, conv_relu: reduce_filters}
          - {name: wide, conv_relu: wide_filters, kernel: 5}
layers:
  - {name: inception3a, inception: 8, reduce_filters: 4, wide_filters: 6}
  - {name: inception3b, inception: 16, reduce_filters: 4, wide_filters: 12}
  - {name: inception4a, inception: 32, reduce_filters: 6, wide_filters: 12}
"""
    )


def test_maps_that_come_back_up_are_named_not_nested() -> None:
    graph = source("""
enc1.conv: conv filters=4 kernel=3 padding=1
enc1.relu: relu
pool: maxpool kernel=2
enc2.conv: conv filters=8 kernel=3 padding=1
enc2.relu: relu
up: conv_transpose filters=4 kernel=2 stride=2
cat: concat < enc1.relu up
out: conv filters=2 kernel=1
""")
    assert (
        written(graph)
        == """\
layers:
  - {name: enc1_conv, conv: 4, kernel: 3, padding: 1}
  - {name: enc1_relu, relu}
  - {maxpool: 2}
  - {name: enc2_conv, conv: 8, kernel: 3, padding: 1}
  - relu
  - {name: up, conv_transpose: 4, kernel: 2, stride: 2}
  - {concat: [enc1_relu, previous]}
  - {name: out, conv: 2, kernel: 1}
"""
    )


def test_names_that_the_language_has_are_not_taken() -> None:
    parts = []
    for i, at in enumerate(("relu", "channels", "input", "kernel", "same")):
        for number in range(3):
            parts.append(f"{at}.{number}.filters: conv filters={number + 4 + i} kernel=3 padding=1")
            parts.append(f"{at}.{number}.conv: linear features={number * i + 5} bias=false")
            parts.append(f"{at}.{number}.act: relu")
    text = written(source("\n".join(parts)))  # which must be the network's
    assert "name: filters_" not in text
    assert "{name: channels_" in text


def test_a_long_network_gets_its_blocks_too() -> None:
    parts, entry = ["stem: conv filters=8 kernel=1"], "stem"
    for number in range(750):
        parts.append(basic(f"deep.{number}", entry).strip())
        entry = f"deep.{number}.relu_1"
    graph = source("\n".join(parts))
    network = cnncost.loads(spec_text(graph)).network
    text = write_structured(graph, network)
    assert len(text.splitlines()) < 20  # of 5,251 layers
    assert are_equal_networks(cnncost.loads(text).network, network)


@st.composite
def stacks(draw: st.DrawFn) -> Graph:
    """Blocks of two networks one upon another, at random widths and under random names."""
    parts, entry, channels = [], "x", 8
    for number in range(draw(st.integers(2, 9))):
        filters = draw(st.sampled_from([8, 8, 16, 24]))
        if draw(st.booleans()):
            home = draw(st.sampled_from([f"layer{number // 3}.{number % 3}", f"conv.{number}"]))
            stride = 1 if filters == channels else 2
            parts.append(basic(home, entry, filters=filters, stride=stride).strip())
            entry = f"{home}.relu_1"
        else:
            parts.append(inverted(number, entry, channels=channels, filters=filters).strip())
            entry = f"block_{number}_{'add' if filters == channels else 'project'}"
        channels = filters
    return source("\n".join(parts))


@settings(max_examples=25, deadline=None)
@given(stacks())
def test_random_stacks_of_blocks_are_kept(graph: Graph) -> None:
    assert "layers:\n" in written(graph)  # which is the same network
