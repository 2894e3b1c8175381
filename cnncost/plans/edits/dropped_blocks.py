"""Fewer blocks where each is written out: some of equal shape go, and what read them reads on.

Two kinds of block, in lists of lines without `repeat`:
    residual  a branch and the add that joins it to what it reads, with the activation behind it
    plain     one to three convolutions in a row, with norms and activations, that repeat alike

The last blocks of a stage go, which cost least; where blocks differ, others as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import NamedTuple

from cnncost.language.lines import Line
from cnncost.language.nodes import Items, Scalar
from cnncost.language.nodes import Node as YamlNode
from cnncost.network import Input, Network, Node
from cnncost.place import Place
from cnncost.plans.edits.edit import DEPTH, DEPTH_SHARE, NO_EDIT, Decision, Edit
from cnncost.plans.edits.editable_spec import EditableSpec, is_named
from cnncost.plans.edits.placed_layers import (
    Substitute,
    remove_layer,
    remove_nodes,
    remove_unchanged,
)
from cnncost.plans.edits.serial_layers import ACTIVATIONS, CONVOLUTIONS, TRANSPARENT
from cnncost.plans.edits.text_changes import TextChange, replace_span
from cnncost.quantity import format_count

MOST_COUNTS, MOST_PLACES = 4, 4
"""How many counts of blocks to drop are offered in one stage, and at how many places each."""

LONGEST = 3
"""Convolutions in a plain block."""


class WrittenBlock(NamedTuple):
    """Layers that keep the shape of what they read, by the indices of their nodes."""

    source: int
    """The one node that they read."""
    nodes: tuple[int, ...]
    """The last one is what others read."""


class WrittenStage(NamedTuple):
    """Blocks one behind the other, of which some may go."""

    blocks: Sequence[WrittenBlock]
    size: int
    """How many blocks the stage has, those included that change the shape."""
    plain: bool
    """Whether it is of plain blocks: of these the last one stays, and reads what those that go have
    read, whose widths are numbers of their own."""


def dropped_block_decisions(editable: EditableSpec, kept: Sequence[str]) -> Iterator[Decision]:
    """Yield a decision for each stage of blocks that are written out: how many of them go."""
    network = editable.network
    for stage in (*_residual_stages(editable), *_plain_stages(network)):
        nodes = [index for block in stage.blocks for index in block.nodes]
        if any("repeat" in _top_line(editable, index).common for index in nodes):
            continue  # its count is what is edited
        options = []
        for gone in _list_windows(network, stage):
            edit = _drop_blocks(editable, stage, gone)
            held = any(is_named(network.nodes[i].name, kept) for i in edit.substitutes)
            if not held and _is_sound(editable, edit):
                options.append(edit)
        if options:
            first = stage.blocks[0].source
            label = _name_block(network, stage.blocks[0])
            yield Decision(label, (NO_EDIT, *options), first, unread=True)


def _list_windows(network: Network, stage: WrittenStage) -> Iterator[Sequence[WrittenBlock]]:
    """Yield neighbours of a stage that may go together: at most a third of it, the last first.

    Of neighbours alike in every layer the last are taken.
    """
    blocks = stage.blocks[:-1] if stage.plain else stage.blocks
    most = min(len(blocks), stage.size // DEPTH_SHARE)
    for less in sorted({-(-most * k // MOST_COUNTS) for k in range(1, MOST_COUNTS + 1)} - {0}):
        seen: list[object] = []
        for at in range(len(blocks) - less, -1, -1):
            window = blocks[at : at + less]
            alike = [network.nodes[i].layer for block in window for i in block.nodes]
            if alike not in seen and len(seen) < MOST_PLACES:
                seen.append(alike)
                yield window


def _drop_blocks(editable: EditableSpec, stage: WrittenStage, gone: Sequence[WrittenBlock]) -> Edit:
    """Make the edit that drops neighbouring blocks with their lines."""
    network, nodes = editable.network, [i for block in gone for i in block.nodes]
    lines = {(line := _top_line(editable, i)).start: line for i in nodes}
    places = [editable.spec_text.whole_lines(line) for line in lines.values()]
    spans = _join_spans([place for place in places if place is not None])
    heirs = [i for i in network.readers[nodes[-1]] if i not in nodes]
    moved = _move_references(editable, heirs, network.nodes[nodes[-1]], gone[0].source)
    name = _name_block(network, gone[0])
    words = [layer.word for i in nodes if (layer := network.nodes[i].layer) is not None]
    convolutions = format_count(sum(map(words.count, CONVOLUTIONS)), "convolution")
    what = convolutions if stage.plain else format_count(len(gone), "block")
    return Edit(
        DEPTH,
        f"{name}: {what} dropped",
        changes=(*[replace_span(span, "") for span in spans if None not in places], *moved),
        substitutes={i: _removal_of(network.nodes[i], plain=stage.plain) for i in nodes},
    )


def _removal_of(node: Input | Node, *, plain: bool) -> Substitute:
    """Say what takes a node's place: nothing; in a plain block only while the widths around it are
    as they were, for its reader would read another one's."""
    assert node.layer is not None  # an input is in no block
    return partial(remove_unchanged, node.layer, node.inputs) if plain else remove_layer


