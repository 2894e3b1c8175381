"""Reshapes, transposes and slices, as exporters write them."""

from __future__ import annotations

from case import Case

SHUFFLED = (1, 6, 4, 5)
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
    Case(
        "channel_shuffle",
        SHUFFLED,
        "r = Reshape (x, n)\nt = Transpose <perm = [0, 2, 1, 3, 4]> (r)\ny = Reshape (t, m)",
        "{channel_shuffle: 2}",
        numbers={"n": [1, 2, 3, 4, 5], "m": [1, 6, 4, 5]},
    ),
    Case(
        "pixel_shuffle", (1, 8, 4, 5), "y = DepthToSpace <blocksize = 2> (x)", "{pixel_shuffle: 2}"
    ),
    Case(
        "pixel_shuffle_by_parts",
        (1, 8, 4, 5),
        "r = Reshape (x, n)\nt = Transpose <perm = [0, 1, 4, 2, 5, 3]> (r)\ny = Reshape (t, m)",
        "{pixel_shuffle: 2}",
        numbers={"n": [1, 2, 2, 2, 4, 5], "m": [1, 2, 8, 10]},
    ),
    Case(
        "space_to_depth",
        (1, 2, 4, 6),
        "y = SpaceToDepth <blocksize = 2> (x)",
        "{space_to_depth: 2}",
    ),
    Case(
        "space_to_depth_by_parts",
        (1, 2, 4, 6),
        "r = Reshape (x, n)\nt = Transpose <perm = [0, 1, 3, 5, 2, 4]> (r)\ny = Reshape (t, m)",
        "{space_to_depth: 2}",
        numbers={"n": [1, 2, 2, 2, 3, 2], "m": [1, 8, 2, 3]},
    ),
    Case(
        "slice_of_channels",
        (1, 6, 4, 5),
        "y = Slice (x, a, b, c)",
        "{slice: [1, 4]}",
        numbers={"a": [1], "b": [-2], "c": [1]},
    ),
    Case(
        "crop",
        (1, 6, 4, 5),
        "y = Slice (x, a, b, c)",
        "{crop: [[0, 0], [1, 0]]}",
        numbers={"a": [1], "b": [9223372036854775807], "c": [3]},
    ),
    Case(
        "every_second",
        (1, 6, 4, 5),
        "y = Slice (x, a, b, c, d)",
        "{maxpool: 1, stride: [1, 2]}",
        numbers={"a": [0], "b": [5], "c": [3], "d": [2]},
    ),
    Case(
        "gather",
        (1, 6, 4, 5),
        "y = Gather <axis = 1> (x, i)",
        "{slice: [2, 3]}\n{reshape: [4, 5]}",
        numbers={"i": 2},
    ),
    Case(
        "pad",
        (1, 3, 4, 5),
        'p = Pad <mode = "reflect"> (x, n)\ny = Relu (p)',
        "{pad: [[1, 2], [0, 0]]}\nrelu",
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
        "{permute: [2, 1]}\n{pad: [[1, 0]]}\n{permute: [2, 1]}",
        {"c": (1, 1, 6)},
    ),
]
