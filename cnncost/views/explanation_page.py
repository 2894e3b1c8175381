"""The workings of a network's numbers."""

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
from cnncost.views.latex import escape
from cnncost.views.markdown import line
from cnncost.views.page import Page, Remark, Results, Table, Title
from cnncost.views.table_data import SCHEMA_VERSION, convention
from cnncost.views.working import LATEX, WORDS, equation, formula

TITLES = ("quantity", "working", "in words")

FOLD = 100
"""Characters of a line of text at most."""


def results(report: Report, explained: Sequence[Explanation], totals: Sequence[Working]) -> Results:
    """The workings; as text, Markdown and LaTeX they are equations, not tables."""
    return Results(
        page=lambda: _page(report, explained, totals),
        records=lambda: _records(report, explained, totals),
        data=lambda: _data(report, explained, totals),
        own={
            "table": lambda file: _write_text(file, report, explained, totals),
            "markdown": lambda file: _write_markdown(file, report, explained, totals),
            "latex": lambda file: _write_latex(file, report, explained, totals),
        },
    )


def _page(report: Report, explained: Sequence[Explanation], totals: Sequence[Working]) -> Page:
    name = report.network.name
    parts = [(_heading(item), item.workings) for item in explained]
    blocks: list[Title | Table | Remark] = []
    for heading, workings in [*parts, *([(f"{name}, in all", totals)] if totals else [])]:
        rows = [(w.quantity, w.note or equation(w.number), _words(w)) for w in workings]
        blocks += [Title(heading), Table(TITLES, rows, words=range(3))]
    return Page([*blocks, *map(Remark, _convention(report))], name)


def _records(
    report: Report, explained: Sequence[Explanation], totals: Sequence[Working]
) -> Iterator[Sequence[object]]:
    yield "layer", "type", "quantity", "value", "working", "in_words", "note"
    for item in explained:
        for working in item.workings:
            yield *_layer(item), *_entry(working).values()
    for working in totals:
        bounded = working if report.complete else replace(working, note="a lower bound")
        yield "total", "", *_entry(bounded).values()


def _data(
    report: Report, explained: Sequence[Explanation], totals: Sequence[Working]
) -> dict[str, object]:
    layers = []
    for item in explained:
        name, word = _layer(item)
        layers.append({"layer": name, "type": word, "workings": list(map(_entry, item.workings))})
    return {
        "schema_version": SCHEMA_VERSION,
        "name": report.network.name,
        "convention": convention(report),
        "complete": report.complete,
        "layers": layers,
        "totals": list(map(_entry, totals)),
    }


def _layer(item: Explanation) -> tuple[str, str]:
    """The name and the type of an explained layer."""
    assert item.node.layer is not None  # explained nodes are layers
    return item.node.name, item.node.layer.word


def _entry(working: Working) -> dict[str, object]:
    return {
        "quantity": working.quantity,
        "value": int(working.number),
        "working": equation(working.number),
        "in_words": _words(working),
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
        file.write(f"{_heading(item)}\n")
        _write_lines(file, item.workings, width)
        file.write("\n")
    if totals:
        file.write(f"{report.network.name}\n")
        for working in totals:
            file.write(_folded(f"{working.quantity}  {equation(working.number)}", "  ", width))
        file.write("\n")
    for sentence in _convention(report):
        file.write(_folded(sentence, "", width))


def _write_lines(file: TextIO, workings: Sequence[Working], width: int) -> None:
    """Quantity, equation and, where a terminal of `width` has room, the words for it."""
    lines = [(w.quantity, w.note or equation(w.number), _words(w)) for w in workings]
    first = max(len(quantity) for quantity, _, _ in lines)
    second = max(len(equation) for _, equation, _ in lines)
    for quantity, worked, words in lines:
        short = f"  {quantity:{first}}  {worked:{second}}"
        full = f"{short}  {words}"
        file.write((short if width and len(full) > width else full).rstrip() + "\n")


def _folded(text: str, indent: str, width: int) -> str:
    """A long line over several within the terminal's width, the further ones indented."""
    most = min(FOLD, width or FOLD)
    return (
        fill(
            text, most, break_long_words=False, initial_indent=indent, subsequent_indent=indent * 3
        )
        + "\n"
    )


def _words(working: Working) -> str:
    """The formula with names for numbers; nothing where it would say no more."""
    number = working.number
    if not isinstance(number, Term) or working.note:
        return ""
    words = formula(number, WORDS)
    return "" if words == formula(number) else words


def _heading(item: Explanation) -> str:
    node = item.node
    inputs = " + ".join(str(x) for x in node.inputs)
    return f"{node.name}: {node.layer.word}, {inputs} -> {node.output}"


def _convention(report: Report) -> list[str]:
    return [caption.convention(report), *caption.remarks(report)]


def _write_markdown(
    file: TextIO,
    report: Report,
    explained: Sequence[Explanation],
    totals: Sequence[Working],
) -> None:
    for item in explained:
        file.write(f"### {_heading(item)}\n\n")
        file.writelines(map(line, (TITLES, ["---"] * len(TITLES))))
        for working in item.workings:
            worked = working.note or f"`{equation(working.number)}`"
            file.write(line((working.quantity, worked, _words(working))))
        file.write("\n")
    if totals:
        file.write(f"### {report.network.name}\n\n")
        file.writelines(f"- {w.quantity}: `{equation(w.number)}`\n" for w in totals)
        file.write("\n")
    file.write(" ".join(_convention(report)) + "\n")


def _write_latex(
    file: TextIO,
    report: Report,
    explained: Sequence[Explanation],
    totals: Sequence[Working],
) -> None:
    """One align block a layer; needs the package amsmath."""
    for item in explained:
        heading = " $\\to$ ".join(map(escape, _heading(item).split(" -> ")))
        file.write(f"\\paragraph{{{heading}}}\n")
        _write_align(file, item.workings)
    if totals:
        file.write(f"\\paragraph{{{escape(report.network.name)}}}\n")
        _write_align(file, totals)
    file.write(escape(" ".join(_convention(report))) + "\n")


def _write_align(file: TextIO, workings: Sequence[Working]) -> None:
    lines = []
    for working in workings:
        left = rf"\text{{{escape(working.quantity)}}}"
        if working.note:
            lines.append(rf"  {left} &: \text{{{escape(working.note)}}}")
        else:
            lines.append(f"  {left} &= {_broken(equation(working.number, LATEX))}")
    body = " \\\\\n".join(lines)
    file.write(f"\\begin{{align*}}\n{body}\n\\end{{align*}}\n")


TERMS_A_LINE = 6


def _broken(text: str) -> str:
    """A long sum over several lines of the align block."""
    terms = text.split(" + ")
    if len(terms) <= TERMS_A_LINE:
        return text
    lines = [" + ".join(terms[i : i + TERMS_A_LINE]) for i in range(0, len(terms), TERMS_A_LINE)]
    return " \\\\\n    &\\quad + ".join(lines)
