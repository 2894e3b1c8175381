"""The constants of the error potential, each with its meaning and what it rests on.

They were fitted together, by random search and then by hand, to half of what four spaces of
networks published (Channel-Bench's ResNets and MobileNets, NAS-Bench-Macro, NATS-Bench), to
families of released models, and to 106 variants of five small networks that were trained for it
(`benchmarks/train_plans.py`); `docs/damage.md` says how well each is met.
"""

from __future__ import annotations

from typing import NamedTuple

WIDTH, WIDE = 0.43, 190.0
"""WIDTH x ln(1 + WIDE / width), of the geometric mean of the widths: narrow layers gain WIDTH of
ln(error) a unit of ln(width), layers of WIDE channels half of it, wide ones hardly anything.
Measured a unit: RegNetX from 32GF to 16GF (900 to 660 channels) .07, to 1.6GF (280) .14; MobileNet
v1 from 1.0 to .25 .39; Wide ResNet-101-2 to ResNet-101 .15; both Channel-Bench spaces (Su et al.
2021) .13 to .17."""

LINEAR_SHARE, NARROW = 0.2, 16.0
"""What a 1x1 counts that no non-linearity follows (a projection), where one that has it counts 1:
LINEAR_SHARE x (1 + NARROW / channels). In Channel-Bench's MobileNets a stream of 32 to 256 channels
counts a quarter of an expansion; in training, streams of 8 to 16 cost twice what a quarter says."""

LINEAR_KERNEL = 0.5
"""The same of a kernel without one: a 5x5 to 16 channels, with a 1x1 behind it to the 64 that there
were, cost .07 in training."""

DEPTHWISE_SHARE = 0.12
"""What a depthwise layer with a non-linearity counts: an expansion and its depthwise layer of one
width together count hardly more than one layer does."""

SMALL_EXTENT = 6.0
"""Below so many positions a side a layer counts in proportion: NAS-Bench-Macro's blocks are worth
.24, .12 and .06 at 8, 4 and 2 positions; the last 1x1 before a global pool hardly anything."""

DEPTH, DEPTH_POWER = 1.6, 0.44
"""DEPTH / N ** DEPTH_POWER for N layers with a non-linearity: halving 100 layers costs .08,
halving 20 costs .15. ResNet-34 to 18: .13 to .19; ResNet-152 to 50: .09 to .16."""

KERNEL_SHARE = 0.8
"""What a 3x3 adds to N besides its non-linearity, a 5x5 half as much again (ln area / ln 9). In
NATS-Bench (Dong et al. 2021) an edge without a 3x3 costs .03 as a 1x1 and .12 as a skip; in
NAS-Bench-Macro expansion 3 with 3x3 costs .02 to .05 for 6 with 5x5."""

NARROW_STREAM = 80.0
"""Attention over C channels costs NARROW_STREAM / C, averaged over its layers, besides the width of
the linear layers around it: vision transformers from 768 to 384 channels lose .04 to .22 (nine
families), from 384 to 192 .20 to .32 (seven). Their depth asks for no constant: attention, whose
softmax is a non-linearity and which looks beyond its position, adds as much to N as a 3x3. 36 to 24
blocks cost .03 to .07 (CaiT), estimated .06."""

LEAST_STREAM = 128
"""Below so many channels this goes on as a straight line in ln(channels), with the slope that it
has there: no network that it was fitted to is narrower than 192. XCiT, whose attention is over
channels, loses .27 from 192 to 128 (El-Nouby et al. 2021; estimated .26)."""

LEAST_DEPTH = 0.1
"""Added to N."""

FEWEST_LAYERS = 2.6
"""Below so many layers the part for depth goes on as a straight line, with the slope that it has
there: no network that it was fitted to has fewer, but for one, NAS-Bench-Macro's without a block
(N = .47). From that one to those of one block (2.67) ln(error) falls by .45, where the power alone
would say 1.03."""

RESOLUTION, RESOLUTION_FALL = 0.42, 0.7
"""RESOLUTION x (12 / extent) ** RESOLUTION_FALL / RESOLUTION_FALL, averaged over the extents that
there are: maps of 12 positions a side that are halved cost .38. MobileNet v1 and v2 from 224 to
128: .18 and .21."""

RESOLUTION_EXTENT = 12.2
"""The extent that RESOLUTION is said for: exp 2.5."""

PICTURE = 0.5
"""What the input's extent costs beside those of the maps: pictures of 64 and 32 with CaffeNet's
first map as it was (kernels and strides in proportion; Mishkin et al. 2016) cost .05 and .14."""

MAP_LAYERS = 2.1
"""An extent counts w / (w + MAP_LAYERS) for layers of weight w that have it. Nine more 1x1 layers
on CaffeNet's first map (Mishkin et al. 2016) gain .09; an average over all layers says .31."""

HEAD_SHARE = 0.2
"""What the map counts that the dense layers read: pooling it to 1x1 (Zeiler & Fergus 2014,
Table 3; CaffeNet's pool5, Mishkin et al. 2016)."""

GROUPS, FEW_CHANNELS = 0.5, 64.0
"""A layer of g groups among C channels costs GROUPS x FEW_CHANNELS / (FEW_CHANNELS + C) x
ln(g) / ln(C), averaged over the layers: a depthwise layer of 64 channels .25, one of 512 .06.
ResNeXt-20 and 56 with 2 to 64 groups on CIFAR and SVHN cost .01 to .09; in training one 5x5 of
five layers in 8 groups .12, six 3x3 of ResNet-14 in 4 groups .08, all 3x3 of fire modules in 2
groups .05; separable convolutions .07 to .16 a layer."""

DENSE_DEPTH = 1.5
"""What a hidden dense layer adds to N; a 3x3 adds 1.8."""

DENSE, DENSE_UNITS = 0.03, 1800.0
"""A hidden dense layer of more units helps by DENSE x ln(units / DENSE_UNITS), a narrow one is in
the way: CaffeNet's from 4096 to 2048 each: .050; one of VGG-like nets dropped: -.06."""

CERTAIN = 0.02
"""The standard deviation of ln(error) between two networks that the estimate calls equal: seeds,
and what no term sees."""


class Part(NamedTuple):
    """One of the five parts of the potential."""

    name: str
    uncertainty: float
    """The standard deviation of measured over estimated, between spaces and tasks."""


PARTS = (
    Part("width", 0.3),
    Part("depth", 0.95),
    Part("resolution", 0.8),
    Part("groups", 1.2),
    Part("dense", 1.0),
)
"""Their spread: measured over estimated is .6 in one space of widths and 1.4 in released models;
the sign of what pooling does before dense layers depends on the task."""

NINETY = 1.645
"""Half of a 90 % interval, in standard deviations."""
