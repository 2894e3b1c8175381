"""The constants of the error potential, each with its meaning and what it rests on.

They were fitted together, by hand and by random search, to half of what four spaces of networks
published (Channel-Bench's ResNets and MobileNets, NAS-Bench-Macro, NATS-Bench) and to families
of released models; `docs/damage.md` says how well each is met. ln(error) falls with the logarithm
of the width, so halving all widths costs WIDTH x ln 2 = .16, whatever they were (depthwise layers
of half the width have half the groups, which takes a little off).
"""

from __future__ import annotations

from typing import NamedTuple

WIDTH = 0.235
"""Of ln(error) a unit of ln(width), averaged over the layers. Measured: MobileNet v1 from 1.0 to
.25 .39 a unit, v2 to .35 .33 (TensorFlow's tables), Wide ResNet-101-2 to ResNet-101 .10; both
Channel-Bench spaces (Su et al. 2021) .13 to .17."""

LINEAR_SHARE = 0.2
"""What a layer counts that no non-linearity follows (a projection), where one that has it counts
1: in Channel-Bench's MobileNets the narrow stream counts a quarter of an expansion."""

DEPTHWISE_SHARE = 0.3
"""What a depthwise layer with a non-linearity counts: an expansion and its depthwise layer of one
width together count hardly more than one layer does."""

SMALL_EXTENT = 5.0
"""Below so many positions a side a layer counts in proportion: NAS-Bench-Macro's blocks are worth
.24, .12 and .06 at 8, 4 and 2 positions; the last 1x1 before a global pool hardly anything."""

DEPTH, DEPTH_POWER = 2.5, 0.5
"""DEPTH / N ** DEPTH_POWER for N layers with a non-linearity: halving 100 layers costs .10,
halving 20 costs .23. ResNet-34 to 18: .13 to .19; ResNet-152 to 50: .09 to .16."""

KERNEL_SHARE = 0.8
"""What a 3x3 adds to N besides its non-linearity, a 5x5 half as much again (ln area / ln 9). In
NATS-Bench (Dong et al. 2021) an edge without a 3x3 costs .03 as a 1x1 and .12 as a skip; in
NAS-Bench-Macro expansion 3 with 3x3 costs .02 to .05 for 6 with 5x5."""

LEAST_DEPTH = 0.1
"""Added to N, so that a network without a hidden layer has a potential too."""

RESOLUTION, RESOLUTION_FALL = 0.41, 0.43
"""RESOLUTION x (12 / extent) ** RESOLUTION_FALL / RESOLUTION_FALL, averaged over the layers: maps
of 12 positions a side that are halved cost .33. MobileNet v1 and v2 from 224 to 128: .18
and .21."""

RESOLUTION_EXTENT = 12.2
"""The extent that RESOLUTION is said for: exp 2.5."""

HEAD_SHARE = 0.3
"""What the map counts that the dense layers read: pooling it to 1x1 (Zeiler & Fergus 2014,
Table 3; CaffeNet's pool5, Mishkin et al. 2016)."""

GROUPS = 0.06
"""Of ln(error) a unit of ln(groups), averaged over the layers: ResNeXt-20 and 56 with 2 to 64
groups on CIFAR and SVHN cost .01 to .09."""

DENSE, DENSE_UNITS = 0.04, 3000.0
"""A hidden dense layer of more units helps by DENSE x ln(units / DENSE_UNITS), a narrow one is in
the way: CaffeNet's from 4096 to 2048 each: .050; one of VGG-like nets dropped: -.06."""

CERTAIN = 0.03
"""The standard deviation of ln(error) between two networks that the estimate calls equal: seeds,
and what no term sees."""


class Part(NamedTuple):
    """One of the five parts of the potential."""

    name: str
    uncertainty: float
    """The standard deviation of measured over estimated, between spaces and tasks."""


PARTS = (
    Part("width", 0.31),
    Part("depth", 0.55),
    Part("resolution", 0.8),
    Part("groups", 0.8),
    Part("dense", 0.8),
)
"""Their spread: measured over estimated is .6 in one space of widths and 1.4 in released models;
the sign of what pooling does before dense layers depends on the task."""

NINETY = 1.645
"""Half of a 90 % interval, in standard deviations."""
