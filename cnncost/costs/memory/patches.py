"""Run a network's first layers patch by patch: the memory that this saves, and the connections that
it computes again, because patches overlap (Lin et al. 2021, MCUNetV2)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import NamedTuple

from cnncost.costs.memory.embedded import find_types, lives_embedded
from cnncost.network import Input, Network, Node
from cnncost.shape import Window

WINDOWED = ("conv", "depthwise_conv", "maxpool", "avgpool")
POINTWISE = (
    *("batchnorm", "relu", "relu6", "leaky_relu", "prelu", "elu", "selu", "gelu", "silu", "mish"),
    *("sigmoid", "tanh", "hardswish", "hardsigmoid", "softplus", "add", "dropout", "drop_path"),
    *("identity", "scale"),
)
"""The layers that a patch can run through: others need the whole map."""

LONGEST = 200
"""The most layers that a stage is looked for in: it is made for the first ones, whose maps are
large."""

Span = tuple[int, int]
"""Positions of an axis, from the first to behind the last."""


class PatchPlan(NamedTuple):
    """A network whose first layers run patch by patch."""

    patches: int
    """Along each axis of the map."""
    layer: str
    """The last of these layers; its output is put together of the patches."""
    sram: int
    """The most bytes alive at a time, with a perfect planner."""
    stage: int
    """The most while the patches run: the whole input, the whole output, and one patch's maps."""
    whole: int
    """The most bytes alive if nothing runs patch by patch."""
    connections: int
    """Of the network, those that are computed again included."""
    again: int
    """Connections that are computed again, in the halo of the patches."""
    passes: tuple[float, ...]
    """For the node of each of these layers, by index: how often a position is computed, on
    average."""


WHOLE = 1
"""Patches along each axis of a map that is in one piece."""

ALL_COUNTS = (WHOLE, 2, 3, 4, 5, 6, 7, 8)
"""The numbers of patches along each axis that are tried where none is asked for. Of the 38 bundled
networks of which 8 x 8 save memory, 16 x 16 leave a tenth less alive in 7, and all compute more
again."""


def plan_patches(network: Network, patches: int) -> PatchPlan | None:
    """Plan which layers to run in so many patches along each axis: those that leave the least
    alive, and of these as few as do. None where patches save nothing.

    Peaks are those of the lower bound (`measure_embedded`): an input stays until all patches have
    read it.
    """
    return PatchPlanner(network).plan(patches)


