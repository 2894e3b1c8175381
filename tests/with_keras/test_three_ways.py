"""One network read from PyTorch, from ONNX and from Keras is one network: the same layers.

Only PyTorch says whether an activation works in place: its are told to, as the others are read.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import cnncost
from cnncost.formats import onnx_in
from cnncost.formats.keras_in import read
from cnncost.formats.spec_text import spec_text
from cnncost.formats.torch_in.torch_trace import trace_module
from cnncost.layers import Layer

os.environ["KERAS_BACKEND"] = "torch"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras
import torch
from keras import layers as kl
from torch import nn

Layers = list[tuple[Layer, tuple[int, ...], int | None, bool]]


def _layers(text: str) -> Layers:
    """Each layer with the dimensions that it puts out, the node whose parameters it uses, and
    whether it is an output, in the order of the spec."""
    network = cnncost.loads(text).network
    return [
        (_with_padding(node.layer), node.output.dims, node.shares, node.index in network.outputs)
        for node in network.layers
    ]


def _with_padding(layer: Layer) -> Layer:
    """Keras' word `same` as numbers: half an odd kernel on each side, at stride one."""
    if getattr(layer, "padding", None) != "same":
        return layer
    assert layer.stride == layer.dilation == (1, 1)
    return replace(layer, padding=tuple((k // 2, k // 2) for k in layer.kernel))


def _through_torch(module: nn.Module, dims: tuple[int, ...], folder: Path) -> Layers:
    return _layers(spec_text(trace_module(module.eval(), "net", {"input": dims})))


def _through_onnx(module: nn.Module, dims: tuple[int, ...], folder: Path) -> Layers:
    path = folder / "net.onnx"
    example = (torch.zeros(1, *dims),)
    torch.onnx.export(module.eval(), example, path, input_names=["input"], dynamo=False)
    return _layers(spec_text(onnx_in.read(path, "net.onnx", {})))


def _through_keras(model: keras.Model, folder: Path) -> Layers:
    path = folder / "net.json"
    path.write_text(model.to_json())
    return _layers(spec_text(read(path, "net.json", {})))


def _depthwise() -> nn.Module:
    return nn.Sequential(
        *(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(inplace=True)),
        *(nn.Conv2d(8, 8, 3, padding=1, groups=8), nn.ReLU(inplace=True)),
        *(nn.Conv2d(8, 16, 3, groups=8), nn.Conv2d(16, 12, 1, groups=4)),
        *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(12, 10)),
    )


def _depthwise_keras() -> keras.Model:
    return keras.Sequential(
        [
            *(kl.Input((16, 16, 3)), kl.Conv2D(8, 3, padding="same", activation="relu")),
            kl.DepthwiseConv2D(3, padding="same", activation="relu"),
            *(kl.Conv2D(16, 3, groups=8), kl.Conv2D(12, 1, groups=4)),
            *(kl.GlobalAveragePooling2D(), kl.Dense(10)),
        ]
    )


def _pooled() -> nn.Module:
    return nn.Sequential(
        *(nn.Conv2d(3, 6, 5, stride=2), nn.Tanh(), nn.MaxPool2d(2)),
        *(nn.Conv2d(6, 16, 3, dilation=2), nn.LeakyReLU(0.2), nn.AvgPool2d(3, stride=2)),
        *(nn.Flatten(), nn.Linear(16, 20), nn.Sigmoid(), nn.Linear(20, 4)),
    )


def _pooled_keras() -> keras.Model:
    return keras.Sequential(
        [
            *(kl.Input((32, 32, 3)), kl.Conv2D(6, 5, strides=2, activation="tanh")),
            *(kl.MaxPooling2D(2), kl.Conv2D(16, 3, dilation_rate=2), kl.LeakyReLU(0.2)),
            *(kl.AveragePooling2D(3, 2), kl.Flatten()),
            *(kl.Dense(20, activation="sigmoid"), kl.Dense(4)),
        ]
    )


class _Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1)
        self.third = nn.Conv2d(8, 4, 1)
        self.up = nn.ConvTranspose2d(12, 5, 2, stride=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        a = self.first(x)
        b = nn.functional.relu(self.second(a) + a, inplace=True)
        return self.up(torch.cat([b, self.third(b)], 1))


def _residual_keras() -> keras.Model:
    x = keras.Input((16, 16, 3))
    a = kl.Conv2D(8, 3, padding="same")(x)
    b = kl.ReLU()(kl.Add()([kl.Conv2D(8, 3, padding="same")(a), a]))
    joined = kl.Concatenate()([b, kl.Conv2D(4, 1)(b)])
    return keras.Model(x, kl.Conv2DTranspose(5, 2, strides=2)(joined))


class _Pyramid(nn.Module):
    """Gives a map that it goes on with, and the last one; one layer runs twice."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.head = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1)
        self.last = nn.Conv2d(8, 4, 1)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        a = self.head(self.stem(x))
        b = self.head(nn.functional.max_pool2d(a, 2))
        return a, self.last(b)


def _pyramid_keras() -> keras.Model:
    x = keras.Input((16, 16, 3))
    head = kl.Conv2D(8, 3, padding="same")
    a = head(kl.Conv2D(8, 3, padding="same")(x))
    return keras.Model(x, [a, kl.Conv2D(4, 1)(head(kl.MaxPooling2D(2)(a)))])


def _padded() -> nn.Module:
    return nn.Sequential(
        *(nn.ZeroPad2d((1, 2, 0, 1)), nn.Conv2d(3, 8, 3), nn.ZeroPad2d(1)),
        *(nn.Conv2d(8, 8, 3, stride=2, groups=8), nn.Conv2d(8, 5, 1), nn.Conv2d(5, 4, 1)),
    )


def _padded_keras() -> keras.Model:
    return keras.Sequential(
        [
            *(kl.Input((16, 16, 3)), kl.ZeroPadding2D(((0, 1), (1, 2))), kl.Conv2D(8, 3)),
            *(kl.ZeroPadding2D(1), kl.DepthwiseConv2D(3, strides=2)),
            *(kl.Conv2D(5, 1), kl.Conv2D(4, 1)),
        ]
    )


NETWORKS: dict[str, tuple[Callable[[], nn.Module], Callable[[], keras.Model], tuple[int, ...]]] = {
    "depthwise and grouped": (_depthwise, _depthwise_keras, (3, 16, 16)),
    "pools and activations": (_pooled, _pooled_keras, (3, 32, 32)),
    "branches, a shortcut, a transposed convolution": (_Residual, _residual_keras, (3, 16, 16)),
    "zeros before convolutions": (_padded, _padded_keras, (3, 16, 16)),
    "an inner output, a layer that runs twice": (_Pyramid, _pyramid_keras, (3, 16, 16)),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_all_ways_in_read_the_same_layers(name: str, tmp_path: Path) -> None:
    module, model, dims = NETWORKS[name]
    through_torch = _through_torch(module(), dims, tmp_path)
    assert _through_onnx(module(), dims, tmp_path) == through_torch
    assert _through_keras(model(), tmp_path) == through_torch
    assert sum(layer.counted for layer, *_ in through_torch) >= 4
