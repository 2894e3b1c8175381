"""A convolution's matrix against PyTorch: each column is what a unit of the input alone gives."""

from __future__ import annotations

import random
from math import prod

import pytest
import torch
from layer_runs import RUNS
from torch import Tensor

import cnncost
from cnncost.errors import CnncostError
from cnncost.layers.convolution import Conv
from cnncost.network import Node
from cnncost.study.convolution_matrix import (
    ConvolutionMatrix,
    describe_matrix,
    find_transposed_twin,
)


class Numbers:
    """A layer's weights, all different, and no bias."""

    def __init__(self, node: Node) -> None:
        dims = node.layer.tensor_shapes(node.inputs[0])["weight"]
        weight = torch.arange(1, prod(dims) + 1, dtype=torch.float64).reshape(dims)
        self.parameters = {node.index: {"weight": weight}}
        self.weight = weight


def dense_matrix(node: Node) -> tuple[Tensor, Tensor]:
    """The matrix, a column per unit vector, and the weights."""
    x = node.inputs[0]
    units = torch.eye(x.units, dtype=torch.float64).reshape(x.units, *x.dims)
    numbers = Numbers(node)
    return RUNS[node.layer.word](numbers, node, units).reshape(x.units, -1).T, numbers.weight


def drawn(seed: int) -> str:
    draw = random.Random(seed)
    word = draw.choice(["conv", "conv", "conv_transpose", "depthwise_conv"])
    axes = draw.choice([1, 2, 2])
    groups = draw.choice([1, 2])
    channels = groups * draw.randint(1, 2)
    dims = [channels, *(draw.randint(2, 12 // axes) for _ in range(axes))]
    kernel = [draw.randint(1, 3) for _ in range(axes)]
    settings = {
        "stride": [draw.randint(1, 3) for _ in range(axes)],
        "padding": [[draw.randint(0, 2), draw.randint(0, 2)] for _ in range(axes)],
        "dilation": [draw.randint(1, 2) for _ in range(axes)],
    }
    if word == "depthwise_conv":
        main = f"depthwise_conv: {kernel}, multiplier: {draw.randint(1, 2)}"
    else:
        main = f"{word}: {groups * draw.randint(1, 2)}, kernel: {kernel}, groups: {groups}"
    more = "".join(f", {key}: {value}" for key, value in settings.items())
    return f"input: {dims}\nlayers: [{{{main}{more}, bias: false}}]\n"


def check_columns(node: Node, found: ConvolutionMatrix) -> None:
    """The columns are as many as torch.nn.Unfold's over the padded input, group by group."""
    x, layer = node.inputs[0], node.layer
    assert isinstance(layer, Conv)
    windows = layer.resolve_windows(x)
    padding = [side for w in reversed(windows) for side in (w.before, w.after)]
    padded = torch.nn.functional.pad(torch.zeros(1, *x.dims), padding)
    one_axis = len(x.extents) == 1
    columns = torch.nn.functional.unfold(
        padded[:, :, None] if one_axis else padded,
        (1, *layer.kernel) if one_axis else layer.kernel,
        dilation=(1, *layer.dilation) if one_axis else layer.dilation,
        stride=(1, *layer.stride) if one_axis else layer.stride,
    )
    sizes = {working.quantity: int(working.number) for working in found.im2col}
    assert (sizes["rows"] * layer.groups, sizes["columns"]) == tuple(columns.shape[1:])
    assert sizes["entries"] == columns.numel()


@pytest.mark.parametrize("seed", range(24))
def test_columns_are_answers_to_unit_vectors(seed: int) -> None:
    try:
        (node,) = cnncost.loads(drawn(seed)).network.layers
    except CnncostError:
        pytest.skip("the windows do not fit")
    expected, weight = dense_matrix(node)
    found = describe_matrix(node, 10**6, 10**6)
    assert found.entries is not None
    matrix = torch.zeros_like(expected)
    names: dict[tuple[int, ...], float] = {}
    for row, column, name in found.entries:
        matrix[row, column] = names.setdefault(name, float(expected[row, column]))
    assert torch.equal(matrix, expected)
    sizes = {working.quantity: int(working.number) for working in found.sizes}
    rows, columns = expected.shape
    present = {float(value) for value in expected.flatten() if value}
    assert sizes == {
        "rows": rows, "columns": columns, "entries": rows * columns, "bytes": 4 * rows * columns,
        "not zero": int((expected != 0).sum()), "independent": len(present),
    }  # fmt: skip
    if node.layer.word == "conv":
        check_columns(node, found)
    assert len(present) == len(set(names.values())) == len(names)
    assert present <= set(weight.flatten().tolist())
    if (twin := find_transposed_twin(node)) is not None:
        x = node.output
        made = cnncost.loads(
            f"input: {list(x.dims)}\nlayers: [{{conv: {twin.filters}, kernel: {list(twin.kernel)}, "
            f"stride: {list(twin.stride)}, dilation: {list(twin.dilation)}, groups: {twin.groups}, "
            f"padding: {[[w.before, w.after] for w in twin.resolve_windows(x)]}, bias: false}}]\n"
        )
        across, _ = dense_matrix(made.network.layers[0])
        assert torch.equal(across.T, expected)
