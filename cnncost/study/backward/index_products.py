"""Products of matrices, maps, convolutions and heads with their indices written out."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import prod

from cnncost.errors import CnncostError
from cnncost.study.backward.gradient_expression import Expression
from cnncost.study.backward.index_letters import CHANNELS, POSITIONS
from cnncost.study.backward.index_writer import IndexWriter, index_place, turn_back
from cnncost.study.backward.scalar_formula import (
    ONE,
    ZERO,
    IndexRange,
    ScalarFormula,
    bracket,
    largest_over,
    letter,
    sum_over,
)
from cnncost.study.backward.sequence_maps import BACK_MAPS, SEQUENCE_MAPS, read_copies
from cnncost.study.backward.unit_maps import (
    MAPS,
    MapSizes,
    Place,
    UnitMap,
    flatten_place,
    map_maximum,
    split_place,
)

# Matrices


def write_product(writer: IndexWriter, value: Expression, place: Place) -> ScalarFormula:
    """Write a product of matrices: which kind is seen from the sides."""
    left, right = value.operands
    inner, turned = turn_back(left)
    if inner.kind == "operator":
        write = write_map_back if turned else write_map
        return write(writer, value, place)
    if inner.kind == "slope":
        return write_maximum_back(writer, value, place)
    if right.kind == "transpose":
        return write_outer(writer, value, place)
    if inner.kind == "number":
        return writer.at(inner, place) * writer.at(right, place)
    return write_matrix(writer, value, place)


def write_matrix(writer: IndexWriter, value: Expression, place: Place) -> ScalarFormula:
    """Write a matrix times each position's column."""
    left, right = value.operands
    matrix, turned = turn_back(left)
    if right.kind == "call" and right.word == "vec":
        return _write_matrix_of_map(writer, value, place)
    columns = writer.dims(matrix)[0 if turned else 1]
    with writer.letters.open_ranges(CHANNELS, [columns]) as ranges:
        (column,) = index_place(ranges)
        at = (column, place[0]) if turned else (place[0], column)
        body = writer.at(matrix, at) * writer.at(right, (column, *place[1:]))
        return sum_over(body, *ranges)


def _write_matrix_of_map(writer: IndexWriter, value: Expression, place: Place) -> ScalarFormula:
    """Write a matrix times all units of a map: its columns count them in their order."""
    left, right = value.operands
    matrix, turned = turn_back(left)
    (x,) = right.operands
    channels, *extents = writer.dims(x)
    with (
        writer.letters.open_ranges(CHANNELS, [channels]) as over,
        writer.letters.open_ranges(POSITIONS, extents) as across,
    ):
        unit = index_place([*over, *across])
        column = flatten_place(unit, (channels, *extents))
        at = (column, place[0]) if turned else (place[0], column)
        body = writer.at(matrix, at) * writer.at(x, unit)
        return sum_over(body, *over, *across)


def write_outer(writer: IndexWriter, value: Expression, place: Place) -> ScalarFormula:
    """Write a column times a row, added up over positions; or a column times ones."""
    left, right = value.operands
    row = right.operands[0]
    dims = writer.dims(left)
    if row.kind == "number":
        return writer.at(left, (place[0], *(ZERO for _ in dims[1:])))
    with writer.letters.open_ranges(POSITIONS, dims[1:]) as across:
        at = index_place(across)
        body = writer.at(left, (place[0], *at)) * writer.at(row, (place[1], *at))
        return sum_over(body, *across)


# Maps of units


def find_map(word: str) -> Callable[[MapSizes, Place], UnitMap]:
    """Find the formula of a linear map.

    Raises:
        CnncostError: it has none.
    """
    if word in SEQUENCE_MAPS:
        return SEQUENCE_MAPS[word]
    if word not in MAPS:
        raise CnncostError(f"{word} has no index form", "--vector writes it")
    return MAPS[word]


def write_map(writer: IndexWriter, value: Expression, place: Place) -> ScalarFormula:
    """Write A x."""
    left, right = value.operands
    y = writer.left_dims
    if left.word == "reshape":
        y = tuple(map(int, left.options.split("x")))
    found = find_map(left.word)(MapSizes(left.options, writer.dims(right), y), place)
    return sum_over(_times_share(writer.at(right, found.source), found.share), *found.ranges)


def write_map_back(writer: IndexWriter, value: Expression, place: Place) -> ScalarFormula:
    """Write A transposed times y: all of y that have read the unit."""
    left, right = value.operands
    inner, _ = turn_back(left)
    if inner.word in BACK_MAPS:
        sizes = MapSizes(inner.options, writer.left_dims, ())
        back = BACK_MAPS[inner.word](sizes, place)
        return sum_over(_times_share(writer.at(right, back.source), back.share), *back.ranges)
    sizes = MapSizes(inner.options, writer.left_dims, writer.dims(right))
    return _write_readers(writer, sizes, place, partial(find_map(inner.word), sizes), right)


def write_maximum_back(writer: IndexWriter, value: Expression, place: Place) -> ScalarFormula:
    """Write a maximum's Jacobian, transposed, times y: all of y whose largest unit this is."""
    left, right = value.operands
    inner, _ = turn_back(left)
    (x,) = inner.operands
    sizes = MapSizes(inner.options, writer.dims(x), writer.dims(right))

    def find(at: Place) -> UnitMap:
        found = map_maximum(inner.word, sizes, at)
        others = _add_primes(found)
        largest = largest_over(writer.at(x, others.source), others.share, *others.ranges)
        return found._replace(share=found.share * bracket(writer.at(x, place), "=", largest))

    return _write_readers(writer, sizes, place, find, right)


