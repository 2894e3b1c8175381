"""Random graphs as specs: chains, diamonds, tensors read again, shared and frozen layers.

PyTorch's strides are not modelled, so no graph depends on them. No map is turned: there is no
`permute`, and `linear` and `layernorm`, whose maps PyTorch has position by position, are drawn
for vectors alone. A part of a map is not read by what would copy it to close its gaps.
"""

from __future__ import annotations

from hypothesis import strategies as st
from yaml_line import written

import cnncost

Dims = tuple[int, ...]
Line = dict[str, object]

CURVES = (
    *("relu", "relu6", "silu", "hardswish", "hardsigmoid", "mish", "sigmoid", "tanh", "gelu"),
    *("leaky_relu", "elu", "selu", "softplus", "softmax", "logsoftmax"),
)
NORMS = ("batchnorm", "instancenorm")
KEEPING = (*CURVES, *NORMS, "groupnorm", "dropout", "drop_path", "prelu", "scale", "identity")
"""Types whose output has the input's shape."""

CONVOLUTIONS = ("conv", "depthwise_conv", "conv_transpose")
WINDOWED = (*CONVOLUTIONS, "maxpool", "avgpool", "lrn")
MOVING = (
    *("pad", "crop", "slice", "upsample", "channel_shuffle", "flatten", "reshape"),
    *("pixel_shuffle", "space_to_depth"),
)
PARTS = ("slice", "crop")
HANDING_ON = ("identity", "dropout", "drop_path", "channel_shuffle", *PARTS)
"""Types whose output may be a part of a map where their input is one."""

CLOSING = (
    *("dense", "flatten", "reshape", "groupnorm", "instancenorm", "pixel_shuffle"),
    "space_to_depth",
)
"""Types that PyTorch has copy a part of a map first."""

LEARNING = ("conv", "batchnorm", "dense", "scale", "prelu")


@st.composite
def graphs(draw: st.DrawFn) -> str:
    """A spec of a random graph: chains, diamonds, tensors read again, shared and frozen layers."""
    axes = draw(st.sampled_from([1, 2, 2, 2, 3]))
    channels = draw(st.sampled_from([4, 8]))
    extent = {1: 24, 2: 8, 3: 4}[axes]
    known: list[tuple[str, Dims]] = [("input", (channels, *[extent] * axes))]
    lines: list[str] = []
    made: dict[str, tuple[Line, Dims]] = {}
    parts: set[str] = set()
    for number in range(draw(st.integers(2, 9))):
        name = f"n{number}"
        source, dims = draw(st.sampled_from(known[-3:]) | st.just(known[-1]))
        join = draw(st.integers(0, 3)) == 0 and _partners(known, source, dims)
        line = draw(_joined(source, dims, join)) if join else draw(_layer(dims, source in parts))
        word = next(iter(line))
        if word in PARTS or (source in parts and word in HANDING_ON):
            parts.add(name)
        twin = [n for n, (other, x) in made.items() if other == line and x == dims]
        if twin and word in LEARNING and draw(st.booleans()):
            extra: Line = {"share": twin[0]}
        else:
            extra = {"frozen": True} if word in LEARNING and draw(st.integers(0, 3)) == 0 else {}
            if not extra:
                made[name] = (line, dims)
        origin = {} if join else {"from": source}
        lines.append(written({"name": name, **line, **extra, **origin}))
        text = _text(known[0][1], lines)
        known.append((name, cnncost.loads(text).network.nodes[-1].output.dims))
    # A loss needs something trained in front of it.
    source, dims = known[-1]
    end: Line = {"conv": 3, "kernel": 1} if len(dims) > 1 else {"linear": 3}
    lines.append(written({"name": "end", **end, "from": source}))
    return _text(known[0][1], lines)


def _text(dims: Dims, lines: list[str]) -> str:
    return f"input: {list(dims)}\nlayers:\n" + "".join(f"  - {line}\n" for line in lines)


