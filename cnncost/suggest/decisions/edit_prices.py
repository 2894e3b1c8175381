"""Prices of edits: what each alone adds to the error potential, tabulated for the search.

Widths add up exactly; where edits together cost more or less than the sum of their prices, the
plan's own score, which is taken from its recount, says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cnncost.errors import CnncostError
from cnncost.suggest.text.edit import Decision, Edit, PlacedLayer, WidthTrial
from cnncost.suggest.text.editable_spec import EditableSpec
from cnncost.suggest.text.scores import PER_EDIT, units


def price_options(
    editable: EditableSpec, decision: Decision, trials: Sequence[WidthTrial]
) -> Decision:
    """Price the options of a decision; of widths the trial of each but the first is given."""
    first, *others = decision.options
    if decision.group:
        pairs = zip(others, trials, strict=True)
        priced = [_price_width(editable, edit, trial) for edit, trial in pairs]
    else:
        priced = [_price_structure(editable, edit, unread=decision.unread) for edit in others]
    return replace(decision, options=(first, *priced))


def priced(edit: Edit, damage: float) -> Edit:
    """Return an edit with its price: no edit is paid for being made."""
    return replace(edit, score=max(0, units(damage)) + PER_EDIT)


def _price_width(editable: EditableSpec, edit: Edit, trial: WidthTrial) -> Edit:
    changed = {index: [placed] for index, placed in trial.items()}
    return priced(edit, editable.priced_layers.damage_of(changed))


def _price_structure(editable: EditableSpec, edit: Edit, *, unread: bool) -> Edit:
    if unread and (spec := editable.read_edited(edit.changes)) is not None:
        return priced(edit, editable.priced_layers.damage_to(spec.network))
    nodes = editable.network.nodes
    changed: dict[int, list[PlacedLayer]] = {}
    for index, substitute in edit.substitutes.items():
        node, source = nodes[index], nodes[edit.reads_instead.get(index, index)]
        assert node.layer is not None  # inputs are not replaced
        try:
            changed[index] = substitute(node.layer, source.inputs)
        except CnncostError:
            return priced(edit, 0.0)  # no network, which its cost table says too
    return priced(edit, editable.priced_layers.damage_of(changed))
