"""Fewer blocks: a repeated line's count, where its copies keep the shape."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cnncost.language.lines import Line
from cnncost.network import Node
from cnncost.suggest.text import scores
from cnncost.suggest.text.edit import NO_EDIT, Decision, Edit, remove_layer
from cnncost.suggest.text.editable_spec import EditableSpec, is_named
from cnncost.suggest.text.text_changes import replace_span

KIND = "depth"

EVIDENCE = scores.Evidence(
    "ResNet-34 to 18 (26.7 to 30.24 % error), VGG-19/16/13/11; bottleneck blocks: ResNet-152/101/50"
)


def depth_decisions(editable: EditableSpec, kept: Sequence[str]) -> Iterator[Decision]:
    """A decision for each `repeat: N` of a block or layer that keeps the shape."""
    for line, nodes in _repeated_lines(editable):
        count = int(line.common["repeat"].text)
        copies = _split_copies(nodes, count)
        if copies is None or any(is_named(node.name, kept) for node in nodes):
            continue
        stage = _blocks_of_stage(editable, nodes, count)
        options = []
        for less in range(1, min(count - 1, stage // scores.DEPTH_SHARE) + 1):
            left = [node for copy in copies[count - less :] for node in copy]
            options.append(
                Edit(
                    KIND,
                    f"{_top_level_name(nodes[0].name)}: {count} to {count - less} copies",
                    changes=(replace_span(line.common["repeat"].place, str(count - less)),),
                    substitutes={node.index: remove_layer for node in left},
                )
            )
        if options:
            # Which layer is the last before a global pool, only the text tells.
            label = _top_level_name(nodes[0].name)
            yield Decision(label, (NO_EDIT, *options), nodes[0].index, unread=True)


def _repeated_lines(editable: EditableSpec) -> Iterator[tuple[Line, list[Node]]]:
    """The top level's lines with a plain `repeat`, and the nodes that they make."""
    found: dict[int, tuple[Line, list[Node]]] = {}
    starts: dict[int, list[Node]] = {}
    lines: dict[int, Line] = {}
    for node in editable.network.layers:
        written = editable.spec.written[node.index]
        lines.setdefault(written.line.start, written.line)
        outer = written.call
        while outer is not None and outer.outer is not None:
            outer = outer.outer
        start = outer.place.start if outer is not None else written.line.start
        starts.setdefault(start, []).append(node)
    for start, nodes in starts.items():
        line = lines.get(start) or editable.block_calls().get(start)
        repeat = line.common.get("repeat") if line else None
        if line is not None and repeat is not None and repeat.text.isdigit():
            found[start] = (line, nodes)
    yield from found.values()


def _split_copies(nodes: Sequence[Node], count: int) -> list[list[Node]] | None:
    """The nodes by copy; None unless every copy behind the first keeps the shape."""
    if count < 2 or len(nodes) % count:
        return None
    size = len(nodes) // count
    copies = [list(nodes[i * size : (i + 1) * size]) for i in range(count)]
    outputs = {copy[-1].output: None for copy in copies}
    return copies if len(outputs) == 1 else None


def _blocks_of_stage(editable: EditableSpec, nodes: Sequence[Node], count: int) -> int:
    """How many blocks write the same channels: the stage that the copies belong to.

    A stem that opens the stage is no block of it.
    """
    last = nodes[-1]
    if last.layer is not None and last.layer.learns:
        return count
    writers = editable.groups.groups_at(last.index)
    groups = [editable.groups.groups[root] for root in writers if root in editable.groups.groups]
    blocks = [group.blocks - (group.role == "stem") for group in groups]
    return max([count, *blocks]) if len(writers) == 1 else count


def _top_level_name(name: str) -> str:
    return name.split(".", 1)[0]
