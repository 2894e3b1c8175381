"""What each layer is to the whole network: whether a non-linearity follows, who reads its map."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from cnncost.layers import FAMILIES
from cnncost.network import Input, Network, Node
from cnncost.shape import Shape

WEIGHTED = frozenset({"conv", "depthwise_conv", "conv_transpose", "dense", "linear"})
"""The types whose widths and kernels the potential is made of."""

ATTENDING = frozenset({"attention", "matmul"})
"""Attention as one layer, and the products of maps that it is made of."""

PRICED = WEIGHTED | ATTENDING
"""The types that have terms."""

UNSHARED = frozenset({"locally_connected", "lstm", "gru", "rnn"})
"""Other types that learn, and do not treat all positions alike."""

LEARNING = WEIGHTED | UNSHARED | {"attention"}
"""The types that learn."""

MIXING = ATTENDING | UNSHARED
"""The types that tell the positions of their input apart, whatever their kernel."""

ACTIVATIONS = frozenset(FAMILIES["activation"]) - {"softmax", "logsoftmax"}
"""The non-linearities between layers; a softmax only weighs what it stands in."""

GLOBAL_POOLS = frozenset({"global_avgpool", "global_maxpool"})
"""Behind them no position is told from another."""


class Follower(Enum):
    """What follows a layer with weights, through norms, pools and joins."""

    NON_LINEARITY = "non-linearity"
    LINEAR = "the next layer's weights"
    NOTHING = "nothing that learns: it is the output's own"


class Role(NamedTuple):
    """What a layer is to the network that it stands in."""

    follower: Follower
    positions_used: bool
    """Whether a kernel, or a dense layer over a whole map, still tells its positions apart."""
    map_extent: float
    """For the first dense layer: how many positions a side its map has; else 0."""
    axes: int = 0
    """The axes of the pictures that the network reads."""


NO_ROLE = Role(Follower.NOTHING, positions_used=False, map_extent=0.0)


def find_roles(network: Network) -> dict[int, Role]:
    """Find the role of each layer with weights, by the index of its node."""
    followers = _find_followers(network)
    used = _find_used_positions(network)
    outputs = [node.output for node in network.nodes]
    axes = max([len(one.output.extents) for one in network.inputs])
    found = {}
    for node in network.layers:
        if node.layer.word in PRICED:
            dense = node.layer.word == "dense"
            source, index = node.reads[0], node.index
            extent = find_map_extent(network.nodes, outputs, source, axes) if dense else 0.0
            found[index] = Role(followers[index], used[index], extent, axes)
    return found


def mean_extent(extents: tuple[int, ...], axes: int = 0) -> float:
    """Return the positions a side of a map; 1 for a vector.

    A map of fewer axes than the network's pictures counts as one of theirs: 196 patches in a row
    are 14 a side.
    """
    positions = 1.0
    for extent in extents:
        positions *= extent
    return positions ** (1 / max(axes, len(extents))) if extents else 1.0


def _find_followers(network: Network) -> list[Follower]:
    """Find what follows each node; a non-linearity on any path counts."""
    found = [Follower.NOTHING] * len(network.nodes)
    learns_behind = [False] * len(network.nodes)
    for node in reversed(network.nodes):
        seen = set()
        for reader in (network.nodes[index] for index in network.readers[node.index]):
            word, behind = _word_of(reader), learns_behind[reader.index]
            learns_behind[node.index] |= behind or word in LEARNING
            if word in ACTIVATIONS:
                seen.add(Follower.NON_LINEARITY if behind else Follower.NOTHING)
            else:
                seen.add(Follower.LINEAR if word in LEARNING else found[reader.index])
        for follower in (Follower.NON_LINEARITY, Follower.LINEAR):
            if follower in seen:
                found[node.index] = follower
                break
    return found


def _find_used_positions(network: Network) -> list[bool]:
    """Find for each node whether something behind it tells the positions of its map apart."""
    found = [False] * len(network.nodes)
    for node in reversed(network.nodes):
        for reader in (network.nodes[index] for index in network.readers[node.index]):
            word = _word_of(reader)
            if word in GLOBAL_POOLS:
                continue
            if word in ("dense", "flatten"):
                own = node.output.positions > 1
            else:
                kernel = max(getattr(reader.layer, "kernel", (1,)))
                own = word in MIXING or (word in WEIGHTED and kernel > 1)
            through = found[reader.index] and word != "dense"
            found[node.index] = found[node.index] or own or through
    return found


def find_map_extent(
    nodes: Sequence[Input | Node], outputs: Sequence[Shape], index: int, axes: int
) -> float:
    """Find the extent of the map that a dense layer which reads node `index` looks at: 1 behind a
    global pool, 0 behind another dense layer. `outputs` has the shape that each node puts out,
    `axes` the axes of the network's pictures."""
    while (node := nodes[index]).layer is not None:
        source = node.reads[0]
        if node.layer.word == "dense":
            return 0.0
        if node.layer.word == "flatten":
            return mean_extent(outputs[source].extents, axes)
        if outputs[index].positions > 1 or outputs[source].positions > 1:
            break
        index = source
    return mean_extent(outputs[index].extents, axes)


def _word_of(node: Input | Node) -> str:
    return "" if node.layer is None else node.layer.word
