"""The printed gradient equations, evaluated, are what PyTorch's autograd gives."""

from __future__ import annotations

import pytest
import torch
from draws import CASES, Case
from equations.evaluation import disagreeing, evaluate
from exported_gradients import name, printed
from forward import Forward
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from layer_runs import RUNS
from torch import Tensor

import cnncost
from cnncost.errors import CnncostError, SpecError
from cnncost.layers import TYPES
from cnncost.network import Network
from cnncost.study.backward.backward_pass import BackwardPass, derive_equations
from cnncost.study.backward.gradient_expression import ParameterSymbol

TOLERANCE = 1e-9
"""Of the largest entry of a gradient, or of 1; the issue asks for 1e-4."""

SINGLE = 1e-7
"""PyTorch's hardsigmoid takes a sixth in single precision."""


def part(tensor: Tensor, parameter: ParameterSymbol) -> Tensor:
    return tensor.split(parameter.sizes)[parameter.part] if parameter.sizes else tensor


def value(run: Forward, parameter: ParameterSymbol) -> Tensor:
    """What a parameter's symbol stands for: a kernel that sees all maps has zeros elsewhere."""
    tensor = part(run.parameters[parameter.node.index][parameter.tensor], parameter)
    if parameter.tensor == "weight" and parameter.node.name in run.kernels:
        return tensor * run.kernels[parameter.node.name]
    return tensor


def compare(network: Network) -> dict[str, Tensor]:
    """Evaluate the printed lines of a network and autograd; the gradients, all of them equal."""
    found, run = derive_equations(network), Forward(network)
    text = printed(found)
    activations = {name(s): v.detach() for s, v in zip(found.values, run.values, strict=True)}
    activations |= {f"m_{layer}": mask for layer, mask in run.masks.items()}
    owned = {name(p.symbol): value(run, p).detach() for p in found.parameters}
    masks = {f"M_{layer}": mask for layer, mask in run.kernels.items()}
    given = {i: run.random(*run.values[i].shape) for i in network.outputs}
    loss = sum((run.values[i] * g).sum() for i, g in given.items())
    bars = {name(found.values[i].bar): g for i, g in given.items()}
    ours = evaluate(text, activations, owned | masks, bars)
    theirs = autograd(loss, run, found)
    single = any(n.layer and n.layer.word == "hardsigmoid" for n in network.nodes)
    for key, gradient in ours.items():
        if key in theirs:
            close(key, gradient, theirs[key], SINGLE if single else TOLERANCE)
    complete(network, found, ours)
    return ours


def autograd(loss: Tensor | int, run: Forward, found: BackwardPass) -> dict[str, Tensor]:
    """By the symbol of its gradient, for each activation and parameter."""
    tensors = [(name(s.bar), v) for s, v in zip(found.values, run.values, strict=True)]
    wholes = [run.parameters[p.node.index][p.tensor] for p in found.parameters]
    assert isinstance(loss, Tensor)
    gradients = torch.autograd.grad(
        loss, [*(v for _, v in tensors), *wholes], allow_unused=True, materialize_grads=True
    )
    by_name = {key: g for (key, _), g in zip(tensors, gradients, strict=False)}
    for p, g in zip(found.parameters, gradients[len(tensors) :], strict=True):
        by_name[name(p.symbol.bar)] = part(g, p)
    return by_name


def close(key: str, value: Tensor, expected: Tensor, tolerance: float) -> None:
    assert value.shape == expected.shape, key
    largest = max(float(expected.abs().max()), 1.0)
    assert float((value - expected).abs().max()) <= tolerance * largest, key


def complete(network: Network, found: BackwardPass, ours: dict[str, Tensor]) -> None:
    """Every trained parameter has its gradient, no frozen one has."""
    for p in found.parameters:
        assert (name(p.symbol.bar) in ours) is not p.node.frozen, p.symbol


def test_every_type_is_run_and_drawn() -> None:
    assert {*RUNS} == {*CASES} == {*TYPES} - {"opaque"}


@pytest.mark.parametrize("word", sorted(CASES))
def test_each_layer_type(word: str) -> None:
    @settings(max_examples=40, deadline=None, derandomize=True)
    @given(CASES[word])
    def check(case: Case) -> None:
        try:
            network = cnncost.loads(case.text).network
        except SpecError as error:
            assume("crops all" not in str(error))  # as the draws of transposed windows may
            raise
        ours = compare(network)
        found = derive_equations(network)
        same = {name(e.left) for e in found.equations if e.same}
        for node in network.inputs:
            assert name(found.values[node.index].bar) in {*ours, *same}

    check()


