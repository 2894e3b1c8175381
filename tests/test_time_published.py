"""Times of bundled networks beside the speeds that timm published for these networks."""

from __future__ import annotations

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
