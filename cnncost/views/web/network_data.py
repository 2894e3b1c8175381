"""The data of one network in a web page: its layers with their costs, their workings, the bytes
alive while each runs, and the parts of its figure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from cnncost.costs import Report
from cnncost.costs.memory.inference import find_lives
from cnncost.costs.memory.memory_report import DTYPES
from cnncost.costs.rows import Row, layer_rows
from cnncost.study.explanation import explain_layers
from cnncost.views.amounts import AtLeast, UnknownAmount, Value
from cnncost.views.explanation_page import explanation_results
from cnncost.views.table_column import Column
from cnncost.views.table_columns import COLUMNS, row_label

if TYPE_CHECKING:
    from cnncost.network import Node
    from cnncost.views.draw.figure_nodes import WeightRows
    from cnncost.views.web.page_extent import PageExtent

SAFE = 2**53
"""From here on a script's numbers are not exact: such counts stand as texts."""

PAIRED = ("weights", "parameters", "connections", "time")
"""What two networks side by side show of each layer."""


class ShownNetwork(NamedTuple):
    """A network that a page shows."""

    label: str
    """What stands above its column, beside another network."""
    report: Report
    """Its counts, with footprints, and a time where a device was given."""
    weights: Mapping[int, WeightRows]
    """The weights that its spec gives, by the layer's index."""


class DrawnParts(NamedTuple):
    """The figure of a network, for wide and for narrow pages, and the parts that it shows."""

    pictures: tuple[str, ...]
    parts: tuple[tuple[str, tuple[int, ...]], ...]
    """The name and the nodes of each part, by its number in the picture."""


def list_metrics(report: Report) -> list[Column]:
    """List the columns of costs that a page shows, which are those of `cnncost table`."""
    keys = ["units", "parameters" if report.convention.biases else "weights", "connections"]
    keys += ["time"] if report.time is not None else []
    keys += ["live_bytes"]
    keys += ["saved_bytes"] if report.footprints and report.footprints.memory.saved else []
    return [COLUMNS[key] for key in keys]


def build_metric_data(column: Column) -> dict[str, object]:
    """Make the data of a column: its title, its meaning, and how its values are written."""
    kind = "time" if column.key == "time" else "bytes" if column.key.endswith("bytes") else "count"
    return {
        "key": column.key,
        "title": column.title,
        "text": column.text,
        "kind": kind,
        "adds": column.key != "live_bytes",
        "paired": column.key in PAIRED,
    }


def build_network_data(
    shown: ShownNetwork,
    metrics: Sequence[Column],
    drawn: DrawnParts,
    extent: PageExtent,
    listed: Collection[int] | None,
) -> dict[str, object]:
    """Make the data of a network; of its layers only those `listed`, by their index, if any are."""
    report, words = shown.report, _Words()
    rows = layer_rows(report, every=True)
    nodes = [count.node for count in report.layers]
    layers = [
        _layer_entry(node, row, metrics, words)
        for node, row in zip(nodes, rows, strict=True)
        if listed is None or node.index in listed
    ]
    return {
        "name": report.network.name,
        "label": shown.label,
        "words": words.list,
        "inputs": [[node.index, node.name, str(node.output)] for node in report.network.inputs],
        "layers": layers,
        "totals": {column.key: _total_entry(column, report) for column in metrics},
        "complete": report.complete,
        "workings": _list_workings(report, extent, words),
        "lives": _build_lives(report) if listed is None else None,
        "parts": [[name, list(members)] for name, members in drawn.parts],
    }


class _Words:
    """Texts that occur often, each with a number."""

    def __init__(self) -> None:
        self.list: list[str] = []
        self._places: dict[str, int] = {}

    def find_place(self, text: str) -> int:
        """Return the number of a text."""
        if text not in self._places:
            self._places[text] = len(self.list)
            self.list.append(text)
        return self._places[text]


def encode_amount(value: Value) -> int | str | None:
    """Encode a cell: `?` if it is unknown, None if there is none; what a script's numbers do not
    hold exactly is a text.

    >>> encode_amount(96), encode_amount(2**53), encode_amount(UnknownAmount(0))
    (96, '9007199254740992', '?')
    """
    if value is None or isinstance(value, UnknownAmount):
        return None if value is None else "?"
    assert isinstance(value, int)  # the columns of costs have no others
    return int(value) if value < SAFE else str(int(value))


def _layer_entry(node: Node, row: Row, metrics: Sequence[Column], words: _Words) -> list[object]:
    """Make a layer's entry: its index, label, type, shapes, whether it is counted, its costs."""
    inputs = " + ".join(str(x) for x in node.inputs)
    texts = [words.find_place(text) for text in (row.word, inputs, str(node.output))]
    amounts = [encode_amount(column.value(row)) for column in metrics]
    return [node.index, row_label(row), *texts, int(row.counted), *amounts]


def _total_entry(column: Column, report: Report) -> list[object]:
    """Make a total's entry: its amount, and whether it is a lower bound."""
    assert column.total is not None  # each of these adds up, or has a peak
    amount = column.total(report)
    return [encode_amount(int(amount)), isinstance(amount, AtLeast) or not report.complete]


def _list_workings(
    report: Report, extent: PageExtent, words: _Words
) -> dict[int, list[list[int]]] | None:
    """List the lines that `cnncost explain` prints, by the layer's index: quantity, working and, if
    they say more, words."""
    if extent.workings == "none":
        return None
    explained = explain_layers(report, every=extent.workings == "all")
    found: dict[int, list[list[int]]] = {}
    for item in explained:
        keys, *records = explanation_results(report, [item], ()).records()
        lines = [dict(zip(keys, map(str, record), strict=True)) for record in records]
        found[item.node.index] = [
            list(map(words.find_place, (line["quantity"], line["note"] or line["working"],
                                        line["in_words"])))
            for line in lines
        ]  # fmt: skip
    return found


def _build_lives(report: Report) -> dict[str, object]:
    """Make the data of what is alive at each step: until when and how large each node's output is,
    -1 where it is stored in another's place; and what lives during one step alone."""
    scale = report.footprints
    assert scale is not None  # a page's report has footprints
    lives = find_lives(report.network, batch=scale.batch, size=DTYPES[scale.dtype])
    ends = zip(lives.base, lives.last, strict=True)
    return {
        "last": [end if base == i else -1 for i, (base, end) in enumerate(ends)],
        "sizes": [encode_amount(size) for size in lives.sizes],
        "scratch": {i: encode_amount(size) for i, size in enumerate(lives.scratch) if size},
    }
