"""Trials of spatial edits: what every layer costs under a stride, a pool, another resolution.

Where an edit states what it puts in a layer's place, the shapes behind it follow, so the text need
not be read for each trial. The variant that a search enters always is.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from cnncost.costs import count_network
from cnncost.errors import CnncostError
from cnncost.network import Node
from cnncost.shape import Shape
from cnncost.suggest.decisions.cost_tables import Costs
from cnncost.suggest.decisions.table_filling import CountedLayer, count_placed
from cnncost.suggest.decisions.width_trials import FURTHER
from cnncost.suggest.text.edit import Edit
from cnncost.suggest.text.editable_spec import EditableSpec
from cnncost.suggest.text.meter import METRICS, Measures

SIZED = re.compile(r"\bsize\b")
"""Where a text's layers may take the extents of another layer."""


class SpatialTrial(NamedTuple):
    """One spatial edit alone."""

    edit: Edit
    after: Measures
    costs: tuple[Costs, ...]
    """What each layer costs that counts, in the file's order; where bytes are measured, each
    layer: every tensor takes some."""

    @property
    def totals(self) -> Costs:
        """What these layers cost together."""
        return tuple(map(sum, zip((0,) * len(METRICS), *self.costs, strict=True)))


def try_spatial_edit(editable: EditableSpec, edit: Edit) -> SpatialTrial | None:
    """Return what each layer costs under one spatial edit; None where it makes no network, or
    one that puts out other shapes."""
    text = editable.spec_text.text
    if not edit.substitutes or editable.meter.bytes or FURTHER.search(text) or SIZED.search(text):
        return _read_trial(editable, edit)
    counted = _count_substituted(editable, edit)
    if counted is None:
        return None
    totals = map(sum, zip(*[one.costs for one in counted], strict=True))
    rows = tuple([one.costs for one in counted if one.counted])
    return SpatialTrial(edit, dict(zip(METRICS, totals, strict=True)), rows)


def _read_trial(editable: EditableSpec, edit: Edit) -> SpatialTrial | None:
    spec = editable.read_edited(edit.changes)
    if spec is None:
        return None
    rows = [
        tuple([getattr(row, metric) for metric in METRICS])
        for row in count_network(spec.network).layers
        if row.counted or editable.meter.bytes
    ]
    return SpatialTrial(edit, editable.measure(spec.network), tuple(rows))


def _count_substituted(editable: EditableSpec, edit: Edit) -> list[CountedLayer] | None:
    """Count the layers of a network with an edit's substitutes in their places."""
    network = editable.network
    outputs = [node.output for node in network.nodes]
    found: list[CountedLayer] = []
    for node in network.layers:
        placed = _count_in_place(node, edit, tuple([outputs[index] for index in node.reads]))
        if placed is None:
            return None
        found += placed
        outputs[node.index] = placed[-1].output
    kept = all(outputs[index] == network.nodes[index].output for index in network.outputs)
    return found if kept else None


def _count_in_place(
    node: Node, edit: Edit, inputs: tuple[Shape, ...]
) -> list[CountedLayer] | None:
    """Count what stands in a node's place over its inputs; None where one cannot take its own."""
    try:
        layers = [(node.layer, inputs)]
        if node.index in edit.substitutes:
            layers = edit.substitutes[node.index](node.layer, inputs)
    except CnncostError:
        return None
    found = [count_placed(layer, xs, node.shares is not None) for layer, xs in layers]
    known = [one for one in found if one is not None]
    return known if len(known) == len(found) else None
