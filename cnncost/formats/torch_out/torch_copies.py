"""Merge copies of a call into one part, if they form a row or each read all before them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from cnncost.formats.torch_out.torch_parts import Argument, ClassPart

_COPY = re.compile(r"(.+)\.(\d+)")


def merge_copies(parts: Sequence[ClassPart], outputs: set[int]) -> list[ClassPart]:
    """Merge each row of copies of a call into one part that has the number of copies."""
    readers = Counter(i for part in parts for i in part.reads)
    found: list[ClassPart] = []
    start = 0
    while start < len(parts):
        end = start + 1
        if _is_first_copy(parts[start]):
            base = parts[start].name.removesuffix(".1")
            while end < len(parts) and parts[end].name == f"{base}.{end - start + 1}":
                last = parts[end - 1]
                if (
                    last.node in outputs
                    or readers[last.node] > 1
                    or not _is_next_copy(last, parts[end])
                ):
                    break
                end += 1
            found += _merge_run(parts[start:end])
        else:
            found.append(parts[start])
        start = end
    return found


def _is_first_copy(part: ClassPart) -> bool:
    match = _COPY.fullmatch(part.name)
    return part.unit is not None and match is not None and match[2] == "1"


def _is_next_copy(last: ClassPart, part: ClassPart) -> bool:
    """Whether a part is like the last one, and reads only that."""
    return part.reads == (last.node,) and (part.module, part.frozen) == (last.module, last.frozen)


def _merge_run(run: Sequence[ClassPart]) -> Sequence[ClassPart]:
    """Merge a run of copies whose arguments are the same or grow evenly into one part.

    If the first copy differs, as it often does, it stands alone.
    """
    base = run[0].name.removesuffix(".1")
    if (whole := merge_into_one(run, base)) is not None:
        return [whole]
    if len(run) > 2 and (rest := merge_into_one(run[1:], f"{base}.rest")) is not None:
        return [run[0]._replace(name=f"{base}.first"), rest]
    return run


def merge_into_one(run: Sequence[ClassPart], name: str) -> ClassPart | None:
    """Make one part of this name for copies whose arguments are the same or grow evenly; None for
    others."""
    arguments: list[Argument] = []
    for same in zip(*(part.arguments for part in run), strict=True):
        value = _even_expression([one.value for one in same])
        if value is None:
            return None
        arguments.append(same[0]._replace(value=value))
    reads, copies = run[0].reads, str(len(run))
    return run[-1]._replace(name=name, reads=reads, arguments=tuple(arguments), copies=copies)


def _even_expression(values: Sequence[str]) -> str | None:
    """Return one expression for the values of copies `i`: the common value, or start + step * i."""
    if len(set(values)) == 1:
        return values[0]
    if len(values) < 3 or not all(value.isdigit() for value in values):
        return None
    numbers = [int(value) for value in values]
    step = numbers[1] - numbers[0]
    if step <= 0 or any(b - a != step for a, b in pairwise(numbers)):
        return None
    return f"{numbers[0]} + {step} * i"


# Copies that each read all before them


def gather_dense_copies(parts: Sequence[ClassPart], outputs: set[int]) -> list[ClassPart]:
    """Merge the copies of a dense structure, with their concatenations, into one part: a `Dense`
    that holds the copies' modules."""
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
    """Make one part of copies with a concatenation behind each; None if there are no such."""
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
    """Whether a part joins the input and the first `number` copies, and only the next copy reads
    it."""
    alone = join is last or readers[join.node] == 1
    return join.call == last.call and alone and join.reads == last.reads[: number + 1]
