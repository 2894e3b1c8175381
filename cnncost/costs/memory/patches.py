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


def plan_patches(network: Network, patches: int) -> PatchPlan | None:
    """Plan which layers to run in so many patches along each axis: those that leave the least
    alive, and of these as few as do. None where patches save nothing.

    Peaks are those of the lower bound (`measure_embedded`): an input stays until all patches have
    read it.
    """
    lives = lives_embedded(network).sum_live_bytes()
    counts = [_count_connections(node) for node in network.nodes]
    best: PatchPlan | None = None
    for cut in _list_cuts(network, patches):
        spans = _find_spans(network, cut, patches)
        stage = _measure_stage(network, cut, spans)
        sram = max([stage, *lives[cut + 1 :]])
        again = sum(
            _count_region(network.nodes[i], counts[i], spans) - counts[i] for i in range(cut + 1)
        )
        name, passes = network.nodes[cut].name, _count_passes(network, cut, spans)
        plan = PatchPlan(patches, name, sram, stage, max(lives), sum(counts) + again, again, passes)
        if sram < min(plan.whole, plan.whole if best is None else best.sram):
            best = plan
    return best


def _count_connections(node: Input | Node) -> int:
    return 0 if node.layer is None else node.layer.connections(node.inputs[0], node.output)


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


def _find_spans(network: Network, cut: int, patches: int) -> AxisSpans:
    """Find the positions of each node that each patch needs, along each axis."""
    return [
        [
            _find_axis_spans(network, cut, axis, (i * n // patches, (i + 1) * n // patches))
            for i in range(patches)
        ]
        for axis, n in enumerate(network.nodes[cut].output.extents)
    ]


def _find_axis_spans(network: Network, cut: int, axis: int, span: Span) -> list[Span]:
    """Go back from a span of the last layer's output to what each node has to compute for it."""
    spans: list[Span | None] = [None] * cut + [span]
    for index in range(cut, -1, -1):
        node, needed = network.nodes[index], spans[index]
        if node.layer is None or needed is None:
            continue
        for source in node.reads:
            wanted = _find_read_span(node, axis, needed)
            other = spans[source] or wanted
            spans[source] = min(other[0], wanted[0]), max(other[1], wanted[1])
    return [one or (0, 0) for one in spans]


def _find_read_span(node: Node, axis: int, span: Span) -> Span:
    """Find what a layer reads along an axis for a span of its output; padding is not read."""
    if node.layer.word not in WINDOWED:
        return span
    window: Window = node.layer.resolve_windows(node.inputs[0])[axis]  # type: ignore[attr-defined]  # of all WINDOWED
    n = node.inputs[0].extents[axis]
    first = span[0] * window.stride - window.before
    last = (span[1] - 1) * window.stride - window.before + window.reach
    return min(max(0, first), n), max(0, min(n, last))


def _count_region(node: Input | Node, connections: int, spans: AxisSpans) -> int:
    """Count the connections of a node over all patches."""
    lengths = (
        sum(end - start for start, end in (patch[node.index] for patch in axis)) for axis in spans
    )
    return connections // node.output.positions * prod(lengths)


def _count_passes(network: Network, cut: int, spans: AxisSpans) -> tuple[float, ...]:
    nodes = network.nodes[: cut + 1]
    positions = [node.output.positions for node in nodes]
    pairs = zip(nodes, positions, strict=True)
    return tuple([_count_region(node, count, spans) / count for node, count in pairs])


def _measure_stage(network: Network, cut: int, spans: AxisSpans) -> int:
    """Measure the most bytes alive while the patches run."""
    lives, size = lives_embedded(network), find_types(network).activation_bytes
    kept = {0, lives.base[cut]}  # whole, all the time
    inner = [i for i in range(cut + 1) if lives.base[i] == i and i not in kept]
    most = 0
    for rows in spans[0]:
        for columns in spans[1]:
            change = [0] * (cut + 2)
            for i in inner:
                area = (rows[i][1] - rows[i][0]) * (columns[i][1] - columns[i][0])
                alive = size * network.nodes[i].output.channels * area
                change[i] += alive
                change[lives.last[i] + 1] -= alive
            live = 0
            most = max([most, *(live := live + more for more in change)])
    return most + sum(lives.sizes[i] for i in kept)
