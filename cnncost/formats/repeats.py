"""Blocks found again: runs of lines that are equal but for their numbers."""

from __future__ import annotations

from collections import defaultdict
from os.path import commonprefix
from typing import TYPE_CHECKING, NamedTuple

from cnncost.formats.pieces import Piece
from cnncost.layers import TYPES
from cnncost.spec.names import RESERVED

if TYPE_CHECKING:
    from cnncost.formats.graph import Value

LONGEST = 12
"""Lines in a run that may become a block."""

MOST = 10
"""Blocks of one spec; each takes one pass over all lines."""

TRIES = 50
"""Candidates that are looked at for one block; the others save less."""

PARAMETERS = 5
"""More than a reader keeps in mind."""

LARGEST = 5_000
"""Lines; a longer network keeps its structures but gets no blocks, which would take minutes."""


WHOLE = 3
"""How much a line counts that is saved by a block that is a module of the source."""


FEW = 3
"""Lines of a block that is no module of the source: a convolution with its norm and activation."""


class Block(NamedTuple):
    """A signature's name and parameters, and its lines."""

    name: str
    parameters: tuple[str, ...]
    body: list[Piece]


Run = list[tuple[list[Piece], int]]
"""Where equal runs stand: the list, and the place of the first line in it."""


def find_blocks(top: list[Piece]) -> list[Block]:
    """Replace repeated runs in the lists by calls, the most lines saved first."""
    blocks: list[Block] = []
    if sum(piece.lines for piece in top) > LARGEST:
        return blocks
    while len(blocks) < MOST:
        made = _next_block([top, *(b.body for b in blocks)], {b.name for b in blocks})
        if made is None:
            break
        blocks.append(made)
    return blocks


def _next_block(lists: list[list[Piece]], taken: set[str]) -> Block | None:
    """The block that saves the most lines, its runs replaced; None where none saves any."""
    numbers: dict[object, int] = {}
    runs: dict[tuple[int, ...], Run] = defaultdict(list)
    for line in _all_lists(lists):
        keys = [numbers.setdefault(piece.skeleton(), len(numbers)) for piece in line]
        for at in range(len(keys)):
            for length in range(1, min(LONGEST, len(keys) - at) + 1):
                if line[at + length - 1].fixed:
                    break
                runs[tuple(keys[at : at + length])].append((line, at))
    ranked = [_ranked(run, len(keys)) for keys, run in runs.items() if len(run) > 1]
    ranked.sort(key=lambda pair: -pair[0])
    for saved, run, length in ranked[:TRIES]:
        if saved <= 0:
            return None
        block = _made(run, length, taken)
        if block is not None:
            return block
    return None


def _ranked(run: Run, length: int) -> tuple[int, Run, int]:
    """What a block for these runs saves, the runs that it is for, and their length.

    Runs that are modules of the source go before all others, even those of the same lines.
    """
    whole = _apart([(line, at) for line, at in run if _whole(line, at, length)], length)
    line, at = run[0]
    size = sum(piece.lines for piece in line[at : at + length])
    if len(whole) > 1:
        return WHOLE * ((len(whole) - 1) * (size - 1) - 2), whole, length
    few = length <= FEW and all(piece.word in TYPES for piece in line[at : at + length])
    apart = _apart(run, length)
    return ((len(apart) - 1) * (size - 1) - 2 if few else 0), apart, length


def _whole(line: list[Piece], at: int, length: int) -> bool:
    """Whether the lines are all of a module of the source, with none beside them left out."""
    if length == 1:
        return bool(line[at].branches)
    shared = commonprefix([p.path.split(".") for p in line[at : at + length]])  # noqa: RUF071  lists of names, not texts
    if not shared:
        return False
    path = ".".join(shared) + "."
    beside = line[max(0, at - 1) : at] + line[at + length : at + length + 1]
    return not any(piece.path.startswith(path) for piece in beside)


