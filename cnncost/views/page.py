"""The results that a command prints: a page for people, records and data for programs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple, TextIO

from cnncost.errors import CnncostError

MACHINE = ("csv", "tsv", "json")
"""The formats for programs, which have exact numbers."""


class Title(NamedTuple):
    """A heading for the blocks that follow."""

    text: str


class Remark(NamedTuple):
    """A paragraph of its own."""

    text: str


class Table(NamedTuple):
    """Rows of texts under titles; only the writers escape cells."""

    titles: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: Collection[int] = (0,)
    """The columns that hold words; the others hold numbers and are right-aligned."""
    total: Sequence[str] = ()
    """The last row, if the rows add up."""
    caption: Sequence[str] = ()
    """Sentences below the table."""
    about: str = ""
    """The beginning of the caption in formats that do not print the page's name above."""
    extents: Collection[int] = ()
    """The columns whose cells are extents joined by x."""
    bold: Collection[int] = ()
    """The rows that stand out."""
    wraps: bool = False
    """Whether the first column wraps on a terminal that is too narrow."""
    narrower: Table | None = None
    """What stands in its place where a line of the terminal or pipe has no room for it."""


class Page(NamedTuple):
    """What people read: a name, and blocks."""

    blocks: Sequence[Title | Table | Remark]
    name: str = ""
    said: str = ""
    """The text behind the name."""


class Compact(dict[str, object]):
    """Data whose JSON has one line per key, and one line per item of `layers`."""


Write = Callable[[TextIO], None]


class Results(NamedTuple):
    """Everything that a command can print; each part is made when a writer asks for it."""

    page: Callable[[], Page]
    records: Callable[[], Iterable[Sequence[object]]]
    """Makes the header and then one record per line, for csv and tsv."""
    data: Callable[[], object]
    """Makes the data for JSON."""
    own: Mapping[str, Write] = {}
    """Writers of the formats that the command writes in its own way."""


def refuse_short_numbers(form: str) -> None:
    """Refuse short numbers in a format for programs.

    Raises:
        CnncostError: the format is for programs.
    """
    if form in MACHINE:
        what = "--human is for people: csv, tsv and json hold exact numbers"
        raise CnncostError(what, "drop it, or use --format table or markdown")
