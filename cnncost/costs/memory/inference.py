"""The inference pass: live bytes at each step, and its peak."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cnncost.costs.memory.padded_copies import padded_copy
from cnncost.costs.memory.storage import assign_storages
from cnncost.costs.memory.traits import find_traits
from cnncost.network import Network


class Alive(NamedTuple):
    """A tensor at the peak."""

    name: str
    bytes: int


class Peak(NamedTuple):
    """The most bytes alive at one step."""

    bytes: int
    step: str
    """The layer that runs then."""
    alive: tuple[Alive, ...]


class Lives(NamedTuple):
    """When each storage of a pass is alive; a step is a node's index."""

    base: Sequence[int]
    """The storage of each node."""
    last: Sequence[int]
    """The last step at which each storage is needed, by its base's index."""
    sizes: Sequence[int]
    """Bytes of each node's output."""
    scratch: Sequence[int]
    """Bytes that live during each step alone."""

    def sum_live_bytes(self) -> list[int]:
        """Add up the bytes that are alive at each step.

        In the example the caller holds an input of 1 byte; the second of two layers needs 4
        bytes of scratch.

        >>> lives = Lives(base=(0, 1, 2), last=(2, 2, 2), sizes=(1, 2, 3), scratch=(0, 0, 4))
        >>> lives.sum_live_bytes()
        [1, 3, 10]
        """
        change = [0] * (len(self.base) + 1)
        for i, base in enumerate(self.base):
            if i == base:
                change[i] += self.sizes[i]
                change[self.last[i] + 1] -= self.sizes[i]
        live, lives = 0, []
        for i, scratch in enumerate(self.scratch):
            live += change[i]
            lives.append(live + scratch)
        return lives


def find_lives(network: Network, *, batch: int, size: int, eager: bool = False) -> Lives:
    """Find when the storages of an inference pass are alive, in the program's order.

    Args:
        batch: examples at once.
        size: bytes of an element.
        eager: a block holds its input until it returns, as PyTorch's modules do.
    """
    base, _ = assign_storages(network, training=False)
    end = len(network.nodes) - 1
    last = list(range(end + 1))
    held = _block_returns(network) if eager else None
    for node in network.nodes:
        for i in node.reads:
            until = (
                held[node.index][_count_common_blocks(network.nodes[i].name, node.name)]
                if held
                else 0
            )
            last[base[i]] = max(last[base[i]], node.index, until)
    for i in network.outputs:
        last[base[i]] = end
    for node in network.inputs:
        last[node.index] = end  # whoever calls the network holds its input
    sizes = [size * batch * node.output.units for node in network.nodes]
    scratch = [0] * len(network.nodes)
    for layer in network.layers:
        own = find_traits(layer).scratch(layer, batch, size)
        scratch[layer.index] = own + padded_copy(layer, batch, size)
    return Lives(base, last, sizes, scratch)


def find_peak(network: Network, alive: Lives) -> Peak:
    """Find the first step with the most live bytes, and what is alive then, largest first."""
    timeline = alive.sum_live_bytes()
    most = max(timeline)
    step = timeline.index(most)
    nodes = network.nodes
    found = [
        Alive(nodes[i].name, alive.sizes[i])
        for i in range(step + 1)
        if alive.base[i] == i and alive.last[i] >= step
    ]
    if alive.scratch[step]:
        found.append(Alive(f"{nodes[step].name} (temporaries)", alive.scratch[step]))
    found.sort(key=lambda tensor: -tensor.bytes)
    return Peak(most, nodes[step].name, tuple(found))


def _count_common_blocks(name: str, other: str) -> int:
    """Count the blocks that both names lie in."""
    count = 0
    for a, b in zip(name.split(".")[:-1], other.split(".")[:-1], strict=False):
        if a != b:
            break
        count += 1
    return count


def _block_returns(network: Network) -> list[list[int]]:
    """Find, for each node and depth, the step at which the block around the node at that depth
    returns; at the node's own depth that is its own step."""
    ends: dict[tuple[str, ...], int] = {}
    paths = [tuple(node.name.split(".")) for node in network.nodes]
    for i, path in enumerate(paths):
        for depth in range(1, len(path)):
            ends[path[:depth]] = i
    return [
        [ends[path[: depth + 1]] for depth in range(len(path) - 1)] + [i]
        for i, path in enumerate(paths)
    ]
