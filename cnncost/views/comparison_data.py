"""Write a comparison for programs: records of the layers, and data with all differences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from cnncost.accuracy import Damage
from cnncost.costs.rows import Row
from cnncost.errors import CnncostError
from cnncost.study.board_fit import NetworkFit
from cnncost.study.comparison import METRICS, Comparison, Match, Side, percent_change
from cnncost.views.amounts import Duration, bare_text
from cnncost.views.damage_words import damage_data, round_score
from cnncost.views.page import Compact
from cnncost.views.table_data import SCHEMA_VERSION, convention_data, time_data

COLUMNS = ("layer", "type", "output_shape", *METRICS)
"""The columns of a layer; each stands once per network: `weights_a`, `weights_b`."""
MEMORY = ("activation_memory", "memory", "training_memory")
"""The bytes that --memory adds."""


def build_comparison_records(
    comparison: Comparison, matches: Sequence[Match], *, total: bool
) -> Iterator[list[str]]:
    """Make one record per layer: what changed against the first network, then the columns of each
    network."""
    ends = [side_letter(i).lower() for i in range(len(comparison.sides))]
    changes = ["change"] if len(ends) == 2 else [f"change_{end}" for end in ends[1:]]
    yield [*changes, *(f"{column}_{end}" for end in ends for column in COLUMNS)]
    for match in matches:
        cells = [match.describe_change(i) for i in range(1, len(ends))]
        yield [*cells, *(cell for row in match.rows for cell in _row_cells(row))]
    if total:
        totals = [_total_cells(side) for side in comparison.sides]
        yield ["total"] * len(changes) + [cell for cells in totals for cell in cells]


def build_total_records(comparison: Comparison) -> Iterator[list[str]]:
    """Make one record per network: its counts, and bytes and time if they were asked for."""
    sides = comparison.sides
    bytes_of = [m for m in MEMORY if any(find_bytes(side, m) is not None for side in sides)]
    timed = any(side.report.time is not None for side in sides)
    embedded = [*find_embedded_bytes(sides[0])]
    yield ["network", "name", "input_shape", *METRICS, *bytes_of, *embedded, *["time"] * timed]
    for side in sides:
        bound = "" if side.report.complete else ">= "
        shapes = "+".join(str(node.output) for node in side.report.network.inputs)
        counts = [f"{bound}{getattr(side.report.totals, metric)}" for metric in METRICS]
        found = [find_bytes(side, metric) for metric in bytes_of]
        amounts = ["" if amount is None else str(amount) for amount in found]
        times = [bare_text(Duration(t.picoseconds)) for t in [side.report.time] if t is not None]
        amounts += _embedded_cells(side)
        yield [side.label, side.report.network.name, shapes, *counts, *amounts, *times]


def _embedded_cells(side: Side) -> list[str]:
    return [
        f"{'' if side.fit and is_embedded_exact(side.fit, metric) else '>= '}{amount}"
        for metric, amount in find_embedded_bytes(side).items()
    ]


EMBEDDED = ("sram", "arena", "flash")
"""The bytes that --board adds: the lower bound, TensorFlow Lite Micro's arena, the parameters."""


def find_embedded_bytes(side: Side) -> dict[str, int]:
    """Return what a network needs on a microcontroller; empty if no board was given."""
    if side.fit is None:
        return {}
    embedded = side.fit.embedded
    amounts = (embedded.sram, side.fit.arena.total, embedded.flash)
    return dict(zip(EMBEDDED, amounts, strict=True))


def is_embedded_exact(fit: NetworkFit, metric: str) -> bool:
    """Whether one of those is exact. If not, it is a lower bound."""
    return fit.arena.complete if metric == "arena" else fit.arena.graph.known


def find_bytes(side: Side, metric: str) -> int | None:
    """Return a network's bytes; None if they were not asked for, or it does not train."""
    try:
        return None if side.metrics is None else side.metrics.compute_figure(metric)
    except CnncostError:
        return None


def _damage_data(damage: Damage | None) -> dict[str, object] | None:
    return None if damage is None else {"score": round_score(damage.score), **damage_data(damage)}


def build_comparison_data(
    comparison: Comparison, matches: Sequence[Match], verdict: Sequence[str] = ()
) -> Compact:
    """Make the data for JSON: the networks with their totals, the differences, and the layers."""
    first, *others = comparison.sides
    return Compact(
        schema_version=SCHEMA_VERSION,
        convention=convention_data(first.report),
        networks=[_network_data(side) for side in comparison.sides],
        differences=[_difference_data(first, side) for side in others],
        damages=[_damage_data(comparison.estimate_damage(i)) for i in range(1, len(others) + 1)],
        verdict=list(verdict),
        layers=[_match_data(match) for match in matches],
    )


def _row_cells(row: Row | None) -> list[str]:
    if row is None:
        return [""] * len(COLUMNS)
    counts = ["?" if row.unknown and m != "units" else str(getattr(row, m)) for m in METRICS]
    return [row.name, row.word, str(row.output or ""), *counts]


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
        **({"memory": {m: find_bytes(side, m) for m in MEMORY}} if side.metrics else {}),
        **({"embedded": find_embedded_bytes(side)} if side.fit else {}),
        **({"time": time_data(side.report.time)} if side.report.time is not None else {}),
    }


def _difference_data(first: Side, side: Side) -> dict[str, object]:
    """Make the differences of totals to the first network's; null if some costs are unknown."""
    entry: dict[str, object] = {"arch": side.label}
    for metric in METRICS:
        before, after = getattr(first.report.totals, metric), getattr(side.report.totals, metric)
        sure = first.report.complete and side.report.complete
        entry[metric] = (
            {"difference": after - before, "percent": percent_number(before, after)}
            if sure
            else None
        )
    return entry


def _match_data(match: Match) -> dict[str, object]:
    return {
        "change": [match.describe_change(i) for i in range(1, len(match.rows))],
        "layers": [_row_data(row) for row in match.rows],
    }


def _row_data(row: Row | None) -> dict[str, object] | None:
    if row is None:
        return None
    counts = {m: None if row.unknown and m != "units" else getattr(row, m) for m in METRICS}
    shape = list(row.output.dims) if row.output else None
    return {"layer": row.name, "type": row.word or None, "output_shape": shape, **counts}


def side_letter(side: int) -> str:
    """Return a network's letter: A, B, ..., Z, N27, ..."""
    return chr(ord("A") + side) if side < 26 else f"N{side + 1}"


def percent_number(before: int, after: int) -> float | None:
    """Return the change in percent as a number for programs, with four decimals."""
    change = percent_change(before, after)
    return None if change is None else float(round(Fraction(change), 4))
