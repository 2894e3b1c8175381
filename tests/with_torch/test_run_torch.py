"""`run` beside PyTorch: every layer type on random numbers, and whole modules by their state."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from carried_text import values_text
from drawn_layers import check_drawn
from draws import CASES
from equations.shifts import indices
from forward import Forward
from torch import Tensor, nn

import cnncost
from cnncost.errors import CnncostError
from cnncost.network import Network
from cnncost.study.run import check_runnable, run_network
from cnncost.study.run.evaluation_rules import evaluate_layer
from cnncost.study.run.number_map import Map
from cnncost.study.run.unit_formulas import WorkingLedger

OTHER_STATES = {"batchnorm", "dropout", "drop_path", "locally_connected"}
"""Types that are something else in training, or whose weights PyTorch has not in our form."""


def compare(network: Network) -> None:
    """Every layer of every example is PyTorch's."""
    run = Forward(network, batch=2)
    for node in network.layers:
        own = {key: own_numbers(node, key, t) for key, t in run.parameters[node.index].items()}
        for example in range(2):
            reads = [run.values[i][example].detach() for i in node.reads]
            if node.layer.word == "embedding":
                reads = [indices(reads[0], node.layer.vocabulary)]
            maps = [
                Map(x, tuple(t.flatten().tolist())) for x, t in zip(node.inputs, reads, strict=True)
            ]
            expected = run.values[node.index][example].detach().flatten()
            if not expected.isfinite().all():  # a window on padding alone has no maximum
                with pytest.raises(CnncostError, match="a window lies on padding alone"):
                    evaluate_layer(node, own, maps, WorkingLedger())
                continue
            found = evaluate_layer(node, own, maps, WorkingLedger())
            ours = torch.tensor([float(v) for v in found.numbers], dtype=torch.float64)
            torch.testing.assert_close(ours, expected, rtol=1e-6, atol=1e-7)


def own_numbers(node: Any, key: str, tensor: Tensor) -> tuple[float, ...]:
    connects = getattr(node.layer, "connects", None)
    if key == "weight" and connects:  # PyTorch's kernel is whole, ours the windows that are used
        tensor = torch.cat([tensor[row, list(maps)] for row, maps in enumerate(connects)])
    return tuple(tensor.detach().flatten().tolist())


@pytest.mark.parametrize("word", sorted(set(CASES) - OTHER_STATES))
def test_each_layer_type(word: str) -> None:
    check_drawn(word, compare, examples=8)


def rounded_state(module: nn.Module) -> dict[str, Any]:
    """Round a module's parameters and statistics to what decimals write, and return them."""
    with torch.no_grad():
        for tensor in (*module.parameters(), *module.buffers()):
            if tensor.is_floating_point():
                tensor.copy_((torch.rand_like(tensor) * 64).round() / 32 - 0.5)
    state = {key: t for key, t in module.state_dict().items() if t.is_floating_point()}
    return {key: t.tolist() for key, t in state.items()}


MODULES: list[tuple[str, str, nn.Module]] = [
    ("[3, 5]", "lstm: 4", nn.LSTM(3, 4, batch_first=True)),
    ("[3, 4]", "lstm: 4, layers: 2, bidirectional: true, projection: 2",
     nn.LSTM(3, 4, 2, bidirectional=True, proj_size=2, batch_first=True)),
    ("[2, 6]", "gru: 3, layers: 2", nn.GRU(2, 3, 2, batch_first=True)),
    ("[2, 3]", "gru: 3, bidirectional: true, bias: false",
     nn.GRU(2, 3, bidirectional=True, bias=False, batch_first=True)),
    ("[2, 6]", "rnn: 3", nn.RNN(2, 3, batch_first=True)),
    ("[2, 4]", "rnn: 3, activation: relu, layers: 3, bidirectional: true",
     nn.RNN(2, 3, 3, nonlinearity="relu", bidirectional=True, batch_first=True)),
    ("[4, 5]", "attention: 2", nn.MultiheadAttention(4, 2, batch_first=True)),
]  # fmt: skip
"""Modules of sequences, which have the positions in front of the channels."""


@pytest.mark.parametrize(("dims", "line", "module"), MODULES, ids=[m[1] for m in MODULES])
def test_modules_by_the_state_that_they_save(dims: str, line: str, module: nn.Module) -> None:
    torch.manual_seed(0)
    module = module.double().eval()
    text = f"input: {dims}\nlayers:\n- {{{line}, {values_text(rounded_state(module))}}}"
    spec = cnncost.loads(text)
    check_runnable(spec)
    x = torch.randn(*spec.network.inputs[0].output.dims, dtype=torch.float64)
    (step,) = run_network(spec, {"input": x.flatten().tolist()})
    rows = x.T[None]
    made = module(rows, rows, rows) if isinstance(module, nn.MultiheadAttention) else module(rows)
    expected = made[0][0].T.flatten().detach()
    ours = torch.tensor([float(v) for v in step.output.numbers], dtype=torch.float64)
    torch.testing.assert_close(ours, expected, rtol=1e-9, atol=1e-9)


UNITS: list[tuple[str, str, nn.Module]] = [
    ("[3, 4, 2]", "batchnorm", nn.BatchNorm2d(3)),
    ("[4]", "{batchnorm: {affine: false}}", nn.BatchNorm1d(4, affine=False)),
    ("[3, 4]", "groupnorm: 3", nn.GroupNorm(3, 3)),
    ("[5]", "layernorm", nn.LayerNorm(5)),
    ("[2, 4, 3]", "conv_transpose: 3, kernel: 3, stride: 2, padding: 1, output_padding: 1",
     nn.ConvTranspose2d(2, 3, 3, 2, 1, 1)),
    ("[2, 4]", "prelu", nn.PReLU(2)),
]  # fmt: skip


@pytest.mark.parametrize(("dims", "line", "module"), UNITS, ids=[m[1] for m in UNITS])
def test_modules_of_maps_by_their_state(dims: str, line: str, module: nn.Module) -> None:
    torch.manual_seed(0)
    module = module.double().eval()
    state = rounded_state(module)
    state |= {k: [abs(v) for v in t] for k, t in state.items() if k == "running_var"}
    module.load_state_dict({k: torch.tensor(t) for k, t in state.items()}, strict=False)
    line = line.replace("{batchnorm: {affine: false}}", "batchnorm, affine: false")
    spec = cnncost.loads(f"input: {dims}\nlayers:\n- {{{line}, {values_text(state)}}}")
    check_runnable(spec)
    x = torch.randn(*spec.network.inputs[0].output.dims, dtype=torch.float64)
    (step,) = run_network(spec, {"input": x.flatten().tolist()})
    ours = torch.tensor([float(v) for v in step.output.numbers], dtype=torch.float64)
    torch.testing.assert_close(ours, module(x[None])[0].flatten().detach(), rtol=1e-9, atol=1e-9)