def _add_primes(found: UnitMap) -> UnitMap:
    """Name the taps u′, v′, w′."""
    source, share = list(found.source), found.share
    for one in found.ranges:
        primed = letter(f"{one.letter}′")
        source = [part.replace_letter(one.letter, primed) for part in source]
        share = share.replace_letter(one.letter, primed)
    ranges = tuple(one._replace(letter=f"{one.letter}′") for one in found.ranges)
    return UnitMap(tuple(source), ranges, share)


def _times_share(body: ScalarFormula, share: ScalarFormula) -> ScalarFormula:
    """Write a share of a unit; a unit fraction as a quotient."""
    if share.kind == "/" and share.parts[0] == ONE:
        return body / share.parts[1]
    return share * body


def _write_readers(
    writer: IndexWriter,
    sizes: MapSizes,
    place: Place,
    find: Callable[[Place], UnitMap],
    y: Expression,
) -> ScalarFormula:
    """Add up the units of y that read the unit at a place, each times its share."""
    channels, *extents = sizes.y
    with (
        writer.letters.open_ranges(CHANNELS, [channels]) as over,
        writer.letters.open_ranges(POSITIONS, extents) as across,
    ):
        ranges = [*over, *across]
        found = find(index_place(ranges))
        body = _times_share(writer.at(y, index_place(ranges)), found.share)
        # A tap that counts all positions of x may be solved for as well.
        pairs = zip(found.source, sizes.x, strict=True)
        whole = [one for read, n in pairs for one in found.ranges if _counts(read, one, n)]
        ranges = [*ranges, *found.ranges]
        free = {one.letter for one in (*over, *across, *whole)}
        if any(part.kind not in ("symbol", "times") for part in y.walk()):
            free = set()  # outside of y, a quotient is not 0
        for read, at in zip(found.source, place, strict=True):
            solved = _solve_for_letter(read, at, free)
            if solved is None:
                body = body * bracket(read, "=", at)
            else:
                word, known = solved
                body = body.replace_letter(word, known)
                ranges = [one for one in ranges if one.letter != word]
        return sum_over(body, *ranges)


def _counts(read: ScalarFormula, one: IndexRange, n: int) -> bool:
    return read == letter(one.letter) and one.size == n


def _solve_for_letter(
    read: ScalarFormula, at: ScalarFormula, free: set[str]
) -> tuple[str, ScalarFormula] | None:
    """Solve `read = at` for a free letter of a sum: `2 p + u - 1 = q` is `p = (q + 1 - u) / 2`.

    Where that is no whole number, no unit is read there; an entry at such an index is 0.
    """
    if read.kind == "letter":
        return (read.word, at) if read.word in free else None
    if read.kind not in ("+", "-", "*"):
        return None
    first, second = read.parts
    if second.list_letters() & free:
        return None
    if read.kind == "*":
        return _solve_for_letter(first, at / second, free)
    known = at - second if read.kind == "+" else at + second
    return _solve_for_letter(first, known, free)


# Heads


def head_rows(writer: IndexWriter, value: Expression) -> int:
    """Return how many rows each head's matrix has."""
    if value.kind == "by head":
        left, turned = turn_back(value.operands[0])
        return _side_sizes(writer, left, turned, int(value.options.removeprefix("h=")))[0]
    return writer.dims(value)[1]


def _side_sizes(writer: IndexWriter, side: Expression, turned: bool, heads: int) -> tuple[int, int]:
    """Return the rows and columns of one head's matrix."""
    dims = writer.dims(side)
    rows, columns = dims[1:] if writer.is_heads(side) else (dims[0] // heads, prod(dims[1:]))
    return (columns, rows) if turned else (rows, columns)


def write_by_head(writer: IndexWriter, value: Expression, place: Place) -> ScalarFormula:
    """Write a product of matrices, head by head; a map's heads are parts of its channels."""
    heads = int(value.options.removeprefix("h="))
    (a, a_turned), (b, b_turned) = (turn_back(side) for side in value.operands)
    rows, inner = _side_sizes(writer, a, a_turned, heads)
    if len(place) == HEAD_AXES and a_turned:
        head, row, column = place
    else:
        head, row = _split_channel(place[0], rows) if heads > 1 else (ZERO, place[0])
        _, columns = _side_sizes(writer, b, b_turned, heads)
        extents = writer.left_dims[1:] if len(place) == len(writer.left_dims) else (columns,)
        column = flatten_place(place[1:], extents)
    with writer.letters.open_ranges(CHANNELS, [inner]) as ranges:
        (k,) = index_place(ranges)
        left = _write_side(writer, a, (head, k, row) if a_turned else (head, row, k), heads)
        right = _write_side(writer, b, (head, column, k) if b_turned else (head, k, column), heads)
        return sum_over(left * right, *ranges)


HEAD_AXES = 3
"""The axes of one matrix per head: head, row, column."""


def _write_side(writer: IndexWriter, side: Expression, at: Place, heads: int) -> ScalarFormula:
    """Write one factor's entry at a head, a row and a column."""
    if writer.is_heads(side):
        return writer.at(side, at)
    head, row, column = at
    if side.kind == "product" and side.operands[0].word == "copies":
        operator, side = side.operands
        heads, copies = read_copies(operator.options)
        head = head // copies if heads > 1 else ZERO
    channels, *extents = writer.dims(side)
    return writer.at(side, (head * (channels // heads) + row, *split_place(column, tuple(extents))))


def _split_channel(channel: ScalarFormula, rows: int) -> tuple[ScalarFormula, ScalarFormula]:
    """Return the head that a channel belongs to, and its row there; `a rows + b mod rows` says
    both."""
    if channel.kind == "+" and channel.parts[1].kind == "mod":
        whole, inside = channel.parts
        if inside.parts[1].whole == rows and whole.kind == "*" and whole.parts[1].whole == rows:
            return whole.parts[0], inside
    return channel // rows, channel % rows
