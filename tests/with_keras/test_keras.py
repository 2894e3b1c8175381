"""Keras in beside Keras itself: shapes and parameters as it has them, connections by hand."""

from __future__ import annotations

import os
from math import prod
from pathlib import Path

import pytest

import cnncost
from cnncost.formats.graph import Graph
from cnncost.formats.keras_in import read
from cnncost.formats.spec_text import spec_text

os.environ["KERAS_BACKEND"] = "torch"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras
from keras import layers as kl

MAP, SIGNAL, VOLUME, VECTOR = (12, 10, 6), (20, 6), (7, 6, 8, 4), (18,)


def imported(model: keras.Model, folder: Path) -> Graph:
    path = folder / "model.json"
    path.write_text(model.to_json())
    graph = read(path, "model.json", {})
    assert graph.unknown == ()
    return graph


def counted(graph: Graph) -> tuple[tuple[int, ...], int, int]:
    """Output shape, parameters and connections, through the text of a spec."""
    spec = cnncost.loads(spec_text(graph))
    totals = cnncost.count(spec).totals
    return spec.network.layers[-1].output.dims, totals.parameters, totals.connections


def as_keras(dims: tuple[int, ...]) -> tuple[int, ...]:
    return (*dims[1:], dims[0])


def uses(layer: keras.Layer, given: tuple[int, ...], made: tuple[int, ...]) -> int:
    """Uses of weights: those of more than one axis, once a position of the output.

    A transposed convolution uses each of its weights once a position of its input.
    """
    positions = prod((given if "Transpose" in type(layer).__name__ else made)[:-1])
    kernels = [w for w in layer.trainable_weights if "kernel" in w.path]
    if type(layer).__name__ == "DepthwiseConv2D":
        positions = prod(made[:-1])
    return positions * sum(prod(w.shape) for w in kernels)


