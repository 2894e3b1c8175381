"""Write which input positions a unit sees: one row per axis of an input."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import TYPE_CHECKING

from cnncost.errors import CnncostError
from cnncost.shape import AXES
from cnncost.views.page import Page, Remark, Results, Table, Title

if TYPE_CHECKING:
    from cnncost.network import Network
    from cnncost.study.seen_positions import MapUnit, SeenAxis, SeenInput

TITLES = ("axis", "receptive field", "centre", "outside", "sees", "positions")

COUNTED = "Positions are counted from 0. A unit reads all channels there, or those of its group."


def seen_results(network: Network, unit: MapUnit, seen: Sequence[SeenInput] | None) -> Results:
    """Make the results of one unit.

    Raises:
        CnncostError: what it sees is unknown.
    """
    if seen is None:
        raise CnncostError(
            f"what {unit.node.name} sees is unknown: it lies behind an opaque layer",
            "name a unit before it",
        )
    return Results(
        page=lambda: _build_seen_page(network, unit, seen),
        records=lambda: _build_seen_records(seen),
        data=lambda: _build_seen_data(network, unit, seen),
    )


def _build_seen_page(network: Network, unit: MapUnit, seen: Sequence[SeenInput]) -> Page:
    node = unit.node
    axes = AXES[len(unit.position)]
    place = ", ".join(f"{axis} {at:,}" for axis, at in zip(axes, unit.position, strict=True))
    heading = f"{node.name}: {node.layer.word}, {node.output}"
    heading += f", unit at {place}" if place else ""
    blocks: list[Title | Table | Remark] = []
    for one in seen:
        of = f", what it sees of {one.entry.name}" if len(network.inputs) > 1 else ""
        rows = [_axis_cells(axis) for axis in one.axes]
        blocks.append(Title(f"{heading}{of}"))
        blocks += [Table(TITLES, rows, words=range(len(TITLES)))] if rows else []
        blocks.append(Remark(" ".join(_describe_input(one))))
    return Page([*blocks, Remark(COUNTED)], network.name)


def _axis_cells(axis: SeenAxis) -> tuple[str, ...]:
    field = axis.field
    return (
        axis.axis,
        _write_range(field) if field else "-",
        f"{(field[0] + field[1]) / 2:,g}" if field else "-",
        _describe_outside(axis),
        _write_range(axis.seen) if axis.seen else "nothing",
        f"{axis.read:,} of {axis.extent:,}",
    )


def _write_range(ends: tuple[int, int]) -> str:
    return f"{ends[0]:,} to {ends[1]:,}"


def _describe_outside(axis: SeenAxis) -> str:
    """Say how much of the field lies in padding, here or in a layer between."""
    if axis.field is None:
        return "-"
    low, high = axis.field
    if axis.seen is None:
        return "all"
    before, after = axis.seen[0] - low, high - axis.seen[1]
    parts = [f"{n:,} {word}" for n, word in ((before, "before"), (after, "after")) if n > 0]
    return ", ".join(parts) or "none"


def _describe_input(one: SeenInput) -> list[str]:
    if not one.axes:
        return [f"It sees all of the vector {one.entry.name}."]
    counts = [axis.read for axis in one.axes]
    of = f"{prod(axis.extent for axis in one.axes):,} positions of {one.entry.name}"
    product = " x ".join(f"{count:,}" for count in counts)
    if one.positions == prod(counts):
        worked = f"{product} = {one.positions:,}" if len(counts) > 1 else product
        lines = [f"It sees {worked} of the {of}."]
    else:
        lines = [f"It sees {one.positions:,} of the {of}; its branches see unlike parts."]
    if any(axis.field and _describe_outside(axis) != "none" for axis in one.axes):
        lines.append("Outside: positions of the field that lie in padding, which is no input.")
    if any(axis.seen and axis.read <= axis.seen[1] - axis.seen[0] for axis in one.axes):
        lines.append("It leaves out some positions between, as dilation does.")
    return lines


FIELDS = ("input", "axis", "extent", "field_first", "field_last", "first", "last", "positions")


def _build_seen_records(seen: Sequence[SeenInput]) -> Iterator[Sequence[object]]:
    yield FIELDS
    for one in seen:
        for axis in one.axes:
            ends = (*(axis.field or ("", "")), *(axis.seen or ("", "")))
            yield one.entry.name, axis.axis, axis.extent, *ends, axis.read


def _build_seen_data(
    network: Network, unit: MapUnit, seen: Sequence[SeenInput]
) -> dict[str, object]:
    return {
        "schema_version": 1,
        "name": network.name,
        "layer": unit.node.name,
        "position": list(unit.position),
        "inputs": [
            {
                "input": one.entry.name,
                "positions": one.positions,
                "axes": [axis._asdict() for axis in one.axes],
            }
            for one in seen
        ],
    }
