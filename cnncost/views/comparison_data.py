"""Comparisons for programs: records and data; numbers bare."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cnncost.costs import LayerCount
from cnncost.study.comparison import METRICS, Comparison, Match, Side
from cnncost.views.comparison_page import letter, share
from cnncost.views.page import Compact
from cnncost.views.table_data import SCHEMA_VERSION, convention_data

COLUMNS = ("layer", "type", "output_shape", *METRICS)
"""A layer's columns, each for every network: `weights_a`, `weights_b`."""


def build_comparison_records(
    comparison: Comparison, matches: Sequence[Match], *, total: bool
) -> Iterator[list[str]]:
    """For each layer: what changed against the first network, then each network's columns."""
    ends = [letter(i).lower() for i in range(len(comparison.sides))]
    changes = ["change"] if len(ends) == 2 else [f"change_{end}" for end in ends[1:]]
    yield [*changes, *(f"{column}_{end}" for end in ends for column in COLUMNS)]
    for match in matches:
        cells = [match.describe_change(i) for i in range(1, len(ends))]
        yield [*cells, *(cell for layer in match.layers for cell in _layer_cells(layer))]
    if total:
        totals = [_total_cells(side) for side in comparison.sides]
        yield ["total"] * len(changes) + [cell for cells in totals for cell in cells]


def build_comparison_data(comparison: Comparison, matches: Sequence[Match]) -> Compact:
    """The networks with their totals and differences, and the layers."""
    first, *others = comparison.sides
    return Compact(
        schema_version=SCHEMA_VERSION,
        convention=convention_data(first.report),
        networks=[_network_data(side) for side in comparison.sides],
        differences=[_difference_data(first, side) for side in others],
        layers=[_match_data(match) for match in matches],
    )


def _layer_cells(layer: LayerCount | None) -> list[str]:
    if layer is None:
        return [""] * len(COLUMNS)
    known = layer.known
    counts = [str(getattr(layer, m)) if known or m == "units" else "?" for m in METRICS]
    return [layer.name, layer.word, str(layer.node.output), *counts]


def _total_cells(side: Side) -> list[str]:
    bound = "" if side.report.complete else ">= "
    return ["", "", "", *(f"{bound}{getattr(side.report.totals, metric)}" for metric in METRICS)]


def _network_data(side: Side) -> dict[str, object]:
    network = side.report.network
    shapes = [list(node.output.dims) for node in network.inputs]
    return {
        "arch": side.label,
        "name": network.name,
        "input_shape": shapes[0] if len(shapes) == 1 else shapes,
        "complete": side.report.complete,
        "totals": side.report.totals._asdict(),
    }


def _difference_data(first: Side, side: Side) -> dict[str, object]:
    """The totals of a network against the first's; null where some costs are unknown."""
    entry: dict[str, object] = {"arch": side.label}
    for metric in METRICS:
        before, after = getattr(first.report.totals, metric), getattr(side.report.totals, metric)
        sure = first.report.complete and side.report.complete
        entry[metric] = (
            {"difference": after - before, "percent": share(before, after)} if sure else None
        )
    return entry


def _match_data(match: Match) -> dict[str, object]:
    return {
        "change": [match.describe_change(i) for i in range(1, len(match.layers))],
        "layers": [_layer_data(layer) for layer in match.layers],
    }


def _layer_data(layer: LayerCount | None) -> dict[str, object] | None:
    if layer is None:
        return None
    known = layer.known
    counts = {m: getattr(layer, m) if known or m == "units" else None for m in METRICS}
    shape = list(layer.node.output.dims)
    return {"layer": layer.name, "type": layer.word, "output_shape": shape, **counts}