CASES = [
    *[(MAP, kl.Conv2D(12, 3, strides=s, padding=p, dilation_rate=d, groups=g))
      for s, p, d, g in [(1, "valid", 1, 1), (2, "same", 1, 2), (1, "same", 2, 1),
                         (3, "valid", 1, 3)]],
    (MAP, kl.Conv2D(6, (1, 5), strides=(2, 1), padding="same", use_bias=False)),
    (MAP, kl.Conv2D(4, 4, strides=2, padding="same", activation="relu")),
    (SIGNAL, kl.Conv1D(8, 5, padding="causal", dilation_rate=2)),
    (SIGNAL, kl.Conv1D(8, 4, strides=3, padding="same")),
    (VOLUME, kl.Conv3D(5, (3, 1, 2), padding="same", strides=(1, 2, 1))),
    (MAP, kl.DepthwiseConv2D(3, depth_multiplier=2, strides=2, padding="same")),
    (SIGNAL, kl.DepthwiseConv1D(3, strides=2, padding="valid", use_bias=False)),
    (MAP, kl.SeparableConv2D(9, 3, padding="same", depth_multiplier=2)),
    (SIGNAL, kl.SeparableConv1D(9, 3)),
    *[(MAP, kl.Conv2DTranspose(5, k, strides=s, padding=p))
      for k, s, p in [(3, 2, "same"), (3, 2, "valid"), (2, 2, "same"), (2, 3, "valid"),
                      (2, 3, "same"), (4, 1, "same"), (5, 3, "valid")]],
    (MAP, kl.Conv2DTranspose(5, 3, strides=2, padding="same", output_padding=1)),
    (MAP, kl.Conv2DTranspose(5, 3, strides=2, padding="valid", output_padding=0)),
    (SIGNAL, kl.Conv1DTranspose(5, 4, strides=3, padding="same")),
    (VOLUME, kl.Conv3DTranspose(3, 2, strides=2)),
    (VECTOR, kl.Dense(7)), (VECTOR, kl.Dense(7, use_bias=False, activation="softmax")),
    (MAP, kl.Dense(11)), (SIGNAL, kl.Dense(3, activation="gelu")),
    *[(MAP, kl.MaxPooling2D(k, strides=s, padding=p))
      for k, s, p in [(2, None, "valid"), (3, 2, "same"), (3, 1, "same"), ((2, 3), None, "same")]],
    (MAP, kl.AveragePooling2D(3, 2, "same")), (SIGNAL, kl.MaxPooling1D(3)),
    (VOLUME, kl.AveragePooling3D((2, 2, 3))),
    (MAP, kl.GlobalAveragePooling2D()), (MAP, kl.GlobalMaxPooling2D(keepdims=True)),
    (SIGNAL, kl.GlobalAveragePooling1D()), (MAP, kl.AdaptiveAveragePooling2D((5, 3))),
    (SIGNAL, kl.AdaptiveMaxPooling1D(7)),
    (MAP, kl.BatchNormalization()), (MAP, kl.BatchNormalization(scale=False)),
    (MAP, kl.BatchNormalization(center=False)), (VECTOR, kl.BatchNormalization()),
    (MAP, kl.BatchNormalization(center=False, scale=False)), (MAP, kl.LayerNormalization()),
    (SIGNAL, kl.LayerNormalization(center=False)), (MAP, kl.GroupNormalization(3)),
    (MAP, kl.GroupNormalization(-1)),
    (MAP, kl.ZeroPadding2D(2)), (MAP, kl.ZeroPadding2D(((1, 2), (0, 3)))),
    (SIGNAL, kl.ZeroPadding1D((2, 1))), (VOLUME, kl.ZeroPadding3D((1, 0, 2))),
    (MAP, kl.Cropping2D(((1, 2), (0, 3)))), (SIGNAL, kl.Cropping1D(3)),
    (MAP, kl.UpSampling2D((2, 3))), (SIGNAL, kl.UpSampling1D(2)), (VOLUME, kl.UpSampling3D(2)),
    (MAP, kl.UpSampling2D(2, interpolation="bilinear")), (MAP, kl.Resizing(7, 9)),
    (MAP, kl.Flatten()), (VECTOR, kl.Reshape((3, 3, 2))), (MAP, kl.Reshape((-1, 6))),
    (MAP, kl.Reshape((720,))), (MAP, kl.Permute((2, 1, 3))), (MAP, kl.Permute((3, 1, 2))),
    (SIGNAL, kl.Permute((2, 1))),
    (MAP, kl.PReLU(shared_axes=[1, 2])), (MAP, kl.ReLU(6.0)), (MAP, kl.LeakyReLU()),
    (MAP, kl.ELU()), (MAP, kl.Softmax()), (MAP, kl.Activation("hard_sigmoid")),
    (MAP, kl.Activation("swish")), (MAP, kl.SpatialDropout2D(0.2)), (MAP, kl.Dropout(0.1)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("shape", "layer"), CASES, ids=[f"{n}-{type(c[1]).__name__}" for n, c in enumerate(CASES)]
)
def test_one_layer(shape: tuple[int, ...], layer: keras.Layer, tmp_path: Path) -> None:
    x = keras.Input(shape)
    model = keras.Model(x, kl.Activation("relu")(layer(x)))
    made = layer.output.shape[1:]
    dims, parameters, connections = counted(imported(model, tmp_path))
    assert as_keras(dims) == made or (len(made) == 1 and dims[:1] == made)
    assert parameters == sum(prod(w.shape) for w in layer.trainable_weights)
    name = type(layer).__name__
    if name.startswith("Separable"):
        wide = shape[-1] * layer.depth_multiplier
        taps = prod(layer.kernel_size)
        assert connections == prod(made[:-1]) * (taps * wide + wide * made[-1])
    else:
        assert connections == uses(layer, shape, made)


def test_channels_first(tmp_path: Path) -> None:
    x = keras.Input((6, 12, 10))
    y = kl.Conv2D(8, 3, data_format="channels_first", strides=2)(x)
    y = kl.BatchNormalization(axis=1)(y)
    z = kl.Concatenate(axis=1)([y, y])
    y = kl.GlobalAveragePooling2D(data_format="channels_first")(z)
    dims, parameters, connections = counted(imported(keras.Model(x, kl.Dense(4)(y)), tmp_path))
    assert dims == (4,)
    assert parameters == 8 * 6 * 9 + 8 + 2 * 8 + 16 * 4 + 4
    assert connections == 5 * 4 * 8 * 6 * 9 + 16 * 4


def test_shared_layers_and_models_count_once(tmp_path: Path) -> None:
    tower = keras.Sequential([keras.Input((8, 8, 3)), kl.Conv2D(4, 3), kl.ReLU(), kl.Flatten()])
    left, right = keras.Input((8, 8, 3), name="left"), keras.Input((8, 8, 3), name="right")
    score = kl.Dense(5)
    y = kl.Add()([score(tower(left)), score(tower(right))])
    model = keras.Model([left, right], kl.Dense(2)(y))
    _, parameters, connections = counted(imported(model, tmp_path))
    assert parameters == model.count_params()
    assert connections == 2 * (36 * 9 * 3 * 4 + 144 * 5) + 5 * 2


def test_a_gate(tmp_path: Path) -> None:
    x = keras.Input((8, 8, 16))
    gate = kl.GlobalAveragePooling2D()(x)
    gate = kl.Reshape((1, 1, 16))(gate)
    gate = kl.Conv2D(4, 1, activation="relu")(gate)
    gate = kl.Conv2D(16, 1, activation="sigmoid")(gate)
    model = keras.Model(x, kl.Multiply()([x, gate]))
    dims, parameters, connections = counted(imported(model, tmp_path))
    assert dims == (16, 8, 8)
    assert (parameters, connections) == (model.count_params(), 2 * 64)


def test_attention(tmp_path: Path) -> None:
    x = keras.Input((10, 24))
    model = keras.Model(x, kl.MultiHeadAttention(4, 6)(x, x))
    _, parameters, connections = counted(imported(model, tmp_path))
    assert parameters == model.count_params()
    # Four projections of 24 to 24 at 10 places, and two products of 10 x 10 x 24.
    assert connections == 10 * 4 * 24 * 24 + 2 * 10 * 10 * 24


def test_frozen_layers(tmp_path: Path) -> None:
    x = keras.Input((8, 8, 3))
    frozen = kl.Conv2D(4, 3, trainable=False)
    model = keras.Model(x, kl.Conv2D(2, 3)(frozen(x)))
    spec = cnncost.loads(spec_text(imported(model, tmp_path)))
    assert [node.frozen for node in spec.network.layers] == [True, False]


def test_an_archive(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((8, 8, 3)), kl.Conv2D(4, 3), kl.Flatten(), kl.Dense(2)])
    path = tmp_path / "m.keras"
    model.save(path)
    spec = cnncost.load(path)
    assert cnncost.count(spec).totals.parameters == model.count_params()


def test_what_is_not_known_is_opaque(tmp_path: Path) -> None:
    x = keras.Input((20, 6))
    model = keras.Model(x, kl.Dense(3)(kl.RNN(kl.LSTMCell(7))(x)))
    path = tmp_path / "model.json"
    path.write_text(model.to_json())
    graph = read(path, "model.json", {})
    assert graph.unknown == ("rnn: RNN: its class is not known",)
    assert cnncost.count(cnncost.loads(spec_text(graph))).totals.connections == 7 * 3
