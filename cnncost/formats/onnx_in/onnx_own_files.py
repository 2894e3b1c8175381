"""Reads what our own ONNX files say in parts or beside the graph, because ONNX has no word for
it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from cnncost.formats.graph import Op, Value


OURS = "cnncost"
"""The program that wrote the file."""

FROZEN = "cnncost.frozen"
"""The key of the layers that are not trained, for which ONNX has no word."""


Maps = tuple[str, tuple[int, ...]]
"""What a filter sees: some maps of one operation's output."""


def join_mapped_filters(
    ops: Sequence[Op], outputs: Collection[str], channels: Mapping[str, int]
) -> list[Op]:
    """Join convolutions of one filter each, over some maps of one input, to the one that they
    are."""
    known = {op.name: op for op in ops}
    uses = Counter(read for op in ops for read in op.reads)
    uses.update(outputs)
    joins = [op for op in ops if op.word == "concat"]
    made = {op.name: found for op in joins if (found := _mapped_conv(op, known, uses, channels))}
    return [made.get(op.name, op) for op in ops]


def mark_frozen(ops: Sequence[Op], names: Collection[str]) -> list[Op]:
    """Mark the operations of these names as not trained."""
    return [replace(op, frozen=True) if op.name in names else op for op in ops]


def _mapped_conv(
    join: Op, known: Mapping[str, Op], uses: Mapping[str, int], channels: Mapping[str, int]
) -> Op | None:
    parts = [known[read] for read in join.reads if read in known]
    stem = parts[0].name.removesuffix("0") if parts else ""
    # So our files name each filter's weights.
    numbered = [part.name for part in parts] == [f"{stem}{i}" for i in range(len(parts))]
    if (
        len(parts) < len(join.reads)
        or not numbered
        or not all(_is_single_filter(p, uses) for p in parts)
    ):
        return None
    seen = [_maps_read(part.reads[0], known, channels) for part in parts]
    bases = {base for base, _ in seen}
    others = [{k: v for k, v in part.arguments.items() if k != "filters"} for part in parts]
    alike = all(other == others[0] for other in others)
    if len(bases) > 1 or not alike or len({maps for _, maps in seen}) == 1:
        return None
    (base,) = bases
    connects: Value = tuple(maps for _, maps in seen)
    arguments: dict[str, Value] = {"filters": len(parts), **others[0], "connects": connects}
    return replace(join, word="conv", arguments=arguments, reads=(base,))


def _is_single_filter(part: Op, uses: Mapping[str, int]) -> bool:
    plain = "groups" not in part.arguments and not (part.shares or part.frozen)
    return part.word == "conv" and part.arguments["filters"] == 1 and plain and uses[part.name] == 1


def _maps_read(read: str, known: Mapping[str, Op], channels: Mapping[str, int]) -> Maps:
    op = known.get(read)
    if op is not None and op.word == "slice":
        match op.arguments["span"]:
            case (int(start), int(end)):
                return op.reads[0], tuple(range(start, end))
    if op is not None and op.word == "concat":
        parts = [_maps_read(part, known, channels) for part in op.reads]
        if len({base for base, _ in parts}) == 1:
            return parts[0][0], tuple(i for _, maps in parts for i in maps)
    return read, tuple(range(channels[read]))
