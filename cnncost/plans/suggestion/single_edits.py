"""Single edits: those that help the budgets most for their score come first; where plans may grow,
those that gain most for what they take of the budgets.

They are ranked by what the counter foresees of them; what is shown is made and counted again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

from cnncost.plans.decisions.width_trials import foresee_network
from cnncost.plans.edits.budget import Budget, budgets_hold
from cnncost.plans.edits.edit import UNIT, Decision, Edit, apply_edit, largest_gain
from cnncost.plans.edits.editable_spec import EditableSpec
from cnncost.plans.edits.meter import Measures
from cnncost.plans.edits.width import DENSE_KIND, DENSE_UNITS
from cnncost.plans.search.plan import Plan, SingleEdit

FREE = 0.1
"""Per cent added to what an edit takes of the budgets, so that those that hardly take any don't
lead."""

FLOOR = 0.002 * UNIT
"""Added to a score before dividing by it, so that free edits that hardly save don't lead."""


class ForeseenEdit(NamedTuple):
    """One edit, and what the counter foresees of the network that it makes."""

    edit: Edit
    after: Measures
    apart: bool = False
    """Whether it is shown beside other edits of its place."""
    decision: Decision | None = None
    """Whose option it is; None where only its text tells what it makes."""


class SingleEdits:
    """Edits that save some metric, the best for their score first; or, where plans may grow and the
    budgets hold, those that gain within them."""

    def __init__(
        self,
        editable: EditableSpec,
        foreseen: Sequence[ForeseenEdit],
        before: Measures,
        budgets: Sequence[Budget],
        untried: int = 0,
        *,
        grow: bool = False,
    ) -> None:
        self.editable, self.grow = editable, grow and budgets_hold(before, budgets)
        self.tried, self.untried = len(foreseen), untried
        """How many edits were tried, and how many there was no time for."""
        self.uncounted = 0
        """How many of the tried ones there was no time to count again."""
        self.before, self.budgets = before, budgets
        useful = [one for one in foreseen if self._is_useful(one)]
        self.ranked = tuple(sorted(useful, key=lambda one: -self.worth_of(one)))

    def __len__(self) -> int:
        return len(self.ranked)

    def worth_of(self, one: ForeseenEdit | SingleEdit) -> float:
        """What an edit saves of what is too much, on average, in per cent for a score of 0.01; or
        what it gains, in score, for 1 % of what budgets limit."""
        rate = _gain_per_share if self.grow else _saving_per_score
        return rate(one, self.before, self.budgets)

    def __iter__(self) -> Iterator[SingleEdit]:
        """The edits, each recounted when it is reached; the first one, and more while there is
        time."""
        return self._recount(self.ranked)

    def _recount(self, foreseen: Sequence[ForeseenEdit]) -> Iterator[SingleEdit]:
        for position, own in enumerate(foreseen):
            if position and self.editable.clock.left <= 0:
                self.uncounted = len(foreseen) - position
                return
            one = measure_single_edit(self.editable, own)
            if one is not None and self._is_useful(one):
                yield one

    def take_first(self, count: int) -> tuple[SingleEdit, ...]:
        """The best few, recounted: of each place and kind the best edit, then the others."""
        places: dict[tuple[str, str], ForeseenEdit] = {}
        for one in self.ranked:
            phrase = one.edit.phrase
            place = phrase if one.apart else phrase.partition(":")[0]
            places.setdefault((one.edit.kind, place), one)
        first = list(places.values())
        known = set(map(id, first))
        rest = [one for one in self.ranked if id(one) not in known]
        return tuple(islice(self._recount([*first, *rest]), count))

    def _is_useful(self, one: ForeseenEdit | SingleEdit) -> bool:
        if self.grow:
            return one.edit.score < 0 and budgets_hold(one.after, self.budgets)
        return any(one.after[metric] < value for metric, value in self.before.items())


def _gain_per_share(
    one: ForeseenEdit | SingleEdit, before: Measures, budgets: Sequence[Budget]
) -> float:
    """What an edit gains, in score, for each per cent that it takes more of the metrics that
    budgets limit, on average."""
    metrics = [budget.metric for budget in budgets]
    taken = sum(max(0, one.after[m] - before[m]) / max(1, before[m]) for m in metrics)
    return -one.edit.score / UNIT / (100 * taken / len(metrics) + FREE)


