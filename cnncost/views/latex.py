"""Write pages as LaTeX: numbers right-aligned, captions below; they need the package booktabs."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from cnncost.views.page import Page, Remark, Table, Title

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
}


def escape_latex(text: str) -> str:
    """Escape a text so that LaTeX prints it as it is."""
    return "".join(_SPECIAL.get(character, character) for character in text)


def page_latex(page: Page) -> str:
    """Write a page's blocks; tables in a row share one table environment."""
    parts: list[str] = []
    tables: list[Table] = []
    for block in (*page.blocks, None):
        if isinstance(block, Table):
            tables.append(block)
            continue
        if tables:
            parts.append(_table_environment(tables))
            tables = []
        if block is not None:
            parts.append(_latex_text(block))
    return "\n".join(parts)


def _latex_text(block: Title | Remark) -> str:
    text = _write_arrows(escape_latex(block.text))
    return f"\\subsection*{{{text}}}\n" if isinstance(block, Title) else f"{text}\n"


def _table_environment(tables: Sequence[Table]) -> str:
    """Write a table environment around several tables, with one caption for all."""
    lines = [r"\begin{table}", r"  \centering"]
    for at, table in enumerate(tables):
        lines += [r"  \medskip", ""] if at else []
        lines += _tabular_lines(table)
    said = " ".join(text for table in tables for text in (table.about, *table.caption) if text)
    lines += [rf"  \caption{{{escape_latex(said)}}}"] if said else []
    return "\n".join([*lines, r"\end{table}", ""])


def _tabular_lines(table: Table) -> list[str]:
    columns = range(len(table.titles))
    aligned = "".join("l" if at in table.words else "r" for at in columns)
    total = [r"    \midrule", _latex_row(table.total, ())] if table.total else []
    return [
        rf"  \begin{{tabular}}{{{aligned}}}",
        r"    \toprule",
        _latex_row(table.titles, ()),
        r"    \midrule",
        *[_latex_row(row, table.extents) for row in table.rows],
        *total,
        r"    \bottomrule",
        r"  \end{tabular}",
    ]


def _latex_row(cells: Sequence[str], extents: Collection[int]) -> str:
    texts = [_latex_cell(cell, extents=at in extents) for at, cell in enumerate(cells)]
    return f"    {' & '.join(texts)} \\\\"


def _latex_cell(text: str, *, extents: bool) -> str:
    """Write a cell's text; extents are joined by a times sign: $96 \\times 55 \\times 55$."""
    if extents and text:
        return f"${text.replace('x', ' ' + chr(92) + 'times ')}$"
    return _write_arrows(escape_latex(text))


def _write_arrows(text: str) -> str:
    return text.replace(escape_latex("->"), r"$\to$")
