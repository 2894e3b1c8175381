"""Published measurements: what others found when they changed one thing of a network.

Each is ln(error after / error before) of top-1 errors under one recipe.
"""

from __future__ import annotations

from typing import NamedTuple


class Measurement(NamedTuple):
    """One change that was trained, and what it cost."""

    part: str
    change: str
    ln_error: float
    source: str


MOBILENET, MOBILENET_V2 = "TensorFlow's table of MobileNet v1", "TensorFlow's table of v2"
CAFFENET = "Mishkin et al. 2016"

MEASURED = (
    Measurement("width", "MobileNet x1.0 to x0.75", 0.082, MOBILENET),
    Measurement("width", "MobileNetV2 x1.0 to x1.4", -0.120, MOBILENET_V2),
    Measurement("width", "Wide ResNet-101-2 to ResNet-101", 0.067, "torchvision"),
    Measurement("width", "ResNet-18 x1.0 to x0.5, but for its last block", 0.221, "imgclsmob"),
    Measurement("width", "ResNet-18 x1.0 to x0.25, but for its last block", 0.384, "imgclsmob"),
    Measurement("width", "MobileNet x1.0 to x0.25", 0.591, "imgclsmob"),
    Measurement("depth", "ResNet-152 to ResNet-101", 0.026, "pycls"),
    Measurement("depth", "ResNet-152 to ResNet-50", 0.105, "pycls"),
    Measurement("depth", "ResNet-34 to ResNet-18", 0.132, "mmpretrain"),
    Measurement("depth", "PreResNet-34 to PreResNet-10", 0.345, "imgclsmob"),
    Measurement("depth", "ResNet-110 to ResNet-20 on CIFAR-10", 0.481, "imgclsmob"),
    Measurement("depth", "VGG-19 to VGG-11", 0.115, "torchvision"),
    Measurement("resolution", "MobileNet 224 to 192", 0.030, MOBILENET),
    Measurement("resolution", "MobileNet 224 to 160", 0.095, MOBILENET),
    Measurement("resolution", "MobileNet 224 to 128", 0.179, MOBILENET),
    Measurement("resolution", "MobileNetV2 224 to 96", 0.342, MOBILENET_V2),
    Measurement("groups", "ResNeXt-20 with 2 groups, CIFAR-100", 0.026, "imgclsmob"),
    Measurement("groups", "CaffeNet, 2 groups in three layers", 0.031, CAFFENET),
    Measurement("groups", "ResNeXt-20 with 64 groups, CIFAR-100", 0.069, "imgclsmob"),
    Measurement("dense", "CaffeNet, dense layers 4096 to 2048", 0.050, CAFFENET),
    Measurement("dense", "AlexNet without one dense layer", -0.012, "Zeiler & Fergus 2014"),
)
"""A few of each kind, small to large."""

NOTHING = 0.005
"""A score that needs no measurement beside it."""


def find_nearest(part: str, score: float) -> Measurement | None:
    """Return the measurement of a part nearest to a score; None for next to nothing."""
    if abs(score) < NOTHING:
        return None
    same = [one for one in MEASURED if one.part == part]
    return min(same, key=lambda one: abs(one.ln_error - score))