def measure_single_edit(editable: EditableSpec, one: ForeseenEdit) -> SingleEdit | None:
    """Make and count one edit alone, by what it does to layers where that is known, else by its
    text; None where it makes no network."""
    if one.decision is not None:
        network = foresee_network(editable, one.decision, one.edit)
    elif one.edit.states_layers and not editable.follows_extents:
        made = apply_edit(editable.network, one.edit)
        network = None if made is None else made[1]
    else:
        spec = editable.read_edited(one.edit.changes)
        network = None if spec is None else spec.network
    if network is None:
        return None
    return SingleEdit(one.edit, editable.measure(network), editable.damage_of(network))


def _saving_per_score(
    one: ForeseenEdit | SingleEdit, before: Measures, budgets: Sequence[Budget]
) -> float:
    """What an edit saves for a score of 1, as a share, averaged over the metrics.

    With budgets that are exceeded it is the share of the excess, without them that of the metric.
    """
    over = {b.metric: b.most for b in budgets if before[b.metric] > b.most}
    saved = 0.0
    for metric in over or ("weights", "connections"):
        most = over.get(metric, 0)
        excess = before[metric] - most
        gone = before[metric] - max(one.after[metric], most)
        saved += gone / excess if excess else 0.0
    return UNIT * saved / len(over or ("weights", "connections")) / (one.edit.score + FLOOR)


JOINT_UNITS = DENSE_UNITS[:2]
"""The widths that are shown."""


def list_joint_edits(
    editable: EditableSpec, decisions: Sequence[Decision]
) -> Iterator[ForeseenEdit]:
    """Yield an edit for each width that all hidden dense layers of a spec may have alike."""
    dense = [one for one in decisions if one.group and one.options[-1].kind == DENSE_KIND]
    for units in JOINT_UNITS:
        parts = [_option_of(decision, units) for decision in dense]
        edits = [edit for edit in parts if edit is not None]
        widths = {_widths_text(edit): None for edit in edits}
        if len(edits) < 2 or len(edits) < len(dense) or len(widths) > 1:
            continue
        labels = [decision.label for decision in dense]
        named = f"{', '.join(labels[:-1])} and {labels[-1]}"
        changes = tuple([change for edit in edits for change in edit.changes])
        edit = Edit(
            DENSE_KIND, f"{named}: {next(iter(widths))}", sum(e.score for e in edits), changes
        )
        spec = editable.read_edited(changes)
        if spec is not None:
            yield ForeseenEdit(edit, editable.measure(spec.network), apart=True)


def _option_of(decision: Decision, units: int) -> Edit | None:
    """The option of a decision that leaves so many units."""
    ending = f" to {units} units"
    return next((edit for edit in decision.options if edit.phrase.endswith(ending)), None)


def _widths_text(edit: Edit) -> str:
    """`4096 to 512 units`."""
    return edit.phrase.rpartition(": ")[2]


def find_single(
    editable: EditableSpec,
    foreseen: Sequence[ForeseenEdit],
    budgets: Sequence[Budget],
    *,
    complete: bool,
) -> Plan | None:
    """Find the edit of the least price that holds the budgets by itself, as a plan; where they hold
    without one, an edit that gains.

    With `complete` the edits are all there are, and the plan is proved.
    """
    alone = [one for one in foreseen if not one.apart]
    met = budgets_hold(editable.measure(editable.network), budgets)
    useful = [one for one in alone if one.edit.score < 0 or not met]
    holding = [one.edit for one in useful if budgets_hold(one.after, budgets)]
    for edit in sorted(holding, key=lambda edit: edit.score):
        spec = editable.read_edited(edit.changes)
        if spec is None or not budgets_hold(editable.measure(spec.network), budgets):
            continue
        after, damage = editable.measure(spec.network), editable.damage_of(spec.network)
        plan = Plan(editable, (edit,), edit.score, spec.text.text, after, damage)
        gain = largest_gain(editable.network, editable.first_potential)
        least = -gain if edit.grows else 0
        return replace(plan, proved=complete, bound=edit.score if complete else least)
    return None
