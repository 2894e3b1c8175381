"""Cost tables: what layers cost at every combination of the options that reach them.

A layer's costs depend on a few decisions: those that set the widths it reads and writes, and
those that replace it. Its table over their options is filled by the real counter, so rounding,
biases, groups and depthwise convolutions are exact, and the product of two widths needs no
linear form. Tables of the same decisions are added up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from cnncost.plans.edits.edit import Decision, Edit
from cnncost.plans.edits.editable_spec import EditableSpec
from cnncost.plans.edits.placed_layers import Costs

if TYPE_CHECKING:
    from cnncost.arrays import Bools, Ints

Key = tuple[int, ...]
"""The option of each decision of a scope."""

Scope = tuple[int, ...]
"""Decisions, ascending."""


@dataclass(frozen=True, eq=False)
class CostTable:
    """What some layers cost, by the options of the decisions in `scope`."""

    scope: Scope
    costs: Ints
    """One axis per decision, the metrics last."""
    possible: Bools
    """One axis per decision: whether the combination makes a network."""

    def at(self, key: Key) -> Costs | None:
        """The costs of one combination; None where it makes no network."""
        row: list[int] = self.costs[key].tolist()
        return tuple(row) if self.possible[key] else None

    def extremes(self, metric: int) -> tuple[int, int]:
        """The least and the most of a metric among the combinations that make a network."""
        amounts = self.costs[..., metric][self.possible]
        return int(amounts.min()), int(amounts.max())

    def restrict(self, kept: Sequence[Sequence[int]]) -> CostTable:
        """The table over some options of each decision of its scope."""
        import numpy as np

        at = np.ix_(*kept)
        return CostTable(self.scope, self.costs[at], self.possible[at])

    def with_axes(self, axes: Sequence[int]) -> CostTable:
        """The table with one axis for each of these decisions, in their order: of length 1
        for those that are not in its scope."""
        places = [self.scope.index(v) for v in axes if v in self.scope]
        sizes = [self.possible.shape[self.scope.index(v)] if v in self.scope else 1 for v in axes]
        count = self.costs.shape[-1]
        costs = self.costs.transpose(*places, len(places)).reshape(*sizes, count)
        return CostTable(tuple(axes), costs, self.possible.transpose(places).reshape(sizes))


def add_tables(factors: Iterable[CostTable]) -> CostTable:
    """Add tables of one scope; a combination that one of them rules out is ruled out."""
    first, *others = factors
    costs = sum((table.costs for table in others), first.costs)
    possible = first.possible
    for table in others:
        possible = possible & table.possible
    return CostTable(first.scope, costs, possible)


@dataclass(frozen=True, eq=False)
class CostTables:
    """The costs of a spec under all its decisions."""

    decisions: tuple[Decision, ...]
    base: Costs
    """What no decision reaches."""
    members: tuple[CostTable, ...]

    def floor(self, metric: int) -> int:
        """A value that no options go below: the least of every table by itself."""
        return self.base[metric] + sum(f.extremes(metric)[0] for f in self.members)

    def ceiling(self, metric: int) -> int:
        """A value that no options go above: the most of every table by itself."""
        return self.base[metric] + sum(f.extremes(metric)[1] for f in self.members)

    @property
    def bytes_held(self) -> int:
        return sum(f.costs.nbytes + f.possible.nbytes for f in self.members)

    def costs(self, chosen: Sequence[int]) -> Costs | None:
        """Add up the costs of one option per decision; None where these make no network."""
        total = list(self.base)
        for table in self.members:
            entry = table.at(tuple([chosen[v] for v in table.scope]))
            if entry is None:
                return None
            total = [a + b for a, b in zip(total, entry, strict=True)]
        return tuple(total)

    def restrict(self, kept: Sequence[Sequence[int]]) -> CostTables:
        """The tables over some of each decision's options, the first among them."""
        decisions = tuple(
            replace(decision, options=tuple(decision.options[k] for k in alive))
            for decision, alive in zip(self.decisions, kept, strict=True)
        )
        factors = tuple(f.restrict([kept[v] for v in f.scope]) for f in self.members)
        return CostTables(decisions, self.base, factors)


def add_rules(tables: CostTables, rules: Iterable[CostTable]) -> CostTables:
    """Add rules to the tables: what a rule rules out is possible in no plan then."""
    members = {table.scope: table for table in tables.members}
    for rule in rules:
        laid = replace(_empty_table(tables, rule.scope), possible=rule.possible)
        known = members.get(rule.scope)
        members[rule.scope] = laid if known is None else add_tables([known, laid])
    return replace(tables, members=tuple([members[scope] for scope in sorted(members)]))


def tables_of(scores: Sequence[Sequence[int]], costs: Mapping[Scope, object]) -> CostTables:
    """Make tables of one metric from lists, to try a search on.

    Given are the scores of each decision's options and, by scope, what each combination costs.

    >>> tables_of([[0, 3], [0, 4]], {(0, 1): [[60, 30], [40, 20]]}).costs((1, 0))
    (40,)
    """
    import numpy as np

    decisions = [Decision("", tuple([Edit("", "", n) for n in own]), 0) for own in scores]
    arrays = {scope: np.array(rows, dtype=np.int64) for scope, rows in costs.items()}
    members = [
        CostTable(scope, rows[..., None], np.ones(rows.shape, dtype=bool))
        for scope, rows in arrays.items()
    ]
    return CostTables(tuple(decisions), (0,), tuple(members))


