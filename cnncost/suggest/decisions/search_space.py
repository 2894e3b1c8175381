"""The search space of a spec: its decisions, and cost tables over all their options."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cnncost.suggest.decisions.catalogue import KINDS, STRUCTURAL, AllowedEdits
from cnncost.suggest.decisions.cost_tables import SearchSpace
from cnncost.suggest.decisions.joint_widths import foresee_widths
from cnncost.suggest.decisions.layer_order import LayerOrder
from cnncost.suggest.decisions.table_filling import fill_cost_tables
from cnncost.suggest.decisions.width_trials import try_options
from cnncost.suggest.text.edit import Decision, Edit, WidthTrial
from cnncost.suggest.text.editable_spec import EditableSpec


def build_search_space(
    editable: EditableSpec,
    allowed: AllowedEdits,
    *,
    ceiling: int | None = None,
    structural: bool = True,
    likely: bool = False,
    decisions: Sequence[Decision] = (),
) -> SearchSpace:
    """Build the search space of a spec under the allowed edits.

    `decisions` are those of `list_decisions`, where they are known already.

    Options that score more than `ceiling` are left out, without `structural` the
    replacements of layers as well; with `likely` what no engineer would write.
    """
    used: list[Decision] = []
    trials: dict[tuple[int, int], WidthTrial] = {}
    decisions = decisions or list_decisions(editable, allowed)
    foresee_widths(editable, decisions)
    for decision in decisions:
        one, made = try_options(editable, decision)
        kept = [
            k
            for k, edit in enumerate(one.options)
            if ceiling is None or edit.score <= ceiling
            if structural or edit.kind not in STRUCTURAL
        ]
        if len(kept) > 1:
            if made:
                trials |= {(len(used), at): made[k - 1] for at, k in enumerate(kept) if at}
            used.append(replace(one, options=tuple(one.options[k] for k in kept)))
    tables = fill_cost_tables(editable, used, trials)
    space = SearchSpace(editable, tables, _count_convolutions(editable) // 2)
    if not likely:
        return space
    rules = list(LayerOrder(editable, used, trials).tables())
    alone = [rule for rule in rules if len(rule.scope) == 1]
    space = replace(space, rules=tuple(rules), ruled=tuple(used))
    return space.with_rules(alone)


def list_decisions(editable: EditableSpec, allowed: AllowedEdits) -> list[Decision]:
    """List the decisions of a spec: those of widths first, then the others, in the file's order.

    Raises:
        TimeOverError: the spec's clock has run out.
    """
    kinds = [kind.decisions(editable, allowed) for kind in KINDS if allowed.allows(kind)]
    found = [decision for kind in kinds for decision in editable.clock.watch(kind)]
    return sorted(found, key=lambda decision: (not decision.group, decision.first))


def unlikely_edits(editable: EditableSpec, decisions: Sequence[Decision]) -> list[Edit]:
    """The options that no engineer would write by themselves."""
    trials: dict[tuple[int, int], WidthTrial] = {}
    for v, decision in enumerate(decisions):
        if decision.group:
            _, made = try_options(editable, decision)
            trials |= {(v, k): trial for k, trial in enumerate(made, 1)}
    alone = LayerOrder(editable, decisions, trials).options_alone()
    return [decisions[v].options[k] for v, k in sorted(alone)]


def _count_convolutions(editable: EditableSpec) -> int:
    return sum(
        node.layer is not None and node.layer.word in ("conv", "depthwise_conv", "conv_transpose")
        for node in editable.network.nodes
    )
