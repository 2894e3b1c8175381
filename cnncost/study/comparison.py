"""Compare networks: their totals, their layers aligned, and limits on how much one may grow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from cnncost.accuracy import Damage, are_comparable, estimate_damage
from cnncost.costs import Report
from cnncost.costs.metrics import Metrics, find_total
from cnncost.costs.promises import compare_budget
from cnncost.costs.rows import Row, add_rows, layer_rows, rest_label
from cnncost.errors import CnncostError
from cnncost.language import Spec
from cnncost.network import Network
from cnncost.quantity import BYTES, MetricAmount, budget_metric, parse_change, split_metric
from cnncost.shape import Shape
from cnncost.study.align import AlignedItem, MatchKind, align_layers
from cnncost.study.branch_partners import pair_branches

if TYPE_CHECKING:
    from cnncost.study.board_fit import NetworkFit

METRICS = ("units", "weights", "parameters", "connections")
"""The totals that are compared, in their order."""


@dataclass(frozen=True)
class Side:
    """One of the networks: the user's name for it, its spec, and its counts."""

    label: str
    spec: Spec
    report: Report
    metrics: Metrics | None = None
    """Its bytes at the scale that was asked for, if they were."""
    fit: NetworkFit | None = None
    """What it needs of a microcontroller's memory, where a board was given."""


@dataclass(frozen=True)
class Match:
    """Layers or blocks that correspond, one per network; None for a network without one."""

    rows: tuple[Row | None, ...]

    @property
    def present_rows(self) -> tuple[Row, ...]:
        """The rows of the networks that have one, in the order of the networks."""
        return tuple(row for row in self.rows if row is not None)

    @property
    def names(self) -> tuple[str, ...]:
        """The different names of the layer, in the order of the networks."""
        return tuple(dict.fromkeys(row.name for row in self.present_rows))

    @property
    def is_counted(self) -> bool:
        return any(row.counted for row in self.present_rows)

    @property
    def differs(self) -> bool:
        """Whether a network lacks it, or has it with another type, shape or count."""
        kinds = [_row_kind(row) for row in self.present_rows]
        return len(kinds) < len(self.rows) or any(kind != kinds[0] for kind in kinds)

    def describe_change(self, side: int) -> str:
        """Say what became of the first network's layer in another one.

        The words are `added`, `removed`, `changed`, `renamed` and `same`; empty if neither has
        the layer.
        """
        before, after = self.rows[0], self.rows[side]
        if before is None or after is None:
            return "added" if after else "removed" if before else ""
        if _row_kind(before) != _row_kind(after):
            return "changed"
        return "same" if before.name == after.name else "renamed"

    def largest_change(self, metric: str) -> int:
        """Return the largest difference of a metric to the first network's, whatever its sign."""
        first, *others = [0 if row is None else int(getattr(row, metric)) for row in self.rows]
        return max(abs(count - first) for count in others)


@dataclass(frozen=True)
class Comparison:
    """The networks, and which of their layers correspond."""

    sides: tuple[Side, ...]
    matches: tuple[Match, ...]

    def estimate_damage(self, side: int) -> Damage | None:
        """Estimate what another network in the first one's place costs in accuracy; None where the
        two are not of one task, or a layer is unknown."""
        before, after = (self.sides[i].spec.network for i in (0, side))
        return estimate_damage(before, after) if are_comparable(before, after) else None


def compare_networks(sides: Sequence[Side], depth: int | None = None) -> Comparison:
    """Align the layers of at least two networks, one network after another; with `depth`, their
    blocks below so many levels."""
    first, *others = sides
    rows = layer_rows(first.report, every=True, depth=depth)
    matches = [Match((row,)) for row in rows]
    # What stands for a match is the first network's layer: given names are looked up there.
    items = _make_items(first, rows)
    for number, side in enumerate(others, start=1):
        rows = layer_rows(side.report, every=True, depth=depth)
        theirs = _make_items(side, rows)
        pairs = pair_branches(align_layers(items, theirs), items, theirs)
        none = (None,) * number
        matches = [
            Match((*(none if i is None else matches[i].rows), None if j is None else rows[j]))
            for i, j in pairs
        ]
        items = [items[i] if i is not None else theirs[j or 0] for i, j in pairs]
    return Comparison(tuple(sides), tuple(matches))


