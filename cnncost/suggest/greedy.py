"""Greedy choices: a first plan that cuts the exact search down, never called the best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cnncost.suggest.space import Space


def greedy(space: Space, budgets: Mapping[int, int]) -> tuple[int, ...] | None:
    """The choices of always the most excess saved for its score; None where that gets stuck.

    `budgets` are by the metric's place among the costs. Structural replacements stay within
    what a plan may touch.
    """
    chosen = (0,) * len(space.variables)
    while True:
        now = space.tables.costs(chosen)
        assert now is not None  # only possible choices are taken
        over = excess(now, budgets)
        if over == 0:
            return chosen
        best: tuple[float, tuple[int, ...]] = (0.0, chosen)
        for v, variable in enumerate(space.variables):
            score = variable.choices[chosen[v]].score
            for k, choice in enumerate(variable.choices):
                if choice.score <= score:
                    continue
                step = (*chosen[:v], k, *chosen[v + 1 :])
                after = space.tables.costs(step) if touches(space, step) else None
                if after is not None:
                    worth = (over - excess(after, budgets)) / (choice.score - score)
                    best = max(best, (worth, step), key=lambda pair: pair[0])
        if best[0] <= 0:
            return None
        chosen = best[1]


def touches(space: Space, chosen: Sequence[int]) -> bool:
    """Whether the structural replacements touch no more convolutions than a plan may."""
    picked = zip(space.variables, chosen, strict=True)
    return sum(v.choices[k].convolutions for v, k in picked) <= space.convolutions


def excess(costs: Sequence[int], budgets: Mapping[int, int]) -> float:
    """By how much the budgets are exceeded, as shares of each, added up."""
    return sum(max(0.0, costs[metric] / most - 1) for metric, most in budgets.items())
