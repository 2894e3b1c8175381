"""Find what a figure shows of the insides of its closed blocks: one drawing per kind of block."""

from __future__ import annotations

from typing import NamedTuple

from cnncost.network import Input, Network, Node
from cnncost.views.draw.figure_parts import FigurePart, PartGraph, block_key, group_nodes
from cnncost.views.draw.part_places import place_parts

LONGEST, BROADEST, MOST = 12, 4, 3
"""The most ranks and lanes of a drawing, and the most drawings of a figure."""
FEW = 3
"""How many parts show enough."""


class Detail(NamedTuple):
    """The inside of a block, and what it is called."""

    title: str
    graph: PartGraph


def find_details(network: Network, graph: PartGraph) -> list[Detail]:
    """Find the kinds of blocks that a figure shows closed; those that occur most come first.

    Blocks are of one kind if they have the same layers in the same order, with the same kernels:
    their widths may differ.
    """
    kinds: dict[tuple[object, ...], list[tuple[str, list[Input | Node]]]] = {}
    for part in graph.parts:
        if part.is_block and any(node.name != part.name for node in part.nodes):
            for name, nodes in _split_copies(part):
                kinds.setdefault(_signature(nodes), []).append((name, nodes))
    details = []
    for found in sorted(kinds.values(), key=lambda found: -len(found)):
        name, nodes = found[0]
        inside = _open_block(network, name, nodes)
        if inside is not None:
            details.append(Detail(_write_title(name, len(found)), inside))
    return details[:MOST]


def _write_title(name: str, count: int) -> str:
    if count == 1:
        return f"inside {name}"
    return f"inside {name}, 1 of {count} alike"


def _split_copies(part: FigurePart) -> list[tuple[str, list[Input | Node]]]:
    """Split a part into its copies, and those of a merged stage into its blocks."""
    copies: dict[str, list[Input | Node]] = {}
    level = part.name.count(".") + 1
    for node in part.nodes:
        key = block_key(node.name, level)
        longer = block_key(node.name, level + 1)
        if longer.rpartition(".")[2].isdigit():
            key = longer
        if "." not in node.name.removeprefix(f"{part.name}") and key == node.name:
            continue  # a quiet layer behind the block
        copies.setdefault(key, []).append(node)
    return list(copies.items())


def _signature(nodes: list[Input | Node]) -> tuple[object, ...]:
    """Return what blocks of one kind have in common."""
    first = nodes[0].index
    return tuple(
        (
            node.layer.word if node.layer else "",
            getattr(node.layer, "kernel", None),
            tuple(max(read - first, -1) for read in node.reads),
        )
        for node in nodes
    )


def _open_block(network: Network, name: str, nodes: list[Input | Node]) -> PartGraph | None:
    """Open a block by a level, and a second one if the first shows little; None if its inside is
    a single part, or too large to draw."""
    best = None
    for level in (2, 3):
        inside = group_nodes(nodes, name.count(".") + level)
        loud = [part for part in inside.parts if not part.is_join]
        graph = _add_entries(network, inside)
        places = place_parts(graph)
        if len(inside.parts) > 1 and places.length <= LONGEST and places.breadth <= BROADEST:
            best = graph
        if len(loud) >= FEW:
            break
    return best


def _add_entries(network: Network, graph: PartGraph) -> PartGraph:
    """Add a part for each node outside that the inside reads."""
    inside = {node.index for part in graph.parts for node in part.nodes}
    outside: dict[int, list[int]] = {}
    for i, part in enumerate(graph.parts):
        for node in part.nodes:
            for read in node.reads:
                if read not in inside and i not in outside.setdefault(read, []):
                    outside[read].append(i)
    shift = len(outside)
    entries = [_make_entry(network.nodes[read], shift) for read in outside]
    edges = [(a + shift, b + shift) for a, b in graph.edges]
    for at, readers in enumerate(outside.values()):
        edges += [(at, reader + shift) for reader in readers]
    return PartGraph((*entries, *graph.parts), tuple(edges))


def _make_entry(node: Input | Node, count: int) -> FigurePart:
    """Make the part that stands for what comes into a block."""
    name = "in" if count == 1 else f"from {node.name.split('.')[0]}"
    return FigurePart(name, (Input(node.index, name, node.output, node.place),), outside=True)
