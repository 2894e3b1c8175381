"""The code in classes beside the flat code, which verify measures: the same network in all."""

from __future__ import annotations

import random
from functools import cache
from typing import Any

import pytest
import torch
from kinds import list_kinds

import cnncost
from cnncost.costs.memory.memory_report import measure_memory
from cnncost.errors import CnncostError
from cnncost.formats.torch_out.torch_code import pytorch_code, write
from cnncost.language import Spec
from cnncost.verify.measure import build_network, inference_peak, saved_bytes

ODD = {
    "one channel's slices of several widths": """\
input: [8, 9, 9]
blocks:
  half(filters):
    - {name: left, slice: [0, channels // 2]}
    - {name: mixed, conv: filters, kernel: 3, padding: 1}
    - {name: both, concat: [left, mixed]}
layers:
  - {name: a, half: 6}
  - {name: b, half: 7}
  - {name: c, half: 8, repeat: 2}
""",
    "shared, frozen, and calls that see one another": """\
input: {left: [4, 8, 8], right: [4, 8, 8]}
blocks:
  unit(filters):
    - {name: first, conv: filters, kernel: 3, padding: 1}
    - relu
    - {name: again, conv: filters, kernel: 3, padding: 2, dilation: 2, share: first}
  joined(other):
    - {name: one, conv: 4, kernel: 1}
    - {add: [previous, other]}
    - relu
layers:
  - {name: a, unit: 4, from: left, frozen: true}
  - {name: b, unit: 4, from: right}
  - {name: c, unit: 4, share: a, from: right}
  - {name: d, joined: b}
  - {name: e, joined: c}
  - {name: out, add: [a, previous]}
""",
    "an output that the next block reads as well": """\
input: [4, 6, 6]
blocks:
  two(filters):
    - {conv: filters, kernel: 3, padding: 1}
    - {conv: filters, kernel: 1}
layers:
  - {name: a, two: 4, repeat: 3}
  - {name: b, two: 3}
  - {name: c, identity, from: a}
""",
    "stages of blocks, some left out": """\
input: [3, 16, 16]
blocks:
  layer(filters, act=relu, i=3):
    - {conv: filters, kernel: i, padding: i // 2}
    - act
  stage(width, range, last=identity):
    - {name: block, layer: width, repeat: range}
    - {name: end, layer: width, i: 1, act: last}
layers:
  - {name: s1, stage: 4, range: 2}
  - {name: s2, stage: 6, range: 1}
  - {name: s3, stage: 8, range: 3, last: tanh}
""",
    "dense copies: of a block, of lines, frozen, shared, read in place, within others": """\
input: [4, 8, 8]
blocks:
  grow(growth):
    - {conv: 2 * growth, kernel: 1}
    - batchnorm
    - relu
    - {conv: growth, kernel: 3, padding: 1}
  stage(count, growth=3):
    - {densely: [grow: growth], times: count}
    - {conv: channels // 2, kernel: 1}
layers:
  - {name: a, stage: 3}
  - {name: b, stage: 5, growth: 2}
  - {name: c, densely: [relu, {conv: 2, kernel: 1}], times: 4}
  - {name: d, densely: [{conv: 2, kernel: 1}, relu], times: 4, frozen: true}
  - {name: e, densely: [grow: 2, {densely: [{conv: 1, kernel: 1}], times: 3}], times: 3}
  - {name: f, densely: [{name: new, conv: 1, kernel: 1}, tanh], times: 3, repeat: 2}
  - {conv: 4, kernel: 1}
  - {name: g, stage: 3, share: a}
  - {name: h, densely: [relu, {name: new, conv: 1, kernel: 1}], times: 3}
  - {concat: [previous, h.2, h.new]}
""",
}


def _drawn(seed: int) -> Spec | None:
    """A network of random blocks that call, repeat, freeze and share; None for a refused one."""
    draw = random.Random(seed)
    blocks: list[str] = []
    text = "input: [4, 6, 6]\nblocks:\n"
    for i in range(draw.randint(1, 4)):
        text += f"  b{i}(filters, kernel=1, act=relu, n=1, width=2):\n"
        text += "".join(f"    - {line}\n" for line in _body(draw, blocks, 0))
        blocks.append(f"b{i}")
    text += "layers:\n"
    calls: list[list[str]] = []
    for i in range(draw.randint(2, 7)):
        other = draw.randrange(i) if i else 0
        given = [f"{draw.choice(blocks)}: {draw.choice('234')}"]
        given += [f"kernel: {draw.choice('13')}"] * (draw.random() < 0.3)
        given += [f"act: {draw.choice(['tanh', 'relu'])}"] * (draw.random() < 0.3)
        given += [f"n: {draw.choice('123')}"] * (draw.random() < 0.3)
        given += [f"repeat: {draw.choice('1234')}"] * (draw.random() < 0.3)
        if i and draw.random() < 0.1:
            given = [*calls[other], f"share: u{other}"]
        elif draw.random() < 0.1:
            given += ["frozen: true"]
        calls.append([one for one in given if "frozen" not in one and "share" not in one])
        given += [f"from: u{other}"] * (i and draw.random() < 0.15)
        text += f"  - {{name: u{i}, {', '.join(given)}}}\n"
    try:
        spec = cnncost.loads(text, max_layers=300)
    except CnncostError:
        return None
    return spec if max(node.output.channels for node in spec.network.nodes) < 100 else None


