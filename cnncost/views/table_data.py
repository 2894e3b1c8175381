"""Write tables for programs as records and data, with plain numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isfinite
from typing import TYPE_CHECKING

from cnncost.costs import Report
from cnncost.costs.rows import Row
from cnncost.number_types import KINDS
from cnncost.shape import Shape
from cnncost.views.amounts import Duration, Thousandths, UnknownAmount, Value, bare_text
from cnncost.views.page import Compact
from cnncost.views.table_column import Column

if TYPE_CHECKING:
    from cnncost.costs.duration import NetworkTime
    from cnncost.costs.footprint import Footprints
    from cnncost.costs.roof import Roof
    from cnncost.network import Network
    from cnncost.number_types import NumberTypes

SCHEMA_VERSION = 1


def build_table_records(
    report: Report, rows: Sequence[Row], columns: Sequence[Column], *, total: bool
) -> Iterator[list[str]]:
    """Make a header, one record per row, and a record of totals if it is asked for."""
    yield [column.key for column in columns]
    for row in rows:
        yield [bare_text(column.value(row)) for column in columns]
    if total:
        yield [column.total_text(report, bare_text) for column in columns]


def build_table_data(report: Report, rows: Sequence[Row], columns: Sequence[Column]) -> Compact:
    """Make the report as one object, in which shapes are lists."""
    return Compact(_report_frame(report) | {"layers": [_layer_entry(row, columns) for row in rows]})


def convention_data(report: Report) -> dict[str, object]:
    """Make the data that says which convention the numbers follow."""
    return {
        "per": "example",
        "connections": "uses of a weight (multiply-accumulates)",
        "biases": report.convention.biases,
        "padding": not report.convention.exclude_padding,
    }


def _report_frame(report: Report) -> dict[str, object]:
    """Make the data that stands around the layers."""
    network = report.network
    shapes = [list(node.output.dims) for node in network.inputs]
    further: dict[str, object] = {}
    if report.footprints:
        further["memory"] = _memory_data(report.footprints)
    if report.time is not None:
        further["time"] = time_data(report.time)
    if report.roof is not None:
        further["roofline"] = _roof_data(report.roof)
    if network.types:
        further["types"] = _types_data(network, network.types)
    return {
        "schema_version": SCHEMA_VERSION,
        "name": network.name,
        "input_shape": shapes[0] if len(shapes) == 1 else shapes,
        "convention": convention_data(report),
        "complete": report.complete,
        "layers": [],
        "totals": report.totals._asdict(),
        "outputs": [network.nodes[i].name for i in network.outputs],
    } | further


def _types_data(network: Network, types: NumberTypes) -> dict[str, object]:
    from cnncost.costs.typed_bytes import count_typed_bytes, list_odd_weights  # few have types

    typed = count_typed_bytes(network, types)
    words = dict(zip(KINDS, types[:3], strict=True))
    return {**words, "parameter_bytes": typed.parameters, "activation_bytes": typed.sram} | {
        "odd_weights": [one._asdict() for one in list_odd_weights(network)]
    }


def time_data(found: NetworkTime) -> dict[str, object]:
    """Make the data of a time: seconds with the ends of the 90 % interval."""
    return {
        "device": found.device,
        "batch": found.batch,
        "seconds": found.seconds,
        "low": found.low if isfinite(found.high) else None,
        "high": found.high if isfinite(found.high) else None,
        "complete": found.complete,
        "remarks": list(found.remarks),
    }


def _roof_data(roof: Roof) -> dict[str, object]:
    return {
        "device": roof.device,
        "batch": roof.batch,
        "dtype": roof.dtype,
        "peak_macs": roof.peak.macs,
        "peak_bytes": roof.peak.bytes,
        "ridge": roof.peak.ridge,
        "source": roof.peak.source,
    }


def _memory_data(found: Footprints) -> dict[str, object]:
    """Make the data of memory and training, in bytes and connections."""
    from cnncost.views.memory_page import figures_by_key

    scale = {"batch": found.batch, "dtype": found.dtype, "optimizer": found.optimizer}
    return {**scale, **figures_by_key(found.memory, found.embedded), "backward": found.backward}


def _layer_entry(row: Row, columns: Sequence[Column]) -> dict[str, object]:
    entry: dict[str, object] = {column.key: _json_value(column.value(row)) for column in columns}
    entry |= {
        "counted": row.counted,
        "parameters": None if row.unknown else row.parameters,
        "frozen": row.frozen,
    }
    if row.shares:
        entry["shares"] = row.shares
    return entry


def _json_value(value: Value) -> object:
    if isinstance(value, Shape):
        return list(value.dims)
    if isinstance(value, UnknownAmount):
        return None
    if isinstance(value, Duration | Thousandths):
        return float(bare_text(value))
    if value is None or isinstance(value, (int, str)):
        return value
    shapes = [list(shape.dims) for shape in value]
    return shapes[0] if len(shapes) == 1 else shapes
