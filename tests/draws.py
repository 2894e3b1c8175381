"""Random tiny layers of every type, as the arguments and the text of a spec."""

from __future__ import annotations

from math import prod
from typing import Any

from arguments import an_axis, grouped, maps, optional, shapes, vectors, window
from hypothesis import strategies as st
from layer_case import Case, case
from oracle import Dims
from recurrent_draws import recurrent_arguments


@st.composite
def conv(draw: st.DrawFn) -> Case:
    dims = draw(maps)
    filters, groups = draw(grouped(dims[0]))
    rest = draw(window(dims)) | draw(optional(bias=st.booleans()))
    if "groups" not in groups and draw(st.booleans()):
        seen = st.lists(st.integers(0, dims[0] - 1), min_size=1, unique=True)
        groups = {"connects": draw(st.lists(seen, min_size=filters, max_size=filters))}
    return case("conv", dims, filters, **rest, **groups)


@st.composite
def depthwise_conv(draw: st.DrawFn) -> Case:
    dims = draw(maps)
    rest = draw(window(dims))
    some = draw(optional(bias=st.booleans(), multiplier=st.integers(1, 3)))
    return case("depthwise_conv", dims, rest.pop("kernel"), **rest, **some)


@st.composite
def locally_connected(draw: st.DrawFn) -> Case:
    dims = draw(maps.filter(lambda dims: len(dims) < 4 or max(dims) < 4))
    filters, groups = draw(grouped(dims[0]))
    rest = draw(window(dims)) | draw(optional(bias=st.booleans()))
    return case("locally_connected", dims, filters, **rest, **groups)


@st.composite
def conv_transpose(draw: st.DrawFn) -> Case:
    dims = draw(maps.filter(lambda dims: len(dims) < 4 or max(dims) < 4))
    axes = len(dims) - 1
    filters, groups = draw(grouped(dims[0]))
    rest = draw(window(dims, crops=True)) | draw(optional(bias=st.booleans()))
    if rest.get("padding") != "same" and draw(st.booleans()):
        strides, dilations = (rest.get(key, 1) for key in ("stride", "dilation"))
        most = [
            max(strides[i] if isinstance(strides, list) else strides,
                dilations[i] if isinstance(dilations, list) else dilations)
            for i in range(axes)
        ]  # fmt: skip
        extra = [draw(st.integers(0, below - 1)) for below in most]
        rest["output_padding"] = draw(an_axis(extra))
    return case("conv_transpose", dims, filters, **rest, **groups)


@st.composite
def pooled(draw: st.DrawFn, word: str) -> Case:
    dims = draw(maps)
    rest = draw(window(dims, dilated=word == "maxpool"))
    some = draw(optional(ceil=st.booleans()))
    if word == "avgpool" and len(dims) == 4 and _larger(rest["kernel"], dims[1:]):
        some = {}  # PyTorch's avg_pool3d takes none with ceil, whatever is padded
    return case(word, dims, rest.pop("kernel"), **rest, **some)


def _larger(kernel: int | list[int], extents: Dims) -> bool:
    taps = kernel if isinstance(kernel, list) else [kernel] * len(extents)
    return any(k > n for k, n in zip(taps, extents, strict=True))


@st.composite
def subsample(draw: st.DrawFn) -> Case:
    dims = draw(maps)
    kernel = [draw(st.integers(1, n)) for n in dims[1:]]
    return case("subsample", dims, draw(an_axis(kernel)))


@st.composite
def adaptive(draw: st.DrawFn, word: str) -> Case:
    dims = draw(maps)
    return case(word, dims, draw(an_axis([draw(st.integers(1, 5)) for _ in dims[1:]])))


@st.composite
def plain(draw: st.DrawFn, word: str, **choices: st.SearchStrategy[Any]) -> Case:
    """A type that takes any shape, with some of its optional arguments."""
    return case(word, draw(shapes), **draw(optional(**choices)))


@st.composite
def on_map(draw: st.DrawFn, word: str) -> Case:
    return case(word, draw(maps))


