"""The blocks of a suggestion's page, in the order in which they are said."""

from __future__ import annotations

from collections.abc import Sequence

from cnncost.views.page import Remark, Table, Title

ALL = "all of it"
"""The row of a whole plan."""


class PageParts:
    """Collects titles, tables and paragraphs."""

    def __init__(self) -> None:
        self.blocks: list[Title | Table | Remark] = []

    def add_title(self, text: str) -> None:
        """Add a heading for what follows."""
        self.blocks.append(Title(text))

    def add_table(self, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Add a table whose first column wraps on a narrow terminal."""
        bold = [at for at, row in enumerate(rows) if row[0] == ALL]
        self.blocks.append(Table(titles, rows, bold=bold, wraps=True))

    def add_text(self, paragraph: str) -> None:
        """Add a paragraph."""
        self.blocks.append(Remark(paragraph))
