"""Single modules of torch.nn with odd arguments, drawn by kind."""

from __future__ import annotations

import random
from typing import Any

import torch
from drawn_module import DrawnModule, Kind, Shape, called, layer_class, per_axis
from torch import nn
from windowed_draws import adaptive_pool, conv, conv_transpose, odd_pool, padding, pool

POINTWISE: tuple[tuple[str, tuple[dict[str, Any], ...]], ...] = (
    ("CELU", ({}, {"alpha": 0.5})), ("ELU", ({}, {"alpha": 2.0, "inplace": True})),
    ("GELU", ({}, {"approximate": "tanh"})), ("GLU", ({"dim": 1}, {"dim": -1})),
    ("Hardshrink", ({},)), ("Hardsigmoid", ({}, {"inplace": True})), ("Hardswish", ({},)),
    ("Hardtanh", ({}, {"min_val": 0, "max_val": 6}, {"min_val": -2.0})), ("LeakyReLU", ({},)),
    ("LogSigmoid", ({},)), ("LogSoftmax", ({"dim": 1}, {"dim": -1})), ("Mish", ({},)),
    ("PReLU", ({}, {"num_parameters": 6}, {"init": 0.0})), ("RReLU", ({},)), ("ReLU", ({},)),
    ("ReLU6", ({}, {"inplace": True})), ("SELU", ({},)), ("SiLU", ({"inplace": True},)),
    ("Sigmoid", ({},)), ("Softmax", ({"dim": 1}, {"dim": -1})), ("Softmin", ({"dim": 1},)),
    ("Softplus", ({"beta": 2.0},)), ("Softshrink", ({},)), ("Softsign", ({},)), ("Tanh", ({},)),
    ("Tanhshrink", ({},)), ("Threshold", ({"threshold": 0.1, "value": 2.0},)),
    ("Identity", ({},)), ("Dropout", ({"p": 0.0}, {"p": 0.3}, {"p": 1.0})),
    ("Dropout1d", ({},)), ("Dropout2d", ({},)), ("Dropout3d", ({},)), ("AlphaDropout", ({},)),
    ("FeatureAlphaDropout", ({},)), ("Flatten", ({}, {"start_dim": 2}, {"end_dim": -2})),
    ("LocalResponseNorm", ({"size": 3}, {"size": 2, "k": 2.0})),
)  # fmt: skip


def pointwise(rng: random.Random) -> DrawnModule:
    name, choices = rng.choice(POINTWISE)
    given = rng.choice(choices)
    build = lambda: getattr(nn, name)(**given)  # noqa: E731
    axes = {"Dropout1d": 2, "Dropout2d": 3, "Dropout3d": 4}.get(name, rng.randint(2, 4))
    return DrawnModule(build, ((6, *(4, 5, 2)[: axes - 1]),))


def batch_norm(rng: random.Random) -> DrawnModule:
    axes = rng.randint(0, 3)
    given = {"affine": rng.random() < 0.6, "track_running_stats": rng.random() < 0.8}
    if axes and rng.random() < 0.4:
        build: Any = lambda: layer_class("InstanceNorm", axes)(6, **given)  # noqa: E731
    else:
        build = lambda: layer_class("BatchNorm", axes or 1)(6, **given)  # noqa: E731
    if rng.random() < 0.1:
        build = lambda: nn.SyncBatchNorm(6, affine=given["affine"])  # noqa: E731
    return DrawnModule(build, ((6, *(4, 5, 3)[:axes]),))


def other_norm(rng: random.Random) -> DrawnModule:
    last = rng.randint(1, 3)
    shape = (6, 4, 5)
    affine = rng.random() < 0.6
    bias = rng.random() < 0.6
    build: Any = rng.choice([
        lambda: nn.GroupNorm(rng_groups, 6, affine=affine),
        lambda: nn.LayerNorm(shape[-last:], elementwise_affine=affine, bias=bias),
        lambda: nn.RMSNorm(shape[-last:], elementwise_affine=affine),
    ])  # fmt: skip
    rng_groups = rng.choice([1, 2, 3, 6])
    return DrawnModule(build, (shape,))


