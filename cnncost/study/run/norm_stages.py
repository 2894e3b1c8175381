"""Norms, stage by stage: the statistics of the numbers that are normalised together, then each
unit."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncost.errors import CnncostError
from cnncost.study.run.number_map import Map, Number, Tensors, list_places
from cnncost.study.run.unit_formulas import (
    Place,
    UnitSum,
    Worked,
    WorkingLedger,
    WriteNumber,
    write_difference,
    write_sum,
)

if TYPE_CHECKING:
    from cnncost.layers.normalisation import BatchNorm, Lrn, Normalisation, RmsNorm
    from cnncost.network import Node

ADDED = Fraction(1, 100_000)
"""What is added to a variance, or a mean square: PyTorch's default for all norms but rmsnorm, whose
default is the smallest step of the type of numbers."""

LRN_SCALE, LRN_POWER = Fraction(1, 10_000), 0.75
"""Alpha and beta of Krizhevsky et al. 2012, sec. 3.3, with PyTorch's mean and constant of 1."""


class Together(NamedTuple):
    """Units that are normalised together."""

    place: Place
    """Where their mean and deviation are."""
    units: list[int]
    """Their numbers in the map."""


def _list_positions(node: Node[Any], x: Map) -> Iterator[Together]:
    """All channels of each position."""
    size = x.shape.positions
    for at, place in enumerate(list_places(x.shape.extents)):
        yield Together(place, list(range(at, x.shape.units, size)))


def _list_groups(node: Node[Any], x: Map) -> Iterator[Together]:
    """All positions of each group of channels; without groups, of each channel."""
    groups = getattr(node.layer, "groups", x.shape.channels)
    each = x.shape.units // groups
    for group in range(groups):
        yield Together((group,), list(range(group * each, (group + 1) * each)))


ListTogether = Callable[["Node[Any]", Map], Iterator[Together]]


def _norm_stages(list_together: ListTogether) -> Callable[..., Map]:
    """Make the rule of a norm: y = γ (x - μ) / σ + β."""

    def evaluate(
        node: Node[Normalisation], own: Tensors, reads: list[Map], ledger: WorkingLedger
    ) -> Map:
        (x,) = reads
        normal: dict[int, tuple[Number, Number]] = {}
        for place, units in list_together(node, x):
            values = [x.numbers[at] for at in units]
            mean = ledger.enter("μ@", place, _mean(values))
            deviation = ledger.enter("σ@", place, _deviation(values, mean))
            normal |= dict.fromkeys(units, (mean, deviation))
        return _enter_units(node, own, x, [normal[at] for at in range(x.shape.units)], ledger)

    return evaluate


def evaluate_batchnorm(
    node: Node[BatchNorm], own: Tensors, reads: list[Map], ledger: WorkingLedger
) -> Map:
    """y = γ (x - μ) / σ + β with the moving mean and variance, as a trained network is used."""
    (x,) = reads
    statistics = []
    for channel in range(x.shape.channels):
        mean, variance = own["running_mean"][channel], own["running_var"][channel]
        if variance < 0:
            what = f"{node.name}: a variance of {float(variance):g}, and none is below zero"
            raise CnncostError(what, "running_var holds one variance per channel")
        statistics.append((mean, ledger.enter("σ@", (channel,), _root_of_variance(variance))))
    size = x.shape.positions
    return _enter_units(node, own, x, [one for one in statistics for _ in range(size)], ledger)


def _root_of_variance(variance: Number) -> Worked:
    value = math.sqrt(variance + ADDED)
    return Worked(value, lambda write: [f"sqrt({write(variance)} + {write(ADDED)})"])


def _enter_units(
    node: Node[Normalisation],
    own: Tensors,
    x: Map,
    statistics: Sequence[tuple[Number, Number]],
    ledger: WorkingLedger,
) -> Map:
    found = []
    for at, place in enumerate(list_places(x.shape.dims)):
        value, (mean, deviation) = x.numbers[at], statistics[at]
        normal = (value - mean) / deviation
        text = _difference_text(value, mean, deviation)
        found.append(ledger.enter("", place, _scale(own, place[0], normal, text)))
    return Map(x.shape, tuple(found))


