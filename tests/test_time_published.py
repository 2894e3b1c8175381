"""Times of bundled networks beside the speeds that timm published for these networks."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import cnncost
from cnncost.timing.time_columns import COLUMNS, count_layers, sum_column

FIGURES = Path(__file__).parents[1] / "benchmarks" / "timm_figures.csv"

DEVICES = ("rtx3090", "rtx4090", "rtx5090", "i7_12700h")

FITTED_TO_LAYERS = {"rtx4090_compiled": 0, "i9_10940x": 1}
"""Devices with a cost for norms and activations, and which of `LAYER_SPEEDS` are theirs."""

LAYER_SPEEDS = {
    ("efficientnet_b0", 224): (10785.82, 100.41),
    ("efficientnet_b0", 256): (8265.02, 101.51),
    ("mobilenet_v2", 224): (16292.93, 188.22),
    ("resnet50", 160): (15725.42, 77.2),
    ("resnet50", 176): (12766.32, 74.75),
    ("resnet50", 224): (8039.05, 67.2),
    ("resnet50", 288): (4865.17, 55.91),
}

SPEEDS = {
    ("efficientnet_b0", 224): (6924.93, 8794.71, 13282.18, 93.58),
    ("efficientnet_b0", 256): (5798.8, 7035.98, 10514.1, 82.19),
    ("mobilenet_v2", 224): (8629.73, 10807.07, 16735.23, 151.16),
    ("resnet50", 160): (6033.87, 8305.45, 11604.38, 43.63),
    ("resnet50", 176): (5019.75, 6828.7, 9883.83, 39.81),
    ("resnet50", 224): (3219.06, 4302.84, 6356.02, 30.48),
    ("resnet50", 288): (1939.79, 2631.02, 3849.63, 20.27),
}
"""Samples a second on each of the devices, by the network and the extent of its input: timm's
published inference benchmarks (pytorch-image-models, results/, Apache-2.0), whose models these
networks are."""


def test_bundled_networks_times_are_near_the_published_ones() -> None:
    """Nine in ten lie within the 90 % interval, and all within a factor of 1.3. The devices' costs
    are fitted to these rows too, a few among four hundred."""
    within = []
    for (name, extent), speeds in SPEEDS.items():
        spec = cnncost.load(name, inputs={"": (3, extent, extent)})
        for device, speed in zip(DEVICES, speeds, strict=True):
            found = cnncost.time(spec, device)
            assert 1 / 1.3 < found.seconds * speed < 1.3, (name, extent, device)
            within.append(found.low < 1 / speed < found.high)
    assert sum(within) >= 0.9 * len(within)


@pytest.mark.parametrize("device", FITTED_TO_LAYERS)
def test_times_with_norms_and_activations_lie_in_the_interval(device: str) -> None:
    for (name, extent), speeds in LAYER_SPEEDS.items():
        found = cnncost.time(cnncost.load(name, inputs={"": (3, extent, extent)}), device)
        assert found.low < 1 / speeds[FITTED_TO_LAYERS[device]] < found.high, (name, extent)


def test_resnet50_compiled_by_hand() -> None:
    """Connections 10.02 fs each, units 5,768 and other outputs 1,566."""
    expanded = 3 * 256 * 56**2 + 4 * 512 * 28**2 + 6 * 1024 * 14**2 + 3 * 2048 * 7**2
    projected = 256 * 56**2 + 512 * 28**2 + 1024 * 14**2 + 2048 * 7**2
    convolved = 11_114_984 - 1000  # the published units without the dense layer's
    # One norm a convolution; an activation for each but those before a sum, and one behind it.
    others = convolved + (convolved - expanded - projected) + 2 * expanded + 64 * 56**2 + 2048
    expected = 10.02 * 4_089_184_256 + 5768 * 11_114_984 + 1566 * others
    assert others == 26_444_800
    found = cnncost.time(cnncost.load("resnet50"), "rtx4090_compiled")
    assert found.seconds == pytest.approx(1e-15 * expected, rel=1e-6)


@pytest.mark.parametrize(
    ("bundled", "published"),
    [
        ("resnet50", "resnet50"),
        ("efficientnet_b0", "efficientnet_b0"),
        ("mobilenet_v2", "mobilenetv2_100"),
    ],
)
def test_specs_by_hand_have_the_figures_that_were_traced(bundled: str, published: str) -> None:
    """Those that two devices were fitted to: timm's code of the same networks, traced and read."""
    with FIGURES.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["model"] == published]
    assert rows
    for row in rows:
        extent = int(row["img_size"])
        spec = cnncost.load(bundled, inputs={"": (3, extent, extent)})
        counted = count_layers(spec.network)
        traced = {term: int(row[term]) for term in COLUMNS if term in row}
        assert {term: sum_column(counted, term) for term in traced} == traced
