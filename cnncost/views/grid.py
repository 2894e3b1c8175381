"""Write a table in the terminal: aligned cells that are never cut, and text below."""

from __future__ import annotations

import io
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, NamedTuple, TextIO

from cnncost.views.page import Page, Remark, Table, Title

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table as RichTable

PADDING = 2
"""The number of blanks behind a cell."""

GAP = PADDING + 1
"""Blanks between two columns: the padding and the box's own divider."""

LEAST_WRAPPED = 16
"""The fewest characters that a column is wrapped to."""

TEXT_WIDTH = 100
"""The most characters of a line of a caption."""

PIPED_WIDTH = 120
"""The width that a pipe or file is assumed to have."""


_PLAIN_RULE = "    \n    \n -- \n    \n    \n    \n    \n    \n"
"""Rich's box SIMPLE_HEAD, whose one line stands under the titles, in ASCII."""


class _Line(NamedTuple):
    cells: Sequence[str]
    style: str


class Grid:
    """Rows of cells under a header; numeric columns stand right.

    A grid wider than the terminal runs over its edge: no cell is cut, or wrapped unless the first
    column `wraps`.
    """

    def __init__(
        self,
        titles: Sequence[str],
        *,
        numeric: Collection[int],
        title: tuple[str, str] = ("", ""),
        stacked: bool = False,
        wraps: bool = False,
    ) -> None:
        self.titles = [text.replace(" ", "\n") for text in titles] if stacked else titles
        """The title of each column; if stacked, with one line per word."""
        self.stacked = stacked
        self.wraps = wraps
        """Whether the first column wraps where the terminal is too narrow for whole lines."""
        self.numeric = numeric
        self.title = title
        """A name, and the text behind it."""
        self.plain = False
        """Whether the rule under the titles is ASCII."""
        self.lines: list[_Line | None] = []

    def add_row(self, *cells: str, style: str = "") -> None:
        self.lines.append(_Line(cells, style))

    def add_section(self) -> None:
        """Leave a gap before the next row."""
        self.lines.append(None)

    def write_grid(self, file: TextIO, caption: Sequence[str] = ()) -> None:
        """Print the grid and, below it, paragraphs of text."""
        target = plain_console(file)
        self.plain = target.options.ascii_only
        if self.wraps and target.is_terminal:
            self._wrap_first_column(target.width)
        room, target.width = target.width, max(target.width, self.total_width())
        if target.is_terminal:
            self._print_to(target, caption, room)
            return
        buffer = io.StringIO()
        target.file = buffer
        self._print_to(target, caption, room)
        file.writelines(f"{line.rstrip()}\n" for line in buffer.getvalue().splitlines())

    def total_width(self) -> int:
        """Count the characters of a whole line: columns, gaps, a blank at either edge."""
        widths = self.column_widths()
        return sum(widths) + GAP * (len(widths) - 1) + 2

    def column_widths(self) -> list[int]:
        """Count the characters that each column needs."""
        rows = [line.cells for line in self.lines if line]
        columns = zip(self.titles, *rows, strict=True)
        return [max(map(len, (*title.split("\n"), *cells))) for title, *cells in columns]

    def _wrap_first_column(self, width: int) -> None:
        """Wrap the first column so that lines fit, and the titles before it.

        The other cells stand beside the first line of what is wrapped.
        """
        from textwrap import wrap

        if self.total_width() > width:
            self.titles = [text.replace(" ", "\n") for text in self.titles]
        first, *_ = self.column_widths()
        room = max(LEAST_WRAPPED, first - max(0, self.total_width() - width))
        if room >= first:
            return
        lines: list[_Line | None] = []
        for line in self.lines:
            cells = line.cells if line else ()
            parts = wrap(cells[0], room, subsequent_indent="   ") if cells else []
            rest = [[*cells[1:]], *([""] * (len(cells) - 1) for _ in parts[1:])]
            pairs = zip(parts, rest, strict=False)
            style = line.style if line else ""
            lines += [_Line([part, *own], style) for part, own in pairs] or [line]
        self.lines = lines

    def _print_to(self, target: Console, caption: Sequence[str], room: int) -> None:
        """Print the table, as wide as it is, and its text in a terminal's `room`."""
        target.print(self._rich_table(), crop=False)
        target.width = room
        _print_texts(target, caption)

    def _rich_table(self) -> RichTable:
        from rich import box
        from rich.table import Table as RichTable
        from rich.text import Text

        name, about = self.title
        table = RichTable(
            title=Text.assemble(" ", (name, "bold"), "  ", about) if name else None,
            title_justify="left",
            title_style="",
            box=box.Box(_PLAIN_RULE, ascii=True) if self.plain else box.SIMPLE_HEAD,
            pad_edge=False,
            padding=(0, PADDING, 0, 0),
            header_style="bold",
        )
        for i, (title, width) in enumerate(zip(self.titles, self.column_widths(), strict=True)):
            table.add_column(
                title,
                justify="right" if i in self.numeric else "left",
                min_width=width,
                no_wrap=True,
                vertical="bottom",
                style="" if title or i == 0 else "cyan",
            )
        for line in self.lines:
            if line is None:
                table.add_section()
            else:
                table.add_row(*line.cells, style=line.style)
        return table