def _partners(known: list[tuple[str, Dims]], source: str, dims: Dims) -> list[tuple[str, Dims]]:
    """What may be joined with it: of its shape, of its extents, or a gate."""
    gate = (dims[0], *[1] * (len(dims) - 1))
    return [
        (name, other)
        for name, other in known
        if name != source and (other[1:] == dims[1:] or other == gate) and len(other) == len(dims)
    ]


@st.composite
def _joined(draw: st.DrawFn, source: str, dims: Dims, partners: list[tuple[str, Dims]]) -> Line:
    name, other = draw(st.sampled_from(partners))
    words = []
    if other[1:] == dims[1:]:
        words.append("concat")
    if other == dims:
        words += ["add", "add", "mul"]
    elif other[0] == dims[0]:
        words.append("mul")
    word = draw(st.sampled_from(words))
    return {word: draw(st.permutations([source, name]))}


@st.composite
def _layer(draw: st.DrawFn, dims: Dims, part: bool) -> Line:
    channels, *extents = dims
    if not extents:
        word = draw(st.sampled_from([*CURVES, "dense", "batchnorm", "layernorm", "slice"]))
        if word == "dense":
            return {"dense": draw(st.sampled_from([channels, 6]))}
    else:
        pooled = [] if min(extents) > 2 else ["maxpool", "avgpool"]  # PyTorch wants it in 3-D
        closing = CLOSING if part else ()
        uneven = [] if channels % 2 ** len(extents) == 0 else ["pixel_shuffle"]
        apart = [] if all(n % 2 == 0 for n in extents) else ["space_to_depth"]
        pool = [*KEEPING, *WINDOWED * 2, *MOVING, "global_avgpool", "global_maxpool", "dense"]
        without = (*pooled, *closing, *uneven, *apart)
        word = draw(st.sampled_from([word for word in pool if word not in without]))
    if word in CURVES:
        inplace = word in ("relu", "relu6", "silu", "hardswish", "hardsigmoid", "mish")
        return {word: None, **({"inplace": False} if inplace and draw(st.booleans()) else {})}
    if word in ("instancenorm", "batchnorm", "layernorm", "groupnorm"):
        main = 2 if word == "groupnorm" and channels % 2 == 0 else None
        if word in ("groupnorm", "instancenorm") and max(extents) == 1:
            word, main = "batchnorm", None
        elif word == "groupnorm" and main is None:
            word = "batchnorm"
        return {word: main, **({} if draw(st.booleans()) else {"affine": False})}
    options: dict[str, Line] = {
        "dropout": {"dropout": 0.5},
        "drop_path": {"drop_path": 0.5},
        "prelu": {"prelu": None, "shared": draw(st.booleans())},
        "scale": {"scale": None, "shared": draw(st.booleans())},
        "conv": {
            "conv": draw(st.sampled_from([channels, 2 * channels, 6])),
            "kernel": draw(st.sampled_from([1, 3])),
            "padding": 1,
            "stride": draw(st.sampled_from([1, 1, 2])),
            "bias": draw(st.booleans()),
        },
        "depthwise_conv": {"depthwise_conv": 3, "padding": 1, "bias": draw(st.booleans())},
        "conv_transpose": {"conv_transpose": 4, "kernel": 2, "stride": 2},
        "maxpool": {"maxpool": 3, "stride": draw(st.sampled_from([1, 2])), "padding": 1},
        "avgpool": {"avgpool": 3, "stride": draw(st.sampled_from([1, 2])), "padding": 1},
        "lrn": {"lrn": 3},
        "pad": {"pad": 1},
        "crop": {"crop": 1 if extents and min(extents) > 2 else 0},
        "slice": {"slice": [0, max(1, channels // 2)]},
        "upsample": {"upsample": 2, "mode": draw(st.sampled_from(["nearest", "bilinear"]))},
        "channel_shuffle": {
            "channel_shuffle": draw(
                st.sampled_from([n for n in (1, 2, 4, channels) if channels % n == 0])
            )
        },
        "pixel_shuffle": {"pixel_shuffle": 2},
        "space_to_depth": {"space_to_depth": 2},
        "reshape": {"reshape": [channels, -1]},
        "dense": {"dense": 6},
    }
    return options.get(word, {word: None})