@dataclass(frozen=True)
class SearchSpace:
    """The decisions of a spec and what their options cost."""

    editable: EditableSpec
    tables: CostTables
    convolutions: int
    """How many convolutions structural replacements may touch in one plan: half of all."""
    rules: tuple[CostTable, ...] = ()
    """Tables that rule combinations out: they join the others once a plan breaks them."""
    ruled: tuple[Decision, ...] = ()
    """The decisions whose options the rules number."""
    gain: int = 0
    """What the best options of all decisions gain together; its options score so much more."""
    late: tuple[ColumnLimit, ...] = ()
    """Limits that join the tables once a plan breaks them: few steps decide a network's peak."""

    @property
    def decisions(self) -> tuple[Decision, ...]:
        return self.tables.decisions

    @cached_property
    def byte_columns(self) -> dict[str, list[CostColumn]]:
        """The columns of each budget of bytes, by its word, once they are made."""
        return {}

    def broken_rules(self, edits: Sequence[Edit]) -> list[CostTable]:
        """The rules that rule out a plan of these edits."""
        made = set(map(id, edits))
        chosen = [
            next((k for k, edit in enumerate(one.options) if id(edit) in made), 0)
            for one in self.ruled
        ]
        return [one for one in self.rules if not one.possible[tuple(chosen[v] for v in one.scope)]]

    def with_rules(self, rules: Sequence[CostTable]) -> SearchSpace:
        """The space with these rules among its tables; its options are all there still."""
        left = tuple([one for one in self.rules if not any(one is rule for rule in rules)])
        return replace(self, tables=add_rules(self.tables, rules), rules=left)

    def edits_of(self, chosen: tuple[int, ...]) -> list[Edit]:
        """The edits that a plan makes, in the order of the file."""
        picked = zip(self.decisions, chosen, strict=True)
        return [decision.options[k] for decision, k in picked if k]


@dataclass(frozen=True, eq=False)
class ColumnPart:
    """What the options of a few decisions add to an amount."""

    scope: Scope
    amounts: Ints
    """One axis per decision."""

    @cached_property
    def least(self) -> int:
        return int(self.amounts.min())

    @cached_property
    def most(self) -> int:
        return int(self.amounts.max())


def make_part(scope: Scope, amounts: object) -> ColumnPart:
    """Make a part from nested lists of amounts, one level per decision."""
    import numpy as np

    return ColumnPart(scope, np.array(amounts, dtype=np.int64))


@dataclass(frozen=True)
class CostColumn:
    """One more metric: a constant, amounts by option, and multiples of the tables' own metrics."""

    base: int
    parts: tuple[ColumnPart, ...] = ()
    uses: Mapping[int, int] = field(default_factory=dict)
    """How many times a metric, by its place, is added."""

    def amount(self, chosen: Sequence[int], costs: Costs) -> int:
        """What it comes to under options that cost so much of the tables' own metrics."""
        parts = [own.amounts[tuple([chosen[v] for v in own.scope])] for own in self.parts]
        return self.base + sum(map(int, parts)) + _used_amount(self, costs)

    def shift_parts(self) -> CostColumn:
        """The same with parts never negative, so that a solver drops what is over a budget."""
        base = self.base + sum(own.least for own in self.parts)
        parts = [ColumnPart(own.scope, own.amounts - own.least) for own in self.parts]
        return CostColumn(base, tuple([own for own in parts if own.most]), self.uses)


class ColumnLimit(NamedTuple):
    """A column, and the most that it may come to."""

    column: CostColumn
    most: int


def add_columns(tables: CostTables, columns: Sequence[CostColumn]) -> CostTables:
    """Add columns to the tables, behind their own metrics: each is one more metric."""
    if not columns:
        return tables
    columns = [column.shift_parts() for column in columns]
    scopes = [table.scope for table in tables.members]
    homes: list[list[tuple[int, ColumnPart]]] = [[] for _ in scopes]
    for position, column in enumerate(columns):
        for own in column.parts:
            home = _table_for(scopes, own.scope)
            if home == len(scopes):
                scopes.append(own.scope)
                homes.append([])
            homes[home].append((position, own))
    added = scopes[len(tables.members) :]
    factors = [*tables.members, *(_empty_table(tables, scope) for scope in added)]
    wider = [_widen_table(f, columns, own) for f, own in zip(factors, homes, strict=True)]
    base = tables.base + tuple([c.base + _used_amount(c, tables.base) for c in columns])
    return CostTables(tables.decisions, base, tuple(wider))


def _table_for(scopes: Sequence[Scope], scope: Scope) -> int:
    """Find the place of the smallest scope that holds this one; a single decision has its own."""
    if scope in scopes:
        return scopes.index(scope)
    holding = [] if len(scope) == 1 else [s for s in scopes if set(s) >= set(scope)]
    return scopes.index(min(holding, key=len)) if holding else len(scopes)


def _empty_table(tables: CostTables, scope: Scope) -> CostTable:
    """A table that costs nothing."""
    import numpy as np

    sizes = [len(tables.decisions[v].options) for v in scope]
    costs: Ints = np.zeros((*sizes, len(tables.base)), dtype=np.int64)
    return CostTable(scope, costs, np.ones(sizes, dtype=bool))


def _widen_table(
    table: CostTable, columns: Sequence[CostColumn], own: Sequence[tuple[int, ColumnPart]]
) -> CostTable:
    import numpy as np

    shape = table.possible.shape
    more = np.zeros((*shape, len(columns)), dtype=np.int64)
    for position, column in enumerate(columns):
        for metric, times in column.uses.items():
            more[..., position] += times * table.costs[..., metric]
    for position, mine in own:
        sizes = [n if v in mine.scope else 1 for v, n in zip(table.scope, shape, strict=True)]
        more[..., position] += mine.amounts.reshape(sizes)
    return CostTable(table.scope, np.concatenate([table.costs, more], axis=-1), table.possible)


def _used_amount(column: CostColumn, costs: Costs) -> int:
    return sum(times * costs[metric] for metric, times in column.uses.items())