class PatchPlanner:
    """Plans one network's first layers in several numbers of patches."""

    def __init__(self, network: Network) -> None:
        self.network, self.lives = network, lives_embedded(network)
        self.alive = self.lives.sum_live_bytes()
        self.counts = [_count_connections(node) for node in network.nodes]
        self.windows = [_find_windows(node) for node in network.layers[:LONGEST]]
        """By axis, of the nodes behind the input; none where a layer reads what it writes over."""

    def plan(self, patches: int) -> PatchPlan | None:
        """Plan which layers to run in so many patches; None where these save nothing."""
        whole, best = max(self.alive), None
        for cut in _list_cuts(self.network, patches):
            spans = self._find_spans(cut, patches)
            stage = self._measure_stage(cut, spans)
            sram = max([stage, *self.alive[cut + 1 :]])
            if sram < (whole if best is None else best.sram):
                best = self._make_plan(cut, patches, spans, (sram, stage, whole))
        return best

    def _make_plan(
        self, cut: int, patches: int, spans: AxisSpans, peaks: tuple[int, int, int]
    ) -> PatchPlan:
        nodes, counts = self.network.nodes[: cut + 1], self.counts
        regions = [_count_region(node, counts[node.index], spans) for node in nodes]
        again, passes = sum(regions) - sum(counts[: cut + 1]), _count_passes(nodes, spans)
        return PatchPlan(patches, nodes[cut].name, *peaks, sum(counts) + again, again, passes)

    def _find_spans(self, cut: int, patches: int) -> AxisSpans:
        """Find the positions of each node that each patch needs, along each axis."""
        return [
            [
                self._find_axis_spans(cut, axis, (i * n // patches, (i + 1) * n // patches))
                for i in range(patches)
            ]
            for axis, n in enumerate(self.network.nodes[cut].output.extents)
        ]

    def _find_axis_spans(self, cut: int, axis: int, span: Span) -> list[Span]:
        """Go back from a span of the last layer's output to what each node has to compute for
        it."""
        spans: list[Span | None] = [None] * cut + [span]
        for index in range(cut, 0, -1):
            node, needed = self.network.nodes[index], spans[index]
            if needed is None:
                continue
            windows = self.windows[index - 1]
            wanted = needed
            if windows:
                wanted = _find_read_span(windows[axis], node.inputs[0].extents[axis], needed)
            for source in node.reads:
                other = spans[source] or wanted
                spans[source] = min(other[0], wanted[0]), max(other[1], wanted[1])
        return [one or (0, 0) for one in spans]

    def _measure_stage(self, cut: int, spans: AxisSpans) -> int:
        """Measure the most bytes alive while the patches run."""
        lives, size = self.lives, find_types(self.network).activation_bytes
        kept = {0, lives.base[cut]}  # whole, all the time
        inner = [i for i in range(cut + 1) if lives.base[i] == i and i not in kept]
        sizes = [size * node.output.channels for node in self.network.nodes[: cut + 1]]
        # Most patches are as long as others: what is alive is measured once of these.
        rows, columns = (
            dict.fromkeys(tuple([patch[i][1] - patch[i][0] for i in inner]) for patch in axis)
            for axis in spans
        )
        most = 0
        for heights in rows:
            for widths in columns:
                change = [0] * (cut + 2)
                for i, height, width in zip(inner, heights, widths, strict=True):
                    alive = sizes[i] * height * width
                    change[i] += alive
                    change[lives.last[i] + 1] -= alive
                live = 0
                most = max([most, *(live := live + more for more in change)])
        return most + sum(lives.sizes[i] for i in kept)


def _count_connections(node: Input | Node) -> int:
    return 0 if node.layer is None else node.layer.connections(node.inputs[0], node.output)


def _find_windows(node: Node) -> Sequence[Window]:
    """Find the windows of a layer by axis; none where it reads the positions that it writes."""
    if node.layer.word not in WINDOWED or len(node.inputs[0].extents) != 2:
        return ()
    windows: Sequence[Window] = node.layer.resolve_windows(node.inputs[0])  # type: ignore[attr-defined]  # of all WINDOWED
    return windows


def _list_cuts(network: Network, patches: int) -> Iterator[int]:
    """List the layers that a stage may end at: patches can run through all before, whose maps
    nothing reads behind it."""
    if len(network.inputs) != 1 or len(network.nodes[0].output.extents) != 2:
        return
    furthest = max(network.readers[0], default=0)
    for node in network.layers[:LONGEST]:
        word = node.layer.word
        if word not in (*WINDOWED, *POINTWISE) or min(node.output.extents, default=0) < patches:
            return
        if node.index in network.outputs:
            return
        if furthest <= node.index:
            yield node.index
        furthest = max([furthest, *network.readers[node.index]])


AxisSpans = Sequence[Sequence[Sequence[Span]]]
"""By axis, patch along it, and node: the positions that are computed."""


def _find_read_span(window: Window, n: int, span: Span) -> Span:
    """Find which of n positions a window reads for a span of its output; padding is not read."""
    first = span[0] * window.stride - window.before
    last = (span[1] - 1) * window.stride - window.before + window.reach
    return min(max(0, first), n), max(0, min(n, last))


def _count_region(node: Input | Node, connections: int, spans: AxisSpans) -> int:
    """Count the connections of a node over all patches."""
    lengths = (
        sum(end - start for start, end in (patch[node.index] for patch in axis)) for axis in spans
    )
    return connections // node.output.positions * prod(lengths)


def _count_passes(nodes: Sequence[Input | Node], spans: AxisSpans) -> tuple[float, ...]:
    positions = [node.output.positions for node in nodes]
    pairs = zip(nodes, positions, strict=True)
    return tuple([_count_region(node, count, spans) / count for node, count in pairs])
