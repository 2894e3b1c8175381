"""The sums of products that units of layers with weights are: what is computed, and written out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncost.study.run.number_map import Map, Number, count_taps, list_taps

if TYPE_CHECKING:
    from cnncost.language.carried_values import Carried
    from cnncost.layers.sliding_window import Windowed
    from cnncost.network import Node


class UnitSum(NamedTuple):
    """What one unit is: weights times numbers of the input, added to its bias."""

    products: tuple[tuple[Number, Number], ...]
    """Each weight that is used, and what it is multiplied by; what padding adds is left out."""
    bias: Number | None

    def add_up(self) -> Number:
        start: Number = 0 if self.bias is None else self.bias
        return sum((weight * value for weight, value in self.products), start=start)


Sums = Callable[["Node[Any]", "Carried", list[Map]], Iterator[UnitSum]]  # Any: rules name types
"""From the node, the numbers that it carries and its inputs to its units' sums, in their order."""


def list_dense_sums(node: Node, carried: Carried, reads: list[Map]) -> Iterator[UnitSum]:
    """List the sums of y = W x + b over all units of the input."""
    (x,) = reads
    for row, bias in _list_rows(carried):
        yield UnitSum(tuple(zip(row, x.numbers, strict=True)), bias)


def list_linear_sums(node: Node, carried: Carried, reads: list[Map]) -> Iterator[UnitSum]:
    """List the sums of y = W x + b over the channels of each position."""
    columns = reads[0].split_columns()
    for row, bias in _list_rows(carried):
        for column in columns:
            yield UnitSum(tuple(zip(row, column, strict=True)), bias)


def list_convolution_sums(
    node: Node[Windowed], carried: Carried, reads: list[Map]
) -> Iterator[UnitSum]:
    """List each filter's weights with the taps of its group's channels, at each position."""
    (x,) = reads
    channels, filters = x.split_channels(), len(carried.weights)
    taps = count_taps(node)
    seen = len(carried.weights[0]) // taps  # channels that a filter sees
    groups = x.shape.channels // seen
    places = list(list_taps(node))
    for at, (row, bias) in enumerate(_list_rows(carried)):
        first = at * groups // filters * seen
        for place in places:
            products = [
                (weight, channels[first + channel][position])
                for channel in range(seen)
                for weight, position in zip(row[channel * taps :], place)  # noqa: B905  its own taps
                if position is not None
            ]
            yield UnitSum(tuple(products), bias)


def _list_rows(carried: Carried) -> Iterator[tuple[tuple[Number, ...], Number | None]]:
    biases = carried.bias or (None,) * len(carried.weights)
    yield from zip(carried.weights, biases, strict=True)


SUMS: dict[str, Sums] = {
    "dense": list_dense_sums,
    "linear": list_linear_sums,
    "conv": list_convolution_sums,
    "depthwise_conv": list_convolution_sums,
}
"""The layer types that carry numbers."""
