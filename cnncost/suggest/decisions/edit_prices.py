"""Prices of edits: what each alone adds to the error potential, tabulated for the search.

Widths add up exactly. What edits of several kinds cost together may differ from the sum of their
prices: the score of a plan is that of the file that it makes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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


def priced(edit: Edit, parts: Iterable[float]) -> Edit:
    """Return an edit with its price: the parts of its damage that cost, and a little for itself.

    What an edit is estimated to gain in one part is not set against what it costs in another:
    gains are the less certain ones, and the search would buy them wherever they are too dear.
    """
    return replace(edit, score=price_of(parts) + PER_EDIT)


def price_of(parts: Iterable[float]) -> int:
    """Return the parts of a damage that cost, in units of score."""
    return units(sum(max(0.0, part) for part in parts))


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
            return priced(edit, ())  # no network, which its cost table says too
    return priced(edit, editable.priced_layers.damage_of(changed))
