"""What a command prints: a page, records and data, and the writers of all formats."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple, TextIO

from cnncost.errors import CnncostError

MACHINE = ("csv", "tsv", "json")
"""The formats for programs: exact numbers."""


class Title(NamedTuple):
    """The heading of what follows."""

    text: str


class Remark(NamedTuple):
    """A paragraph of its own."""

    text: str


class Table(NamedTuple):
    """Rows of texts under titles; cells are escaped by the writers, not before."""

    titles: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: Collection[int] = (0,)
    """The columns that hold words; the others hold numbers, and stand right."""
    total: Sequence[str] = ()
    """The last row, where the rows add up."""
    caption: Sequence[str] = ()
    """Sentences below the table."""
    about: str = ""
    """How the caption begins in formats that do not print the page's name above."""
    extents: Collection[int] = ()
    """The columns whose cells are extents joined by x."""
    bold: Collection[int] = ()
    """The rows that stand out."""


class Page(NamedTuple):
    """What people read."""

    blocks: Sequence[Title | Table | Remark]
    name: str = ""
    said: str = ""
    """What stands behind the name."""


class Compact(dict[str, object]):
    """Data whose JSON has one line per key, and one line per item of `layers`."""


Write = Callable[[TextIO], None]


class Results(NamedTuple):
    """All that a command can print; each part is made when a writer asks for it."""

    page: Callable[[], Page]
    records: Callable[[], Iterable[Sequence[object]]]
    """For csv and tsv: the header, then one record per line."""
    data: Callable[[], object]
    """For JSON."""
    own: Mapping[str, Write] = {}
    """The formats that the command writes in its own way."""


def _write_terminal(file: TextIO, results: Results) -> None:
    from cnncost.views.grid import write_page

    write_page(file, results.page())


def _write_csv(file: TextIO, results: Results) -> None:
    write_records(file, results.records(), ",")


def _write_tsv(file: TextIO, results: Results) -> None:
    write_records(file, results.records(), "\t")


def _write_json(file: TextIO, results: Results) -> None:
    write_data(file, results.data())


def _write_markdown(file: TextIO, results: Results) -> None:
    from cnncost.views.markdown import page_markdown

    file.write(page_markdown(results.page()))


def _write_latex(file: TextIO, results: Results) -> None:
    from cnncost.views.latex import page_latex

    file.write(page_latex(results.page()))


def _write_html(file: TextIO, results: Results) -> None:
    from cnncost.views.html import page_html

    file.write(page_html(results.page()))


WRITERS: dict[str, Callable[[TextIO, Results], None]] = {
    "table": _write_terminal,
    "csv": _write_csv,
    "tsv": _write_tsv,
    "json": _write_json,
    "markdown": _write_markdown,
    "latex": _write_latex,
    "html": _write_html,
}
"""The writer of each format by its name: `--format` takes these words."""


def write(file: TextIO, results: Results, form: str) -> None:
    """Write the results in one of the formats of `WRITERS`."""
    if own := results.own.get(form):
        own(file)
    else:
        WRITERS[form](file, results)


def refuse_short_numbers(form: str) -> None:
    """Refuse short numbers in a format for programs.

    Raises:
        CnncostError: it is one.
    """
    if form in MACHINE:
        what = "--human is for people: csv, tsv and json hold exact numbers"
        raise CnncostError(what, "drop it, or use --format table or markdown")


def write_records(file: TextIO, records: Iterable[Sequence[object]], separator: str) -> None:
    """Write one line per record, each as soon as it is there."""
    import csv

    csv.writer(file, delimiter=separator, lineterminator="\n").writerows(records)


def write_data(file: TextIO, data: object) -> None:
    """Write JSON."""
    import json

    if not isinstance(data, Compact):
        json.dump(data, file, indent=2)
        file.write("\n")
        return
    entries = {key: json.dumps(value) for key, value in data.items()}
    if isinstance(layers := data["layers"], list) and layers:
        lines = ",\n".join(f"    {json.dumps(layer)}" for layer in layers)
        entries["layers"] = f"[\n{lines}\n  ]"
    file.write("{\n" + ",\n".join(f'  "{key}": {text}' for key, text in entries.items()) + "\n}\n")
