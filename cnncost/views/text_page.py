"""Write pages of text in the terminal: headings, paragraphs, and names beside their meanings."""

from __future__ import annotations

from collections.abc import Sequence
from shutil import get_terminal_size
from textwrap import wrap
from typing import TextIO

WIDEST = 100
"""The most characters of a line."""


class TextPage:
    """Lines wrapped to the width of the terminal, or of 80 columns in a pipe.

    On a terminal headings are bold and examples coloured; elsewhere all is plain.
    """

    def __init__(self, file: TextIO) -> None:
        self.file = file
        self.width = min(get_terminal_size().columns, WIDEST)
        self._lines: list[tuple[str, str]] = []
        """The style and the text of each line."""

    def add_blank(self) -> None:
        self._lines.append(("", ""))

    def add_heading(self, text: str) -> None:
        """Add a heading between blank lines."""
        if self._lines:
            self.add_blank()
        self._lines.append(("bold", text))
        self.add_blank()

    def add_paragraph(self, text: str) -> None:
        """Add a paragraph."""
        self._add_wrapped(text, "", "")

    def add_code(self, text: str) -> None:
        """Add lines as they are, indented."""
        self._lines += [("cyan", f"  {line}") for line in text.splitlines()]

    def add_item(self, name: str, texts: Sequence[str], column: int) -> None:
        """Add a name, with its texts in a column beside it."""
        hang = " " * column
        beside = f"  {name}  ".ljust(column)
        for text in texts:
            if len(beside) > column:  # too long a name has its line alone
                self._lines.append(("", beside.rstrip()))
                beside = hang
            self._add_wrapped(text, beside, hang)
            beside = hang

    def write_lines(self) -> None:
        """Print the page."""
        if not self.file.isatty():
            self.file.writelines(f"{text}\n" for _, text in self._lines)
            return
        from rich.text import Text

        from cnncost.views.grid import plain_console

        target = plain_console(self.file)
        for style, text in self._lines:
            target.print(Text(text, style), soft_wrap=True)

    def _add_wrapped(self, text: str, first: str, hang: str) -> None:
        width = max(self.width, len(hang) + 20)
        wrapped = wrap(text, width, initial_indent=first, subsequent_indent=hang,
                       break_long_words=False, break_on_hyphens=False)  # fmt: skip
        self._lines += [("", line.rstrip()) for line in wrapped]
