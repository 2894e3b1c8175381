"""One column of a table: its key, its meaning, and its values."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from cnncost.costs import Report
from cnncost.costs.rows import Row
from cnncost.views.amounts import Value, at_least

Total = Callable[[Report], int]


class Column(NamedTuple):
    """One column: a value for each row, and a total if it adds up."""

    key: str
    text: str
    value: Callable[[Row], Value]
    total: Callable[[Report], int] | None = None
    right: bool = False
    """Whether it is aligned right though it does not add up."""

    @property
    def cell_alignment(self) -> str:
        """The alignment of its cells: r or l."""
        return "r" if self.is_numeric or self.right else "l"

    @property
    def is_numeric(self) -> bool:
        """Whether it adds up, so that shares of its total make sense."""
        return self.total is not None

    def numeric_value(self, row: Row) -> int:
        """Return the value of a column of numbers; a row without one counts as 0."""
        value = self.value(row)
        return value if isinstance(value, int) else 0

    @property
    def title(self) -> str:
        """The title for people."""
        return self.key.removesuffix("_shape").replace("_", " ")

    def total_text(self, report: Report, number: Callable[[Value], str]) -> str:
        """Write the cell in the row of totals."""
        if self.total is None:
            return "total" if self.key == "layer" else ""
        total = self.total(report)
        return number(total if report.complete else at_least(total))