@st.composite
def main_number(draw: st.DrawFn, word: str, numbers: st.SearchStrategy[Any], **some: Any) -> Case:
    return case(word, draw(shapes), draw(numbers), **draw(optional(**some)))


@st.composite
def split(draw: st.DrawFn, word: str, **some: st.SearchStrategy[Any]) -> Case:
    """A type whose main argument splits the channels."""
    dims = draw(shapes)
    groups = draw(st.sampled_from([g for g in range(1, dims[0] + 1) if dims[0] % g == 0]))
    return case(word, dims, groups, **draw(optional(**some)))


@st.composite
def attention(draw: st.DrawFn) -> Case:
    channels, *extents = draw(maps)
    heads = draw(st.integers(1, 3))
    dim = {"dim": heads * draw(st.integers(1, 2))}
    if channels % heads == 0 and draw(st.booleans()):
        dim = {}
    few = {"kv_heads": 1} if draw(st.integers(0, 2)) == 0 else {}
    bias = {"bias": False} if draw(st.integers(0, 2)) == 0 else {}
    return case("attention", (channels, *extents), heads, **dim, **few, **bias)


@st.composite
def position_embedding(draw: st.DrawFn) -> Case:
    channels, *extents = draw(maps)
    table = {"position_embedding": prod(extents) + draw(st.integers(0, 2))}
    return case("position_embedding", (channels, *extents), *table.values())


@st.composite
def recurrent(draw: st.DrawFn, word: str) -> Case:
    dims, hidden, some = draw(recurrent_arguments(word))
    return case(word, dims, hidden, **some)


@st.composite
def embedding(draw: st.DrawFn) -> Case:
    dims, dim, vocabulary = draw(vectors), draw(st.integers(1, 4)), draw(st.integers(1, 6))
    return case("embedding", dims, dim, vocabulary=vocabulary)


@st.composite
def reshape(draw: st.DrawFn) -> Case:
    dims = draw(shapes)
    order = draw(st.permutations(dims))
    left = draw(st.none() | st.integers(0, len(order) - 1))
    return case("reshape", dims, [-1 if i == left else n for i, n in enumerate(order)])


@st.composite
def permute(draw: st.DrawFn) -> Case:
    dims = draw(shapes)
    return case("permute", dims, list(draw(st.permutations(range(1, len(dims) + 1)))))


@st.composite
def pad(draw: st.DrawFn) -> Case:
    dims = draw(maps)
    axis = st.integers(0, 3) | st.lists(st.integers(0, 3), min_size=2, max_size=2)
    amounts = st.lists(axis, min_size=len(dims) - 1, max_size=len(dims) - 1)
    return case("pad", dims, draw(st.integers(0, 3) | amounts))


@st.composite
def crop(draw: st.DrawFn) -> Case:
    dims = draw(maps)
    amounts: list[Any] = []
    for n in dims[1:]:
        before = draw(st.integers(0, n - 1))
        amounts.append([before, draw(st.integers(0, n - 1 - before))])
    if draw(st.booleans()) and all(before == after for before, after in amounts):
        amounts = [before for before, _ in amounts]
    return case("crop", dims, draw(an_axis(amounts)) if isinstance(amounts[0], int) else amounts)


@st.composite
def sliced(draw: st.DrawFn) -> Case:
    dims = draw(shapes)
    start = draw(st.integers(0, dims[0] - 1))
    return case("slice", dims, [start, draw(st.integers(start + 1, dims[0]))])


@st.composite
def shuffled(draw: st.DrawFn, word: str) -> Case:
    """pixel_shuffle over channels, or space_to_depth over extents, that factors divide."""
    channels, *extents = draw(maps)
    factors = [draw(st.integers(1, 3)) for _ in extents]
    if word == "pixel_shuffle":
        for factor in factors:
            channels *= factor
    else:
        extents = [n * f for n, f in zip(extents, factors, strict=True)]
    return case(word, (channels, *extents), draw(an_axis(factors)))