def cut_matches(matches: Sequence[Match], most: int) -> list[Match]:
    """Keep the first matches, and add one for all others, so that columns add up."""
    if len(matches) <= most:
        return list(matches)
    rest = matches[most:]
    columns = zip(*(match.rows for match in rest), strict=True)
    present = [[row for row in column if row is not None] for column in columns]
    label = rest_label(len(rest))
    return [*matches[:most], Match(tuple(add_rows(label, own) if own else None for own in present))]


def percent_change(before: int, after: int) -> Fraction | None:
    """Return the change in percent of `before`; None if that is 0."""
    return Fraction(100 * (after - before), before) if before else None


def _make_items(side: Side, rows: Sequence[Row]) -> list[AlignedItem]:
    """Make what the alignment sees of a network's rows: layers, and blocks without a type."""
    given = {
        layer.name
        for layer in side.report.layers
        if (written := side.spec.written.get(layer.node.index)) and written.line.name
    }
    regions = _find_regions(side.report.network)
    return [
        AlignedItem(
            row.name,
            not row.word or row.name in given,
            MatchKind(
                row.word, row.counted, row.output or NOWHERE, row.parameters, row.connections
            ),
            regions.get(row.name, -1) if row.word else -1,
        )
        for row in rows
    ]


def _find_regions(network: Network) -> dict[str, int]:
    """Number the regions of branches: for each layer, by name, that of the layers from one tensor
    which all later layers read through to the next; none for a layer alone in its region."""
    regions: dict[str, int] = {}
    furthest, start = -1, 0
    for node in network.nodes:
        readers = network.readers[node.index]
        if node.index >= furthest and node.index - start > 1:
            regions |= {one.name: start for one in network.nodes[start + 1 : node.index + 1]}
        start = node.index if node.index >= furthest else start
        furthest = max([furthest, *readers])
    return regions


NOWHERE = Shape(0, ())
"""The output of a block without weights."""


def _row_kind(row: Row) -> tuple[object, ...]:
    """Return all that makes two rows differ but their names."""
    return (row.word, row.counted, row.output, row.parameters, row.connections)


HINT = "write METRIC=+AMOUNT, as in connections=+5% or weights=+1M; +0 allows no growth"


class Growth(NamedTuple):
    """The growth that is allowed in one metric: a percentage of the first network's, or a count."""

    metric: str
    amount: str
    """The amount as the user wrote it."""
    change: MetricAmount

    def allowed_value(self, before: int) -> int | Fraction:
        """Return the largest value that is allowed if the first network has `before`."""
        return before + self.change.share_of(before)


class Excess(NamedTuple):
    """A metric that grew more than allowed, or may have done so because some costs are unknown."""

    growth: Growth
    label: str
    before: int
    after: int
    complete: bool


def parse_growth(text: str) -> Growth:
    """Read the metric and growth of `connections=+5%`, `weights=+1M` or `weights=-10%`.

    Raises:
        CnncostError: there is no `=`, no sign, or the metric or the amount is unknown.
    """
    refusal = CnncostError(f"--fail-on {text}: no growth", HINT)
    metric, amount = split_metric(text, refusal)
    change = parse_change(amount)
    if change is None:
        raise refusal
    return Growth(budget_metric(metric), amount.strip(), change)


def find_excesses(sides: tuple[Side, ...], growths: list[Growth]) -> list[Excess]:
    """Find the metrics in which a network grew more than allowed, compared with the first."""
    metrics = [growth.metric for growth in growths]
    values = [_metric_values(side, metrics) for side in sides]
    found = []
    for side, after in zip(sides[1:], values[1:], strict=True):
        complete = side.report.complete and sides[0].report.complete
        for growth in growths:
            was, now = values[0][growth.metric], after[growth.metric]
            if now > growth.allowed_value(was) or not complete:
                found.append(Excess(growth, side.label, was, now, complete))
    return found


def _metric_values(side: Side, metrics: list[str]) -> dict[str, int]:
    """Compute the metrics that can be limited; totals are counted under the shown convention."""
    limited = compare_budget(side.spec, dict.fromkeys(metrics, 0))
    shown = {word: find_total(side.report.totals, word) for word in metrics if word not in BYTES}
    return {limit.metric: limit.computed for limit in limited} | shown
