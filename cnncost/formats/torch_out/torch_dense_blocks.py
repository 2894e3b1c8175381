"""Copies of a block that each read all copies before them, as one part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from cnncost.formats.torch_out.torch_copies import merge_into_one
from cnncost.formats.torch_out.torch_parts import ClassPart


def gather_dense_copies(parts: Sequence[ClassPart], outputs: set[int]) -> list[ClassPart]:
    """Parts in which the copies of a dense structure, their concatenations among them, stand
    once: as modules that a `Dense` holds."""
    readers = Counter(i for part in parts for i in part.reads)
    readers.update(outputs)
    found: list[ClassPart] = []
    for part in parts:
        found.append(part)
        length = 2 * (len(part.reads) - 1)
        if part.call.startswith("torch.cat") and 2 < length <= len(found):
            whole = _gather_copies(found[-length:], readers)
            found[-length:] = [whole] if whole else found[-length:]
    return found


def _gather_copies(run: Sequence[ClassPart], readers: Counter[int]) -> ClassPart | None:
    """One part for copies with a concatenation behind each; None where they are none such."""
    copies, joins = run[::2], run[1::2]
    last = joins[-1]
    names = [f"{last.name}.{number}" for number in range(1, len(copies) + 1)]
    if [part.name for part in copies] != names or any(part.unit is None for part in copies):
        return None
    if any((part.module, part.frozen) != (copies[0].module, copies[0].frozen) for part in copies):
        return None
    entering = copies[0].reads
    for number, (copy, join) in enumerate(zip(copies, joins, strict=True), 1):
        if copy.reads != entering or readers[copy.node] != len(copies) - number + 1:
            return None
        if not _joins_copies(join, last, number, readers):
            return None
        entering = (join.node,)
    whole = merge_into_one(copies, last.name)
    if whole is None:
        return None
    # No unit any more: were it a copy in a repeat, it would be held with the others as one.
    return whole._replace(node=last.node, extra="Dense", holder="Dense", unit=None)


def _joins_copies(join: ClassPart, last: ClassPart, number: int, readers: Counter[int]) -> bool:
    """Whether a part joins what enters and as many copies, for the next copy alone."""
    alone = join is last or readers[join.node] == 1
    return join.call == last.call and alone and join.reads == last.reads[: number + 1]
