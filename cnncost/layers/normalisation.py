"""Normalisation: the shape stays; a learned scale and shift a channel."""

from __future__ import annotations

from cnncost.layers.base import Layer, layer, must_split
from cnncost.layers.kinds import flag_field, whole_field
from cnncost.shape import Shape


class Normalisation(Layer):
    """Mean and variance are taken out, a scale and a shift put in."""

    affine: bool

    def extras(self, x: Shape) -> int:
        # A scale and a shift for each channel.
        return 2 * x.channels if self.affine else 0

    def tensor_shapes(self, x: Shape) -> dict[str, tuple[int, ...]]:
        return {"weight": (x.channels,), "bias": (x.channels,)} if self.affine else {}


@layer("batchnorm")
class BatchNorm(Normalisation):
    """Statistics of a channel over the batch and all positions (Ioffe & Szegedy 2015)."""

    affine: bool = flag_field("learned scale and shift", usually=True)

    def statistic_shapes(self, x: Shape) -> dict[str, tuple[int, ...]]:
        return {"running_mean": (x.channels,), "running_var": (x.channels,)}


@layer("layernorm")
class LayerNorm(Normalisation):
    """Statistics of a position over its channels (Ba et al. 2016)."""

    affine: bool = flag_field("learned scale and shift", usually=True)


@layer("rmsnorm")
class RmsNorm(Layer):
    """A position over the root of its channels' mean square, times a learned factor a channel
    (Zhang & Sennrich 2019)."""

    affine: bool = flag_field("learned factors", usually=True)

    def extras(self, x: Shape) -> int:
        return x.channels if self.affine else 0

    def tensor_shapes(self, x: Shape) -> dict[str, tuple[int, ...]]:
        return {"weight": (x.channels,)} if self.affine else {}


@layer("instancenorm")
class InstanceNorm(Normalisation):
    """Statistics of one example's channel over its positions (Ulyanov et al. 2016)."""

    affine: bool = flag_field("learned scale and shift", usually=True)


@layer("groupnorm", main="groups")
class GroupNorm(Normalisation):
    """Statistics of an example over a group of channels (Wu & He 2018)."""

    groups: int = whole_field("channels split into this many")
    affine: bool = flag_field("learned scale and shift", usually=True)

    def check_input(self, x: Shape) -> None:
        must_split(f"input {x}", x.channels, "channels", self.groups)


@layer("lrn", main="size")
class Lrn(Layer):
    """Local response normalisation over neighbouring channels (Krizhevsky et al. 2012)."""

    size: int = whole_field("channels that are normalised together")
