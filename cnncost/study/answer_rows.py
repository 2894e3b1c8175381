"""Which layer of a network each row of a filled-in table is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from cnncost.costs.count import LayerCount, Report
from cnncost.errors import CnncostError, find_nearest, quote_text
from cnncost.formats.answer_table import Answer

TOTALS = ("total", "totals", "sum")
"""What a table may call its row of totals."""

KINDS = {"conv": ("convolution", "conv"), "dense": ("fullyconnected", "dense", "fc", "linear")}
"""For a layer type, what a table may call it before the number of such a layer."""


class AnsweredRows:
    """The layers of a network by the labels of a table: by name, else as `Convolution Layer 2`."""

    def __init__(self, report: Report) -> None:
        self.network = report.network.name
        self.names = [row.name for row in report.layers if row.counted]
        self.exact = {row.name: row for row in report.layers}
        self.plain: dict[str, list[LayerCount]] = {}
        for row in report.layers:
            self.plain.setdefault(_plain_label(row.name), []).append(row)
        self.kinds = {
            word: [row for row in report.layers if row.word == kind]
            for kind, words in KINDS.items()
            for word in words
        }

    def find(self, label: str, line: int) -> LayerCount | None:
        """Return the layer that a row's label names; None for the total.

        Raises:
            CnncostError: it names no layer, or may be several.
        """
        if label in self.exact and label != TOTALS[0]:
            return self.exact[label]
        bare = label.partition(" (")[0]  # without a remark such as (frozen)
        word = _plain_label(bare)
        if word in TOTALS:
            return None
        found = self.plain.get(word) or self._find_numbered(word)
        if bare in self.exact:
            return self.exact[bare]
        if len(found) != 1:
            raise self._refuse_label(bare, line, [row.name for row in found])
        return found[0]

    def _find_numbered(self, word: str) -> list[LayerCount]:
        """Find the layer of a label such as `convolution2`, the second convolution."""
        match = re.fullmatch(r"([a-z]+)([0-9]{1,6})", word)
        if match is None or not int(match[2]):
            return []
        number = int(match[2])
        return self.kinds.get(match[1], [])[number - 1 : number]

    def _refuse_label(self, label: str, line: int, found: Sequence[str]) -> CnncostError:
        row = f"the table's row {quote_text(label)} (line {line})"
        if found:
            known = ", ".join(found[:4])
            return CnncostError(f"{row} may be {known} of {self.network}", "write the layer's name")
        what = f"{row} names no layer of {self.network}"
        close = find_nearest(label, self.exact)
        known = ", ".join(self.names[:12]) + (", ..." if len(self.names) > 12 else "")
        return CnncostError(
            what, f"did you mean {close!r}?" if close else f"its layers are {known}"
        )


def find_rows(report: Report, answers: Iterable[Answer]) -> list[LayerCount | None]:
    """Find each answer's layer; None for the total.

    Raises:
        CnncostError: a row names no layer of the network, or two rows are of one layer.
    """
    rows = AnsweredRows(report)
    lines: dict[str | None, int] = {}
    found: dict[int, LayerCount | None] = {}
    for answer in answers:
        if answer.line in found:
            continue
        row = found[answer.line] = rows.find(answer.label, answer.line)
        name = row.name if row else None
        if name in lines:
            what = f"lines {lines[name]} and {answer.line} of the table are both"
            what = f"{what} {name or 'the total'}"
            raise CnncostError(what, "keep one row for each layer")
        lines[name] = answer.line
    return [found[answer.line] for answer in answers]


def _plain_label(text: str) -> str:
    return re.sub("[^a-z0-9]", "", text[:200].lower()).replace("layer", "")
