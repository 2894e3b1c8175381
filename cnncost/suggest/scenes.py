"""Scenes: the spec as it is, and with each spatial change (resolution, stride, pooling) made."""

from __future__ import annotations

from cnncost.suggest.catalogue import SPATIAL, Menu
from cnncost.suggest.draft import Draft, drafted
from cnncost.suggest.plan import Step, single
from cnncost.suggest.search import Offer, Scene
from cnncost.suggest.sheet import Sheet
from cnncost.suggest.space import explore
from cnncost.suggest.variable import Choice


def scenes(draft: Draft, menu: Menu) -> list[Offer]:
    """An offer for the spec as it is, then one for each spatial change there is."""
    offers = [Offer(None, lambda: Scene(explore(draft, menu)))]
    for kind in SPATIAL:
        if menu.uses(kind):
            offers += [_offer(draft, menu, choice) for choice in kind.choices(draft, menu)]
    return offers


def _offer(draft: Draft, menu: Menu, choice: Choice) -> Offer:
    def made() -> Scene | None:
        alone = single(draft, choice)
        if alone is None:
            return None
        sheet = Sheet(draft.sheet.name, draft.text(choice.changes))
        edited = drafted(sheet, draft.max_layers, menu.kept)
        return Scene(explore(edited, menu), (Step(choice, alone.after),))

    return Offer(choice, made)
