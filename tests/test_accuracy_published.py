"""The damage beside what others published of bundled networks and edits of them."""

from __future__ import annotations

import csv
import re
from fractions import Fraction
from math import log
from pathlib import Path
from statistics import median

import pytest

import cnncost
from cnncost.accuracy import Damage
from cnncost.accuracy.estimate import MEASURED
from cnncost.plans.edits.edit import COARSEST, NARROWEST

REFERENCE = Path(__file__).parent / "reference" / "damage"


def rows_of(name: str) -> list[dict[str, str]]:
    with (REFERENCE / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def base_text(name: str) -> str:
    """A bundled network, without what it should count."""
    return re.sub(r"\nexpect: .*", "", cnncost.load(name).text.text)


# Widths and resolutions: 34 points of two tables


class Point:
    """One row of a table: what was measured, and the damage of it."""

    def __init__(self, row: dict[str, str], first: dict[str, str]) -> None:
        self.width, self.resolution = Fraction(row["width"]), int(row["resolution"])
        error, base = (100 - float(one["top1_accuracy"]) for one in (row, first))
        self.measured = log(error / base)
        before, after = (grid_network(one) for one in (first, row))
        self.damage = cnncost.damage(before, after)

    @property
    def inside(self) -> bool:
        return self.damage.low <= self.measured <= self.damage.high

    @property
    def ratio(self) -> float:
        return self.measured / self.damage.score


def grid_network(row: dict[str, str]) -> cnncost.Spec:
    settings = {"alpha": Fraction(row["width"]), "resolution": int(row["resolution"])}
    return cnncost.load(row["family"], params=settings)


def grid(family: str) -> list[Point]:
    """The points of a family against its first: full width at 224."""
    first, *others = [row for row in rows_of("mobilenet_grids.csv") if row["family"] == family]
    return [Point(row, first) for row in others]


@pytest.mark.parametrize("family", ["mobilenet_v1", "mobilenet_v2"])
def test_mobilenet_widths_and_resolutions(family: str) -> None:
    points = grid(family)
    # The constants are a compromise with spaces where widths cost less than here.
    assert sum(point.inside for point in points) >= 0.7 * len(points)
    assert all(point.inside for point in points if point.width >= Fraction(3, 4))
    assert all(0.5 < point.ratio < 2.0 for point in points)
    assert 0.7 < median(point.ratio for point in points) < 1.4
    # The order of what was trained: of 100 pairs at most 15 the other way round.
    pairs = [(a, b) for a in points for b in points if a.measured > b.measured]
    right = sum(a.damage.score > b.damage.score for a, b in pairs)
    assert right > 0.85 * len(pairs)


def test_what_is_known_ends_where_the_published_tables_end() -> None:
    rows = rows_of("mobilenet_grids.csv")
    resolutions = [int(row["resolution"]) for row in rows]
    assert min(float(row["width"]) for row in rows) == 0.25 == NARROWEST
    assert round(min(resolutions) / max(resolutions), 2) == COARSEST


# Depths, inner widths, dense layers: pairs of edited texts


def repeated(text: str, **copies: int) -> str:
    """A text in which lines of these names stand so many times."""
    for name, count in copies.items():
        line = rf"(name: {name}, [^}}]*?)(, repeat: \d+)?}}"
        text, made = re.subn(line, rf"\1, repeat: {count}}}", text)
        assert made == 1
    return text


def without(text: str, *names: str) -> str:
    """A text without layers of these names, and the activation and dropout behind each."""
    for name in names:
        line = rf"  - \{{name: {name}, .*\}}\n  - relu\n(  - \{{dropout.*\n)?"
        text, made = re.subn(line, "", text)
        assert made == 1
    return text


def inner(text: str, part: str) -> str:
    """ResNet-50 with 1x1 and 3x3 inside its blocks a part as wide."""
    width = f"floor(width * {part})"
    for name in ("reduce", "middle"):
        text = text.replace(f"{name}, conv_bn: width", f"{name}, conv_bn: {width}")
    return text


RESNET_18, RESNET_50 = base_text("resnet18"), base_text("resnet50")
RESNET_34 = repeated(RESNET_18, conv2=3, conv3b=3, conv4b=5, conv5b=2)  # 3, 4, 6 and 3 blocks
RESNET_101 = repeated(RESNET_50, conv4b=22)  # 3, 4, 23 and 3
RESNET_152 = repeated(RESNET_50, conv3b=7, conv4b=35)  # 3, 8, 36 and 3
WIDE_50 = inner(RESNET_50, "2")
WIDE_101 = repeated(WIDE_50, conv4b=22)
VGG_16 = base_text("vgg16")
VGG_19 = re.sub(
    r"  - \{name: (conv[345])_3, (.*)\}\n  - relu\n",
    r"  - {name: \1_3, \2}\n  - relu\n  - {name: \1_4, \2}\n  - relu\n",
    VGG_16,
)
VGG_13 = without(VGG_16, "conv3_3", "conv4_3", "conv5_3")
VGG_11 = without(VGG_13, "conv1_2", "conv2_2")
ALEXNET = base_text("alexnet")

PAIRS = {
    "ResNet-50 inner widths x0.7": (RESNET_50, inner(RESNET_50, "7 / 10")),
    "ResNet-50 inner widths x0.5": (RESNET_50, inner(RESNET_50, "1 / 2")),
    "ResNet-50 inner widths x0.3": (RESNET_50, inner(RESNET_50, "3 / 10")),
    "AlexNet dense 4096 to 2048": (ALEXNET, ALEXNET.replace("dense: 4096", "dense: 2048")),
    "Wide ResNet-50-2 to ResNet-50": (WIDE_50, RESNET_50),
    "Wide ResNet-101-2 to ResNet-101": (WIDE_101, RESNET_101),
    "AlexNet remove dense 6 and 7": (ALEXNET, without(ALEXNET, "fc1", "fc2")),
    "AlexNet remove dense 7": (ALEXNET, without(ALEXNET, "fc2")),
    "AlexNet remove conv 3 and 4": (ALEXNET, without(ALEXNET, "conv3", "conv4")),
    "ResNet-152 to 101 (17 bottlenecks)": (RESNET_152, RESNET_101),
    "ResNet-101 to 50 (17 bottlenecks)": (RESNET_101, RESNET_50),
    "ResNet-34 to 18 (8 basic blocks)": (RESNET_34, RESNET_18),
    "VGG-19-bn to 16-bn (3 convs)": (VGG_19, VGG_16),
    "VGG-16-bn to 13-bn (3 convs)": (VGG_16, VGG_13),
    "VGG-13-bn to 11-bn (2 convs)": (VGG_13, VGG_11),
}


UNDERRATED = {"VGG-13-bn to 11-bn (2 convs)": 1.9}
"""Measured .040, estimated .022: the one pair of which more than 1.7 times the estimate is lost."""


def damage_of(before: str, after: str) -> Damage:
    return cnncost.damage(cnncost.loads(before), cnncost.loads(after))


def test_the_deeper_networks_are_what_they_are_called() -> None:
    def weighted(text: str) -> int:
        layers = cnncost.loads(text).network.layers
        return sum(node.layer.word in ("conv", "dense") for node in layers)

    # Projections beside the blocks are not counted: 3 of them, or 4.
    deep = {34: RESNET_34, 101: RESNET_101, 152: RESNET_152}
    assert {depth: weighted(text) - (3 if depth == 34 else 4) for depth, text in deep.items()} == {
        depth: depth for depth in deep
    }
    assert [weighted(text) for text in (VGG_19, VGG_16, VGG_13, VGG_11)] == [19, 16, 13, 11]


@pytest.mark.parametrize("change", PAIRS)
def test_a_published_pair_lies_in_the_interval(change: str) -> None:
    (row,) = [row for row in rows_of("pairs.csv") if row["change"] == change]
    measured = log(float(row["error_after"]) / float(row["error_before"]))
    found = damage_of(*PAIRS[change])
    assert found.low <= measured <= found.high
    if measured > 0.04:  # what is more than seeds
        assert 0.5 < measured / found.score < UNDERRATED.get(change, 1.7)


@pytest.mark.parametrize(("change", "before", "after"), [
    ("ResNet-152 to ResNet-50", RESNET_152, RESNET_50),
    ("ResNet-152 to ResNet-101", RESNET_152, RESNET_101),
    ("ResNet-34 to ResNet-18", RESNET_34, RESNET_18),
    ("Wide ResNet-101-2 to ResNet-101", WIDE_101, RESNET_101),
    ("VGG-19 to VGG-11", VGG_19, VGG_11),
    ("CaffeNet, dense layers 4096 to 2048", ALEXNET,
     ALEXNET.replace("dense: 4096", "dense: 2048")),
    ("CaffeNet, 2 groups in three layers", ALEXNET.replace(", groups: 2", ""), ALEXNET),
])  # fmt: skip
def test_what_is_cited_beside_a_score_lies_in_its_interval(
    change: str, before: str, after: str
) -> None:
    (one,) = [one for one in MEASURED if one.change == change]
    found = damage_of(before, after)
    assert found.low <= one.ln_error <= found.high
    # The part that it is cited for is the largest.
    assert max(found.parts, key=lambda part: part.score).name == one.part


@pytest.mark.parametrize(("change", "alpha", "resolution"), [
    ("MobileNet x1.0 to x0.75", "0.75", 224),
    ("MobileNet 224 to 192", "1", 192),
    ("MobileNet 224 to 160", "1", 160),
    ("MobileNet 224 to 128", "1", 128),
])  # fmt: skip
def test_the_citations_of_mobilenet_are_those_of_its_table(
    change: str, alpha: str, resolution: int
) -> None:
    (one,) = [one for one in MEASURED if one.change == change]
    (point,) = [
        point
        for point in grid("mobilenet_v1")
        if (point.width, point.resolution) == (Fraction(alpha), resolution)
    ]
    assert round(point.measured, 3) == one.ln_error
    assert point.inside
