"""A filled-in table of counts, as text: Markdown, CSV, TSV, or pasted with spaces between cells."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from math import prod
from typing import NamedTuple

from cnncost.errors import CnncostError, quote_text
from cnncost.quantity import format_count

HEADINGS = {
    "units": ("units", "neurons"),
    "weights": ("weights",),
    "biases": ("biases",),
    "parameters": ("parameters", "params"),
    "connections": ("connections", "macs", "multiplyaccumulates"),
    "flops": ("flops",),
}
"""For each count, the headings that a table may have for it, without signs and small."""

BLANKS = ("", "?", "-", "\u2013", "\u2014")
"""Cells without an answer; the last two are dashes."""

TIMES = "[x*\u00b7\u00d7]"
"""The signs of a product."""

BARS = "[\u2580-\u259f]"
"""The blocks of which this program's own tables draw bars."""

LONGEST_CELL = 200

HINT = (
    "the first row names the columns (layer, units, weights, connections), each further row a "
    "layer and its whole numbers; write it as Markdown or CSV"
)


class Answer(NamedTuple):
    """One number of a table: the label of its row, what it counts, and the number."""

    label: str
    quantity: str
    number: int


Cells = tuple[int, list[str]]
"""A row's line in the file, and its cells."""


def read_answers(text: str, name: str) -> tuple[Answer, ...]:
    """Read the numbers of a table; a cell that is empty, `?` or a dash is no answer.

    >>> read_answers("layer,units\\nfc,10\\n", "t.csv")
    (Answer(label='fc', quantity='units', number=10),)

    Raises:
        CnncostError: it has no row of headings, a row of another length, or a cell that is no
            whole number.
    """
    for split in (_split_pipes, _split_csv, _split_wide, _split_words):
        rows = [(at, split(line)) for at, line in enumerate(text.splitlines(), 1)]
        start = next((i for i, (_, cells) in enumerate(rows) if _find_columns(cells)), None)
        if start is not None:
            return tuple(_read_rows(rows[start:], name))
    raise CnncostError(f"{name}: no table of counts: no row names units or weights", HINT)


def _split_pipes(line: str) -> list[str]:
    if "|" not in line and "│" not in line:
        return []
    return [_clean_cell(cell) for cell in re.split("[|│]", line.strip().strip("|│"))]


def _split_csv(line: str) -> list[str]:
    mark = next((mark for mark in "\t;" if mark in line), ",")
    try:
        return [_clean_cell(cell) for cell in next(csv.reader([line], delimiter=mark), [])]
    except csv.Error:  # a field without end
        return []


def _split_wide(line: str) -> list[str]:
    return [_clean_cell(cell) for cell in re.split(r"\s{2,}", re.sub(BARS, "", line).strip())]


def _split_words(line: str) -> list[str]:
    return [_clean_cell(cell) for cell in line.split()]


def _clean_cell(cell: str) -> str:
    """Drop the marks of Markdown's bold and code."""
    return cell.strip().strip("*`").strip()


def _find_columns(cells: list[str]) -> dict[int, str]:
    """Find the columns that count something, by place; none if the first cell does."""
    words = [re.sub("[^a-z]", "", cell.lower()) for cell in cells]
    words = [re.sub("^(number|no|num)(of)?", "", word) for word in words]
    found = {
        at: quantity
        for quantity, headings in HEADINGS.items()
        for at, word in enumerate(words)
        if at and word in headings
    }
    return found if len(cells) > 1 else {}


def _read_rows(rows: list[Cells], name: str) -> Iterable[Answer]:
    """Read the rows below the headings, up to the first empty line behind them."""
    (_, headings), *below = rows
    columns = _find_columns(headings)
    filled = False
    for at, cells in below:
        if not any(re.search(r"\w", cell) for cell in cells):
            if filled and not any(cells):
                return
            continue  # a rule between rows
        if len(cells) != len(headings):
            wanted = format_count(len(headings), "cell")
            raise CnncostError(
                f"{name}:{at}: {format_count(len(cells), 'cell')} below {wanted} of headings", HINT
            )
        filled = True
        for place, quantity in columns.items():
            number = _read_cell(cells[place], f"{name}:{at}")
            if number is not None:
                yield Answer(cells[0], quantity, number)


def _read_cell(cell: str, where: str) -> int | None:
    """Read `105,415,200`, `105 415 200`, or a product as `96 x 55 x 55`; None for no answer."""
    if cell in BLANKS:
        return None
    parts = re.split(TIMES, cell) if len(cell) <= LONGEST_CELL else [cell]
    numbers = [whole for part in parts if (whole := _read_whole(part.strip())) is not None]
    if len(numbers) < len(parts):
        hint = "write whole numbers, as 105,415,200, or leave the cell empty"
        raise CnncostError(f"{where}: {quote_text(cell)} is no whole number", hint)
    return prod(numbers)


def _read_whole(text: str) -> int | None:
    grouped = re.fullmatch(r"[0-9]{1,3}(?:([,' _\u202f\u00a0])[0-9]{3}(?:\1[0-9]{3}){0,9})?", text)
    if grouped or re.fullmatch(r"[0-9]{1,40}", text):
        return int(re.sub("[^0-9]", "", text))
    return None
