"""Budgets that follow a network down: what it no longer needs is no longer allowed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cnncost.costs.promises import Limit
from cnncost.language import Spec
from cnncost.quantity import BYTES


class LoweredBudget(NamedTuple):
    """A budget that is lowered to what the network takes."""

    metric: str
    before: int
    after: int


def lower_budgets(spec: Spec, limits: Sequence[Limit]) -> tuple[str, list[LoweredBudget]]:
    """Return a spec's text with each budget of its own lowered to the network's figure.

    Only budgets above a figure that is known exactly are changed; everything else in the text
    stays as it is. `limits` are the spec's budgets beside its figures.

    >>> from cnncost.api import loads
    >>> from cnncost.costs.promises import compare_budget
    >>> spec = loads("input: [3]\\nlayers: [dense: 2]\\nbudget: {weights: 1k}  # few\\n")
    >>> print(lower_budgets(spec, compare_budget(spec, spec.budget))[0].splitlines()[-1])
    budget: {weights: 6}  # few
    """
    lowered, spans = [], []
    for limit in limits:
        place = spec.figure_places.get(("budget", limit.metric))
        if place is None or not limit.complete or limit.computed >= limit.budget:
            continue
        unit = "B" if limit.metric in BYTES else ""
        spans.append((place, f"{limit.computed}{unit}"))
        lowered.append(LoweredBudget(limit.metric, limit.budget, limit.computed))
    text = spec.text.text
    for place, new in sorted(spans, reverse=True):
        text = text[: place.start] + new + text[place.end :]
    return text, lowered
