"""Tables as LaTeX: booktabs, numbers right-aligned, the convention in the caption."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cnncost.costs import Report
from cnncost.costs.rows import Row
from cnncost.views import caption
from cnncost.views.columns import Column, Value, labelled

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


def latex(
    report: Report,
    rows: Sequence[Row],
    columns: Sequence[Column],
    number: Callable[[Value], str],
) -> str:
    """A table environment; needs the package booktabs."""
    spec = "".join(column.aligned for column in columns)
    header = _line([escape(column.title) for column in columns])
    body = [_line([_cell(row, column, number) for column in columns]) for row in rows]
    total = _line([column.total_text(report, number) for column in columns])
    about = f"{report.network.name}, {caption.inputs(report)}."
    said = " ".join([about, caption.convention(report), *caption.remarks(report)])
    if report.footprints is not None:
        said += f" {caption.memory(report, report.footprints)}"
    return "\n".join(
        [
            r"\begin{table}",
            r"  \centering",
            rf"  \begin{{tabular}}{{{spec}}}",
            r"    \toprule",
            header,
            r"    \midrule",
            *body,
            r"    \midrule",
            total,
            r"    \bottomrule",
            r"  \end{tabular}",
            rf"  \caption{{{escape(said)}}}",
            r"\end{table}",
            "",
        ]
    )


def environment(tables: Sequence[tuple[str, Sequence[Sequence[str]]]], said: str) -> str:
    """A table environment around several tables, each its columns' alignment and its
    escaped lines, the header first; `said` becomes the caption."""
    lines = [r"\begin{table}", r"  \centering"]
    for i, (spec, (header, *body)) in enumerate(tables):
        lines += [r"  \medskip", ""] if i else []
        lines += [rf"  \begin{{tabular}}{{{spec}}}", r"    \toprule", _line(header)]
        lines += [r"    \midrule", *map(_line, body), r"    \bottomrule", r"  \end{tabular}"]
    return "\n".join([*lines, rf"  \caption{{{escape(said)}}}", r"\end{table}", ""])


def _line(cells: Sequence[str]) -> str:
    return f"    {' & '.join(cells)} \\\\"


def _cell(row: Row, column: Column, number: Callable[[Value], str]) -> str:
    if column.key == "layer":
        return escape(labelled(row))
    text = number(column.value(row))
    if column.key.endswith("_shape") or column.key in ("kernel", "stride", "padding", "dilation"):
        # Extents are joined by a times sign: $96 \times 55 \times 55$.
        return f"${text.replace('x', ' ' + chr(92) + 'times ')}$" if text else ""
    return escape(text)
