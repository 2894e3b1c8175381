"""Write the workings of a network's numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from shutil import get_terminal_size
from textwrap import fill
from typing import TextIO

from cnncost.costs import Report
from cnncost.study.explanation import Explanation, Working
from cnncost.term import Term
from cnncost.views import caption
from cnncost.views.markup import escape_latex, markdown_row
from cnncost.views.page import Page, Remark, Results, Table, Title
from cnncost.views.table_data import SCHEMA_VERSION, convention_data
from cnncost.views.working import LATEX, WORDS, equation_text, formula_text

TITLES = ("quantity", "working", "in words")

FOLD = 100
"""The most characters of a line of text."""


def explanation_results(
    report: Report, explained: Sequence[Explanation], totals: Sequence[Working]
) -> Results:
    """Make the results; text, Markdown and LaTeX have equations instead of tables."""
    return Results(
        page=lambda: _build_page(report, explained, totals),
        records=lambda: _build_records(report, explained, totals),
        data=lambda: _build_data(report, explained, totals),
        own={
            "table": lambda file: _write_text(file, report, explained, totals),
            "markdown": lambda file: _write_markdown(file, report, explained, totals),
            "latex": lambda file: _write_latex(file, report, explained, totals),
        },
    )


def _build_page(
    report: Report, explained: Sequence[Explanation], totals: Sequence[Working]
) -> Page:
    name = report.network.name
    parts = [(_layer_heading(item), item.workings) for item in explained]
    blocks: list[Title | Table | Remark] = []
    for heading, workings in [*parts, *([(f"{name}, in all", totals)] if totals else [])]:
        rows = [(w.quantity, w.note or equation_text(w.number), _word_formula(w)) for w in workings]
        blocks += [Title(heading), Table(TITLES, rows, words=range(3))]
    return Page([*blocks, *map(Remark, _convention_lines(report))], name)


def _build_records(
    report: Report, explained: Sequence[Explanation], totals: Sequence[Working]
) -> Iterator[Sequence[object]]:
    yield "layer", "type", "quantity", "value", "working", "in_words", "note"
    for item in explained:
        for working in item.workings:
            yield *_layer_names(item), *_working_entry(working).values()
    for working in totals:
        bounded = working if report.complete else replace(working, note="a lower bound")
        yield "total", "", *_working_entry(bounded).values()


def _build_data(
    report: Report, explained: Sequence[Explanation], totals: Sequence[Working]
) -> dict[str, object]:
    layers = []
    for item in explained:
        name, word = _layer_names(item)
        layers.append(
            {"layer": name, "type": word, "workings": list(map(_working_entry, item.workings))}
        )
    return {
        "schema_version": SCHEMA_VERSION,
        "name": report.network.name,
        "convention": convention_data(report),
        "complete": report.complete,
        "layers": layers,
        "totals": list(map(_working_entry, totals)),
    }


def _layer_names(item: Explanation) -> tuple[str, str]:
    """Return the name and the type of an explained layer."""
    return item.node.name, item.node.layer.word


def _working_entry(working: Working) -> dict[str, object]:
    return {
        "quantity": working.quantity,
        "value": int(working.number),
        "working": equation_text(working.number),
        "in_words": _word_formula(working),
        "note": working.note,
    }


def _write_text(
    file: TextIO,
    report: Report,
    explained: Sequence[Explanation],
    totals: Sequence[Working],
) -> None:
    width = get_terminal_size().columns if file.isatty() else 0
    for item in explained:
        file.write(f"{_layer_heading(item)}\n")
        _write_lines(file, item.workings, width)
        file.write("\n")
    if totals:
        file.write(f"{report.network.name}\n")
        for working in totals:
            file.write(
                _fold_line(f"{working.quantity}  {equation_text(working.number)}", "  ", width)
            )
        file.write("\n")
    for sentence in _convention_lines(report):
        file.write(_fold_line(sentence, "", width))


def _write_lines(file: TextIO, workings: Sequence[Working], width: int) -> None:
    """Write the quantity, the equation and, if a terminal of `width` has room, its words."""
    lines = [(w.quantity, w.note or equation_text(w.number), _word_formula(w)) for w in workings]
    first = max(len(quantity) for quantity, _, _ in lines)
    second = max(len(equation) for _, equation, _ in lines)
    for quantity, worked, words in lines:
        short = f"  {quantity:{first}}  {worked:{second}}"
        full = f"{short}  {words}"
        file.write((short if width and len(full) > width else full).rstrip() + "\n")


def _fold_line(text: str, indent: str, width: int) -> str:
    """Break a line that is wider than the terminal; further lines are indented."""
    most = min(FOLD, width or FOLD)
    return (
        fill(
            text, most, break_long_words=False, initial_indent=indent, subsequent_indent=indent * 3
        )
        + "\n"
    )


def _word_formula(working: Working) -> str:
    """Write the formula with names for its numbers; empty if that says no more."""
    number = working.number
    if not isinstance(number, Term) or working.note:
        return ""
    words = formula_text(number, WORDS)
    return "" if words == formula_text(number) else words


def _layer_heading(item: Explanation) -> str:
    node = item.node
    inputs = " + ".join(str(x) for x in node.inputs)
    return f"{node.name}: {node.layer.word}, {inputs} -> {node.output}"


def _convention_lines(report: Report) -> list[str]:
    return [caption.convention_text(report.convention), *caption.list_remarks(report)]


def _write_markdown(
    file: TextIO,
    report: Report,
    explained: Sequence[Explanation],
    totals: Sequence[Working],
) -> None:
    for item in explained:
        file.write(f"### {_layer_heading(item)}\n\n")
        file.writelines(map(markdown_row, (TITLES, ["---"] * len(TITLES))))
        for working in item.workings:
            worked = working.note or f"`{equation_text(working.number)}`"
            file.write(markdown_row((working.quantity, worked, _word_formula(working))))
        file.write("\n")
    if totals:
        file.write(f"### {report.network.name}\n\n")
        file.writelines(f"- {w.quantity}: `{equation_text(w.number)}`\n" for w in totals)
        file.write("\n")
    file.write(" ".join(_convention_lines(report)) + "\n")


def _write_latex(
    file: TextIO,
    report: Report,
    explained: Sequence[Explanation],
    totals: Sequence[Working],
) -> None:
    """Write one align block per layer."""
    file.write("% Needs \\usepackage{amsmath}.\n")
    for item in explained:
        heading = " $\\to$ ".join(map(escape_latex, _layer_heading(item).split(" -> ")))
        file.write(f"\\paragraph{{{heading}}}\n")
        _write_align(file, item.workings)
    if totals:
        file.write(f"\\paragraph{{{escape_latex(report.network.name)}}}\n")
        _write_align(file, totals)
    file.write(escape_latex(" ".join(_convention_lines(report))) + "\n")


def _write_align(file: TextIO, workings: Sequence[Working]) -> None:
    lines = []
    for working in workings:
        left = rf"\text{{{escape_latex(working.quantity)}}}"
        if working.note:
            lines.append(rf"  {left} &: \text{{{escape_latex(working.note)}}}")
        else:
            lines.append(f"  {left} &= {_break_sum(equation_text(working.number, LATEX))}")
    body = " \\\\\n".join(lines)
    file.write(f"\\begin{{align*}}\n{body}\n\\end{{align*}}\n")


TERMS_A_LINE = 6


def _break_sum(text: str) -> str:
    """Break a long sum into several lines of the align block."""
    terms = text.split(" + ")
    if len(terms) <= TERMS_A_LINE:
        return text
    lines = [" + ".join(terms[i : i + TERMS_A_LINE]) for i in range(0, len(terms), TERMS_A_LINE)]
    return " \\\\\n    &\\quad + ".join(lines)
