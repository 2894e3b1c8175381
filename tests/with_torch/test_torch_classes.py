"""The code in classes beside the flat code, which verify measures: the same network in all."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
import torch

import cnncost
from cnncost import bundled
from cnncost.formats.torch_out import pytorch_code, write
from cnncost.spec import Spec
from cnncost.verify.measure import _saved, build

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
}


def _odd() -> list[Any]:
    return [pytest.param(cnncost.loads(text), id=name) for name, text in ODD.items()]


@cache
def _small(name: str) -> Spec:
    """A bundled network at a quarter of its size where its layers allow that."""
    (shape,) = (node.output.dims for node in cnncost.load(name).network.inputs)
    small = (shape[0], *(max(extent // 4, 1) for extent in shape[1:]))
    try:
        spec = cnncost.load(name, inputs={"": small})
    except cnncost.CnncostError:
        return cnncost.load(name)
    # A batch norm in training needs more than one value a channel, as these have not.
    return spec


def _both(spec: Spec) -> tuple[Any, Any]:
    """The two forms as modules with the same weights."""
    torch.manual_seed(0)
    flat, classes = build(pytorch_code(spec.network)), build(write(spec).decode())
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


@pytest.mark.parametrize("name", bundled.names())
def test_parameters_and_output_are_the_flat_codes(name: str) -> None:
    _same(_small(name))


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
    assert _saved(flat, data) == _saved(classes, data) > 0
