"""The recurrence of receptive fields: how each layer's size, jump and start follow from those of
what it reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from cnncost.costs.receptive_field import Track, Tracks, track_network
from cnncost.layers.sliding_window import Windowed
from cnncost.shape import Window

if TYPE_CHECKING:
    from cnncost.network import Input, Network, Node


class FieldNumbers(NamedTuple):
    """The receptive field of a map's positions along one axis (Araujo et al. 2019)."""

    size: Fraction | int
    """Input positions from the first to the last that one position reads."""
    jump: Fraction | None
    """How many input positions further the next position reads; None if all read the same."""
    start: Fraction | int | None
    """The first input position that position 0 reads, from 0; below 0 it lies in padding. None
    if position 0 reads nothing."""


class FieldStep(NamedTuple):
    """One layer's step of the recurrence, for one input of the network and equal axes."""

    node: Node
    entry: Input
    axes: tuple[int, ...]
    """The input's axes that the numbers hold for."""
    before: tuple[FieldNumbers, ...]
    """Of each map that it reads, in order."""
    after: FieldNumbers | None
    """None if an operation of unknown meaning lies in between."""
    window: Window | None = None
    """The window by which the formula gives `expected`."""
    expected: FieldNumbers | None = None
    """What the formula gives. Behind a transposed window or an upsampling, whose positions read
    unlike windows, `after` may differ: it is what each position reads."""

    @property
    def changes(self) -> bool:
        """Whether the numbers differ from those of anything that the layer reads."""
        return any(one != self.after for one in self.before) or self.after is None


def list_field_steps(network: Network, target: Node | None = None) -> list[FieldStep]:
    """List the steps of all layers, or of those that `target` depends on and its own."""
    tracks = track_network(network)
    chosen = _find_ancestors(network, target) if target else range(len(network.nodes))
    return [
        step
        for node in network.layers
        if node.index in chosen
        for step in _merge_axes(_list_steps(network, node, tracks))
    ]


def _find_ancestors(network: Network, target: Node) -> set[int]:
    found = {target.index}
    for node in reversed(network.nodes[: target.index + 1]):
        if node.index in found:
            found.update(node.reads)
    return found


def _list_steps(
    network: Network, node: Node, tracks: Sequence[Tracks | None]
) -> Iterator[FieldStep]:
    after = tracks[node.index]
    if after is None:
        yield FieldStep(node, network.inputs[0], (), (), None)
        return
    entries = {entry.index: entry for entry in network.inputs}
    for (index, axis), track in after.items():
        read = [tracks[at] or {} for at in node.reads]
        before = tuple(one[index, axis] for one in read if (index, axis) in one)
        numbers = measure_track(track)
        step = FieldStep(node, entries[index], (axis,), tuple(map(measure_track, before)), numbers)
        yield _add_formula(step, track)


def measure_track(track: Track) -> FieldNumbers:
    """Measure size, jump and start of a track."""
    if track.axis is None:
        return FieldNumbers(track.size, None, track.first)
    return FieldNumbers(track.size, track.stride, track.lowest_read(0))


def _add_formula(step: FieldStep, track: Track) -> FieldStep:
    """Add what the formula gives for a layer that slides one window over one map."""
    layer = step.node.layer
    if track.axis is None or len(step.before) != 1 or not isinstance(layer, Windowed):
        return step
    (before,) = step.before
    if before.jump is None or before.start is None:
        return step
    window = layer.resolve_windows(step.node.inputs[0])[track.axis]
    if layer.word != "conv_transpose":
        return step._replace(window=window, expected=step_window(before, window))
    if window.dilation > 1:
        return step
    return step._replace(window=window, expected=step_transposed(before, window))


def step_window(before: FieldNumbers, window: Window) -> FieldNumbers:
    """Step over a window: r + (k - 1) d j, j s, start - p j.

    >>> step_window(FieldNumbers(3, Fraction(2), 0), Window(3, 2, 1, 1, 1))
    FieldNumbers(size=Fraction(7, 1), jump=Fraction(4, 1), start=Fraction(-2, 1))
    """
    jump, start = Fraction(before.jump or 0), before.start or 0
    return FieldNumbers(
        before.size + (window.kernel - 1) * window.dilation * jump,
        jump * window.stride,
        start - window.before * jump,
    )


def step_transposed(before: FieldNumbers, window: Window) -> FieldNumbers:
    """Step over a transposed window without dilation: an output lies under at most ceil(k / s)
    inputs' windows, and outputs are s times as close.

    >>> step_transposed(FieldNumbers(1, Fraction(1), 0), Window(4, 2, 1, 1))
    FieldNumbers(size=Fraction(2, 1), jump=Fraction(1, 2), start=Fraction(-1, 1))
    """
    jump, start = Fraction(before.jump or 0), before.start or 0
    return FieldNumbers(
        before.size + (count_painters(window) - 1) * jump,
        jump / window.stride,
        start + find_first_painter(window) * jump,
    )


def count_painters(window: Window) -> int:
    """Count the inputs whose windows an output of a transposed window lies under, at most."""
    return -(-window.kernel // window.stride)


def find_first_painter(window: Window) -> int:
    """Find the first input whose window reaches output 0: ceil((p - k + 1) / s)."""
    return -((window.kernel - 1 - window.before) // window.stride)


def _merge_axes(steps: Iterator[FieldStep]) -> list[FieldStep]:
    """Merge the steps of axes whose numbers are equal."""
    merged: dict[tuple[object, ...], FieldStep] = {}
    for step in steps:
        window = step.window and step.window._replace(after=0)
        key = (step.entry.index, step.before, step.after, window, step.expected)
        if key in merged:
            step = step._replace(axes=(*merged[key].axes, *step.axes))
        merged[key] = step
    return list(merged.values())
