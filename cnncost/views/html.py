"""Write pages as HTML: one file with its style in it, no scripts, and ASCII only."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from cnncost.views.page import Page, Remark, Table, Title

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
        *map(_html_block, page.blocks),
        "</body>\n</html>\n",
    ]
    return "\n".join(lines)


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