def _body(draw: random.Random, blocks: list[str], depth: int) -> list[str]:
    lines, known = [], ["previous"]
    sizes = ("filters", "2 * filters", "channels", "filters + 1", "4", "width")
    for i in range(draw.randint(1, 4)):
        name = f"l{depth}{i}"
        repeat = draw.choice(["", "", "", ", repeat: 1", ", repeat: 3", ", repeat: n"])
        kernel, size = draw.choice(["kernel", "1", "3"]), draw.choice(sizes)
        choices = [
            f"{{name: {name}, conv: {size}, kernel: {kernel}, padding: same{repeat}}}",
            draw.choice(["act", "relu", "batchnorm", "sigmoid", "identity"]),
            f"{{name: {name}, slice: [{draw.choice(['0', '1', 'channels // 2'])}, channels]}}",
            f"{{name: {name}, concat: [previous, {draw.choice(known)}]}}",
        ]
        if blocks:
            call = f"{draw.choice(blocks)}: {size}, kernel: {kernel}, act: act"
            choices += [f"{{name: {name}, {call}{repeat}}}"] * 2
        if depth < 2:
            inner = ", ".join(_body(draw, blocks, depth + 1))
            choices.append(f"{{name: {name}, parallel: [[{inner}], []]{repeat}}}")
            times = draw.choice(["2", "4", "n"])
            choices.append(f"{{name: {name}, densely: [{inner}], times: {times}{repeat}}}")
        lines.append(draw.choice(choices))
        known += [name] if f"name: {name}," in lines[-1] else []
    return lines


def _odd() -> list[Any]:
    return [pytest.param(cnncost.loads(text), id=name) for name, text in ODD.items()]


@cache
def _small(name: str) -> Spec:
    """A bundled network at a quarter of its size where its layers allow that."""
    inputs = cnncost.load(name).network.inputs
    small = {
        node.name if len(inputs) > 1 else "": (
            node.output.channels,
            *(max(extent // 4, 1) for extent in node.output.extents),
        )
        for node in inputs
    }
    try:
        return cnncost.load(name, inputs=small)
    except CnncostError:
        return cnncost.load(name)


def _both(spec: Spec) -> tuple[Any, Any]:
    """The two forms as modules with the same weights."""
    torch.manual_seed(0)
    flat, classes = build_network(pytorch_code(spec.network)), build_network(write(spec).decode())
    mine, theirs = list(classes.state_dict().values()), list(flat.state_dict().values())
    assert [tensor.shape for tensor in mine] == [tensor.shape for tensor in theirs]
    with torch.no_grad():
        for to, source in zip(mine, theirs, strict=True):
            to.copy_(source)
    return flat, classes


def _same(spec: Spec) -> None:
    flat, classes = _both(spec)
    data = [torch.randn(2, *node.output.dims) for node in spec.network.inputs]
    trained = [[p.requires_grad for p in model.parameters()] for model in (flat, classes)]
    assert trained[0] == trained[1]
    flat.eval(), classes.eval()
    with torch.no_grad():
        wanted, found = flat(*data), classes(*data)
    wanted, found = (y if isinstance(y, tuple) else (y,) for y in (wanted, found))
    assert len(wanted) == len(found)
    assert all(torch.equal(a, b) for a, b in zip(wanted, found, strict=True))


@pytest.mark.parametrize("name", list_kinds("gpt2"))  # it is large
def test_parameters_and_output_are_the_flat_codes(name: str) -> None:
    spec = _small(name)
    if write(spec).decode() == pytorch_code(spec.network):
        assert "blocks:" not in spec.text.text or "share:" in spec.text.text
    else:
        _same(spec)


@pytest.mark.parametrize("spec", _odd())
def test_so_are_those_of_odd_networks(spec: Spec) -> None:
    _same(spec)


@pytest.mark.parametrize(
    "name", ["resnet18", "mobilenet_v2", "shufflenet_v2", "squeezenet1_1", "googlenet"]
)
def test_as_much_is_kept_for_the_backward_pass(name: str) -> None:
    spec = _small(name)
    data = [torch.randn(2, *node.output.dims) for node in spec.network.inputs]
    flat, classes = _both(spec)
    assert saved_bytes(flat, data) == saved_bytes(classes, data) > 0


def test_random_blocks_are_the_flat_codes() -> None:
    specs = [spec for spec in map(_drawn, range(150)) if spec]
    assert len(specs) >= 40
    for spec in specs:
        _same(spec)
        flat, classes = _both(spec)
        data = [torch.randn(2, *node.output.dims) for node in spec.network.inputs]
        if any(p.requires_grad for p in flat.parameters()):
            assert saved_bytes(flat, data) == saved_bytes(classes, data)


@pytest.mark.parametrize("name", ["resnet50", "mobilenet_v2", "densenet121", "convnext_tiny"])
def test_the_inference_peak_is_the_eager_one(name: str) -> None:
    """Blocks hold their inputs until they return, which verify's flat code does not."""
    spec = _small(name)
    data = [torch.randn(1, *node.output.dims) for node in spec.network.inputs]
    report = measure_memory(spec.network, batch=1)
    assert inference_peak(build_network(write(spec).decode()), data) == report.inference_eager.bytes
    assert report.inference_eager.bytes > report.inference.bytes