def _called(body: list[Piece], taken: set[str]) -> str:
    """A block's name: the words of its lines where they are few, else what it is."""
    words = [piece.word for piece in body]
    plain = len(words) <= 3 and all(word in TYPES for word in words)
    residual = any(piece.branches for piece in body)
    stem = "_".join(words) if plain and len(words) > 1 else "unit" if residual else "block"
    stem = "dense_block" if words == ["densely"] else stem
    return next(n for i in range(1, 99) if (n := stem if i == 1 else f"{stem}{i}") not in taken)


def _apart(run: Run, length: int) -> Run:
    """The runs that do not overlap, from the first on."""
    kept: Run = []
    for line, at in run:
        if not kept or kept[-1][0] is not line or at >= kept[-1][1] + length:
            kept.append((line, at))
    return kept


def _made(run: Run, length: int, taken: set[str]) -> Block | None:
    """The block of these runs, which become its calls; None if it has too many parameters."""
    bodies = [line[at : at + length] for line, at in run]
    holes = [[hole for piece in body for hole in piece.holes()] for body in bodies]
    columns = [tuple(p.args[k] for p, k in column) for column in zip(*holes, strict=True)]
    parameters, texts = _parameters(columns, [key for _, key in holes[0]], holes[0])
    if len(parameters) > PARAMETERS:
        return None
    name = _called(bodies[0], taken)
    calls = [
        Piece(
            name,
            {key: values[i] for key, values in parameters.items()},
            _common(body),
            body[0].reads,
            body[-1].out,
            named=True,
        )
        for i, body in enumerate(bodies)
    ]
    for (line, at), call in reversed(list(zip(run, calls, strict=True))):
        line[at : at + length] = [call]
    for (piece, key), text in zip(holes[0], texts, strict=True):
        if text:
            piece.args[key] = text
            piece.bound = True
    return Block(name, tuple(parameters), bodies[0])


def _common(body: list[Piece]) -> str:
    """The path that all lines have in common; the first's where there is none."""
    shared = commonprefix([piece.path.split(".") for piece in body])  # noqa: RUF071  lists of names, not texts
    return ".".join(shared) or body[0].path


def _parameters(
    columns: list[tuple[Value, ...]], keys: list[str], holes: list[tuple[Piece, str]]
) -> tuple[dict[str, tuple[Value, ...]], list[str]]:
    """Parameters with each call's value, and what stands for each number: an empty text
    where it is the same in all calls, else a parameter or a whole multiple of one."""
    found: dict[str, tuple[Value, ...]] = {}
    texts = []
    for column, key, (piece, _) in zip(columns, keys, holes, strict=True):
        if len(set(column)) == 1:
            texts.append("")
            continue
        text = next((t for p, v in found.items() if (t := _multiple(column, v, p))), "")
        if not text:
            text = _free(key if piece.word != key else "size", found)
            found[text] = column
        texts.append(text)
    return found, texts


def _multiple(column: tuple[Value, ...], base: tuple[Value, ...], name: str) -> str:
    """`name`, or `4 * name`, if that is what the column is."""
    first, unit = column[0], base[0]
    if not isinstance(first, int) or not isinstance(unit, int) or unit == 0 or first % unit:
        return ""
    times = first // unit
    same = all(
        isinstance(c, int) and isinstance(b, int) and c == times * b
        for c, b in zip(column, base, strict=True)
    )
    if not same or times == 0:
        return ""
    return name if times == 1 else f"{times} * {name}"


def _free(key: str, taken: dict[str, tuple[Value, ...]]) -> str:
    """A parameter's name: the field's, with a number where it is taken."""
    key = f"{key}_" if key in RESERVED or key in ("channels", "input") else key
    return next(n for i in range(1, 99) if (n := key if i == 1 else f"{key}{i}") not in taken)


def _all_lists(lists: list[list[Piece]]) -> list[list[Piece]]:
    found = []
    for line in lists:
        found.append(line)
        for piece in line:
            for inner in piece.walk():
                found += inner.branches
    return found