@st.composite
def upsample(draw: st.DrawFn) -> Case:
    dims = draw(maps)
    sizes = draw(an_axis([draw(st.integers(1, 4)) for _ in dims[1:]]))
    mode = draw(optional(mode=st.sampled_from(["nearest", "bilinear"])))
    if draw(st.booleans()):
        return case("upsample", dims, sizes, **mode)
    return case("upsample", dims, None, size=sizes, **mode)


@st.composite
def equal(draw: st.DrawFn) -> Case:
    return Case("add", [draw(shapes)] * draw(st.integers(2, 4)), {})


@st.composite
def multiplied(draw: st.DrawFn) -> Case:
    dims = draw(shapes)
    gate = (dims[0], *(1 for _ in dims[1:]))
    others = draw(st.lists(st.sampled_from([dims, gate]), min_size=1, max_size=3))
    return Case("mul", draw(st.permutations([dims, *others])), {})


@st.composite
def concatenated(draw: st.DrawFn) -> Case:
    _, *extents = draw(shapes)
    channels = draw(st.lists(st.integers(1, 5), min_size=2, max_size=4))
    return Case("concat", [(n, *extents) for n in channels], {})


@st.composite
def matrices(draw: st.DrawFn) -> Case:
    rows, inner, columns = (draw(st.integers(1, 5)) for _ in range(3))
    groups = draw(st.integers(1, 3))
    inputs = [(groups * rows, inner), (groups * inner, columns)]
    return Case("matmul", inputs, {"groups": groups} if groups > 1 or draw(st.booleans()) else {})


BIAS = {"bias": st.booleans()}
AFFINE = {"affine": st.booleans()}
SHARED = {"shared": st.booleans()}
RATES = st.sampled_from([0, 0.5, 0.25])
WORDS = (
    *("relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "silu", "hardswish", "sigmoid"),
    *("hardsigmoid", "tanh", "softplus", "mish", "step", "softmax", "logsoftmax", "identity"),
    "flatten",
)

CASES: dict[str, st.SearchStrategy[Case]] = {
    "conv": conv(),
    "conv_transpose": conv_transpose(),
    "locally_connected": locally_connected(),
    "depthwise_conv": depthwise_conv(),
    "dense": main_number("dense", st.integers(1, 6), **BIAS),
    "linear": main_number("linear", st.integers(1, 6), **BIAS),
    "maxpool": pooled("maxpool"),
    "avgpool": pooled("avgpool"),
    "global_avgpool": on_map("global_avgpool"),
    "global_maxpool": on_map("global_maxpool"),
    "adaptive_avgpool": adaptive("adaptive_avgpool"),
    "adaptive_maxpool": adaptive("adaptive_maxpool"),
    "subsample": subsample(),
    "batchnorm": plain("batchnorm", **AFFINE),
    **{word: plain(word, **AFFINE) for word in ("layernorm", "rmsnorm")},
    "instancenorm": plain("instancenorm", **AFFINE),
    "groupnorm": split("groupnorm", **AFFINE),
    "lrn": main_number("lrn", st.integers(1, 5)),
    "prelu": plain("prelu", **SHARED),
    "scale": plain("scale", **SHARED),
    "dropout": main_number("dropout", RATES),
    "drop_path": main_number("drop_path", RATES),
    **{word: plain(word) for word in WORDS},
    "reshape": reshape(),
    "permute": permute(),
    "pad": pad(),
    "crop": crop(),
    "slice": sliced(),
    "channel_shuffle": split("channel_shuffle"),
    "pixel_shuffle": shuffled("pixel_shuffle"),
    "space_to_depth": shuffled("space_to_depth"),
    "upsample": upsample(),
    "add": equal(),
    "mul": multiplied(),
    "concat": concatenated(),
    "matmul": matrices(),
    "attention": attention(),
    **{word: recurrent(word) for word in ("lstm", "gru", "rnn")},
    "embedding": embedding(),
    "position_embedding": position_embedding(),
}
"""Draws of each layer type; a type without any fails its tests."""