def _name_block(network: Network, block: WrittenBlock) -> str:
    """Name a block by the call that it is, else by its first layer that learns."""
    nodes = [network.nodes[index] for index in block.nodes]
    calls = dict.fromkeys(node.name.partition(".")[0] for node in nodes)
    if len(calls) == 1:
        return next(iter(calls))
    return next((n.name for n in nodes if n.layer and n.layer.learns), nodes[0].name)


def _top_line(editable: EditableSpec, index: int) -> Line:
    """The line of a layer, or of the outermost call that it stands in."""
    written = editable.spec.written[index]
    call = written.call
    while call is not None and call.outer is not None:
        call = call.outer
    return written.line if call is None else call.line


def _join_spans(places: Sequence[Place]) -> list[Place]:
    """Join spans that touch."""
    found: list[Place] = []
    for place in sorted(places):
        if found and place.start <= found[-1].end:
            found[-1] = Place(found[-1].start, max(found[-1].end, place.end))
        else:
            found.append(place)
    return found


def _move_references(
    editable: EditableSpec, heirs: Sequence[int], gone: Input | Node, source: int
) -> list[TextChange]:
    """Make the changes by which what names an output that goes names what it was made of."""
    name = editable.network.nodes[source].name
    lines = {(line := editable.spec.written[i].line).start: line for i in heirs}
    names = (gone.name, gone.name.partition(".")[0])  # of its call, whose output it is
    found = [node for line in lines.values() for node in _referring(line)]
    return [replace_span(node.place, name) for node in found if node.text.strip() in names]


def _referring(line: Line) -> Iterator[Scalar]:
    """Yield what a line may name other layers by."""
    nodes: list[YamlNode | None] = [line.common.get("from"), line.main, *line.sources]
    for node in nodes:
        yield from [
            item
            for item in (node.items if isinstance(node, Items) else [node])
            if isinstance(item, Scalar)
        ]


def _is_sound(editable: EditableSpec, edit: Edit) -> bool:
    """Whether the text of an edit reads as the network without its blocks; found out once for the
    spec and its variants."""
    if edit.phrase not in editable.refused:
        editable.clock.check()
        spec = editable.read_edited(edit.changes) if edit.changes else None
        wanted = remove_nodes(editable.network, frozenset(edit.substitutes))
        same = spec is not None and wanted is not None and _are_equal(spec.network, wanted)
        editable.refused[edit.phrase] = not same
    return not editable.refused[edit.phrase]


def _are_equal(one: Network, other: Network) -> bool:
    """Whether two networks have the same layers that read the same, whatever their names."""
    return one.outputs == other.outputs and [(n.layer, n.reads) for n in one.nodes] == [
        (n.layer, n.reads) for n in other.nodes
    ]


# Residual blocks


