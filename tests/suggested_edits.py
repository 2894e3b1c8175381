"""The single edits that a draft is offered, by their phrases."""

from __future__ import annotations

from cnncost.suggest.decisions.catalogue import SPATIAL, menu
from cnncost.suggest.decisions.search_space import offered
from cnncost.suggest.text.edit import Choice
from cnncost.suggest.text.editable_spec import Draft

ALL = menu((), (), ())


def edits(draft: Draft) -> list[Choice]:
    """Every single edit that a draft is offered."""
    found = [choice for variable in offered(draft, ALL) for choice in variable.choices[1:]]
    return found + [choice for kind in SPATIAL for choice in kind.choices(draft, ALL)]


def phrases(draft: Draft, kind: str) -> list[str]:
    return [choice.phrase for choice in edits(draft) if choice.kind == kind]


def one(draft: Draft, phrase: str) -> Choice:
    (found,) = [choice for choice in edits(draft) if choice.phrase == phrase]
    return found
