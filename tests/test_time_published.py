"""Times of bundled networks beside the speeds that timm published for these networks."""

from __future__ import annotations

import pytest

import cnncost

DEVICES = ("rtx3090", "rtx4090", "rtx5090", "i7_12700h")

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


@pytest.mark.parametrize(("name", "extent"), SPEEDS)
def test_a_bundled_networks_time_is_near_the_published_one(name: str, extent: int) -> None:
    """Within the device's 90 % interval; the devices' costs are fitted to these rows too."""
    spec = cnncost.load(name, inputs={"": (3, extent, extent)})
    for device, speed in zip(DEVICES, SPEEDS[name, extent], strict=True):
        found = cnncost.time(spec, device)
        assert found.complete
        assert found.low < 1 / speed < found.high, device
