"""Figures say what a network is; their texts neither overlap nor leave the sheet."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from evidence import find_beside
from matplotlib.font_manager import FontProperties
from matplotlib.text import Text
from matplotlib.textpath import TextPath

import cnncost
from cnncost import bundled
from cnncost.cli.arch_reader import load_spec
from cnncost.network import Network
from cnncost.views.draw.drawing import Point
from cnncost.views.draw.figure import (
    FigureOptions,
    choose_parts,
    choose_style,
    draw_network,
)
from cnncost.views.draw.figure_canvas import Canvas
from cnncost.views.draw.figure_details import find_details
from cnncost.views.draw.figure_parts import find_parts
from cnncost.views.draw.part_places import place_parts

ONNX = find_beside("reference/onnx")
IMPORTS = sorted(ONNX.glob("*.legacy.onnx")) if ONNX else []
POINTS = 25.4 / 72

Area = tuple[float, float, float, float]
"""Left, lower, right and upper end."""


class RecordingCanvas(Canvas):
    """A canvas that remembers its boxes, arrows and the depths of its volumes."""

    def __init__(self, width: float) -> None:
        super().__init__(width)
        self.boxes: list[Area] = []
        self.arrows: list[Sequence[Point]] = []
        self.depths: list[Point] = []

    def draw_volume(self, at: Point, size: Point, depth: Point, colour: str) -> None:
        self.depths.append(depth)
        super().draw_volume(at, size, depth, colour)

    def draw_box(self, x: float, y: float, wide: float, tall: float, colour: str) -> None:
        self.boxes.append((x, y, x + wide, y + tall))
        super().draw_box(x, y, wide, tall, colour)

    def draw_arrow(self, path: Sequence[Point]) -> None:
        self.arrows.append(path)
        super().draw_arrow(path)


@cache
def ink(text: str, size: float) -> Area:
    """Where a text's ink is at most: its outline lies between its control points."""
    outline = TextPath((0, 0), text, prop=FontProperties(family="DejaVu Sans", size=size))
    corners = (*outline.vertices.min(axis=0), *outline.vertices.max(axis=0))
    return tuple(float(n) * POINTS for n in corners)


def area(label: Text) -> Area:
    """Where a label's ink is, in millimetres."""
    x, y = label.get_position()
    left, low, right, high = ink(label.get_text(), label.get_fontsize())
    wide, tall = right - left, high - low
    if label.get_rotation():
        return (x - tall / 2, y - wide, x + tall / 2, y)
    start = x - wide / 2 if label.get_ha() == "center" else x
    return (start, y - tall / 2, start + wide, y + tall / 2)


def overlap(one: Area, other: Area) -> bool:
    across = min(one[2], other[2]) - max(one[0], other[0])
    up = min(one[3], other[3]) - max(one[1], other[1])
    return across > 0.01 and up > 0.01


def check_sheet(network: Network, width: float) -> None:
    """Check that texts can be read, and that no line crosses a box of the flow."""
    canvas = RecordingCanvas(width)
    draw_network(canvas, network, FigureOptions())
    bottom, top = canvas.axes.get_ylim()
    labels = [(label.get_text(), area(label)) for label in canvas.axes.texts]
    assert len(labels) > 2
    assert min(label.get_fontsize() for label in canvas.axes.texts) >= 7
    for (text, one), (other_text, other) in combinations(labels, 2):
        assert not overlap(one, other), f"{text!r} overlaps {other_text!r}"
    for text, (left, low, right, high) in labels:
        inside = left >= 0 and right <= width and low >= bottom and high <= top
        assert inside, f"{text!r} leaves the sheet"
    if choose_style(choose_parts(network, FigureOptions())) == "blocks":
        check_lines(canvas)


def check_lines(canvas: RecordingCanvas) -> None:
    for path in canvas.arrows:
        for (x, y), (x2, y2) in pairwise(path):
            line = (min(x, x2), min(y, y2), max(x, x2), max(y, y2))
            for left, low, right, high in canvas.boxes:
                across = min(line[2], right - 0.01) - max(line[0], left + 0.01)
                up = min(line[3], high - 0.01) - max(line[1], low + 0.01)
                assert across < 0 or up < 0, f"{path} crosses a box"


