"""The rows of a table: a report's layers chosen, grouped by block, sorted and cut."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from cnncost.costs.count import LayerCount, Report
from cnncost.costs.receptive_field import ReceptiveField, find_receptive_fields
from cnncost.costs.roof import RoofPoint, add_points
from cnncost.layers import Layer
from cnncost.shape import Shape

if TYPE_CHECKING:
    from cnncost.costs.footprint import Footprint, Footprints


class Row(NamedTuple):
    """One row of a table: a layer, all layers of a block, or the rest of a cut table."""

    name: str
    word: str
    """The layer's type; empty if the row stands for several layers."""
    inputs: tuple[Shape, ...] | None
    output: Shape | None
    units: int
    weights: int
    biases: int
    parameters: int
    connections: int
    counted: bool = True
    frozen: bool = False
    layer: Layer | None = None
    shares: str = ""
    """The layer whose parameters it uses."""
    listed: bool = True
    """False for a row that is there only so that the columns add up."""
    unknown: int = 0
    """How many of its layers have unknown costs; if any, its sums are lower bounds."""
    reach: ReceptiveField | None = None
    """Its receptive field and effective stride, if they were asked for."""
    footprint: Footprint | None = None
    """Its memory and training costs, if they were asked for."""
    time: int | None = None
    """Its picoseconds on a device, if they were asked for."""
    roof: RoofPoint | None = None
    """Where it stands under a device's roof, if that was asked for and it multiplies."""


def layer_rows(
    report: Report, *, every: bool, depth: int | None = None, reach: bool = False
) -> tuple[Row, ...]:
    """Make one row per layer, or one per block below `depth` levels.

    Args:
        every: include layers without weights whose costs are known.
        reach: fill in receptive fields.
    """
    rows = tuple(_make_row(report, count) for count in report.layers)
    if report.footprints:
        nodes = report.footprints.nodes
        rows = tuple(
            row._replace(footprint=nodes[count.node.index])
            for row, count in zip(rows, report.layers, strict=True)
        )
    rows = _add_device_figures(report, rows)
    if reach:
        found = find_receptive_fields(report.network)
        rows = tuple(
            row._replace(reach=found[count.node.index])
            for row, count in zip(rows, report.layers, strict=True)
        )
    if depth is not None:
        rows = tuple(_group_rows(rows, depth))
    return tuple(row for row in rows if every or row.counted)


def _add_device_figures(report: Report, rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """Fill in times and places under the roof, where the report has them."""
    places = [count.node.index for count in report.layers]
    if report.time is not None:
        times = report.time.layers
        rows = tuple(row._replace(time=times[i]) for row, i in zip(rows, places, strict=True))
    if report.roof is not None:
        points = report.roof.points
        rows = tuple(row._replace(roof=points[i]) for row, i in zip(rows, places, strict=True))
    return rows


def sort_rows(rows: Sequence[Row], key: Callable[[Row], int]) -> tuple[Row, ...]:
    """Sort the rows, largest first; equal ones keep the order of the spec."""
    return tuple(sorted(rows, key=key, reverse=True))


def rest_label(count: int) -> str:
    """Name the row of so many layers that a cut table does not show."""
    return f"rest ({'1 layer' if count == 1 else f'{count:,} layers'})"


def cut_rows(rows: Sequence[Row], most: int) -> tuple[Row, ...]:
    """Keep the first rows, and add one for all others, so that the columns add up."""
    if len(rows) <= most:
        return tuple(rows)
    rest = rows[most:]
    return (*rows[:most], add_rows(rest_label(len(rest)), rest))


def remainder_row(report: Report, rows: Sequence[Row], *, loss: bool = False) -> Row | None:
    """Make a row of what the layers without a row add: their parameters, such as norms' scales,
    the bytes that they and (if `loss`) the loss keep for the backward pass, and their time with
    that of a run itself."""
    parameters = report.totals.parameters - sum(row.parameters for row in rows)
    left = _left_out(report, rows, loss=loss)
    time = report.time and report.time.picoseconds - _add_times(rows)
    if not parameters and not time and not (left and any(left)):
        return None
    name = "others and the loss" if loss else "norms and others"
    return Row(
        name, "", None, None, 0, 0, 0, parameters, 0, listed=False, footprint=left, time=time
    )


def _add_times(rows: Sequence[Row]) -> int:
    return sum(row.time or 0 for row in rows)


def _total_saved_bytes(whole: Footprints) -> int:
    return whole.memory.saved.total if whole.memory.saved else 0


def _left_out(report: Report, rows: Sequence[Row], *, loss: bool) -> Footprint | None:
    if report.footprints is None:
        return None
    from cnncost.costs.footprint import Footprint

    shown = [row.footprint for row in rows if row.footprint is not None]
    whole = report.footprints
    return Footprint(
        whole.memory.parameters - sum(part.parameter_bytes for part in shown),
        0,
        0,
        _total_saved_bytes(whole) - sum(part.saved_bytes for part in shown) if loss else 0,
        0,
        0,
    )


def _make_row(report: Report, count: LayerCount) -> Row:
    node = count.node
    shares = "" if node.shares is None else report.network.nodes[node.shares].name
    return Row(
        node.name,
        count.word,
        node.inputs,
        node.output,
        count.units,
        count.weights,
        count.biases,
        count.parameters,
        count.connections,
        counted=count.counted,
        frozen=node.frozen,
        layer=node.layer,
        shares=shares,
        unknown=int(not count.known),
    )


def _group_rows(rows: Iterable[Row], depth: int) -> Iterable[Row]:
    for label, group in groupby(rows, key=lambda row: _block_label(row.name, depth)):
        members = tuple(group)
        if len(members) == 1 and members[0].name == label:
            yield members[0]
        else:
            yield add_rows(label, members)


def _block_label(name: str, depth: int) -> str:
    """Return the first `depth` levels of a dotted name; a copy's number belongs to its level."""
    parts = name.split(".")
    kept: list[str] = []
    levels = 0
    for part in parts:
        levels += not part.isdigit()
        if levels > max(depth, 1):
            break
        kept.append(part)
    return ".".join(kept)


def _add_footprints(rows: Sequence[Row]) -> Footprint | None:
    parts = [row.footprint for row in rows if row.footprint is not None]
    return parts[0].add_parts(parts) if parts else None


def add_rows(name: str, rows: Sequence[Row]) -> Row:
    """Make the row of several layers; its costs are their sums."""
    counted = [row for row in rows if row.counted]
    return Row(
        name,
        "",
        rows[0].inputs if counted and "(" not in name else None,
        rows[-1].output if counted and "(" not in name else None,
        units=sum(row.units for row in counted),
        weights=sum(row.weights for row in rows),
        biases=sum(row.biases for row in rows),
        parameters=sum(row.parameters for row in rows),
        connections=sum(row.connections for row in rows),
        counted=bool(counted),
        frozen=all(row.frozen for row in rows),
        unknown=sum(row.unknown for row in rows),
        reach=rows[-1].reach if "(" not in name else None,
        footprint=_add_footprints(rows),
        time=_add_times(rows) if rows[0].time is not None else None,
        roof=add_points([row.roof for row in rows]),
    )