def _residual_stages(editable: EditableSpec) -> Iterator[WrittenStage]:
    """Yield the residual blocks of each stage, one behind the other, that no `repeat` counts."""
    network, groups = editable.network, editable.groups
    stages: dict[tuple[int, ...], list[WrittenBlock]] = {}
    for join in network.layers:
        block = _find_residual(network, join) if join.layer.word == "add" else None
        if block is None:
            continue
        own = stages.setdefault(groups.groups_at(join.index), [])
        if own and own[-1].nodes[-1] != block.source:
            own.clear()  # the later ones, which cost less
        own.append(block)
    for roots, blocks in stages.items():
        written = [groups.groups[root] for root in roots if root in groups.groups]
        counts = [group.blocks - (group.role == "stem") for group in written]
        yield WrittenStage(blocks, max(counts, default=0), plain=False)


def _find_residual(network: Network, join: Node) -> WrittenBlock | None:
    """Find the branch that an add joins to what the branch reads; None where there is none."""
    source, end = min(join.reads), max(join.reads)
    if len(join.reads) != 2 or source == end or join.output != network.nodes[source].output:
        return None
    inside, due = {join.index}, [end]
    while due:
        index = due.pop()
        if index < source or network.nodes[index].layer is None:
            return None
        if index != source and index not in inside:
            inside.add(index)
            due += network.nodes[index].reads
    if any(set(network.readers[index]) - inside for index in inside - {join.index}):
        return None
    behind = network.readers[join.index]
    activation = network.nodes[behind[0]].layer if len(behind) == 1 else None
    again = activation == network.nodes[source].layer
    if activation is not None and activation.word in ACTIVATIONS and again:
        inside.add(behind[0])
    return WrittenBlock(source, tuple(sorted(inside)))


# Plain blocks


def _plain_stages(network: Network) -> Iterator[WrittenStage]:
    """Yield the blocks of convolutions that repeat alike."""
    links, at = _list_links(network), 0
    while at < len(links):
        for size in range(1, LONGEST + 1):
            blocks = _blocks_from(network, links[at:], size)
            if len(blocks) > 1:
                before = links[at - size : at] if at >= size else []
                opened = _is_opened_by(network, before, blocks[0])
                yield WrittenStage(blocks, len(blocks) + opened, plain=True)
                at += size * len(blocks) - 1
                break
        at += 1


def _list_links(network: Network) -> list[WrittenBlock]:
    """List each convolution with the norms and activations that alone read it, one behind the
    other."""
    found = []
    for node in network.layers:
        if node.layer.word not in CONVOLUTIONS:
            continue
        nodes = [node.index]
        while len(behind := network.readers[nodes[-1]]) == 1:
            layer = network.nodes[behind[0]].layer
            if layer is None or layer.word not in TRANSPARENT:
                break
            nodes.append(behind[0])
        found.append(WrittenBlock(node.reads[0], tuple(nodes)))
    return found


def _blocks_from(network: Network, links: Sequence[WrittenBlock], size: int) -> list[WrittenBlock]:
    """List the blocks of so many links that begin with the first one, are alike, keep the shape
    and alone read one another."""
    found: list[WrittenBlock] = []
    for at in range(0, len(links) - size + 1, size):
        own = links[at : at + size]
        block = WrittenBlock(own[0].source, tuple([i for link in own for i in link.nodes]))
        row = pairwise(links[at - bool(found) : at + size])
        chained = all(network.readers[one.nodes[-1]] == (two.nodes[0],) for one, two in row)
        same = not found or _layers_of(network, found[0]) == _layers_of(network, block)
        shapes = network.nodes[block.source].output, network.nodes[block.nodes[-1]].output
        if not chained or not same or shapes[0] != shapes[1]:
            break
        found.append(block)
    return found


def _layers_of(network: Network, block: WrittenBlock) -> list[object]:
    return [network.nodes[index].layer for index in block.nodes]


def _is_opened_by(network: Network, before: Sequence[WrittenBlock], block: WrittenBlock) -> bool:
    """Whether the links before a block are another of its stage, which reads another width."""
    nodes = [index for link in before for index in link.nodes]
    layers = [network.nodes[index].layer for index in nodes]
    return bool(nodes) and nodes[-1] == block.source and layers == _layers_of(network, block)
