"""Keras out beside Keras: the code runs; shapes, parameters and connections are the spec's."""

from __future__ import annotations

import os
from math import prod
from pathlib import Path
from typing import Any

import pytest

import cnncost
from cnncost.formats.keras_in import read
from cnncost.formats.keras_out.keras_code import keras_code
from cnncost.formats.spec_text import spec_text
from cnncost.formats.torch_out.torch_code import pytorch_code
from cnncost.network import Network

os.environ["KERAS_BACKEND"] = "torch"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras
import numpy
import torch
from kinds import list_kinds


def built(network: Network) -> keras.Model:
    names: dict[str, object] = {}
    exec(compile(keras_code(network), "net.py", "exec"), names)
    build = names["build"]
    assert callable(build)
    model: keras.Model = build()
    return model


def learned(model: keras.Model) -> int:
    """Parameters, frozen ones too, without the moving statistics of norms."""
    counted = {id(w): prod(w.shape) for w in model.weights if "moving_" not in w.path}
    moving = {id(w): 0 for w in model.weights if "seed" in w.path}
    return sum({**counted, **moving}.values())


def as_ours(shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
    return (shape[-1], *shape[1:-1])


def agrees(network: Network, folder: Path) -> keras.Model:
    """Builds the model, holds its shapes and parameters to the spec's, and reads it back with
    nothing opaque and the same counts."""
    keras.backend.clear_session()
    model = built(network)
    total = cnncost.costs.count_network(network, cnncost.costs.Convention()).totals
    assert learned(model) == total.parameters
    outputs = [as_ours(tensor.shape) for tensor in model.outputs]
    assert outputs == [network.nodes[i].output.dims for i in network.outputs]
    path = folder / "model.json"
    path.write_text(model.to_json())
    graph = read(path, "model.json", {})
    assert graph.unknown == ()
    back = cnncost.count(cnncost.loads(spec_text(graph))).totals
    assert (back.connections, back.weights, back.parameters, back.trainable_parameters) == (
        total.connections, total.weights, total.parameters, total.trainable_parameters,
    )  # fmt: skip
    return model


@pytest.mark.parametrize("name", list_kinds("gpt2", "swin_t"))
def test_bundled_networks(name: str, tmp_path: Path) -> None:
    with keras.device("meta"):  # without memory for weights: VGG-16 has half a gigabyte
        agrees(cnncost.load(name).network, tmp_path)


MAP, SIGNAL, VOLUME = "[6, 12, 10]", "[6, 20]", "[4, 7, 6, 8]"

CASES = [
    *[(MAP, f"{{conv: 12, kernel: 3, stride: {s}, padding: {p}, dilation: {d}, groups: {g}}}")
      for s, p, d, g in [(1, 0, 1, 1), (2, 1, 1, 2), (1, 2, 2, 1), (3, 0, 1, 3), (2, "same", 1, 1),
                         (1, "[[1, 0], [0, 2]]", 1, 1), (1, "[0, 3]", 1, 1)]],
    (SIGNAL, "{conv: 8, kernel: 5, padding: [[8, 0]], dilation: 2}"),
    (SIGNAL, "{conv: 8, kernel: 4, stride: 3, padding: 1, bias: false}"),
    (VOLUME, "{conv: 5, kernel: [3, 1, 2], padding: same, stride: [1, 2, 1]}"),
    (MAP, "{depthwise_conv: 3, multiplier: 2, stride: 2, padding: 1}"),
    (SIGNAL, "{depthwise_conv: 3, bias: false}"),
    (VOLUME, "{depthwise_conv: 3, padding: 1}"),
    *[(MAP, f"{{conv_transpose: 5, kernel: {k}, stride: {s}, padding: {p}, "
            f"output_padding: {o}}}")
      for k, s, p, o in [(3, 2, 0, 0), (3, 2, 1, 1), (2, 2, 0, 0), (4, 2, 1, 0),
                         (2, 3, 0, 0), (2, 3, "same", 0), (5, 3, 2, 2), (3, 1, 1, 0),
                         (3, 2, "[[0, 1], [2, 0]]", 0)]],
    (SIGNAL, "{conv_transpose: 5, kernel: 4, stride: 3, padding: 1}"),
    (VOLUME, "{conv_transpose: 3, kernel: 2, stride: 2}"),
    ("[18]", "{dense: 7}"), (MAP, "{dense: 7, bias: false}"), (MAP, "{linear: 11}"),
    (SIGNAL, "{linear: 3, bias: false}"), ("[5]", "{linear: 3}"),
    *[(MAP, f"{{{kind}: {k}, stride: {s}, padding: {p}, ceil: {c}}}")
      for kind in ("maxpool", "avgpool")
      for k, s, p, c in [(2, 2, 0, "false"), (3, 2, 1, "false"), (3, 2, 0, "true"),
                         (3, 1, 1, "false"), ("[2, 3]", "[2, 3]", 0, "true"),
                         (3, 3, "same", "false")]],
    # A window that is larger than the map, and hangs over its end.
    ("[6, 17, 1]", "{maxpool: [3, 2], stride: [1, 3], ceil: true}"),
    ("[6, 4, 9]", "{maxpool: [6, 2], stride: 4, padding: [[0, 1], [0, 0]], ceil: true}"),
    ("[6, 7]", "{avgpool: 9, stride: 3, ceil: true}"),
    (VOLUME, "{avgpool: [2, 2, 3]}"), (SIGNAL, "{maxpool: 3, padding: 1}"),
    (MAP, "{global_avgpool}"), (SIGNAL, "{global_maxpool}"), (VOLUME, "{global_avgpool}"),
    (MAP, "{adaptive_avgpool: [6, 5]}"), (MAP, "{adaptive_maxpool: 1}"),
    (MAP, "{adaptive_avgpool: [5, 3]}"), (SIGNAL, "{adaptive_maxpool: 7}"),
    (MAP, "{batchnorm}"), (MAP, "{batchnorm, affine: false}"), ("[18]", "{batchnorm}"),
    (MAP, "{layernorm}"), (SIGNAL, "{layernorm, affine: false}"), (MAP, "{groupnorm: 3}"),
    (MAP, "{instancenorm}"), (MAP, "{lrn: 5}"), ("[18]", "{lrn: 4}"),
    *[(MAP, f"{{{word}}}")
      for word in ("relu", "relu6", "leaky_relu", "prelu", "elu", "selu", "gelu", "silu",
                   "hardswish", "sigmoid", "hardsigmoid", "tanh", "softplus", "mish", "step",
                   "softmax", "logsoftmax", "identity", "flatten")],
    (MAP, "{prelu, shared: true}"), ("[18]", "{prelu}"), ("[18]", "{prelu, shared: true}"),
    (MAP, "{dropout: 0.1}"), (MAP, "{drop_path: 0.1}"), (SIGNAL, "{drop_path: 0.1}"),
    (MAP, "{reshape: [12, 60]}"), (MAP, "{reshape: [720]}"), ("[18]", "{reshape: [2, 3, 3]}"),
    ("[18]", "{reshape: [18, 1, 1]}"), (MAP, "{permute: [2, 3, 1]}"), (SIGNAL, "{permute: [2, 1]}"),
    (MAP, "{permute: [3, 1, 2]}"), (MAP, "{pad: 2}"), (MAP, "{pad: [[1, 2], [0, 3]]}"),
    (SIGNAL, "{pad: [[2, 1]]}"), (VOLUME, "{pad: [1, 0, 2]}"), (MAP, "{crop: [[1, 2], [0, 3]]}"),
    (SIGNAL, "{crop: 3}"), (MAP, "{slice: [1, 4]}"), ("[18]", "{slice: [3, 18]}"),
    (MAP, "{channel_shuffle: 3}"), (VOLUME, "{channel_shuffle: 2}"),
    (VOLUME, "{pixel_shuffle: [2, 1, 2]}"), (SIGNAL, "{pixel_shuffle: 3}"),
    (MAP, "{space_to_depth: 2}"), (SIGNAL, "{space_to_depth: 4}"),
    (MAP, "{upsample: [2, 3]}"), (SIGNAL, "{upsample: 2}"), (VOLUME, "{upsample: 2}"),
    (MAP, "{upsample: 2, mode: bilinear}"), (MAP, "{upsample, size: [7, 9]}"),
    (MAP, "{upsample, size: [7, 9], mode: bilinear}"),
    (MAP, "{scale}"), ("[18]", "{scale, shared: true}"),
    (SIGNAL, "{lstm: 4, layers: 2, bidirectional: true, single_bias: true}"),
    (SIGNAL, "{lstm: 4, bias: false, last: true, bidirectional: true}"),
    (SIGNAL, "{gru: 4, layers: 3}"), (SIGNAL, "{gru: 4, single_bias: true, last: true}"),
    (SIGNAL, "{rnn: 4, activation: relu, single_bias: true}"),
    ("[18]", "{embedding: 5, vocabulary: 7}"), (SIGNAL, "{position_embedding: 32}"),
    (MAP, "{rmsnorm}"), (SIGNAL, "{attention: 4, dim: 8, kv_heads: 2}"),
    (SIGNAL, "{attention: 2, bias: false}"),
    (MAP, "{attention: 2, dim: 8}"), (SIGNAL, "{attention: 3, dim: 6}"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("shape", "layer"), CASES, ids=[f"{n}-{case[1]}" for n, case in enumerate(CASES)]
)
def test_one_layer(shape: str, layer: str, tmp_path: Path) -> None:
    # The last layer's output shape is in no file: a relu follows, which has it.
    network = cnncost.loads(f"input: {shape}\nlayers:\n  - {layer}\n  - relu\n").network
    model = agrees(network, tmp_path)
    x = keras.random.normal((2, *model.inputs[0].shape[1:]), seed=1)
    y = keras.ops.convert_to_numpy(model(x))
    assert y.shape[1:] == model.outputs[0].shape[1:]
    assert bool((y == y).all())  # no number is NaN
    if not model.trainable_weights and layer not in OTHER_NUMBERS:
        assert numpy.allclose(y, in_pytorch(network, x), rtol=1e-2, atol=1e-3)


OTHER_NUMBERS = {
    "{flatten}": "Keras flattens with the channels last",
    "{avgpool: 3, stride: 3, padding: same, ceil: false}": "Keras' `same` averages the inside",
    "{avgpool: 3, stride: 2, padding: 0, ceil: true}": "its PyTorch backend counts zeros here",
    "{avgpool: [2, 3], stride: [2, 3], padding: 0, ceil: true}": "the same",
    "{avgpool: 9, stride: 3, ceil: true}": "the same",
    "{upsample, size: [7, 9]}": "the nearest of two at one distance is another one",
    "{lrn: 4}": "PyTorch's has no vectors",
}
"""Layers whose costs are the same, and their numbers not, and why."""


def in_pytorch(network: Network, x: torch.Tensor) -> numpy.ndarray:
    """What the network written in PyTorch makes of the same input, in Keras' order of axes."""
    names: dict[str, Any] = {}  # Any: what a module holds
    exec(compile(pytorch_code(network), "net.py", "exec"), names)
    module = next(
        made for name, made in reversed(names.items())
        if isinstance(made, type) and made.__module__ != "torch.nn" and name != "nn"
    )()  # fmt: skip
    with torch.no_grad():
        y = module.eval()(x.detach().cpu().movedim(-1, 1))
    return numpy.asarray(y.movedim(1, -1))


def test_lenets_own_layers(tmp_path: Path) -> None:
    text = """\
input: [4, 8, 8]
layers:
  - {conv: 3, kernel: 3, connects: [[0, 1], [2], [0, 1, 3]], padding: same}
  - {subsample: 2}
"""
    model = agrees(cnncost.loads(text).network, tmp_path)
    mapped, subsample = model.layers[-2:]
    x = keras.ops.ones((1, 8, 8, 4))
    kernel = keras.ops.convert_to_numpy(mapped.kernel)
    y = keras.ops.convert_to_numpy(mapped(x))
    # Of ones, each filter is the sum of its own taps: 2, 1 and 3 windows.
    sums = [kernel[..., a:b].sum() for a, b in ((0, 2), (2, 3), (3, 6))]
    assert y[0, 4, 4] == pytest.approx(sums, abs=1e-5)
    z = keras.ops.convert_to_numpy(subsample(x[..., :3]))
    assert z[0, 1, 1] == pytest.approx([4, 4, 4])


def test_a_product_and_joins(tmp_path: Path) -> None:
    text = """\
input: {a: [3, 5], b: [5, 7]}
layers:
  - {name: m, matmul: [a, b]}
  - {name: g, global_avgpool, from: m}
  - {name: y, mul: [m, g]}
  - {concat: [y, m]}
"""
    agrees(cnncost.loads(text).network, tmp_path)
