"""Reshapes, transposes and slices, as exporters write them."""

from __future__ import annotations

from case import Case

SIX_MAPS = (1, 6, 4, 5)


def by_parts(
    name: str,
    x: tuple[int, ...],
    line: str,
    *,
    parts: list[int],
    order: list[int],
    joined: list[int],
) -> Case:
    """Axes split into parts, which change places and are joined again."""
    nodes = f"r = Reshape (x, n)\nt = Transpose <perm = {order}> (r)\ny = Reshape (t, m)"
    return Case(name, x, nodes, line, numbers={"n": parts, "m": joined})


def sliced(name: str, line: str, **numbers: list[int]) -> Case:
    """A slice of six maps, by the inputs that ONNX calls so."""
    return Case(name, SIX_MAPS, f"y = Slice (x, {', '.join(numbers)})", line, numbers=numbers)


VIEWS = [
    Case(  # each row twice: nearest neighbours
        "tile",
        (1, 3, 4, 5),
        "u = Unsqueeze (x, a)\nt = Tile (u, n)\ny = Reshape (t, d)",
        "{upsample: [2, 1]}",
        numbers={"a": [3], "n": [1, 1, 1, 2, 1], "d": [1, 3, 8, 5]},
    ),
    Case("flatten", (1, 3, 8, 9), "y = Flatten (x)", "flatten"),
    Case("reshape", (1, 12), "y = Reshape (x, n)", "{reshape: [3, 4]}", numbers={"n": [0, 3, -1]}),
    Case(
        "there_and_back",
        (1, 3, 8, 9),
        "t = Transpose <perm = [0, 2, 3, 1]> (x)\nr = Relu (t)\n"
        "y = Transpose <perm = [0, 3, 1, 2]> (r)",
        "relu",
    ),
    Case(
        "axes_of_one",
        (1, 3, 1),
        "s = Squeeze (x, two)\nr = Relu (s)\nu = Unsqueeze (r, two)\ny = Tanh (u)",
        "relu\ntanh",
        numbers={"two": [2]},
    ),
    by_parts(
        "channel_shuffle",
        SIX_MAPS,
        "{channel_shuffle: 2}",
        parts=[1, 2, 3, 4, 5],
        order=[0, 2, 1, 3, 4],
        joined=[1, 6, 4, 5],
    ),
    Case(
        "pixel_shuffle", (1, 8, 4, 5), "y = DepthToSpace <blocksize = 2> (x)", "{pixel_shuffle: 2}"
    ),
    by_parts(
        "pixel_shuffle_by_parts",
        (1, 8, 4, 5),
        "{pixel_shuffle: 2}",
        parts=[1, 2, 2, 2, 4, 5],
        order=[0, 1, 4, 2, 5, 3],
        joined=[1, 2, 8, 10],
    ),
    Case(
        "space_to_depth",
        (1, 2, 4, 6),
        "y = SpaceToDepth <blocksize = 2> (x)",
        "{space_to_depth: 2}",
    ),
    by_parts(
        "space_to_depth_by_parts",
        (1, 2, 4, 6),
        "{space_to_depth: 2}",
        parts=[1, 2, 2, 2, 3, 2],
        order=[0, 1, 3, 5, 2, 4],
        joined=[1, 8, 2, 3],
    ),
    sliced("slice_of_channels", "{slice: [1, 4]}", starts=[1], ends=[-2], axes=[1]),
    sliced("crop", "{crop: [[0, 0], [1, 0]]}", starts=[1], ends=[9223372036854775807], axes=[3]),
    sliced(
        "every_second", "{maxpool: 1, stride: [1, 2]}", starts=[0], ends=[5], axes=[3], steps=[2]
    ),
    Case(
        "gather",
        SIX_MAPS,
        "y = Gather <axis = 1> (x, i)",
        "{slice: [2, 3]}\n{reshape: [4, 5]}",
        numbers={"i": 2},
    ),
    Case(
        "pad",
        (1, 3, 4, 5),
        'p = Pad <mode = "reflect"> (x, n)\ny = Relu (p)',
        "{opaque: {op: Pad, output: [3, 7, 5], weights: 0, biases: 0, connections: 0}}\nrelu",
        numbers={"n": [0, 0, 1, 0, 0, 0, 2, 0]},
    ),
    Case(
        "pad_and_crop",
        (1, 3, 4, 5),
        "p = Pad (x, n)\ny = Relu (p)",
        "{crop: [[1, 0], [0, 0]]}\n{pad: [[0, 0], [0, 2]]}\nrelu",
        numbers={"n": [0, 0, -1, 0, 0, 0, 0, 2]},
    ),
    Case(
        "resize",
        (1, 3, 4, 5),
        "y = Resize (x, , s)",
        "{upsample: 2}",
        numbers={"s": [1.0, 1.0, 2.0, 2.0]},
    ),
    Case(
        "resize_to",
        (1, 3, 4, 5),
        'y = Resize <mode = "linear"> (x, , , n)',
        "{upsample, size: [7, 9], mode: bilinear}",
        numbers={"n": [1, 3, 7, 9]},
    ),
    Case(
        "upsample",
        (1, 3, 4, 5),
        "y = Upsample (x, s)",
        "{upsample: [2, 3]}",
        numbers={"s": [1.0, 1.0, 2.0, 3.0]},
        opset=9,
    ),
    Case(
        "expand",
        (1, 3, 1, 1),
        "y = Expand (x, n)",
        "{upsample, size: [4, 5]}",
        numbers={"n": [1, 3, 4, 5]},
    ),
    Case(
        "token",
        (1, 7, 6),
        "y = Concat <axis = 1> (c, x)",
        "{opaque: {op: Concat, output: [8, 6], weights: 0, biases: 0, extras: 6, connections: 0}}",
        {"c": (1, 1, 6)},
    ),
]