def recurrent(rng: random.Random) -> DrawnModule:
    kind: Any = rng.choice([nn.RNN, nn.LSTM, nn.GRU])
    given: dict[str, Any] = {
        "num_layers": rng.randint(1, 3), "bias": rng.random() < 0.7,
        "bidirectional": rng.random() < 0.5, "batch_first": rng.random() < 0.7,
        "dropout": rng.choice([0, 0.2]),
    }  # fmt: skip
    if kind is nn.LSTM and rng.random() < 0.3:
        given["proj_size"] = 3
    if kind is nn.RNN:
        given["nonlinearity"] = rng.choice(["relu", "tanh"])
    make = lambda: kind(4, 5, **given)  # noqa: E731
    build = make if rng.random() < 0.5 else called(make, lambda inner, x: inner(x)[0])
    return DrawnModule(build, ((rng.randint(1, 6), 4),))


def cell(rng: random.Random) -> DrawnModule:
    kind: Any = rng.choice([nn.RNNCell, nn.LSTMCell, nn.GRUCell])
    bias = rng.random() < 0.6
    make = lambda: kind(4, 5, bias=bias)  # noqa: E731
    if kind is nn.LSTMCell:
        whole = called(make, lambda inner, x, *state: inner(x, state)[0])
        return DrawnModule(whole, ((4,), (5,), (5,)))
    return DrawnModule(make, ((4,), (5,)))


def attention(rng: random.Random) -> DrawnModule:
    given: dict[str, Any] = {
        "bias": rng.random() < 0.7, "batch_first": rng.random() < 0.6,
        "add_bias_kv": rng.random() < 0.2, "add_zero_attn": rng.random() < 0.2,
    }  # fmt: skip
    cross = rng.random() < 0.4
    if cross and rng.random() < 0.5:
        given |= {"kdim": 6, "vdim": 5}
    weights = rng.random() < 0.5
    make = lambda: nn.MultiheadAttention(8, 2, **given)  # noqa: E731
    if not cross:
        same = called(make, lambda inner, x: inner(x, x, x, need_weights=weights)[0])
        return DrawnModule(same, ((5, 8),))
    other = called(make, lambda inner, *xs: inner(*xs, need_weights=weights)[0])
    kdim, vdim = given.get("kdim", 8), given.get("vdim", 8)
    if given["batch_first"]:
        return DrawnModule(other, ((5, 8), (7, kdim), (7, vdim)))
    return DrawnModule(other, ((2, 8), (2, kdim), (2, vdim)))  # of one step, two examples


def transformer(rng: random.Random) -> DrawnModule:
    given: dict[str, Any] = {
        "batch_first": rng.random() < 0.7, "norm_first": rng.random() < 0.5,
        "activation": rng.choice(["relu", "gelu"]), "bias": rng.random() < 0.7,
    }  # fmt: skip
    encoder = lambda: nn.TransformerEncoderLayer(8, 2, 16, **given)  # noqa: E731
    decoder = lambda: nn.TransformerDecoderLayer(8, 2, 16, **given)  # noqa: E731
    norm = rng.random() < 0.5
    ending = lambda: nn.LayerNorm(8) if norm else None  # noqa: E731
    second = 7 if given["batch_first"] else 5
    two: tuple[Shape, ...] = ((5, 8), (second, 8))
    return rng.choice([
        DrawnModule(encoder, ((5, 8),)),
        DrawnModule(decoder, two),
        DrawnModule(lambda: nn.TransformerEncoder(encoder(), 2, norm=ending()), ((5, 8),)),
        DrawnModule(lambda: nn.TransformerDecoder(decoder(), 2, norm=ending()), two),
        DrawnModule(lambda: nn.Transformer(8, 2, 1, 1, 16, **given), two),
    ])  # fmt: skip


def embedding(rng: random.Random) -> DrawnModule:
    mode = rng.choice(["sum", "mean", "max"])
    build: Any = rng.choice([
        lambda: nn.Embedding(9, 4, padding_idx=0),
        lambda: nn.Embedding(9, 4, max_norm=1.0),
        lambda: nn.EmbeddingBag(9, 4, mode=mode),
        lambda: nn.Embedding.from_pretrained(torch.zeros(9, 4), freeze=True),
    ])  # fmt: skip
    return DrawnModule(build, ((6,),), whole=True)


