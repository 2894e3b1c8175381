"""Scenes: the spec as it is, and with each spatial change (resolution, stride, pooling) made."""

from __future__ import annotations

from functools import partial

from cnncost.suggest.catalogue import SPATIAL, Menu
from cnncost.suggest.damage import UNIT
from cnncost.suggest.draft import Draft, drafted
from cnncost.suggest.plan import Single, Step, single
from cnncost.suggest.search import Offer, Scene
from cnncost.suggest.sheet import Sheet
from cnncost.suggest.space import explore


def scenes(draft: Draft, menu: Menu) -> list[Offer]:
    """An offer for the spec as it is, then one for each spatial change there is."""
    offers = [Offer(None, partial(_scene, draft, menu, ()))]
    for kind in SPATIAL:
        if menu.uses(kind):
            for choice in kind.choices(draft, menu):
                alone = single(draft, choice)
                if alone is not None and choice.score < UNIT:
                    offers.append(Offer(choice, partial(_edited, draft, menu, alone)))
    return offers


def _scene(
    draft: Draft, menu: Menu, leading: tuple[Step, ...], ceiling: int | None, structural: bool
) -> Scene:
    return Scene(explore(draft, menu, ceiling=ceiling, structural=structural), leading)


def _edited(
    draft: Draft, menu: Menu, alone: Single, ceiling: int | None, structural: bool
) -> Scene:
    sheet = Sheet(draft.sheet.name, draft.text(alone.choice.changes))
    edited = drafted(sheet, draft.max_layers, menu.kept)
    return _scene(edited, menu, (Step(alone.choice, alone.after),), ceiling, structural)
