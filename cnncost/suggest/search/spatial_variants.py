"""Scenes: the spec as it is, and with each spatial change (resolution, stride, pooling) made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from math import inf
from time import monotonic

from cnncost.costs import count_network
from cnncost.suggest.decisions.catalogue import SPATIAL, Menu
from cnncost.suggest.decisions.search_space import explore
from cnncost.suggest.edits import multiplier
from cnncost.suggest.search.plan import Offer, Scene, Single, Step
from cnncost.suggest.text.edit import Choice, Variable
from cnncost.suggest.text.editable_spec import Draft, drafted
from cnncost.suggest.text.text_places import Sheet


def scenes(
    draft: Draft,
    menu: Menu,
    variables: Sequence[Variable],
    moves: Sequence[Choice],
    deadline: float = inf,
) -> tuple[list[Offer], int]:
    """An offer for the spec as it is, then one for each spatial change that makes sense; and how
    many changes were counted until the deadline.

    Left out are changes that another beats in every layer's costs at no higher score; behind the
    deadline no more are compared.
    """
    offers = [Offer(None, partial(_scene, draft, menu, (), variables))]
    changes, _ = draft.clock.gather((_Change(draft, choice) for choice in moves), deadline)
    for position, change in enumerate(changes):
        if monotonic() > deadline or not any(
            rival.beats(change, first=at < position)
            for at, rival in enumerate(changes)
            if at != position
        ):
            alone = Single(change.choice, change.after)
            offers.append(Offer(change.choice, partial(_edited, draft, menu, alone)))
    return offers, len(changes)


def spatial(draft: Draft, menu: Menu) -> Iterator[Choice]:
    """Every spatial change that makes a network."""
    for kind in SPATIAL:
        for choice in draft.clock.watched(kind.choices(draft, menu) if menu.uses(kind) else ()):
            if draft.edited(choice.changes) is not None:
                yield choice


class _Change:
    """One spatial change and what each layer costs under it."""

    def __init__(self, draft: Draft, choice: Choice) -> None:
        self.choice = choice
        spec = draft.edited(choice.changes)
        assert spec is not None  # only changes that make a network are listed
        report = count_network(spec.network)
        self.after = draft.measured(spec.network)
        self.costs = {
            row.name: (row.weights, row.connections, row.units)
            for row in report.layers
            if row.counted or draft.meter.bytes  # every tensor takes bytes
        }
        self.totals = tuple(map(sum, zip((0, 0, 0), *self.costs.values(), strict=True)))

    def beats(self, other: _Change, *, first: bool) -> bool:
        """Whether no layer costs more here, at no higher score; of equal ones the first."""
        if self.choice.kind == multiplier.KIND != other.choice.kind:
            return False  # fewer edits go together with it
        if any(mine > theirs for mine, theirs in zip(self.totals, other.totals, strict=True)):
            return False  # then some layer costs more
        if self.choice.score > other.choice.score or self.costs.keys() != other.costs.keys():
            return False
        pairs = [(self.costs[name], other.costs[name]) for name in self.costs]
        if any(mine > theirs for one, two in pairs for mine, theirs in zip(one, two, strict=True)):
            return False
        return first or self.costs != other.costs or self.choice.score < other.choice.score


def _scene(
    draft: Draft,
    menu: Menu,
    leading: tuple[Step, ...],
    variables: Sequence[Variable],
    ceiling: int | None,
) -> Scene:
    return Scene(explore(draft, menu, ceiling=ceiling, variables=variables), leading)


def _edited(draft: Draft, menu: Menu, alone: Single, ceiling: int | None) -> Scene:
    sheet = Sheet(draft.sheet.name, draft.text(alone.choice.changes))
    edited = drafted(sheet, draft.max_layers, menu.kept, draft.meter, draft.clock)
    return _scene(
        edited, menu.beside(alone.choice), (Step(alone.choice, alone.after),), (), ceiling
    )
