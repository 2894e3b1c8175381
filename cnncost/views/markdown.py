"""Write pages as Markdown: numbers right-aligned, captions below their tables."""

from __future__ import annotations

from collections.abc import Sequence

from cnncost.views.page import Page, Remark, Table, Title


def page_markdown(page: Page) -> str:
    """Write the blocks of a page, separated by blank lines."""
    return "\n".join(_markdown_block(block) for block in page.blocks)


def _markdown_block(block: Title | Table | Remark) -> str:
    if isinstance(block, Table):
        return _markdown_table(block)
    return f"## {block.text}\n" if isinstance(block, Title) else f"{block.text}\n"


def _markdown_table(table: Table) -> str:
    ruler = ["---" if at in table.words else "---:" for at in range(len(table.titles))]
    lines = [table.titles, ruler, *table.rows]
    if table.total:
        lines.append([f"**{text}**" if text else "" for text in table.total])
    said = " ".join([table.about, *table.caption]).strip()
    return "".join(map(markdown_row, lines)) + (f"\n{said}\n" if said else "")


def markdown_row(cells: Sequence[str]) -> str:
    """Write a table's line; line ends and bars in cells are escaped."""
    escaped = [cell.replace("|", "\\|").replace("\n", " ") for cell in cells]
    return f"| {' | '.join(escaped)} |\n"
