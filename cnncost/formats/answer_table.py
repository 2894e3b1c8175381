"""A filled-in table of counts, as text: Markdown, CSV, TSV, or pasted with spaces between cells."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from typing import NamedTuple

from cnncost.errors import CnncostError
from cnncost.formats.answer_number import find_suffix, read_number
from cnncost.quantity import format_count

HEADINGS = {
    "units": ("units", "neurons"),
    "weights": ("weights",),
    "biases": ("biases",),
    "parameters": ("parameters", "params", "param"),
    "connections": ("connections", "macs", "multiplyaccumulates", "multadds"),
    "flops": ("flops",),
}
"""For each count, the headings that a table may have for it, without signs and small."""

MAY_HEAD = re.compile("units|neurons|weights|biases|param|connections|mac|mult|flops", re.I)
"""What a row of headings has one of: few other lines are looked at closely."""

BARS = "[\u2580-\u259f]"
"""The blocks of which this program's own tables draw bars."""

WIDE_CELL = r"\S+(?: \S+)*"
"""A cell where two spaces or more stand between cells."""

WIDE_SPACES = "[\u00a0\u2000-\u200a\u202f\u205f\u3000]"
"""Spaces that do not break, or of another width: between digits, or where a page was pasted."""

NO_SIGNS = "[\u200b\u2060\ufeff]"
"""Signs without width, and the mark before a file's text."""

HINT = (
    "the first row names the columns (layer, units, weights, connections), each further row a "
    "layer and its whole numbers; write it as Markdown or CSV"
)


class Answer(NamedTuple):
    """One number of a table: the label of its row, what it counts, the number, its line, and what
    its last written digit counts (100,000 for 105.4M)."""

    label: str
    quantity: str
    number: int
    line: int = 0
    step: int = 1

    def stands_for(self, right: int) -> bool:
        """Whether it is this number, or this number rounded to as many digits as are written."""
        return 2 * abs(self.number - right) <= self.step if self.step > 1 else self.number == right


class AnswerColumn(NamedTuple):
    """What a column counts, and the suffix of its heading: `M` in `params (M)`."""

    quantity: str
    suffix: str


class AnswerLine(NamedTuple):
    """A line of the file: its number, its text, and its cells."""

    number: int
    text: str
    cells: list[str]


def read_answers(text: str, name: str) -> tuple[Answer, ...]:
    """Read the numbers of a table; a cell that is empty, `?` or a dash is no answer.

    >>> read_answers("layer,units\\nfc,10\\n", "t.csv")
    (Answer(label='fc', quantity='units', number=10, line=2, step=1),)

    Raises:
        CnncostError: it has no row of headings, a row of another length, or a cell that is no
            whole number.
    """
    lines = list(enumerate(re.sub(NO_SIGNS, "", text).splitlines(), 1))
    for split in (_split_pipes, _split_csv, _split_wide, _split_words, _split_pasted):
        for start, (_, line) in enumerate(lines):
            if MAY_HEAD.search(line) and _find_columns(split(line)):
                rows = [AnswerLine(at, line, split(line)) for at, line in lines[start:]]
                return tuple(_read_rows(rows, name))
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
    return [_clean_cell(cell) for cell in re.split("[ \t]+", line.strip())]


def _split_pasted(line: str) -> list[str]:
    """Split where a web page's spaces stand, which may be of any width."""
    return [_clean_cell(cell) for cell in line.split()]


def _clean_cell(cell: str) -> str:
    """Drop the marks of Markdown's bold and code, and make all spaces plain."""
    return re.sub(WIDE_SPACES, " ", cell).strip().strip("*`").strip()


def _find_columns(cells: list[str]) -> dict[int, AnswerColumn]:
    """Find the columns that count something, by place; none if the first cell does."""
    suffixes = [find_suffix(cell) for cell in cells]
    plain = [re.split(r"[(\[]", cell)[0] if find_suffix(cell) else cell for cell in cells]
    words = [re.sub("[^a-z]", "", cell.lower()) for cell in plain]
    words = [re.sub("^(number|no|num)(of)?", "", word) for word in words]
    found = {
        at: AnswerColumn(quantity, suffixes[at])
        for quantity, headings in HEADINGS.items()
        for at, word in enumerate(words)
        if at and word in headings
    }
    return found if len(cells) > 1 else {}


def _read_rows(rows: list[AnswerLine], name: str) -> Iterable[Answer]:
    """Read the rows below the headings; of what follows an empty line, those that are rows too."""
    head, *below = rows
    columns = _find_columns(head.cells)
    filled = ended = False
    for row in below:
        if not any(re.search(r"[^\W_]", cell) for cell in row.cells):
            ended = ended or (filled and not any(row.cells))  # else a rule between rows
        elif MAY_HEAD.search(row.text) and (found := _find_columns(row.cells)):
            head, columns = row, found  # the headings again
        elif not ended or _has_number(row.cells):  # else words below the table
            filled = True
            cells = _fit_cells(row, head, f"{name}:{row.number}")
            yield from _read_cells(row.number, cells, columns, name)


def _fit_cells(row: AnswerLine, head: AnswerLine, where: str) -> list[str]:
    """Return a row's cells, one for each heading."""
    cells = row.cells
    if len(cells) < len(head.cells):
        cells = _place_wide(row, head)
    if len(cells) != len(head.cells):
        found, wanted = (format_count(len(one), "cell") for one in (cells, head.cells))
        raise CnncostError(f"{where}: {found} below {wanted} of headings", HINT)
    return cells


def _read_cells(
    line: int, cells: list[str], columns: dict[int, AnswerColumn], name: str
) -> Iterable[Answer]:
    for place, column in columns.items():
        written = read_number(cells[place], f"{name}:{line}", column.suffix)
        if written is not None:
            yield Answer(cells[0], column.quantity, written.number, line, written.step)


def _place_wide(row: AnswerLine, head: AnswerLine) -> list[str]:
    """Place the cells of a row below the headings over them, where a cell between is empty."""
    titles = list(re.finditer(WIDE_CELL, head.text))
    if len(titles) != len(head.cells):
        return row.cells
    cells = [""] * len(titles)
    for cell in re.finditer(WIDE_CELL, re.sub(BARS, " ", row.text)):
        above = [
            i for i, x in enumerate(titles) if cell.start() < x.end() and x.start() < cell.end()
        ]
        if len(above) != 1 or cells[above[0]]:
            return row.cells
        cells[above[0]] = _clean_cell(cell[0])
    return cells


def _has_number(cells: list[str]) -> bool:
    """Whether a cell behind the first begins as a number does."""
    return any(re.match("[0-9]", cell) for cell in cells[1:])
