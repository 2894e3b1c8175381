"""A page in the languages of markup: Markdown, LaTeX and HTML."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from cnncost.views.latex_width import describe_width
from cnncost.views.page import Page, Remark, Table, Title

# Write pages as Markdown: numbers right-aligned, captions below their tables


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


# Write pages as LaTeX: numbers right-aligned, captions below

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
    """Write a page's blocks; tables in a row share one table environment, with a label by the
    page's name. Comments say what the document needs, and whether the tables fit a column."""
    parts: list[str] = []
    label = "-".join(re.findall(r"[a-z0-9]+", page.name.lower()))
    tables: list[Table] = []
    for block in (*page.blocks, None):
        if isinstance(block, Table):
            tables.append(block)
            continue
        if tables:
            parts.append(_table_environment(tables, label))
            tables, label = [], ""
        if block is not None:
            parts.append(_latex_text(block))
    return "\n".join(parts)


def _latex_text(block: Title | Remark) -> str:
    text = _write_arrows(escape_latex(block.text))
    return f"\\subsection*{{{text}}}\n" if isinstance(block, Title) else f"{text}\n"


def _table_environment(tables: Sequence[Table], label: str) -> str:
    """Write a table environment around several tables, with one caption for all."""
    comments = [r"% Needs \usepackage{booktabs}.", f"% {describe_width(tables)}"]
    lines = [*comments, r"\begin{table}", r"  \centering"]
    for at, table in enumerate(tables):
        lines += [r"  \medskip", ""] if at else []
        lines += _tabular_lines(table)
    said = " ".join(text for table in tables for text in (table.about, *table.caption) if text)
    lines += [rf"  \caption{{{escape_latex(said)}}}"] if said else []
    lines += [rf"  \label{{tab:{label}}}"] if said and label else []
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


# Write pages as HTML: one file with its style in it, no scripts, and ASCII only

_STYLE = """\
body { font-family: sans-serif; margin: 2em auto; max-width: 80em; padding: 0 1em; }
table { border-bottom: 2px solid; border-collapse: collapse; border-top: 2px solid; margin: 1em 0; }
th, td { padding: 0.2em 0.8em; text-align: left; vertical-align: bottom; }
thead th { border-bottom: 1px solid; }
tfoot td { border-top: 1px solid; font-weight: bold; }
.number { font-variant-numeric: tabular-nums; text-align: right; }
.bold { font-weight: bold; }
caption { caption-side: bottom; padding: 0.6em 0; text-align: left; }
"""


def page_html(page: Page) -> str:
    """Write a whole document; characters outside ASCII stand as references."""
    titles = [block.text for block in page.blocks if isinstance(block, Title)]
    lines = [
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        f"<title>{escape_html(page.name or (titles or ['cnncost'])[0])}</title>",
        f"<style>\n{_STYLE}</style>\n</head>\n<body>",
        *([f"<h1>{escape_html(page.name)}</h1>"] if page.name else []),
        *([f"<p>{escape_html(page.said)}</p>"] if page.said else []),
        blocks_html(page),
        "</body>\n</html>\n",
    ]
    return "\n".join(lines)


def blocks_html(page: Page) -> str:
    """Write the blocks of a page alone, to stand in another document."""
    return "\n".join(map(_html_block, page.blocks))


def escape_html(text: str) -> str:
    """Escape a text so that a browser shows it as it is.

    >>> escape_html("<b> & \u00e9")
    '&lt;b&gt; &amp; &#233;'
    """
    from html import escape as escape_marks

    return escape_marks(text).encode("ascii", "xmlcharrefreplace").decode()


def _html_block(block: Title | Table | Remark) -> str:
    if isinstance(block, Table):
        return _html_table(block)
    tag = "h2" if isinstance(block, Title) else "p"
    return f"<{tag}>{escape_html(block.text)}</{tag}>"


def _html_table(table: Table) -> str:
    lines = ["<table>"]
    if said := " ".join(table.caption):
        lines.append(f"<caption>{escape_html(said)}</caption>")
    lines += ["<thead>", _html_row(table.titles, table.words, "th"), "</thead>", "<tbody>"]
    for at, row in enumerate(table.rows):
        lines.append(_html_row(row, table.words, "td", bold=at in table.bold))
    lines.append("</tbody>")
    if table.total:
        lines += ["<tfoot>", _html_row(table.total, table.words, "td"), "</tfoot>"]
    return "\n".join([*lines, "</table>"])


def _html_row(cells: Sequence[str], words: Collection[int], tag: str, *, bold: bool = False) -> str:
    texts = [
        f"{_open_tag(tag, '' if at in words else 'number')}{escape_html(cell)}</{tag}>"
        for at, cell in enumerate(cells)
    ]
    return f"{_open_tag('tr', 'bold' if bold else '')}{''.join(texts)}</tr>"


def _open_tag(tag: str, kind: str) -> str:
    return f'<{tag} class="{kind}">' if kind else f"<{tag}>"