def _scale(
    own: Tensors, channel: int, normal: Number, text: Callable[[WriteNumber], str]
) -> Worked:
    """Multiply by the channel's scale and add its shift, where the layer has them."""
    if "weight" not in own:
        return Worked(normal, lambda write: [text(write)])
    scale = own["weight"][channel]
    shifts = (own["bias"][channel],) if "bias" in own else ()
    whole = UnitSum(((scale, normal),), shifts)
    shift = "".join(" + %s" for _ in shifts)

    def write_steps(write: WriteNumber) -> list[str]:
        first = f"{write(scale)} x {text(write)}" + shift % tuple(map(write, shifts))
        return [first, *whole.write_steps(write)]

    return Worked(whole.value, write_steps)


def _difference_text(
    value: Number, mean: Number, deviation: Number
) -> Callable[[WriteNumber], str]:
    return lambda write: f"({write_difference(value, mean, write)}) / {write(deviation)}"


def _mean(values: Sequence[Number]) -> Worked:
    count = len(values)
    total = sum(values)
    value = total / count if isinstance(total, float) else Fraction(total) / count
    return Worked(value, lambda write: [_mean_text(values, write)])


def _mean_text(values: Sequence[Number], write: WriteNumber) -> str:
    total = write_sum(values, write)
    return f"({total}) / {len(values)}" if len(values) > 1 else f"{total} / 1"


def _deviation(values: Sequence[Number], mean: Number) -> Worked:
    squares = [(value - mean) ** 2 for value in values]
    root = _root_of_mean(squares)

    def write_steps(write: WriteNumber) -> list[str]:
        inside = " + ".join(f"({write_difference(value, mean, write)})^2" for value in values)
        return [f"sqrt(({inside}) / {len(values)} + {write(ADDED)})", *root.write_steps(write)]

    return Worked(root.value, write_steps)


def _root_of_mean(squares: Sequence[Number]) -> Worked:
    value = math.sqrt(_mean(squares).value + ADDED)
    return Worked(
        value,
        lambda write: [f"sqrt({_mean_text(squares, write)} + {write(ADDED)})"],
    )


def evaluate_rmsnorm(
    node: Node[RmsNorm], own: Tensors, reads: list[Map], ledger: WorkingLedger
) -> Map:
    """y = γ x / σ, σ the root of the channels' mean square (Zhang & Sennrich 2019)."""
    (x,) = reads
    roots: dict[int, Number] = {}
    for place, units in _list_positions(node, x):
        squares = [x.numbers[at] ** 2 for at in units]
        roots |= dict.fromkeys(units, ledger.enter("σ@", place, _root_of_mean(squares)))
    found = []
    for at, place in enumerate(list_places(x.shape.dims)):
        value, root = x.numbers[at], roots[at]
        text = _quotient_text(value, root)
        found.append(ledger.enter("", place, _scale(own, place[0], value / root, text)))
    return Map(x.shape, tuple(found))


def _quotient_text(value: Number, root: Number) -> Callable[[WriteNumber], str]:
    return lambda write: f"{write(value)} / {write(root)}"


def evaluate_lrn(node: Node[Lrn], own: Tensors, reads: list[Map], ledger: WorkingLedger) -> Map:
    """y = x / d^0.75, d = 1 + 0.0001 times the mean of n neighbouring channels' squares; channels
    beyond the edge count as zeros."""
    (x,), size = reads, node.layer.size
    channels, found = x.split_channels(), []
    for at, (channel, *place) in enumerate(list_places(x.shape.dims)):
        position, value = at % x.shape.positions, x.numbers[at]
        near = range(max(channel - size // 2, 0), channel - size // 2 + size)
        squares = [channels[c][position] ** 2 for c in near if c < x.shape.channels]
        divisor = ledger.enter("d@", (channel, *place), _lrn_divisor(squares, size))
        y = Worked(value / float(divisor) ** LRN_POWER, _lrn_steps(value, divisor))
        found.append(ledger.enter("", (channel, *place), y))
    return Map(x.shape, tuple(found))


def _lrn_divisor(squares: Sequence[Number], size: int) -> Worked:
    value = 1 + LRN_SCALE * sum(squares) / size
    return Worked(
        value, lambda write: [f"1 + {write(LRN_SCALE)} x ({write_sum(squares, write)}) / {size}"]
    )


def _lrn_steps(value: Number, divisor: Number) -> Callable[[WriteNumber], list[str]]:
    return lambda write: [f"{write(value)} / {write(divisor)}^{LRN_POWER}"]


NORMS: dict[str, Callable[..., Map]] = {
    "batchnorm": evaluate_batchnorm,
    "layernorm": _norm_stages(_list_positions),
    "instancenorm": _norm_stages(_list_groups),
    "groupnorm": _norm_stages(_list_groups),
    "rmsnorm": evaluate_rmsnorm,
    "lrn": evaluate_lrn,
}
