"""Pages as LaTeX: booktabs, numbers right-aligned, captions below; needs the package booktabs."""

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


def escape(text: str) -> str:
    """A text that LaTeX prints as it is."""
    return "".join(_SPECIAL.get(character, character) for character in text)


def latex(page: Page) -> str:
    """A page's blocks; the tables that stand together are one table environment."""
    parts: list[str] = []
    tables: list[Table] = []
    for block in (*page.blocks, None):
        if isinstance(block, Table):
            tables.append(block)
            continue
        if tables:
            parts.append(_environment(tables))
            tables = []
        if block is not None:
            parts.append(_text(block))
    return "\n".join(parts)


def _text(block: Title | Remark) -> str:
    text = _arrow(escape(block.text))
    return f"\\subsection*{{{text}}}\n" if isinstance(block, Title) else f"{text}\n"


def _environment(tables: Sequence[Table]) -> str:
    """A table environment around several tables; their captions become one."""
    lines = [r"\begin{table}", r"  \centering"]
    for at, table in enumerate(tables):
        lines += [r"  \medskip", ""] if at else []
        lines += _tabular(table)
    said = " ".join(text for table in tables for text in (table.about, *table.caption) if text)
    lines += [rf"  \caption{{{escape(said)}}}"] if said else []
    return "\n".join([*lines, r"\end{table}", ""])


def _tabular(table: Table) -> list[str]:
    columns = range(len(table.titles))
    aligned = "".join("l" if at in table.words else "r" for at in columns)
    total = [r"    \midrule", _line(table.total, ())] if table.total else []
    return [
        rf"  \begin{{tabular}}{{{aligned}}}",
        r"    \toprule",
        _line(table.titles, ()),
        r"    \midrule",
        *[_line(row, table.extents) for row in table.rows],
        *total,
        r"    \bottomrule",
        r"  \end{tabular}",
    ]


def _line(cells: Sequence[str], extents: Collection[int]) -> str:
    texts = [_cell(cell, extents=at in extents) for at, cell in enumerate(cells)]
    return f"    {' & '.join(texts)} \\\\"


def _cell(text: str, *, extents: bool) -> str:
    """A cell's text; extents are joined by a times sign: $96 \\times 55 \\times 55$."""
    if extents and text:
        return f"${text.replace('x', ' ' + chr(92) + 'times ')}$"
    return _arrow(escape(text))


def _arrow(text: str) -> str:
    return text.replace(escape("->"), r"$\to$")