def write_page(file: TextIO, page: Page) -> None:
    """Print a page: its name and titles stand above the tables and paragraphs that follow."""
    title, parted = (page.name, page.said), False
    for block in page.blocks:
        if isinstance(block, Title):
            title = (block.text, "")
            continue
        if isinstance(block, Table):
            file.write("\n" if parted and title[0] else "")
            _write_fitting(file, block, title)
        else:
            write_paragraphs(file, [*(["", title[0], ""] if title[0] else []), block.text])
        title, parted = ("", ""), isinstance(block, Remark)


def _write_fitting(file: TextIO, table: Table, title: tuple[str, str]) -> None:
    """Print a table, or the first narrower one that fits; the narrowest if none does."""
    grid = _table_grid(table, title)
    while table.narrower is not None and grid.total_width() > line_room(file):
        table = table.narrower
        grid = _table_grid(table, title)
    grid.write_grid(file, table.caption)


def _table_grid(table: Table, title: tuple[str, str]) -> Grid:
    numeric = [at for at in range(len(table.titles)) if at not in table.words]
    grid = Grid(table.titles, numeric=numeric, title=title, wraps=table.wraps)
    for at, row in enumerate(table.rows):
        grid.add_row(*row, style="bold" if at in table.bold else "")
    if table.total:
        grid.add_section()
        grid.add_row(*table.total, style="bold")
    return grid


def write_paragraphs(file: TextIO, texts: Sequence[str]) -> None:
    """Print text as it stands under a grid, wrapped to the line's width."""
    target = plain_console(file)
    if target.is_terminal:
        _print_texts(target, texts)
        return
    buffer = io.StringIO()
    target.file = buffer
    _print_texts(target, texts)
    file.writelines(f"{line.rstrip()}\n" for line in buffer.getvalue().splitlines())


def _print_texts(target: Console, texts: Sequence[str]) -> None:
    from rich.padding import Padding

    width = min(target.width, TEXT_WIDTH)
    for text in texts:
        target.print(Padding(text, (0, 0, 0, 1)), width=width)


def plain_console(file: TextIO) -> Console:
    """Make a console that prints text as it is: no markup, no emoji, no guessed colours."""
    from rich.console import Console

    # In a notebook Rich would show what it prints, besides writing it to the file.
    return Console(file=file, highlight=False, markup=False, emoji=False, force_jupyter=False)


def line_room(file: TextIO) -> int:
    """Return how many characters a line of this output has room for."""
    target = plain_console(file)
    return target.width if target.is_terminal else max(target.width, PIPED_WIDTH)


def ascii_only(file: TextIO) -> bool:
    """Whether the output's encoding lacks the characters of bars."""
    return plain_console(file).options.ascii_only
