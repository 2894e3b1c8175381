"""The damage of a change: the difference of two networks' error potentials, with an interval.

Each part of a damage has a published measurement beside it: what others found when they changed
one thing of a network, as ln(error after / error before) of top-1 errors under one recipe.
"""

from __future__ import annotations

from math import hypot
from typing import TYPE_CHECKING, NamedTuple

from cnncost.accuracy import error_constants as constants
from cnncost.accuracy.potential import Potential, network_terms, potential_of
from cnncost.network import Network

if TYPE_CHECKING:
    from cnncost.language import Spec


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


class DamagePart(NamedTuple):
    """What one kind of difference adds."""

    name: str
    score: float
    nearest: Measurement | None
    """The published measurement of this kind that is nearest in size; None for next to nothing."""


class Damage(NamedTuple):
    """What a change of architecture is estimated to cost in accuracy."""

    score: float
    """ln(error after / error before): 0.1 is about 10 % more errors, relatively."""
    low: float
    high: float
    """The ends of the 90 % interval."""
    parts: tuple[DamagePart, ...]
    """They add up to the score."""


def damage(before: Spec | Network, after: Spec | Network) -> Damage:
    """Estimate ln(error after / error before) of two architectures, trained alike on one task.

    Any two networks can be compared; the estimate rests on image classifiers, and is surest
    between networks of one kind. It ranks architectures and never predicts an accuracy.
    """
    return estimate_damage(_network_of(before), _network_of(after))


def are_comparable(before: Network, after: Network) -> bool:
    """Return whether two networks may be trained on one task and all their layers are known:
    outputs of one shape, inputs with as many channels and axes."""
    networks = (before, after)
    if any(not node.layer.known for network in networks for node in network.layers):
        return False
    outputs = [[network.nodes[i].output for i in network.outputs] for network in networks]
    inputs = [
        [(one.output.channels, len(one.output.extents)) for one in network.inputs]
        for network in networks
    ]
    return outputs[0] == outputs[1] and inputs[0] == inputs[1]


def estimate_damage(before: Network, after: Network) -> Damage:
    """Estimate the damage between two networks: the difference of their potentials."""
    return compare_potentials(*(potential_of(network_terms(one)) for one in (before, after)))


def compare_potentials(before: Potential, after: Potential) -> Damage:
    """Return the damage between two networks of these potentials."""
    scores = [b - a for a, b in zip(before, after, strict=True)]
    parts = tuple(
        DamagePart(part.name, score, find_nearest(part.name, score))
        for part, score in zip(constants.PARTS, scores, strict=True)
    )
    score = sum(scores)
    spread = constants.NINETY * interval_deviation(scores)
    return Damage(score, score - spread, score + spread, parts)


def compare_damages(before: Damage, after: Damage) -> Damage:
    """Return the damage between two networks, of each of which that against a third is known."""
    known = (Potential(*(part.score for part in one.parts)) for one in (before, after))
    return compare_potentials(*known)


def interval_deviation(scores: list[float]) -> float:
    """Return the standard deviation of ln(error) around an estimate of these parts.

    Each part is off by a factor of its own, which differs from task to task.
    """
    return hypot(
        constants.CERTAIN,
        *(part.uncertainty * score for part, score in zip(constants.PARTS, scores, strict=True)),
    )


def _network_of(given: Spec | Network) -> Network:
    return given if isinstance(given, Network) else given.network