@pytest.mark.parametrize("name", bundled.list_names())
def test_texts_can_be_read_and_lines_followed(name: str) -> None:
    check_sheet(cnncost.load(name).network, 85)


@pytest.mark.parametrize("name", ["googlenet", "unet_plus_plus", "resnet50", "vgg16"])
def test_texts_of_a_page_s_width(name: str) -> None:
    check_sheet(cnncost.load(name).network, 180)


@pytest.mark.skipif(not IMPORTS, reason="the exported files are not here")
@pytest.mark.parametrize("path", IMPORTS, ids=lambda path: path.name)
def test_texts_of_imports(path: Path) -> None:
    pytest.importorskip("onnx")
    check_sheet(load_spec(str(path)).network, 85)


# What is shown


def parts(name: str, *, opened: Sequence[str] = ()) -> list[str]:
    found = find_parts(cnncost.load(name).network, 1, opened).parts
    return [f"{part.name} x {part.copies}" if part.copies > 1 else part.name for part in found]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        # He et al. 2016, table 1
        ("resnet50", ["conv2 x 3", "conv3 x 4", "conv4 x 6", "conv5 x 3"]),
        ("resnet101", ["conv2 x 3", "conv3 x 4", "conv4 x 23", "conv5 x 3"]),
        # Huang et al. 2017, table 1
        ("densenet121", ["dense1 x 6", "dense2 x 12", "dense3 x 24", "dense4 x 16"]),
        # Dosovitskiy et al. 2021, table 1: ViT-Base has 12 layers
        ("vit_b16", ["block x 12"]),
    ],
)
def test_a_stage_is_one_part_with_its_count(name: str, shown: list[str]) -> None:
    assert [part for part in parts(name) if " x " in part] == shown


def test_blocks_of_other_widths_are_no_stage() -> None:
    """Szegedy et al. 2015, table 1: no two modules of GoogLeNet have the same widths."""
    assert not any(" x " in part for part in parts("googlenet"))


def test_a_stage_is_opened_on_request() -> None:
    shown = parts("resnet50", opened=["conv3"])
    assert "conv3 x 4" not in shown
    assert {"conv3a.reduce", "conv3a.projection", "conv3b.1.middle", "conv3b.3.add1"} <= set(shown)
    assert "conv4 x 6" in shown


def test_unet_has_its_four_skips() -> None:
    places = place_parts(find_parts(cnncost.load("unet").network))
    assert sum(way.track >= 0 for way in places.ways) == 4


def test_the_branches_of_an_inception_module_stand_side_by_side() -> None:
    network = cnncost.load("googlenet").network
    (detail,) = find_details(network, find_parts(network))
    names = {part.name: i for i, part in enumerate(detail.graph.parts)}
    places = place_parts(detail.graph)
    branches = ["i3a.c1x1", "i3a.r3x3", "i3a.r5x5", "i3a.maxpool1"]
    assert len({places.lanes[names[branch]] for branch in branches}) == 4
    assert len({places.ranks[names[branch]] for branch in branches}) == 1
    join = names["i3a.concat1"]
    ends = ["i3a.c1x1", "i3a.c3x3", "i3a.c5x5", "i3a.pool_proj"]
    assert {start for start, end in detail.graph.edges if end == join} == {names[e] for e in ends}


SKIP = """
name: around one layer
input: [4, 9, 5]
layers:
  - {name: a, conv: 4, kernel: [1, 3], padding: same}
  - {name: b, conv: 4, kernel: [1, 3], padding: same}
  - {name: sum, add: [previous, a]}
  - {name: gate, mul: [previous, input]}
"""


