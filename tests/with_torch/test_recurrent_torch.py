"""Recurrent layers and embeddings beside PyTorch: parameters by numel, products by its counter,
and there and back."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel

import cnncost
from cnncost import api
from cnncost.costs.gradients import backward_connections
from cnncost.costs.memory import measure_memory
from cnncost.formats import FORMATS, write_spec
from cnncost.formats.torch_in import read_source
from cnncost.formats.torch_out.torch_code import pytorch_code
from cnncost.verify.counted_passes import connections_of
from cnncost.verify.measure import (
    build_network,
    inference_peak,
    saved_bytes,
    step_peak,
)

ALL = """\
name: Reader
input: [3]
layers:
  - {embedding: 3, vocabulary: 7}
  - {lstm: 4, layers: 2, bidirectional: true, projection: 2}
  - {gru: 3, bidirectional: true}
  - {rnn: 4, layers: 2, activation: relu, bias: false}
  - {lstm: 3, single_bias: true, bidirectional: true}
  - {gru: 3, single_bias: true}
  - {lstm: 4, bidirectional: true, last: true}
  - {dense: 3}
"""


@pytest.mark.parametrize(
    ("line", "module"),
    [
        ("{lstm: 6, layers: 3, bidirectional: true, projection: 4}",
         lambda: nn.LSTM(5, 6, 3, bidirectional=True, proj_size=4)),
        ("{gru: 6, layers: 2, bias: false}", lambda: nn.GRU(5, 6, 2, bias=False)),
        ("{rnn: 6, layers: 2, bidirectional: true}", lambda: nn.RNN(5, 6, 2, bidirectional=True)),
    ],
)  # fmt: skip
def test_parameters_are_those_of_the_module(line: str, module: type[nn.Module]) -> None:
    spec = cnncost.loads(f"input: [5, 7]\nlayers: [{line}]\n")
    built, node = module(), spec.network.layers[0]
    ours = node.layer.tensor_shapes(node.inputs[0])
    assert ours == {name: tuple(p.shape) for name, p in built.named_parameters()}
    assert cnncost.count(spec).totals.parameters == sum(p.numel() for p in built.parameters())


def test_both_passes_multiply_as_often_as_pytorch() -> None:
    network = cnncost.loads(ALL).network
    model = build_network(pytorch_code(network))
    forward, backward = connections_of(model, [torch.zeros(2, 3)], 2)
    assert cnncost.count(cnncost.loads(ALL)).totals.connections == forward
    assert sum(b.weights + b.input for b in backward_connections(network)) == backward


@pytest.mark.parametrize(
    "line", ["{lstm: 7, layers: 3, bidirectional: true}", "{gru: 15, layers: 4, last: true}"]
)
def test_memory_is_no_more_than_pytorch_takes(line: str) -> None:
    text = f"input: [6, 9]\nlayers: [{{linear: 4}}, {line}, {{linear: 5}}]\n"
    network = cnncost.loads(text).network
    model, data = build_network(pytorch_code(network)), [torch.zeros(2, 6, 9)]
    found = measure_memory(network, batch=2)
    assert found.saved is not None
    assert found.training is not None
    assert found.saved.total <= saved_bytes(model, data)
    assert found.inference.bytes <= inference_peak(model, data)
    assert found.training.bytes <= step_peak(model, data)


def test_there_and_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = cnncost.loads(ALL)
    (tmp_path / "net.py").write_bytes(write_spec(spec, FORMATS["pytorch"]))
    monkeypatch.chdir(tmp_path)
    graph = read_source("net.py:Reader", {"": (3,)})
    assert graph.unknown == ()
    back = api.load_graph(graph, "back")
    assert cnncost.count(back).totals == cnncost.count(spec).totals
    layers = [node.layer for node in back.network.layers if node.layer.counted]
    assert layers == [node.layer for node in spec.network.layers]


class Classifier(nn.Module):
    """The forms that people write: states of both directions joined, or the last step."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(9, 4)
        self.first = nn.GRU(4, 3, batch_first=True, bidirectional=True)
        self.second = nn.LSTM(6, 5, 2, batch_first=True, dropout=0.5)
        self.out = nn.Linear(11, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y, h = self.first(self.table(x))
        z, _ = self.second(y)
        joined: torch.Tensor = self.out(torch.cat([h[0], h[1], z[:, -1]], dim=1))
        return joined


def test_a_classifier_of_ones_own() -> None:
    spec = cnncost.from_torch(Classifier(), (6,))
    totals = cnncost.count(spec).totals
    assert spec.unknown == ()
    assert totals.parameters == sum(p.numel() for p in Classifier().parameters())
    first = 2 * 3 * 3 * (4 + 3)
    second = 4 * 5 * (6 + 5) + 4 * 5 * (5 + 5)
    assert totals.connections == 6 * (first + second) + 11 * 2
    assert "dropout between the layers" in spec.network.notes


LLAMA = """\
name: Llama
input: [6]
layers:
  - {name: words, embedding: 8, vocabulary: 11}
  - {position_embedding: 9}
  - residual: [rmsnorm, {attention: 4, kv_heads: 2, bias: false}]
  - residual: [rmsnorm, {linear: 12, bias: false}, silu, {linear: 8, bias: false}]
  - rmsnorm
  - {linear: 11, bias: false, share: words}
"""
"""A block of a decoder: every linear layer once per position, and the two products of attention."""


def test_a_decoder_multiplies_as_often_as_pytorch() -> None:
    spec = cnncost.loads(LLAMA)
    model = build_network(pytorch_code(spec.network))
    with sdpa_kernel(SDPBackend.MATH):
        forward, backward = connections_of(model, [torch.zeros(2, 6)], 2)
    totals = cnncost.count(spec).totals
    attention, dense = 8 * 8 + 2 * 8 * 4 + 8 * 8, 2 * 8 * 12
    assert totals.parameters == 11 * 8 + 9 * 8 + 3 * 8 + attention + dense
    assert totals.parameters == sum(p.numel() for p in model.parameters())
    assert totals.connections == 6 * (attention + dense + 8 * 11) + 2 * 6 * 6 * 8 == forward
    assert sum(b.weights + b.input for b in backward_connections(spec.network)) == backward


def test_a_decoder_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = cnncost.loads(LLAMA)
    (tmp_path / "net.py").write_bytes(write_spec(spec, FORMATS["pytorch"]))
    monkeypatch.chdir(tmp_path)
    graph = read_source("net.py:Llama", {"": (6,)})
    assert graph.unknown == ()
    back = api.load_graph(graph, "back")
    found, expected = cnncost.count(back).totals, cnncost.count(spec).totals
    assert found._replace(units=expected.units) == expected  # attention is its products again
    words = [node.layer.word for node in back.network.layers]
    assert words.count("rmsnorm") == 3
    assert "position_embedding" in words


class Tied(nn.Module):
    """The words' vectors are the scores' weights; an lstm between, of which a part is frozen."""

    def __init__(self, frozen: bool) -> None:
        super().__init__()
        self.words = nn.Embedding(11, 6)
        self.read = nn.LSTM(6, 6, batch_first=True)
        self.read.weight_ih_l0.requires_grad_(not frozen)
        self.out = nn.Linear(6, 11, bias=False)
        self.out.weight = self.words.weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        scores: torch.Tensor = self.out(self.read(self.words(x))[0])
        return scores


@pytest.mark.parametrize("frozen", [False, True])
def test_a_tied_table_of_ones_own(frozen: bool) -> None:
    spec = cnncost.from_torch(Tied(frozen), (4,))
    totals = cnncost.count(spec).totals
    assert (totals.weights, totals.biases) == (11 * 6 + 4 * 6 * (6 + 6), 2 * 4 * 6)
    assert totals.trainable_parameters == totals.parameters - 4 * 6 * 6 * frozen
    assert totals.connections == 4 * (4 * 6 * (6 + 6) + 6 * 11)
    assert [n.name for n in spec.network.layers if n.shares is not None] == ["out"]