def dense(rng: random.Random) -> DrawnModule:
    bias = rng.random() < 0.6
    axes = rng.randint(1, 4)
    if rng.random() < 0.4:
        make = lambda: nn.Bilinear(4, 5, 3, bias=bias)  # noqa: E731
        return DrawnModule(make, ((4,), (5,)) if axes > 1 else ((2, 4), (2, 5)))
    return DrawnModule(lambda: nn.Linear(4, 3, bias=bias), ((2, 3, 5, 4)[-axes:],))


def resized(rng: random.Random) -> DrawnModule:
    axes = rng.randint(1, 3)
    modes = ("linear", "bilinear", "trilinear")
    mode = rng.choice(["nearest", modes[axes - 1], "nearest-exact", *["bicubic"] * (axes == 2)])
    given: dict[str, Any] = rng.choice([
        {"scale_factor": 2}, {"scale_factor": 1.5}, {"size": 7}, {"size": per_axis(rng, axes, 2, 9)}
    ])  # fmt: skip
    if "linear" in mode or mode == "bicubic":
        given = {**given, "align_corners": rng.random() < 0.5}
    if axes == 2 and rng.random() < 0.2:
        kind: Any = rng.choice([nn.UpsamplingNearest2d, nn.UpsamplingBilinear2d])
        return DrawnModule(lambda: kind(scale_factor=3), ((2, 4, 5),))
    return DrawnModule(lambda: nn.Upsample(mode=mode, **given), ((2, *per_axis(rng, axes, 3, 6)),))


def moved(rng: random.Random) -> DrawnModule:
    kernel = per_axis(rng, 2, 1, 3)
    return rng.choice([
        DrawnModule(lambda: nn.PixelShuffle(2), ((8, 3, 4),)),
        DrawnModule(lambda: nn.PixelUnshuffle(3), ((2, 6, 9),)),
        DrawnModule(lambda: nn.ChannelShuffle(3), ((6, 4, 5),)),
        DrawnModule(lambda: nn.Unflatten(1, (2, 3)), ((6, 4),)),
        DrawnModule(lambda: nn.Unflatten(-1, (2, 1, 2)), ((6, 4),)),
        DrawnModule(lambda: nn.Unfold(kernel, dilation=2, padding=1, stride=2), ((2, 7, 8),)),
        DrawnModule(lambda: nn.Fold((4, 5), 2), ((8, 12),)),
        DrawnModule(lambda: nn.Fold((6, 6), 2, stride=2), ((8, 9),)),
    ])  # fmt: skip


def distance(rng: random.Random) -> DrawnModule:
    reduction = rng.choice(["mean", "sum", "none"])
    return rng.choice([
        DrawnModule(lambda: nn.CosineSimilarity(), ((4, 5), (4, 5))),
        DrawnModule(lambda: nn.PairwiseDistance(keepdim=True), ((4,), (4,))),
        DrawnModule(lambda: nn.MSELoss(reduction=reduction), ((4, 5), (4, 5))),
        DrawnModule(lambda: nn.SmoothL1Loss(reduction=reduction), ((4, 5), (4, 5))),
        DrawnModule(
            called(lambda: nn.AdaptiveLogSoftmaxWithLoss(8, 20, [5, 10], 2.0),
                   lambda inner, x: inner.log_prob(x)), ((8,),)
        ),
    ])  # fmt: skip


def parametrised(rng: random.Random) -> DrawnModule:
    """A layer whose weight is computed."""
    norm: Any = rng.choice([
        nn.utils.parametrizations.weight_norm, nn.utils.parametrizations.spectral_norm,
    ])  # fmt: skip
    if rng.random() < 0.5:
        return DrawnModule(lambda: norm(nn.Linear(4, 3)), ((4,),))
    return DrawnModule(lambda: norm(nn.Conv2d(4, 6, 3)), ((4, 7, 6),))


KINDS: tuple[Kind, ...] = (
    conv, conv, conv, conv_transpose, conv_transpose, pool, pool, adaptive_pool, odd_pool, padding,
    pointwise, pointwise, pointwise, batch_norm, other_norm, recurrent, cell, attention,
    transformer, embedding, dense, resized, moved, distance, parametrised,
)  # fmt: skip


def draw(rng: random.Random, kind: Kind) -> DrawnModule:
    """A module of one kind, in half precision now and then."""
    drawn = kind(rng)
    if rng.random() < 0.1 and not drawn.whole:
        dtype = rng.choice([torch.float16, torch.bfloat16])
        return drawn._replace(build=lambda: drawn.build().to(dtype))
    return drawn