KEPT = (
    *("relu", "tanh", "gelu", "prelu", "scale", "batchnorm", "identity", "softmax"),
    *("{groupnorm: 2}", "{dropout: 0.5}", "{lrn: 3}", "{maxpool: 3, stride: 1, padding: 1}"),
    *("layernorm", "{avgpool: 3, stride: 1, padding: 1}", "{attention: 2}", "{linear: 4}"),
)
"""Lines that keep a shape of four channels."""


@st.composite
def networks(draw: st.DrawFn) -> str:
    """Lines that each read any above: diamonds, dead ends that are outputs, shared and frozen
    layers, one or two inputs."""
    names = ["left", "right"][: draw(st.integers(1, 2))]
    lines, convs = [], []
    inputs = list(names)
    for i in range(draw(st.integers(2, 9))):
        # Each input is read by a line of its own; then any may read any of the last.
        known = st.just(inputs[i]) if i < len(inputs) else st.sampled_from(names[-6:])
        kind = draw(st.sampled_from(["conv", "share", "kept", "add", "mul", "concat"]))
        frozen = ", frozen: true" if draw(st.integers(0, 3)) == 0 else ""
        if kind in ("add", "mul"):
            lines.append(f"{{name: n{i}, {kind}: [{draw(known)}, {draw(known)}, {draw(known)}]}}")
        elif kind == "concat":
            lines.append(f"{{name: c{i}, concat: [{draw(known)}, {draw(known)}]}}")
            lines.append(f"{{name: n{i}, conv: 4, kernel: 1, from: c{i}{frozen}}}")
        elif kind == "kept":
            word = draw(st.sampled_from(KEPT)).strip("{}")
            lines.append(f"{{name: n{i}, {word}, from: {draw(known)}{frozen}}}")
        else:
            shares = kind == "share" and convs
            extra = f", share: {draw(st.sampled_from(convs))}" if shares else frozen
            lines.append(
                f"{{name: n{i}, conv: 4, kernel: 3, padding: 1, groups: 2, "
                f"from: {draw(known)}{extra}}}"
            )
            convs.append(f"n{i}")
        names.append(f"n{i}")
    text = "\n".join(f"  - {line}" for line in lines)
    shapes = ", ".join(f"{side}: [4, 3, 5]" for side in inputs)
    return f"input: {{{shapes}}}\nlayers:\n{text}\n"


@settings(max_examples=300, deadline=None, derandomize=True)
@given(networks())
def test_random_networks(text: str) -> None:
    compare(cnncost.loads(text).network)


@pytest.mark.parametrize("bundled", ["residual_mlp", "minmax", "lenet5"])
def test_small_bundled_networks(bundled: str) -> None:
    compare(cnncost.load(bundled).network)


@pytest.mark.parametrize("bundled", ["resnet18", "googlenet", "mobilenet_v2", "shufflenet_v2"])
def test_bundled_networks_on_small_images(bundled: str) -> None:
    compare(cnncost.load(bundled, inputs={"": (3, 64, 64)}).network)


def test_disagreeing_names_what_differs() -> None:
    one, zero = torch.ones(3, dtype=torch.float64), torch.zeros(3, dtype=torch.float64)
    same = {"a": one, "b": zero + 1e-16}
    assert disagreeing(same, {"a": one * (1 + 1e-6), "b": zero}, 1e-4) == []
    assert disagreeing(same, {"a": one * 1.001, "b": zero}, 1e-4) == ["a"]
    assert disagreeing(same, {"a": one, "b": zero + 1e-3}, 1e-4) == ["b"]
    assert disagreeing(same, {"a": one[:2], "c": zero}, 1e-4) == ["a", "c"]


OPAQUE = "input: [4]\nlayers: [{dense: 4}, {opaque: {output: [4], op: Einsum}}]\n"


def test_what_cannot_be_evaluated_is_said() -> None:
    text = printed(derive_equations(cnncost.loads(OPAQUE).network))
    with pytest.raises(CnncostError, match="nobody knows the gradient of an opaque layer"):
        evaluate(text, {}, {}, {"ȳ_opaque1": torch.ones(1, 4)})
    text = printed(derive_equations(cnncost.load("residual_mlp").network))
    with pytest.raises(CnncostError, match="the equations need a value of y\u0304"):
        evaluate(text, {}, {}, {})
