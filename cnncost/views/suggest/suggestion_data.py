"""A suggestion for programs: records and data; scores as decimals, counts bare."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from cnncost.costs.duration import PER_SECOND
from cnncost.plans.edits.edit import UNIT, Edit, units
from cnncost.plans.edits.meter import Measures
from cnncost.plans.search.plan import Plan, PlanStep, SingleEdit
from cnncost.plans.suggestion.answer import Suggestion
from cnncost.views.damage_words import damage_data
from cnncost.views.suggest.amount_words import Wording, program_amount, program_text
from cnncost.views.table_data import time_data

SCHEMA_VERSION = 1


def build_suggestion_data(found: Suggestion, top: int | None = None) -> dict[str, object]:
    """Everything found as one object; of the single edits the first `top`, if that is given."""
    plan = found.plan
    said = _make_wording(found)
    whole = {
        "schema_version": SCHEMA_VERSION,
        "name": found.spec.network.name,
        "scale": found.scale or None,
        "before": _amounts(said, found.before),
        "budgets": [
            {
                "metric": b.user_word,
                "most": program_amount(b.metric, b.limit),
                "before": _amounts(said, found.before)[b.user_word],
            }
            for b in found.budgets
        ],
        "time": None if found.time is None else time_data(found.time),
        "complete": not (found.unknown or found.is_short),
        "met": None if found.is_undecided else found.is_met,
        "grow": found.grow,
        "single_edits": [_single_data(one, said) for one in _take_singles(found, top)],
        "edits_untried": found.singles.untried + found.singles.uncounted,
        "left_out": list(found.left_out),
        "plan": None if plan is None else _with_patches(_plan_data(plan, said), found, said),
        "proved": found.proved,
        "space": found.space,
        "uniform": None if found.uniform is None else _plan_data(found.uniform, said),
        "others": [_plan_data(plan, said) for plan in found.others],
        "by_connections": _connections_data(found, said),
        "without_replacements": None if found.plain is None else _plan_data(found.plain, said),
        "precisions": [
            {
                "dtype": one.dtype,
                "price": one.price.score / UNIT,
                "price_low": one.price.low / UNIT,
                "price_high": one.price.high / UNIT,
                "met": one.met,
                "score": None if one.score is None else one.score / UNIT,
                "plan": None if one.plan is None else _plan_data(one.plan, said),
            }
            for one in found.precisions
        ],
        "reach": None,
    }
    if found.unmet is not None:
        nearest = found.unmet.nearest
        whole["reach"] = {
            "least": _amounts(said, {m: least.value for m, least in found.unmet.least.items()}),
            "proved": found.unmet.proved and all(x.proved for x in found.unmet.least.values()),
            "binding": [said.word_of(metric) for metric in found.unmet.binding],
            "nearest": None if nearest is None else _plan_data(nearest, said),
        }
    return whole


def build_suggestion_records(
    found: Suggestion, top: int | None = None
) -> Iterator[Sequence[object]]:
    """One record per edit: the single ones, or the first `top` of them, then the plan's steps with
    what all so far come to.

    A single edit has the 90 % interval of its score behind its counts.
    """
    said = _make_wording(found)
    before = _cells(said, found.before)
    yield ["part", "kind", "edit", "score", *before, "score_low", "score_high"]
    yield ["before", "", "", "", *before.values(), "", ""]
    for one in _take_singles(found, top):
        after = _cells(said, one.after).values()
        ends = [score_decimal(units(end)) for end in (one.damage.low, one.damage.high)]
        yield ["single", *_edit_cells(one.edit, one.score), *after, *ends]
    last = [found.in_patches.step] if found.in_patches else []
    for step in [*found.plan.steps, *last] if found.plan else ():
        counts = _cells(said, step.after).values() if step.after else [""] * len(before)
        yield ["plan", *_edit_cells(step.edit, step.score), *counts, "", ""]


def _take_singles(found: Suggestion, top: int | None) -> Iterable[SingleEdit]:
    """All single edits, or those that a screen shows first."""
    return found.singles if top is None else found.singles.take_first(top)


def _with_patches(plan: dict[str, object], found: Suggestion, said: Wording) -> dict[str, object]:
    """A plan's data, with the patches that it counts on as its last step."""
    patched, steps = found.in_patches, plan["steps"]
    if patched is None or not isinstance(steps, list):
        return plan
    last = {
        **_step_data(patched.step, said),
        "sram_saved": patched.sram_saved,
        "connections_again": patched.again,
        "seconds_again": None if patched.longer is None else patched.longer / PER_SECOND,
    }
    return {**plan, "steps": [*steps, last]}


def _amounts(said: Wording, values: Measures) -> dict[str, int | float]:
    """Each metric's value by its word, as programs read it."""
    return {word: program_amount(word, v) for word, v in said.word_measures(values).items()}


def _cells(said: Wording, values: Measures) -> dict[str, str]:
    """Each metric's value by its word, as a cell of a record."""
    return {word: program_text(word, v) for word, v in said.word_measures(values).items()}


def _connections_data(found: Suggestion, said: Wording) -> dict[str, object] | None:
    one = found.by_connections
    return None if one is None else {"share": float(one.share), **_plan_data(one.plan, said)}


def _make_wording(found: Suggestion) -> Wording:
    return Wording([budget.user_word for budget in found.budgets])


def _edit_cells(edit: Edit, score: int | None) -> list[str]:
    return [edit.kind, edit.phrase, "" if score is None else score_decimal(score)]


def score_decimal(units: int) -> str:
    """Return a score as its exact decimal."""
    return f"{units / UNIT:.5f}"


def _edit_data(edit: Edit, score: int | None) -> dict[str, object]:
    known = None if score is None else score / UNIT
    return {"kind": edit.kind, "edit": edit.phrase, "score": known}


def _single_data(one: SingleEdit, said: Wording) -> dict[str, object]:
    after = _amounts(said, one.after)
    return {**_edit_data(one.edit, one.score), **damage_data(one.damage), "after": after}


def _step_data(step: PlanStep, said: Wording) -> dict[str, object]:
    after = None if step.after is None else _amounts(said, step.after)
    return {**_edit_data(step.edit, step.score), "after": after}


def _plan_data(plan: Plan, said: Wording) -> dict[str, object]:
    return {
        "score": plan.score / UNIT,
        **damage_data(plan.damage),
        "proved": plan.proved,
        "price": plan.price / UNIT,
        "bound": plan.bound / UNIT,
        "after": _amounts(said, plan.after),
        "steps": [_step_data(step, said) for step in plan.steps],
    }
