"""The rows of a table: a report's layers chosen, grouped by block, sorted and cut."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from cnncost.costs.count import LayerCount, Report
from cnncost.costs.reach import Reach, reaches
from cnncost.layers import Layer
from cnncost.shape import Shape


class Row(NamedTuple):
    """One row: a layer, a block's layers together, or the rest of a cut table."""

    name: str
    word: str
    """The layer's type, or empty."""
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
    """False for a row that only makes the columns add up."""
    unknown: int = 0
    """How many of its layers have unknown costs: what it adds up to is a lower bound."""
    reach: Reach | None = None
    """Its receptive field and effective stride, where they were asked for."""


def layer_rows(
    report: Report, *, every: bool, depth: int | None = None, reach: bool = False
) -> tuple[Row, ...]:
    """A row a layer, or a block below `depth` levels; only those of weights or of unknown
    cost unless `every`. With `reach`, receptive fields are followed through the network."""
    rows = tuple(_row(report, count) for count in report.layers)
    if reach:
        found = reaches(report.network)
        rows = tuple(
            row._replace(reach=found[count.node.index])
            for row, count in zip(rows, report.layers, strict=True)
        )
    if depth is not None:
        rows = tuple(_grouped(rows, depth))
    return tuple(row for row in rows if every or row.counted or row.unknown)


def descending(rows: Sequence[Row], key: Callable[[Row], int]) -> tuple[Row, ...]:
    """The rows from the largest on; equal ones in the order of the spec."""
    return tuple(sorted(rows, key=key, reverse=True))


def top(rows: Sequence[Row], most: int) -> tuple[Row, ...]:
    """The first rows, and one for all others, so that the columns add up."""
    if len(rows) <= most:
        return tuple(rows)
    rest = rows[most:]
    layers = "1 layer" if len(rest) == 1 else f"{len(rest):,} layers"
    return (*rows[:most], _sum(f"rest ({layers})", rest))


def remainder(report: Report, rows: Sequence[Row]) -> Row | None:
    """What the layers left out add to the parameters: norms' scales and the like."""
    parameters = report.totals.parameters - sum(row.parameters for row in rows)
    if not parameters:
        return None
    return Row("norms and others", "", None, None, 0, 0, 0, parameters, 0, listed=False)


def _row(report: Report, count: LayerCount) -> Row:
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


def _grouped(rows: Iterable[Row], depth: int) -> Iterable[Row]:
    for label, group in groupby(rows, key=lambda row: _label(row.name, depth)):
        members = tuple(group)
        if len(members) == 1 and members[0].name == label:
            yield members[0]
        else:
            yield _sum(label, members)


def _label(name: str, depth: int) -> str:
    """The first `depth` levels of a dotted name; a copy's number belongs to its level."""
    parts = name.split(".")
    kept: list[str] = []
    levels = 0
    for part in parts:
        levels += not part.isdigit()
        if levels > max(depth, 1):
            break
        kept.append(part)
    return ".".join(kept)


def _sum(name: str, rows: Sequence[Row]) -> Row:
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
    )
