"""Moves that move nothing: which they are, by PyTorch's own moves, and what they cost."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from torch.nn import functional

import cnncost
from cnncost.costs.memory.unmoved_numbers import moves_nothing
from cnncost.formats.torch_out.torch_code import pytorch_code
from cnncost.verify.difference import verify_network
from cnncost.verify.measure import build_network

SHAPES = [(12, 4, 6), (12, 1, 1), (4, 1, 1), (8, 1, 2), (1, 2, 4)]
OWN = {
    "channel_shuffle": functional.channel_shuffle,
    "pixel_shuffle": functional.pixel_shuffle,
    "space_to_depth": functional.pixel_unshuffle,
}


@pytest.mark.parametrize("word", OWN)
def test_still_is_what_moves_no_number(word: str) -> None:
    found = set()
    for (channels, *extents), number in product(SHAPES, (1, 2, 4, 12)):
        text = f"input: [{channels}, {str(extents)[1:-1]}]\nlayers: [{{{word}: {number}}}]"
        try:
            node = cnncost.loads(text).network.layers[0]
        except cnncost.CnncostError:
            continue  # it does not split into so many
        x = torch.arange(node.inputs[0].units, dtype=torch.float).view(1, channels, *extents)
        moved = OWN[word](x, number).flatten()
        assert moves_nothing(node) == torch.equal(moved, x.flatten()), text
        found.add(moves_nothing(node))
    assert found == {True, False}


LINES = [
    ("12, 4, 6", "{channel_shuffle: 1}"),
    ("12, 4, 6", "{channel_shuffle: 12}"),
    ("12, 1, 1", "{channel_shuffle: 2}"),
    ("12, 8", "{pixel_shuffle: 1}"),
    ("12, 1", "{pixel_shuffle: 2}"),
    ("12, 1, 1", "{pixel_shuffle: 2}"),
    ("12, 1, 4", "{pixel_shuffle: [2, 1]}"),
    ("16, 1, 1, 1", "{pixel_shuffle: 2}"),
    ("12, 4, 6", "{space_to_depth: 1}"),
    ("12, 4", "{space_to_depth: 4}"),
    ("12, 2, 2", "{space_to_depth: 2}"),
    ("12, 1, 4", "{space_to_depth: [1, 4]}"),
]


@pytest.mark.parametrize(("dims", "line"), LINES)
@pytest.mark.parametrize("after", ["relu6", "{conv: 8, kernel: 1}, {conv: 4, kernel: 1}"])
def test_their_memory_is_pytorchs(dims: str, line: str, after: str) -> None:
    channels = dims.partition(",")[0]
    layers = f"[{{conv: {channels}, kernel: 1}}, {line}, {after}, {{dense: 3}}]"
    verdict = verify_network(cnncost.loads(f"input: [{dims}]\nlayers: {layers}").network, 2, print)
    assert verdict.wrong_shapes == ()
    found = {one.quantity: one for one in verdict.lines}
    for quantity in ("saved for backward", "peak activations, inference"):
        assert found[quantity].agrees, found[quantity]


@pytest.mark.parametrize("size", [1, 2, 5, 30])
def test_lrn_of_a_vector(size: int) -> None:
    """Each unit over (1 + 1e-4 times the mean square of its neighbours) ** 0.75, zeros beyond
    the ends; PyTorch's own module refuses vectors."""
    spec = cnncost.loads(f"input: [9]\nlayers: [{{lrn: {size}}}]")
    x = 100 * torch.randn(2, 9, dtype=torch.float64)
    expected = torch.empty_like(x)
    for at in range(9):
        near = x[:, max(0, at - size // 2) : at + (size - 1) // 2 + 1]
        expected[:, at] = x[:, at] / (1 + 1e-4 * near.square().sum(1) / size) ** 0.75
    torch.testing.assert_close(build_network(pytorch_code(spec.network))(x), expected)


def test_lrn_of_a_vector_has_pytorchs_memory() -> None:
    text = "input: [12]\nlayers: [{dense: 70}, {lrn: 3}, relu, {dense: 40}, {lrn: 4}, {dense: 5}]"
    verdict = verify_network(cnncost.loads(text).network, 4, print)
    assert verdict.wrong_shapes == ()
    found = {one.quantity: one for one in verdict.lines}
    for quantity in ("saved for backward", "peak activations, inference"):
        assert found[quantity].agrees, found[quantity]
