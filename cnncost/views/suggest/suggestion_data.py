"""A suggestion for programs: records and data; scores as decimals, counts bare."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cnncost.suggest.search.plan import Plan, PlanStep, SingleEdit
from cnncost.suggest.suggestion.answer import Suggestion
from cnncost.suggest.text.damage import HEAD_INTERVAL, UNIT, equivalent_width
from cnncost.suggest.text.edit import Edit
from cnncost.views.suggest.wording import Wording

SCHEMA_VERSION = 1


def data(found: Suggestion) -> dict[str, object]:
    """Everything found as one object."""
    plan = found.plan
    said = _wording(found)
    whole = {
        "schema_version": SCHEMA_VERSION,
        "name": found.spec.network.name,
        "scale": found.scale or None,
        "before": said.measures(found.before),
        "budgets": [
            {
                "metric": b.user_word,
                "most": b.limit,
                "before": said.amount(b.metric, found.before[b.metric]),
            }
            for b in found.budgets
        ],
        "complete": not found.unknown,
        "met": None if found.is_undecided else found.is_met,
        "single_edits": [_single(one, said) for one in found.singles],
        "edits_untried": found.singles.untried,
        "left_out": list(found.left_out),
        "plan": None if plan is None else _plan(plan, said),
        "proved": found.proved,
        "space": found.space,
        "uniform": None if found.uniform is None else _plan(found.uniform, said),
        "without_separable": None if found.plain is None else _plan(found.plain, said),
        "precisions": [
            {
                "dtype": one.dtype,
                "price": one.price / UNIT,
                "met": one.met,
                "score": None if one.score is None else one.score / UNIT,
                "plan": None if one.plan is None else _plan(one.plan, said),
            }
            for one in found.precisions
        ],
        "reach": None,
    }
    if found.unmet is not None:
        nearest = found.unmet.nearest
        whole["reach"] = {
            "least": said.measures({m: least.value for m, least in found.unmet.least.items()}),
            "proved": found.unmet.proved and all(x.proved for x in found.unmet.least.values()),
            "binding": [said.word(metric) for metric in found.unmet.binding],
            "nearest": None if nearest is None else _plan(nearest, said),
        }
    return whole


def records(found: Suggestion) -> Iterator[Sequence[object]]:
    """One record per edit: the single ones, then the plan's steps with what all so far come to.

    An edit of the head has the interval of its score behind its counts.
    """
    said = _wording(found)
    before = said.measures(found.before)
    yield ["part", "kind", "edit", "score", *before, "score_low", "score_high"]
    yield ["before", "", "", "", *before.values(), "", ""]
    for one in found.singles:
        after = said.measures(one.after).values()
        yield ["single", *_cells(one.edit), *after, *_ends(one.edit)]
    for step in found.plan.steps if found.plan else ():
        counts = said.measures(step.after).values() if step.after else [""] * len(before)
        yield ["plan", *_cells(step.edit), *counts, *_ends(step.edit)]


def _wording(found: Suggestion) -> Wording:
    return Wording([budget.user_word for budget in found.budgets])


def _cells(edit: Edit) -> list[str]:
    return [edit.kind, edit.phrase, score(edit.score)]


def _ends(edit: Edit) -> list[str]:
    return [f"{end:.2f}" for end in HEAD_INTERVAL] if edit.head else ["", ""]


def score(units: int) -> str:
    """A score as its exact decimal."""
    return f"{units / UNIT:.5f}"


def _choice(edit: Edit) -> dict[str, object]:
    data: dict[str, object] = {
        "kind": edit.kind,
        "edit": edit.phrase,
        "score": edit.score / UNIT,
    }
    if edit.head:
        data["interval"] = list(HEAD_INTERVAL)
    return data


def _single(one: SingleEdit, said: Wording) -> dict[str, object]:
    return {**_choice(one.edit), "after": said.measures(one.after)}


def _step(step: PlanStep, said: Wording) -> dict[str, object]:
    after = None if step.after is None else said.measures(step.after)
    return {**_choice(step.edit), "after": after}


def _plan(plan: Plan, said: Wording) -> dict[str, object]:
    return {
        "score": plan.score / UNIT,
        "equivalent_width": round(equivalent_width(plan.score), 3),
        "proved": plan.proved,
        "bound": plan.bound / UNIT,
        "after": said.measures(plan.after),
        "steps": [_step(step, said) for step in plan.steps],
    }
