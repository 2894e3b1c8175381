"""Figures: the labels of the SVG are boxes that must neither overlap nor leave the sheet."""

from __future__ import annotations

import io
import math
import re
import subprocess
import sys
from itertools import combinations
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import pytest
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

import cnncost
from cnncost import bundled
from cnncost.views.draw import bars, figure

FIGURES = Path(__file__).parents[1] / "docs" / "figures"
SVG = "{http://www.w3.org/2000/svg}"
ROTATED = re.compile(r"rotate\((\S+) (\S+) (\S+)\)")
SIZED = re.compile(r"font-size: ([\d.]+)px")


class Label(NamedTuple):
    """A label's text and the box of its ink, in points from the sheet's upper left corner."""

    text: str
    size: float
    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: Label) -> bool:
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        return across > 0 and down > 0


def drawn(name: str, *, width: float = 85, how=figure.draw_figure) -> bytes:
    file = io.BytesIO()
    spec = cnncost.load(name)
    if how is figure.draw_figure:
        options = figure.FigureOptions(weights=figure.list_weights(spec))
        figure.draw_figure(file, cnncost.count(spec), "svg", width, options)
    else:
        how(file, cnncost.count(spec), "svg", width)
    return file.getvalue()


def labels(svg: bytes) -> list[Label]:
    root = ElementTree.fromstring(svg)
    return [_label(element) for element in root.iter(f"{SVG}text")]


def _label(element: ElementTree.Element) -> Label:
    style, text = element.get("style", ""), element.text or ""
    sized, rotated = SIZED.search(style), ROTATED.search(element.get("transform", ""))
    assert sized, style
    assert rotated, "a label without a place"
    size = float(sized[1])
    angle, x, y = (float(part) for part in rotated.groups())
    ink = TextPath((0, 0), text, prop=FontProperties(family="DejaVu Sans", size=size)).get_extents()
    shift = -ink.width if "text-anchor: end" in style else 0.0
    shift = -ink.width / 2 if "text-anchor: middle" in style else shift
    turned = [
        _turn(along + shift, -up, angle)
        for along in (ink.x0, ink.x1)
        for up in (ink.y0, ink.y1)
    ]  # fmt: skip
    xs, ys = [x + dx for dx, _ in turned], [y + dy for _, dy in turned]
    return Label(text, size, min(xs), min(ys), max(xs), max(ys))


def _turn(x: float, y: float, degrees: float) -> tuple[float, float]:
    angle = math.radians(degrees)
    return (
        x * math.cos(angle) - y * math.sin(angle),
        x * math.sin(angle) + y * math.cos(angle),
    )


def sheet(svg: bytes) -> tuple[float, float]:
    root = ElementTree.fromstring(svg)
    return tuple(float(root.get(side, "").removesuffix("pt")) for side in ("width", "height"))


@pytest.mark.parametrize("how", [figure.draw_figure, bars.draw_bars])
@pytest.mark.parametrize("name", ["resnet18", "unet"])
def test_labels_stay_on_the_sheet_and_can_be_read(name: str, how) -> None:
    svg = drawn(name, how=how)
    width, height = sheet(svg)
    assert width == pytest.approx(85 / 25.4 * 72, abs=0.01)
    for label in labels(svg):
        assert label.size >= 5
        assert label.left >= 0
        assert label.top >= 0
        assert label.right <= width
        assert label.bottom <= height


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v2"])
def test_no_bar_s_label_overlaps_another(name: str) -> None:
    for one, other in combinations(labels(drawn(name, how=bars.draw_bars)), 2):
        assert not one.overlaps(other), f"{one.text!r} overlaps {other.text!r}"


def test_every_layer_of_alexnet_is_there_with_its_shape() -> None:
    texts = [label.text for label in labels(drawn("alexnet"))]
    assert texts[:18] == [
        "input", "3x227x227", "conv1", "96x55x55", "conv2", "256x27x27", "conv3", "384x13x13",
        "conv4", "384x13x13", "conv5", "256x13x13", "fc1", "4096", "fc2", "4096", "output", "1000",
    ]  # fmt: skip


def test_the_same_network_gives_the_same_bytes() -> None:
    assert drawn("lenet5") == drawn("lenet5")


@pytest.mark.parametrize(
    ("form", "magic"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xm")]
)
def test_forms_on_standard_output(form: str, magic: bytes) -> None:
    command = [sys.executable, "-m", "cnncost", "draw", "lenet5", "-o", "-", "-f", form]
    done = subprocess.run(command, capture_output=True, check=True)
    assert done.stdout.startswith(magic)
    assert done.stderr == b""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["lenet5", "-o", "net.bmp"], "net.bmp: its ending is none of svg, png, pdf"),
        (["lenet5", "-o", "-"], "its ending is none of svg, png, pdf"),
        (["lenet5", "-o", "/nonexistent/net.svg"], "/nonexistent/net.svg"),
    ],
)
def test_what_it_refuses(arguments: list[str], said: str) -> None:
    command = [sys.executable, "-m", "cnncost", "draw", *arguments]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", bundled.list_names())
def test_the_figures_of_the_documentation_are_fresh(name: str) -> None:
    """By their labels: other releases of matplotlib write the same figure otherwise."""
    committed = (FIGURES / f"{name}.svg").read_bytes()
    texts = [label.text for label in labels(committed)]
    assert texts == [label.text for label in labels(drawn(name))], "python docs/gallery.py"


def test_the_page_of_all_figures_has_every_network() -> None:
    page = (FIGURES.parent / "zoo_figures.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"\(figures/(\w+)\.svg\)", page)) == sorted(bundled.list_names())