def test_every_read_is_drawn(tmp_path: Path) -> None:
    """Reads by hand: input-a, a-b, b-sum, a-sum, sum-gate, input-gate."""
    path = tmp_path / "skip.yaml"
    path.write_text(SKIP, encoding="utf-8")
    network = cnncost.load(str(path)).network
    canvas = RecordingCanvas(85)
    draw_network(canvas, network, FigureOptions(style="blocks"))
    assert len(canvas.arrows) == 6
    texts = [label.get_text() for label in canvas.axes.texts]
    assert {"+", "x"} <= set(texts)
    assert any("1x3 conv" in text for text in texts)


@pytest.mark.parametrize("name", bundled.list_names())
def test_no_read_between_parts_is_lost(name: str) -> None:
    """Each layer's reads, found anew here, are lines between the parts that hold the layers."""
    network = cnncost.load(name).network
    graph = find_parts(network)
    home = {node.index: i for i, part in enumerate(graph.parts) for node in part.nodes}
    assert sorted(home) == [node.index for node in network.nodes]
    reads = {(home[r], home[node.index]) for node in network.nodes for r in node.reads}
    assert set(graph.edges) == {(a, b) for a, b in reads if a != b}
    assert all(a < b for a, b in graph.edges)


@pytest.mark.parametrize("name", ["siamese", "two_stream"])
def test_both_inputs_are_drawn(name: str) -> None:
    network = cnncost.load(name).network
    canvas = Canvas(85)
    draw_network(canvas, network, FigureOptions())
    texts = " ".join(label.get_text() for label in canvas.axes.texts)
    assert all(entry.name in texts for entry in network.inputs)


@pytest.mark.parametrize(
    ("name", "style"),
    [
        ("minmax", "nodes"), ("residual_mlp", "nodes"), ("alexnet", "volumes"),
        ("resnet50", "volumes"), ("unet", "volumes"), ("googlenet", "blocks"),
        ("two_stream", "blocks"), ("mlperf_tiny_ad", "blocks"),
    ],
)  # fmt: skip
def test_the_network_chooses_the_style(name: str, style: str) -> None:
    assert choose_style(choose_parts(cnncost.load(name).network, FigureOptions())) == style


def test_the_weights_of_minmax_stand_on_its_lines() -> None:
    """Of its 16 weights 4 are zero; its file has 3 of 1 and 3 of -1 in either layer."""
    command = [sys.executable, "-m", "cnncost", "draw", "minmax", "-o", "-", "-f", "tex"]
    tex = subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout
    texts = Counter(re.findall(r"\\nettext.*\{([^{}]*)\}$", tex, re.M))
    assert (texts["1"], texts["$-$1"]) == (6, 6)
    assert tex.count("\\netlink{densely dashed}") == 6


def test_layers_named_flat_have_no_depth() -> None:
    network = cnncost.load("alexnet").network
    flat, deep = (
        RecordingCanvas(85),
        RecordingCanvas(85),
    )
    draw_network(deep, network, FigureOptions())
    draw_network(flat, network, FigureOptions(flat=("conv3", "conv4")))
    # The input, five convolutions and two pools have depth, three vectors have none.
    assert [depth > (0, 0) for depth in deep.depths] == [True] * 8 + [False] * 3
    assert sum(depth > (0, 0) for depth in flat.depths) == 6


def test_twelve_copies_are_one_box() -> None:
    graph = choose_parts(cnncost.load("gpt2").network, FigureOptions())
    assert [(part.name, part.copies) for part in graph.parts] == [
        ("input", 1), ("words", 1), ("positions", 1), ("block", 12), ("output", 1),
    ]  # fmt: skip


def test_a_norm_that_a_skip_goes_around_is_shown() -> None:
    text = "input: [8, 5]\nlayers:\n- {name: a, linear: 8}\n- residual: [layernorm, {linear: 8}]\n"
    graph = find_parts(cnncost.loads(text).network, depth=2)
    # Of the norm behind `a`, the sum reads nothing: it is no part of `a`.
    assert [part.word for part in graph.parts] == ["input", "linear", "layernorm", "linear", "add"]
