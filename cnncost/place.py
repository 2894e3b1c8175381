"""Where in a spec something stands: spans of characters, and their lines and columns."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from typing import NamedTuple

from cnncost.errors import make_printable


class Place(NamedTuple):
    """A span of the spec's text, as character offsets: `text[start:end]`."""

    start: int
    end: int


class Source:
    """A spec's text and the name that its messages carry."""

    def __init__(self, name: str, text: str) -> None:
        self.name = make_printable(name)
        self.base = make_printable(name.replace("\\", "/").rpartition("/")[2])
        """The name without folders."""
        self.text = text
        self._starts: array[int] | None = None

    def line_column(self, offset: int) -> tuple[int, int]:
        """Return the line and column of a character, both counted from 1."""
        if self._starts is None:
            self._starts = _line_starts(self.text)
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def locate_offset(self, offset: int) -> str:
        """Write the place of a character as `FILE:LINE:COLUMN`."""
        line, column = self.line_column(offset)
        return f"{self.name}:{line}:{column}"

    def read_span(self, place: Place) -> str:
        """Return the characters of a span."""
        return self.text[place.start : place.end]


def _line_starts(text: str) -> array[int]:
    """Return the offset of each line's first character, by YAML's line breaks."""
    starts = array("q", [0])
    starts.extend(match.end() for match in re.finditer("\r\n|[\n\r\x85\u2028\u2029]", text))
    return starts
