"""The equations with indices, evaluated in numpy, beside PyTorch and its autograd."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from drawn_layers import check_drawn
from draws import CASES
from equations.shifts import indices
from forward import Forward
from torch import Tensor

import cnncost
from cnncost.network import Network
from cnncost.study.backward.backward_pass import BackwardPass, derive_equations
from cnncost.study.backward.equation_values import EquationValues
from cnncost.study.backward.gradient_expression import ParameterSymbol, Symbol
from cnncost.study.backward.index_inputs import find_vocabularies
from cnncost.study.backward.symbol_sizes import find_mask

TOLERANCE = 1e-7
"""Of the largest entry, or of 1: PyTorch's hardsigmoid takes a sixth in single precision."""


def compare(network: Network) -> None:
    """Every output and every gradient of these equations is PyTorch's."""
    found, run = derive_equations(network), Forward(network)
    values = EquationValues(found, len(run.values[0]), 0)
    given_bars = give_numbers(values, found, run)
    values.run_forward()
    for equation in found.forward:  # those that stand within a sum, too
        if equation.same:
            values.tensors[equation.left] = values.compute(equation, values.tensors)
    values.run_backward()
    inputs = {node.index for node in network.inputs}
    for index, (symbol, value) in enumerate(zip(found.values, run.values, strict=True)):
        if index in inputs:
            continue
        close(str(symbol), values.tensors[symbol], value)
    loss = torch.stack([(run.values[i] * g).sum() for i, g in given_bars.items()]).sum()
    tensors = dict(zip(found.values, run.values, strict=True))
    parts = {p.symbol: run.parameters[p.node.index][p.tensor] for p in found.parameters}
    gradients = torch.autograd.grad(
        loss, [*tensors.values(), *parts.values()], allow_unused=True, materialize_grads=True
    )
    theirs = dict(zip([*tensors, *parts], gradients, strict=True))
    for p in found.parameters:
        theirs[p.symbol] = _part_of(theirs[p.symbol], p)[None]
    for symbol, gradient in theirs.items():
        if symbol.bar in values.tensors:
            close(str(symbol.bar), values.tensors[symbol.bar], gradient)


def _part_of(tensor: Tensor, owned: ParameterSymbol) -> Tensor:
    """The rows of a tensor that a symbol stands for."""
    return tensor.split(list(owned.sizes))[owned.part] if owned.sizes else tensor


def give_numbers(values: EquationValues, found: BackwardPass, run: Forward) -> dict[int, Tensor]:
    """Put PyTorch's inputs, parameters and masks in the place of the drawn ones."""
    vocabularies = find_vocabularies(found.network)
    for node in found.network.inputs:
        x, words = run.values[node.index].detach(), vocabularies.get(node.index)
        x = x if words is None else indices(x, words).to(x.dtype)
        values.tensors[found.values[node.index]] = x.numpy()
    for p in found.parameters:
        tensor = _part_of(run.parameters[p.node.index][p.tensor].detach(), p)
        mask = find_mask(p)
        kernel = 1.0 if mask is None else values.tensors[mask]
        values.tensors[p.symbol] = tensor.numpy()[None] * kernel
    for layer, mask in run.masks.items():
        size = values.sizes[Symbol(word="m", of=layer)].dims
        values.tensors[Symbol(word="m", of=layer)] = (
            mask.flatten(1)[:, :1].numpy() if size == (1,) else mask.numpy()
        )
    bars = {i: run.random(*run.values[i].shape) for i in found.network.outputs}
    for i, bar in bars.items():
        values.tensors[found.values[i].bar] = bar.numpy()
    return bars


def close(name: str, ours: np.ndarray, theirs: Tensor) -> None:
    expected = theirs.detach().numpy()
    assert ours.shape == expected.shape, name
    finite = np.isfinite(expected)  # a window on padding alone has no maximum
    assert (ours[~finite] == expected[~finite]).all(), name
    largest = max(float(abs(expected[finite]).max(initial=0)), 1.0)
    assert float(abs(ours[finite] - expected[finite]).max(initial=0)) <= TOLERANCE * largest, name


@pytest.mark.parametrize("word", sorted(CASES))
def test_each_layer_type(word: str) -> None:
    check_drawn(word, compare, examples=5)


@pytest.mark.parametrize("bundled", ["residual_mlp", "minmax", "lenet5"])
def test_small_networks(bundled: str) -> None:
    compare(cnncost.load(bundled).network)
